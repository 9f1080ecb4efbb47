//! The class behind every TCP, unix and TLS socket.

use std::io;
use std::net::SocketAddr;
use std::rc::{Rc, Weak};
use std::time::Duration;

use napi_derive::napi;

use super::engine::Core;
use crate::failure::Failure;
use crate::reactor::Reactor;
use crate::sys::BAD_DESCRIPTOR;
use crate::transport::Transport;

/// A handle of stream sockets, for the one whose slot is in the engine's record: one for each socket would cost 2 µs and, where it stays,
/// a quarter of a KiB. The sockets themselves belong to the reactor and live until they are closed; for a closed one nothing is done.
#[napi]
pub struct SocketHandle {
    core: Weak<Core>,
}

/// One end of a connection.
#[napi(object)]
pub struct Endpoint {
    /// The IP address.
    pub address: String,
    /// The port.
    pub port: u32,
    /// `"IPv4"` or `"IPv6"`.
    pub family: String,
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self {
            address: address.ip().to_string(),
            port: address.port().into(),
            family: if address.is_ipv4() { "IPv4" } else { "IPv6" }.to_owned(),
        }
    }
}

#[napi]
impl SocketHandle {
    /// A handle for the sockets of an engine of this thread.
    #[napi(constructor)]
    #[must_use]
    pub fn new(engine: u32) -> Self {
        Self { core: Core::numbered(engine).map_or_else(Weak::new, |core| Rc::downgrade(&core)) }
    }

    /// The descriptor, or -1.
    #[napi]
    pub fn descriptor(&self) -> i32 {
        self.with(|stream| stream.io().descriptor()).unwrap_or(-1)
    }

    /// This end, unless it is a unix socket.
    #[napi]
    pub fn local_endpoint(&self) -> Option<Endpoint> {
        self.with(|stream| stream.io().local_address())?.map(Endpoint::from)
    }

    /// The other end, unless it is a unix socket or already gone.
    #[napi]
    pub fn remote_endpoint(&self) -> Option<Endpoint> {
        self.with(|stream| stream.io().remote_address())?.map(Endpoint::from)
    }

    /// Holds back data and the end.
    #[napi]
    pub fn hold(&self) {
        self.with(Transport::pause);
    }

    /// Goes on after `hold`.
    #[napi]
    pub fn release(&self) {
        self.with(Transport::resume);
    }

    /// Whether what a handshake sends goes nowhere: FIN is out, or the peer was found gone.
    #[napi]
    pub fn is_silenced(&self) -> bool {
        self.with(|transport| transport.is_silenced()).unwrap_or(false)
    }

    /// Has the peer's end, which was told, be the end of both sides.
    #[napi]
    pub fn end_with_peer(&self) {
        self.with(Transport::end_with_peer);
    }

    /// Sends FIN.
    #[napi]
    pub fn shut_write(&self) {
        self.with(Transport::shut_write);
    }

    /// Shuts the reading side.
    #[napi]
    pub fn shut_read(&self) {
        self.with(Transport::shut_read);
    }

    /// Lets the socket keep the process alive, or not.
    #[napi]
    pub fn reference(&self, on: bool) {
        self.reactor(|reactor, slot| reactor.reference(slot, on));
    }

    /// `TCP_NODELAY`; true on success.
    #[napi]
    pub fn no_delay(&self, on: bool) -> bool {
        self.with(|stream| stream.io().set_no_delay(on).is_ok()).unwrap_or(false)
    }

    /// `SO_KEEPALIVE` with the idle time in milliseconds, 0 for the system's; true on success.
    #[napi]
    pub fn keep_alive(&self, on: bool, idle: f64) -> bool {
        let idle = Duration::try_from_secs_f64(idle / 1000.0).unwrap_or(Duration::ZERO);
        self.with(|stream| stream.io().set_keep_alive(on, idle).is_ok()).unwrap_or(false)
    }

    /// Sets `IP_TOS` or the traffic class: 0 or a negative error number.
    #[napi]
    pub fn set_service_type(&self, value: u32) -> i32 {
        number(self.with(|stream| stream.io().set_type_of_service(value).map(|()| 0)))
    }

    /// `IP_TOS` or the traffic class, or a negative error number.
    #[napi]
    pub fn service_type(&self) -> i32 {
        number(self.with(|stream| stream.io().type_of_service()))
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Transport) -> T) -> Option<T> {
        self.reactor(|reactor, slot| reactor.with_stream(slot, work)).flatten()
    }

    /// Works with the reactor and the selected socket's slot.
    pub(super) fn reactor<T>(&self, work: impl FnOnce(&mut Reactor, u32) -> T) -> Option<T> {
        let core = self.core.upgrade()?;
        let slot = core.selected()?;
        core.with(|reactor| work(reactor, slot))
    }
}

fn number(result: Option<io::Result<u32>>) -> i32 {
    match result {
        Some(Ok(value)) => value.cast_signed(),
        Some(Err(error)) => -Failure::from(error).number(),
        None => -BAD_DESCRIPTOR,
    }
}
