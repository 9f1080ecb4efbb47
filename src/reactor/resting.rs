//! Takes from TLS connections that have grown older what only their handshakes needed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Entry, Handle, Reactor};
use crate::slab::Key;

/// So long a connection keeps the memory: giving it back costs 2 µs, and 15 if it is soon needed again, which is a tenth of a
/// handshake. Those that live for one request are gone by then.
const YOUNG: Duration = Duration::from_millis(250);
/// So many give something back at a time, in some tenths of a millisecond, ...
const BATCH: usize = 128;
/// ... with so much time for others in between.
const PAUSE: Duration = Duration::from_millis(20);

/// Connections that still have the memory, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Young(VecDeque<(Key, Instant)>);

impl Reactor {
    /// The handshake of this connection is over.
    pub(super) fn let_grow_old(&mut self, key: Key) {
        self.young.0.push_back((key, Instant::now()));
    }

    /// Gives the memory of handshakes back to the system, a bounded amount. To be called some time after a
    /// [`Event::Handshaken`](super::Event::Handshaken), and then each time after what it returns, until that is `None`.
    pub fn give_back(&mut self) -> Option<Duration> {
        let mut given = 0;
        while let Some(&(key, since)) = self.young.0.front() {
            let left = YOUNG.saturating_sub(since.elapsed());
            if given == BATCH || !left.is_zero() {
                return Some(left.max(PAUSE));
            }
            self.young.0.pop_front();
            if let Some(Entry { handle: Handle::Stream(stream), .. }) = self.entries.at(key) {
                stream.give_back();
                given += 1;
            }
        }
        // As long as the largest storm of handshakes needed.
        self.young.0.shrink_to_fit();
        None
    }
}
