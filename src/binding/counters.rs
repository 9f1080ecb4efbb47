//! What an engine has done so far, for `stats()`: plain additions on the JS thread, too cheap to be switched off.

use std::cell::Cell;

use napi_derive::napi;

/// Counts since the engine was made.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) events: Count,
    pub(super) batches: Count,
    pub(super) received: Count,
    pub(super) sent: Count,
    pub(super) datagrams_received: Count,
    pub(super) datagrams_sent: Count,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(Cell<u64>);

/// What the counters say. The numbers are exact up to 2^53.
#[napi(object)]
pub struct Counted {
    /// Events handed to the dispatcher.
    pub events: f64,
    /// Turns of the dispatcher.
    pub batches: f64,
    /// Calls of the threadsafe function.
    pub wake_ups: f64,
    /// Bytes received over streams; plain text where there is TLS.
    pub bytes_received: f64,
    /// Bytes taken for sending over streams; plain text where there is TLS.
    pub bytes_sent: f64,
    /// Datagrams received.
    pub datagrams_received: f64,
    /// Datagrams taken for sending.
    pub datagrams_sent: f64,
}

impl Count {
    pub(super) fn add(&self, more: usize) {
        self.0.set(self.0.get().wrapping_add(more as u64));
    }
}

impl Counters {
    pub(super) fn read(&self, wake_ups: u64) -> Counted {
        Counted {
            events: number(self.events.0.get()),
            batches: number(self.batches.0.get()),
            wake_ups: number(wake_ups),
            bytes_received: number(self.received.0.get()),
            bytes_sent: number(self.sent.0.get()),
            datagrams_received: number(self.datagrams_received.0.get()),
            datagrams_sent: number(self.datagrams_sent.0.get()),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "nine petabytes of traffic are counted exactly, more need not be")]
fn number(count: u64) -> f64 {
    count as f64
}
