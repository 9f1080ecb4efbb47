//! Node-API: the only part that knows JavaScript.
//!
//! [`engine`] holds the reactor of an environment and the threadsafe function that makes its JS thread look; [`hot`] has the
//! functions that run for every message, written against Node-API directly because the generated conversion of arguments
//! costs more than the rest of their work, and [`datagram`] those of them that are for UDP; [`socket`], [`listener`] and
//! [`udp`] are the classes around the handles.

mod datagram;
pub mod engine;
mod hot;
pub mod listener;
pub mod socket;
#[expect(
    clippy::must_use_candidate,
    clippy::needless_pass_by_value,
    reason = "JavaScript calls these functions, and its strings arrive as owned ones"
)]
pub mod udp;
mod wake;
