//! `GET /{token}/data/{pin}`: writes the minute averages of a pin to a gzip CSV file and answers 301 to it, whose
//! name nobody can guess.
//!
//! Errors: 400 `Invalid token.`, `Wrong pin format.`, `No data.` (also when only the running minute has some),
//! `Error getting pin data.`

use super::{count, device, pin};
use crate::history::csv::CsvExport;
use crate::history::names::{FileId, Granularity, Pin};
use crate::http::request::Request;
use crate::http::response::{Responder, Response};
use crate::hub::jobs::Queue;
use crate::hub::tokens::export_number;
use crate::hub::{Hub, UserId};
use crate::wire::Command;
use std::io;
use std::sync::Arc;

/// See the module.
pub fn handle(hub: &mut Hub, request: Request, responder: Responder) {
    let asked = device(hub, &request).and_then(|device| {
        count(hub, Command::HTTP_GET_HISTORY_DATA);
        let (pin_type, pin) = pin(&request)?;
        Ok((device.user, Pin::new(device.dash, device.device, pin_type, pin.into())))
    });
    match asked {
        Ok((user, pin)) => export(hub, user, pin, responder),
        Err(refusal) => responder.send(refusal),
    }
}

fn export(hub: &mut Hub, user: UserId, pin: Pin, responder: Responder) {
    let Some(owner) = hub.history_owner(user) else { return responder.send(Response::failure()) };
    let source = hub.history.source(FileId { owner: owner.clone(), pin, granularity: Granularity::Minute });
    let count = hub.config.server.csv_export_data_points_max as usize;
    let export = CsvExport { owner, named: pin, sources: vec![source], count };
    let (files, folder) = (Arc::clone(&hub.history.files), Arc::clone(&hub.history.exports));
    // Answered by the worker. Dropped without work, the responder says 500.
    let work = move || responder.send(answer(export.run(&files, &folder, export_number())));
    if let Err(error) = hub.jobs.work(Queue::History, work, |_, ()| ()) {
        log::warn!("export of a pin: {error}");
    }
}

fn answer(made: io::Result<Option<String>>) -> Response {
    match made {
        Ok(Some(name)) => Response::redirect(301, format!("/{name}")),
        Ok(None) => Response::text(400, "No data."),
        Err(error) => {
            log::error!("export of a pin: {error}");
            Response::text(400, "Error getting pin data.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::averages::Append;
    use crate::history::names::Record;
    use crate::http::request::{testing::request, Method};
    use crate::http::response::testing::responder;
    use crate::http::rest::testing::{hub_with, TOKEN};
    use crate::hub::testing::{run_jobs, START};
    use crate::model::PinType;

    #[test]
    fn data_is_a_file_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let (mut hub, user) = hub_with("[]");
        hub.history.open(folder.path().join("data"));
        hub.history.exports = folder.path().into();
        let owner = hub.history_owner(user).unwrap();
        let file = FileId { owner, pin: Pin::new(1, 0, PinType::Virtual, 5), granularity: Granularity::Minute };
        hub.history.files.append(&Append { file, records: vec![Record::new(1.0, 2)] }).unwrap();
        let mut get = |token: &str, pin: &str| {
            let (to, answers) = responder();
            handle(&mut hub, request(Method::Get, "", &[token, pin]), to);
            run_jobs(&mut hub);
            answers.recv().unwrap()
        };
        let found = get(TOKEN, "V5");
        let name = found.header("location").unwrap();
        let number = name.strip_prefix("/a@b.cc_1_0_v5_").and_then(|rest| rest.strip_suffix(".csv.gz")).unwrap();
        assert!(found.status == 301 && number.len() == 13 && number != START.to_string());
        assert!(found.body.is_empty() && folder.path().join(name.trim_start_matches('/')).is_file());
        assert_eq!(get(TOKEN, "v6").shown(), (400, "No data."));
        assert_eq!(get(TOKEN, "v300").shown(), (400, "Wrong pin format."));
        assert_eq!(get("nobody", "v5").shown(), (400, "Invalid token."));
    }
}
