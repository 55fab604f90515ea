//! Room in the tables of the reactor and of the executor, made before a storm of clients.
//!
//! Both libraries keep one table with an entry per socket or task, which grows by moving and never shrinks. The system's
//! allocator gives memory back from its end only: a table that moved up while a thousand connections were made would
//! hold everything below it after they left. So the tables get their room while few connections are there; a home with
//! few devices never pays for it. Tables of more than 8,192 entries are no problem: the allocator maps them alone.

use super::server::Server;
use async_io::Async;
use std::net::TcpListener;

/// With so many connections, a storm of them may have begun.
const FEW: usize = 64;
/// Entries that there is room for from then on: 16 KB a table.
const ROOM: usize = 1024;

/// Called for every new connection: makes room once. `listener`: any socket.
pub fn make_room(server: &Server, listener: &TcpListener) {
    if server.has_room.get() || server.hub.borrow().connections.len() < FEW {
        return;
    }
    server.has_room.set(true);
    // No more connections will come than that, and other threads need descriptors meanwhile.
    let room = ROOM.min(server.open_max());
    let sockets: Vec<_> = (FEW..room).map_while(|_| Async::new_nonblocking(listener.try_clone().ok()?).ok()).collect();
    let tasks: Vec<_> = (FEW..room).map(|_| server.executor.spawn(async {})).collect();
    log::debug!("room for {} sockets", FEW + sockets.len());
    drop((sockets, tasks));
}
