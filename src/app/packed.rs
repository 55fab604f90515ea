//! Answers that are zlib-compressed JSON: profiles and projects.
//!
//! Small ones are compressed at once. A large one would hold up everybody for many milliseconds, so a worker does it, and the
//! answer may come after those of later requests.

use crate::hub::{ConnId, Hub, Queue};
use crate::wire::{Command, Status};
use flate2::write::ZlibEncoder;
use flate2::Compression;
use std::io::Write;

/// Bytes of JSON that the event loop compresses itself: some milliseconds on a router.
const AT_ONCE_MAX: usize = 48 * 1024;

/// When so many bytes of JSON wait for the worker, those who ask for more pay with everybody's time instead of memory.
const WAITING_MAX: usize = 8 * 1024 * 1024;

/// Answers with this JSON, now or later.
pub fn answer(hub: &mut Hub, conn: ConnId, command: Command, id: u16, json: String) {
    let send = move |hub: &mut Hub, packed: Result<Vec<u8>, Status>| match packed {
        Ok(bytes) => hub.answer(conn, command, id, &bytes),
        Err(status) => hub.respond(conn, id, status),
    };
    let size = json.len();
    if size <= AT_ONCE_MAX || hub.waiting_to_pack + size > WAITING_MAX {
        return send(hub, zlib(json.as_bytes()));
    }
    hub.waiting_to_pack += size;
    if let Some(connection) = hub.connections.get(conn) {
        connection.outbox.promise(size);
    }
    let then = move |hub: &mut Hub, packed| {
        done(hub, conn, size);
        send(hub, packed);
    };
    if hub.jobs.work(Queue::Compress, move || zlib(json.as_bytes()), then).is_err() {
        done(hub, conn, size);
        hub.respond(conn, id, Status::ServerError);
    }
}

/// The worker has done its part for so many bytes of JSON, or does not do it.
fn done(hub: &mut Hub, conn: ConnId, size: usize) {
    hub.waiting_to_pack -= size;
    if let Some(connection) = hub.connections.get(conn) {
        connection.outbox.fulfil(size);
    }
}

/// A zlib stream (RFC 1950) of these bytes.
fn zlib(bytes: &[u8]) -> Result<Vec<u8>, Status> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|_| Status::NoData)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::testing::*;
    use crate::hub::testing::{run_work, sent_bytes};
    use std::io::Read;

    #[test]
    fn an_empty_profile_is_compressed_byte_by_byte() {
        assert_eq!(zlib(b"{}").unwrap(), b"\x78\x9c\xab\xae\x05\x00\x01\x75\x00\xf9");
    }

    #[test]
    fn a_large_answer_comes_from_a_worker() {
        let name = "x".repeat(AT_ONCE_MAX);
        let mut one = one(&format!(r#"{{"id":1,"name":"{name}"}}"#));
        assert!(one.ask(Command::LOAD_PROFILE_GZIPPED, "1").is_empty());
        assert_eq!(one.ask(Command::GET_ENERGY, "").len(), 1);
        assert!(one.outbox.owed() > AT_ONCE_MAX && one.outbox.is_promised_more());
        run_work(&mut one.hub);
        let bytes = sent_bytes(&one.outbox);
        assert_eq!(bytes[..3], [24, 0, 5]);
        let mut json = String::new();
        flate2::read::ZlibDecoder::new(&bytes[7..]).read_to_string(&mut json).unwrap();
        assert!(json.contains(&name));
        assert_eq!((one.hub.waiting_to_pack, one.outbox.owed()), (0, 0));
    }

    #[test]
    fn what_waits_is_bounded() {
        let name = "x".repeat(AT_ONCE_MAX);
        let mut one = one(&format!(r#"{{"id":1,"name":"{name}"}}"#));
        let answers = (0..400).map(|_| one.ask(Command::LOAD_PROFILE_GZIPPED, "1").len()).sum::<usize>();
        assert!((200..399).contains(&answers), "{answers}");
        assert!(one.hub.waiting_to_pack <= WAITING_MAX);
    }
}
