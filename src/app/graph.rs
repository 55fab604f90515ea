//! Data of the superchart: GET_ENHANCED_GRAPH_DATA (60), DELETE_ENHANCED_GRAPH_DATA (61), EXPORT_GRAPH_DATA (28).
//! Spec 02 §15.1-§15.3, 04 §9 and §11.2.

use super::request::part;
use super::Caller;
use crate::history::csv::CsvExport;
use crate::history::graph::{self, GraphQuery, Line};
use crate::history::names::{FileId, Granularity, Owner, Pin, Record};
use crate::hub::history::{Doomed, History};
use crate::hub::jobs::Queue;
use crate::hub::tokens::export_number;
use crate::hub::{Handled, Hub, Reply};
use crate::model::enums::Period;
use crate::model::json::Name;
use crate::model::target::Target;
use crate::model::widget::{EnhancedGraph, GraphStream};
use crate::model::{Dashboard, PinType};
use crate::notify::mail_texts::HistoryFile;
use crate::wire::body::{dash_device, parse_int32, parse_int64, split_all};
use crate::wire::{Command, Status};
use std::sync::Arc;

/// A target in the request that overrides nothing.
const NO_TARGET: i32 = -1;
/// More parts than any of these requests has.
const PARTS_MAX: usize = 5;

/// What all three requests begin with: `dash[-target]\0widget`.
struct Asked<'a> {
    dash: &'a Dashboard,
    graph: &'a EnhancedGraph,
    /// Instead of that of every stream.
    target: Option<i32>,
}

impl<'a> Asked<'a> {
    /// Errors: a part that is missing or no number, an unknown project or graph 2; a guest of another project 6.
    fn read(hub: &'a Hub, caller: &Caller, parts: &[&str]) -> Result<Self, Status> {
        let [first, widget, ..] = parts else { return Err(Status::IllegalCommand) };
        let (dash, target) = dash_device(first);
        let target = target.map(parse_int32).transpose()?.filter(|id| *id != NO_TARGET);
        let (dash, widget) = (parse_int32(dash)?, parse_int64(widget)?);
        let dash = caller.dash(hub, dash)?;
        Ok(Asked { dash, graph: part(dash.graph(widget))?, target })
    }

    fn target_id(&self, stream: &GraphStream) -> i32 {
        self.target.unwrap_or(stream.target_id)
    }
}

/// Where a stream's values are: type and number of its pin.
fn pin_of(stream: &GraphStream) -> Option<(PinType, i16)> {
    let own = stream.pin.as_ref()?;
    Some((own.pin_type.unwrap_or(PinType::Virtual), own.pin))
}

/// GET_ENHANCED_GRAPH_DATA. Body `dash[-target]\0widget\0period[\0page]`, also of guests; answer: zlib-compressed points
/// of all streams, see [`graph`]. Errors: parts missing, no numbers, an unknown period, project or graph, a negative page 2;
/// no data 17; files that cannot be read, too much work 19.
pub fn get_graph_data(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(PARTS_MAX).collect();
    let period = *part(parts.get(2))?;
    let page = match parts.as_slice() {
        [_, _, _, page] => parse_int32(page)?,
        _ => 0,
    };
    let page = usize::try_from(page).map_err(|_| Status::IllegalCommand)?;
    let user = caller.user();
    let owner = part(hub.history_owner(user))?;
    let asked = Asked::read(hub, &caller, &parts)?;
    let period = part(Period::from_name(period))?;
    let (count, granularity) = graph::points(period);
    let history = &hub.history;
    let lines: Vec<Line> = match granularity {
        Some(granularity) => {
            asked.graph.data_streams.iter().map(|s| stored(history, &owner, &asked, s, granularity)).collect()
        }
        None if page > 0 => Vec::new(),
        None => asked.graph.data_streams.iter().map(|s| Line::Points(live(history, &owner, &asked, s))).collect(),
    };
    if lines.iter().all(|line| matches!(line, Line::Points(points) if points.is_empty())) {
        return Err(Status::NoData);
    }
    let query = GraphQuery { dash: asked.dash.id, lines, count, skip: count.saturating_mul(page) };
    let files = Arc::clone(&hub.history.files);
    let work = move || query.answer(&files);
    let queued = hub.jobs.work(Queue::History, work, move |hub, answer| match answer {
        Ok(Some(bytes)) => hub.answer(caller.conn, Command::GET_ENHANCED_GRAPH_DATA, caller.id, &bytes),
        Ok(None) => hub.respond(caller.conn, caller.id, Status::NoData),
        Err(error) => {
            log::error!("history: a graph cannot be read: {error}");
            hub.respond(caller.conn, caller.id, Status::ServerError);
        }
    });
    queued.map(|()| Reply::None).map_err(|_| Status::ServerError)
}

