//! Reading and writing profiles, and what an app's request for its profile costs.

use crate::clock;
use crate::world;
use eyelet::app::dispatch;
use eyelet::model::json::Reading;
use eyelet::model::User;
use eyelet::wire::{Command, Message};

pub fn run() {
    for (size, runs) in [(10, 500), (256, 50), (2048, 10)] {
        let user = world::user_of_size(size * 1024);
        let text = user.to_file();
        let read = || User::from_file(&text, User::default(), &Reading::forgiving());
        clock::row(&format!("{size} KB: read"), clock::best(runs, read));
        clock::row(&format!("{size} KB: write"), clock::best(runs, || user.to_file()));
        let mut hub = world::hub();
        let id = hub.add_user(user);
        let (conn, outbox) = world::app(&mut hub, id);
        let load = Message { command: Command::LOAD_PROFILE_GZIPPED, id: 1, body: b"" };
        let ask = || {
            dispatch(&mut hub, conn, load);
            hub.jobs.take_kept();
            world::taken(&outbox);
        };
        clock::row(&format!("{size} KB: the event loop's part of a request for it"), clock::best(runs, ask));
    }
}
