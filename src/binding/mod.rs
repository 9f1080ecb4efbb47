//! Node-API: the only part that knows JavaScript.
//!
//! [`engine`] holds the reactor of an environment and the threadsafe function that makes its JS thread look; `hot` has the
//! functions that run for every message, written against Node-API directly because the generated conversion of arguments
//! costs more than the rest of their work, and `datagram` those of them that are for UDP; [`socket`], [`listener`] and
//! [`udp`] are the classes around the handles, and [`tls`] is what sockets and listeners gain with TLS.

#![expect(clippy::must_use_candidate, reason = "JS calls these methods")]
#![expect(clippy::needless_pass_by_value, reason = "Node-API hands values over")]

pub mod counters;
mod datagram;
pub mod engine;
mod hot;
pub mod listener;
pub mod socket;
pub mod tls;
pub mod udp;
mod wake;