fn pin(asked: &Asked<'_>, device: i32, (pin_type, pin): (PinType, i16)) -> Pin {
    Pin::new(asked.dash.id, device, pin_type, pin)
}

fn stored(history: &History, owner: &Owner, asked: &Asked<'_>, stream: &GraphStream, granularity: Granularity) -> Line {
    let (Some(target), Some(own)) = (asked.dash.target(asked.target_id(stream)), pin_of(stream)) else {
        return Line::Points(Vec::new());
    };
    let mut sources = target
        .write_ids()
        .iter()
        .map(|device| history.source(FileId { owner: owner.clone(), pin: pin(asked, *device, own), granularity }));
    match target {
        Target::Tag(_) => Line::Tag(sources.collect(), stream.function_type),
        _ => sources.next().map_or(Line::Points(Vec::new()), Line::Device),
    }
}

fn live(history: &History, owner: &Owner, asked: &Asked<'_>, stream: &GraphStream) -> Vec<Record> {
    let (Some(target), Some(own)) = (asked.dash.target(asked.target_id(stream)), pin_of(stream)) else {
        return Vec::new();
    };
    let rings = target.write_ids().iter().map(|device| history.live.points(owner, pin(asked, *device, own)));
    match target {
        Target::Tag(_) => graph::merge(rings.collect(), stream.function_type),
        _ => rings.flatten().collect(),
    }
}

/// DELETE_ENHANCED_GRAPH_DATA. Body `dash[-target]\0widget[\0stream]`; without a stream's number, counted from 0, all
/// streams are meant, and with one that there is not. Answer 200 when the files are gone. Errors: 2.
pub fn delete_graph_data(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(PARTS_MAX).collect();
    let asked = Asked::read(hub, &caller, &parts)?;
    let chosen = parts.get(2).map_or(Ok(-1), |index| parse_int32(index))?;
    let streams = &asked.graph.data_streams;
    let chosen = usize::try_from(chosen).ok().filter(|index| *index < streams.len());
    let mut pins = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        let Some(target) = asked.dash.target(asked.target_id(stream)) else { continue };
        let Some(own) = stream.pin.as_ref().filter(|own| own.is_valid()).and_then(|_| pin_of(stream)) else { continue };
        if chosen.is_none_or(|chosen| chosen == index) {
            pins.extend(target.write_ids().iter().map(|device| pin(&asked, *device, own)));
        }
    }
    delete(hub, caller, Doomed::Pins(pins))
}

/// Deletes history, then answers 200.
pub fn delete(hub: &mut Hub, caller: Caller, doomed: Doomed) -> Handled {
    let queued = hub.delete_history(caller.user(), doomed, move |hub, result| {
        let status = match result {
            Ok(()) => Status::Ok,
            Err(error) => {
                log::error!("history: files cannot be deleted: {error}");
                Status::IllegalCommand
            }
        };
        hub.respond(caller.conn, caller.id, status);
    });
    queued.map(|()| Reply::None).map_err(|_| Status::ServerError)
}

