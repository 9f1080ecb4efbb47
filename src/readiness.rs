//! What the edge-triggered poll has said of a stream socket and no system call has used up yet.

use crate::sys::Ready;

/// Each of these has its own edge, which comes once.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each with its own edge")]
pub(crate) struct Readiness {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// Sticky: a short read does not mean that nothing is left. A FIN may have shared an edge with data, and the kernel stops
    /// reading at urgent data, and on unix sockets where descriptors were sent along. On Windows always.
    pub(crate) read_on: bool,
    /// The poll has told of the peer's FIN: this stays, too.
    pub(crate) read_closed: bool,
    pub(crate) failed: bool,
    /// The poll has said that both sides are over: unlike `failed`, this stays.
    pub(crate) hung_up: bool,
    /// The connection is broken, which ends a pause.
    pub(crate) broken: bool,
}

impl Readiness {
    /// Adds what the poll says.
    pub(crate) fn note(&mut self, ready: &Ready) {
        self.readable |= ready.readable || ready.read_closed;
        self.writable |= ready.writable;
        self.read_on |= ready.read_closed || ready.urgent;
        self.read_closed |= ready.read_closed;
        self.failed |= ready.failed;
        self.hung_up |= ready.failed;
        self.broken |= ready.broken;
    }

    /// Notes that the end is there to be read, as if the poll had told of the peer's FIN.
    pub(crate) fn note_end(&mut self) {
        self.readable = true;
        self.read_on = true;
        self.read_closed = true;
    }
}
