//! A server for tests of connections: real sockets, a hub in memory with a hand-moved clock.

use super::certificate::{choose, Settings};
use super::server::Server;
use super::tls::Tls;
use crate::config::Config;
use crate::descriptors::Shares;
use crate::http::Http;
use crate::hub::jobs::Completion;
use crate::hub::{Hub, HubHandle};
use async_executor::LocalExecutor;
use std::cell::RefCell;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::rc::Rc;

/// A server around a hub; the second part are calls of other threads. `folder`: its working and data folder.
pub fn server(mut hub: Hub, config: Config, folder: &Path) -> (Rc<Server>, smol::channel::Receiver<Completion>) {
    let (handle, inbox) = HubHandle::new();
    let (_, certificate) = choose(&Settings {
        certificate: None,
        key: None,
        password: None,
        host: Some("localhost"),
        working_folder: folder,
        data_folder: folder,
    })
    .unwrap();
    let http = Http::start(handle, &config, folder).unwrap();
    hub.config = Rc::new(config);
    let tls = Tls::new(certificate).unwrap();
    let executor = Rc::new(LocalExecutor::new());
    (Rc::new(Server::new(Rc::new(RefCell::new(hub)), executor, tls, http, Shares::new(1024, 1))), inbox)
}

/// Both ends of a connection.
pub fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}