/// EXPORT_GRAPH_DATA. Body `dash[-target]\0widget`; the account gets a mail with a link per stream that has data, then the
/// answer is 200. Errors: 2; no data 17; no mail, or too much work 15.
pub fn export_graph_data(hub: &mut Hub, caller: Caller, body: &str) -> Handled {
    let parts: Vec<&str> = split_all(body).take(PARTS_MAX).collect();
    let user = caller.user();
    let owner = part(hub.history_owner(user))?;
    let asked = Asked::read(hub, &caller, &parts)?;
    let count = hub.config.server.csv_export_data_points_max as usize;
    let streams = asked.graph.data_streams.iter();
    let exports: Vec<(CsvExport, String)> =
        streams.filter_map(|stream| export(&hub.history, &owner, &asked, stream, count)).collect();
    let project = asked.dash.name.clone();
    let (files, folder) = (Arc::clone(&hub.history.files), Arc::clone(&hub.history.exports));
    let work = move || -> Vec<(String, String)> {
        let run = |(export, label): (CsvExport, String)| match export.run(&files, &folder, export_number()) {
            Ok(name) => Some((name?, label)),
            Err(error) => {
                log::error!("history: an export failed: {error}");
                None
            }
        };
        exports.into_iter().filter_map(run).collect()
    };
    let queued = hub.jobs.work(Queue::History, work, move |hub, made| mail_links(hub, caller, &project, made));
    queued.map(|()| Reply::None).map_err(|_| Status::NotificationError)
}

/// The export of a stream, and what its link is called.
fn export(
    history: &History,
    owner: &Owner,
    asked: &Asked<'_>,
    stream: &GraphStream,
    count: usize,
) -> Option<(CsvExport, String)> {
    let own = stream.pin.as_ref().filter(|own| own.is_valid()).and_then(|_| pin_of(stream))?;
    let id = asked.target_id(stream);
    let target = asked.dash.target(id);
    let devices = target.as_ref().map_or(std::slice::from_ref(&id), Target::assigned_ids);
    let named = pin(asked, id, own);
    let file = |device: &i32| {
        let pin = pin(asked, *device, own);
        history.source(FileId { owner: owner.clone(), pin, granularity: Granularity::Minute })
    };
    let name = asked.dash.device(id).map(|device| device.name.as_str()).filter(|name| !name.is_empty());
    let label = format!("{} {}", name.unwrap_or(&asked.dash.name), named.short_name());
    Some((CsvExport { owner: owner.clone(), named, sources: devices.iter().map(file).collect(), count }, label))
}

