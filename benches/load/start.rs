//! From exec to listening, and resident memory of an idle server with an empty data folder.

use crate::options::Options;
use crate::server::Server;
use crate::Fallible;
use std::time::Duration;

pub fn run(options: &mut Options) -> Fallible<()> {
    let (runs, settle): (usize, u64) = (options.get("runs", 5)?, options.get("settle", 3)?);
    let mut server = Server::prepare(options)?;
    options.finish()?;
    println!("start: {runs} times with an empty data folder, then once more with what the last one left");
    let (mut took, mut memory) = (Vec::new(), Vec::new());
    for run in 1..=runs {
        server.forget()?;
        took.push(server.start()?);
        std::thread::sleep(Duration::from_secs(settle));
        memory.push(server.memory()?);
        if run < runs {
            server.stop()?;
        }
    }
    server.stop()?;
    let again = server.start()?;
    let ms = |time: &Duration| time.as_secs_f64() * 1e3;
    took.sort_unstable();
    memory.sort_unstable();
    println!("listening after {} ms", took.iter().map(|t| format!("{:.1}", ms(t))).collect::<Vec<_>>().join(", "));
    println!("listening after {:.1} ms with an existing certificate", ms(&again));
    for (resident, anonymous) in memory {
        println!("idle: {resident} KB resident, {anonymous} KB of it anonymous");
    }
    Ok(())
}
