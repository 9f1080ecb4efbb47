//! The class behind every listener.

use std::rc::{Rc, Weak};

use napi_derive::napi;

use super::engine::Core;
use super::socket::Endpoint;
use crate::listener::Listener;
use crate::reactor::Reactor;
use crate::slab::Key;

/// A listening socket's handle; it does nothing once the listener is closed.
#[napi]
pub struct ListenerHandle {
    core: Weak<Core>,
    key: Option<Key>,
}

#[napi]
impl ListenerHandle {
    /// The handle of the listener in a slot of an engine of this thread.
    #[napi(constructor)]
    #[must_use]
    pub fn new(engine: u32, slot: u32) -> Self {
        let core = Core::numbered(engine);
        let key = core.as_ref().and_then(|core| core.with(|reactor| reactor.key(slot))?);
        Self { core: core.map_or_else(Weak::new, |core| Rc::downgrade(&core)), key }
    }

    /// The descriptor, or -1.
    #[napi]
    pub fn descriptor(&self) -> i32 {
        self.with(|listener| listener.io().descriptor()).unwrap_or(-1)
    }

    /// The bound address, unless it is a unix path.
    #[napi]
    pub fn endpoint(&self) -> Option<Endpoint> {
        self.with(|listener| listener.io().local_address())?.map(Endpoint::from)
    }

    /// Lets the listener keep the process alive, or not.
    #[napi]
    pub fn reference(&self, on: bool) {
        self.reactor(|reactor, slot| reactor.reference(slot, on));
    }

    /// Has all connections from now on wait for a handshake.
    #[napi]
    pub fn expect_handshakes(&self) {
        self.with(Listener::expect_handshakes);
    }

    /// Tries again after there was no descriptor for a connection.
    #[napi]
    pub fn retry(&self) {
        self.reactor(Reactor::retry);
    }

    /// Stops listening.
    #[napi]
    pub fn shut(&self) {
        self.reactor(Reactor::close);
    }

    fn with<T>(&self, work: impl FnOnce(&mut Listener) -> T) -> Option<T> {
        self.reactor(|reactor, slot| reactor.listener(slot).map(work)).flatten()
    }

    /// Works with the reactor while the handle's listener is still in it.
    fn reactor<T>(&self, work: impl FnOnce(&mut Reactor, u32) -> T) -> Option<T> {
        let key = self.key?;
        self.core.upgrade()?.with(|reactor| reactor.has(key).then(|| work(reactor, key.index))).flatten()
    }
}
