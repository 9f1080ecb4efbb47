//! Bun's socket API for Node.js: the native half.
//!
//! Everything outside [`binding`] is a plain networking core that knows nothing of Node. The JS thread of an environment
//! owns a [`reactor::Reactor`] and with it every socket; a watcher thread only says "look" when the reactor's poll has
//! something, and the shared [`runtime`] does what may block or take long (name lookup, connection racing).

pub mod address;
pub mod aligned;
#[expect(unsafe_code, reason = "the only place that speaks Node-API")]
pub mod binding;
pub mod connect;
pub mod failure;
pub mod farewell;
pub mod listener;
pub mod log;
pub mod lookup;
pub mod reactor;
mod readiness;
pub mod replies;
pub mod runtime;
pub mod secure;
pub mod shaking;
pub mod slab;
pub mod stream;
pub mod sys;
pub mod tls;
pub mod transport;
pub mod trials;
pub mod turn;
pub mod udp;
pub mod waits;
pub mod wake;