/// Mails links to files, given by name and label, then answers.
fn mail_links(hub: &mut Hub, caller: Caller, project: &str, made: Vec<(String, String)>) {
    let Some(account) = hub.users.get(caller.user()).filter(|_| !made.is_empty()) else {
        return hub.respond(caller.conn, caller.id, Status::NoData);
    };
    let urls: Vec<String> = made.iter().map(|(name, _)| hub.download_url(name)).collect();
    let links: Vec<HistoryFile<'_>> =
        made.into_iter().zip(&urls).map(|((_, label), url)| HistoryFile { url, label }).collect();
    let mail = hub.texts.history(&account.user.email, Some(project), &links);
    let queued = hub.jobs.mail(mail, move |hub, result| {
        let status = if result.is_ok() { Status::Ok } else { Status::NotificationError };
        hub.respond(caller.conn, caller.id, status);
    });
    if queued.is_err() {
        hub.respond(caller.conn, caller.id, Status::NotificationError);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::history::averages::Append;
    use crate::hub::testing::{guest, run_jobs, sent, START};
    use crate::hub::{DeviceRef, Job};
    use crate::notify::mail::MailBody;
    use std::io::Read;
    use tempfile::TempDir;

    const DASH: &str = r#"{"id":1,"name":"P","devices":[{"id":0,"name":"<D>"},{"id":1}],
        "tags":[{"id":100000,"name":"t","deviceIds":[0,1]}],"widgets":[
        {"type":"BUTTON","id":5},{"type":"ENHANCED_GRAPH","id":7},
        {"type":"ENHANCED_GRAPH","id":9,"dataStreams":[
          {"targetId":0,"pin":{"pin":5,"pinType":"VIRTUAL"}},{"targetId":100000,"functionType":"SUM","pin":{"pin":6}}]},
        {"type":"DEVICE_TILES","id":10,"templates":[{"id":1}]},{"type":"DEVICE_TILES","id":11,"templates":[
          {"id":1,"deviceIds":[1],"widgets":[{"type":"ENHANCED_GRAPH","id":12,"dataStreams":[
            {"targetId":-1,"pin":{"pin":6,"pinType":"VIRTUAL"}}]}]}]}]}"#;

    fn with_files() -> (One, TempDir) {
        let (mut one, folder) = (one(DASH), tempfile::tempdir().unwrap());
        one.hub.history.open(folder.path().join("data"));
        one.hub.history.exports = folder.path().join("exports").into();
        (one, folder)
    }

    fn seed(one: &mut One, device: i32, pin: i16, values: &[f64]) {
        let file = file(one, device, pin);
        let records = values.iter().zip(0..).map(|(v, i)| Record::new(*v, START + i * 60_000)).collect();
        one.hub.history.files.append(&Append { file, records }).unwrap();
    }

    fn file(one: &mut One, device: i32, pin: i16) -> FileId {
        let owner = one.hub.history_owner(one.user).unwrap();
        FileId { owner, pin: Pin::new(1, device, PinType::Virtual, pin), granularity: Granularity::Minute }
    }

    fn is_there(one: &mut One, device: i32, pin: i16) -> bool {
        let file = file(one, device, pin);
        one.hub.history.files.last_ms(&file).is_some()
    }

    /// The answer after all jobs are done: its status, or command 60 with the values of its streams.
    fn answer(one: &mut One, command: Command, body: &str) -> Result<Vec<Vec<f64>>, String> {
        sent(&one.outbox);
        send(&mut one.hub, one.conn, command, body);
        run_jobs(&mut one.hub);
        let mut frame = Vec::new();
        let _ = one.outbox.drain(|bytes| {
            frame.extend_from_slice(bytes);
            Ok::<_, ()>(bytes.len())
        });
        if frame[0] == 0 {
            return Err(format!("= {} {}", frame[2], u32::from_be_bytes(frame[3..7].try_into().unwrap())));
        }
        assert_eq!((frame[0], frame[2]), (60, 5));
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&frame[7..]).read_to_end(&mut raw).unwrap();
        let mut rest = raw.strip_prefix(&1i32.to_be_bytes()).unwrap();
        let mut lines = Vec::new();
        while let Some((count, after)) = rest.split_first_chunk::<4>() {
            let (points, after) = after.split_at(u32::from_be_bytes(*count) as usize * Record::SIZE);
            lines.push(points.chunks(16).map(|r| Record::from_bytes(r.try_into().unwrap()).value).collect());
            rest = after;
        }
        Ok(lines)
    }

    #[test]
    fn streams_are_read_from_their_targets() {
        let (mut one, _folder) = with_files();
        let get = Command::GET_ENHANCED_GRAPH_DATA;
        for body in ["1|9|DAY", "1|7|DAY", "1|9|LIVE", "1-7|9|DAY", "1|12|DAY"] {
            assert_eq!(answer(&mut one, get, body), Err("= 5 17".into()), "{body}");
        }
        seed(&mut one, 0, 5, &[1.0, 2.0, 3.0]);
        seed(&mut one, 0, 6, &[10.0]);
        seed(&mut one, 1, 6, &[5.0, 6.0]);
        assert_eq!(answer(&mut one, get, "1|9|DAY"), Ok(vec![vec![1.0, 2.0, 3.0], vec![15.0, 6.0]]));
        assert_eq!(answer(&mut one, get, "1--1|9|DAY|0|x"), Ok(vec![vec![1.0, 2.0, 3.0], vec![15.0, 6.0]]));
        assert_eq!(answer(&mut one, get, "1-1|9|DAY"), Ok(vec![vec![], vec![5.0, 6.0]]));
        assert_eq!(answer(&mut one, get, "1-1|12|DAY"), Ok(vec![vec![5.0, 6.0]]));
        assert_eq!(answer(&mut one, get, "1|9|DAY|1"), Err("= 5 17".into()));
        let wrong =
            ["1|9", "1|9|HOUR", "1|9|DAY|-1", "1|9|DAY|x", "1|5|DAY", "1|8|DAY", "2|9|DAY", "x|9|DAY", "1-x|9|DAY"];
        for body in wrong {
            assert_eq!(answer(&mut one, get, body), Err("= 5 2".into()), "{body}");
        }
    }

    #[test]
    fn live_points_of_devices_and_tags() {
        let (mut one, _folder) = with_files();
        let write = |one: &mut One, device, pin, value: &str| {
            let (device, now) = (DeviceRef { user: one.user, dash: 1, device }, one.hub.now());
            one.hub.record(device, PinType::Virtual, pin, value, now);
        };
        write(&mut one, 0, 5, "7");
        assert_eq!(answer(&mut one, Command::GET_ENHANCED_GRAPH_DATA, "1|9|LIVE"), Ok(vec![vec![7.0], vec![]]));
        assert_eq!(answer(&mut one, Command::GET_ENHANCED_GRAPH_DATA, "1|9|LIVE|1"), Err("= 5 17".into()));
    }

    #[test]
    fn guests_see_their_project_only() {
        let (mut one, _folder) = with_files();
        let (conn, outbox) = guest(&mut one.hub, one.user, 2);
        assert_eq!(ask(&mut one.hub, conn, &outbox, Command::GET_ENHANCED_GRAPH_DATA, "1|9|DAY"), ["= 5 6"]);
    }

    #[test]
    fn deleting_honours_the_stream() {
        let (mut one, _folder) = with_files();
        let delete = Command::DELETE_ENHANCED_GRAPH_DATA;
        for (device, pin) in [(0, 5), (0, 6), (1, 6)] {
            seed(&mut one, device, pin, &[1.0]);
        }
        assert_eq!(answer(&mut one, delete, "1|9|1"), Err("= 5 200".into()));
        // The second stream has no type: its data is nobody's.
        assert!(is_there(&mut one, 0, 5) && is_there(&mut one, 0, 6));
        assert_eq!(answer(&mut one, delete, "1-1|12"), Err("= 5 200".into()));
        assert!(!is_there(&mut one, 1, 6));
        assert_eq!(answer(&mut one, delete, "1|9"), Err("= 5 200".into()));
        assert!(!is_there(&mut one, 0, 5));
        for body in ["1", "1|5", "1|x", "1|9|x", "2|9"] {
            assert_eq!(answer(&mut one, delete, body), Err("= 5 2".into()), "{body}");
        }
    }

    #[test]
    fn exports_are_mailed_as_links() {
        let (mut one, folder) = with_files();
        assert_eq!(answer(&mut one, Command::EXPORT_GRAPH_DATA, "1|9"), Err("= 5 17".into()));
        seed(&mut one, 0, 5, &[1.0, 2.5]);
        send(&mut one.hub, one.conn, Command::EXPORT_GRAPH_DATA, "1|9");
        let Some((_, Job::Work(work))) = one.hub.jobs.take_kept().pop() else { panic!() };
        work()(&mut one.hub);
        let Some((_, Job::Mail(mail, then))) = one.hub.jobs.take_kept().pop() else { panic!() };
        let MailBody::Html(html) = &mail.body else { panic!() };
        let number = html.split("/a@b.cc_1_0_v5_").nth(1).and_then(|rest| rest.get(..13)).unwrap();
        let name = format!("a@b.cc_1_0_v5_{number}.csv.gz");
        assert!(html.contains(&format!("/{name}\">&lt;D&gt; v5</a><br></body>")), "{html}");
        assert_eq!(
            (mail.subject.as_str(), mail.to.as_slice()),
            ("History graph data for project P", &["a@b.cc".into()][..])
        );
        let mut text = String::new();
        let file = std::fs::File::open(folder.path().join("exports").join(name)).unwrap();
        flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
        assert_eq!(text, format!("1.0,{START},0\n2.5,{},0\n", START + 60_000));
        then(&mut one.hub, Err("no".into()));
        assert_eq!(sent(&one.outbox), ["= 5 15"]);
        for body in ["1", "1|5", "2|9"] {
            assert_eq!(answer(&mut one, Command::EXPORT_GRAPH_DATA, body), Err("= 5 2".into()), "{body}");
        }
    }
}
