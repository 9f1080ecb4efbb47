//! Replies to datagrams that were read together, which leave together: most of what a datagram costs is the system call that
//! sends it, and the peer's wake-up.
//!
//! While the program handles a datagram and more of the same batch follow, what it sends to that datagram's sender waits here
//! until the last of the batch is told, but not longer than `HOLD` and the handler that is running. What goes elsewhere, or
//! is not a reply, is sent at once, behind what waits.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::sys::{DatagramIo, Packet, is_transient};

/// The longest wait of a reply, the handler that is running aside: a few times what a batch of fast handlers takes.
const HOLD: Duration = if cfg!(test) { TEST_HOLD } else { Duration::from_micros(200) };
/// No test may depend on how fast it gets on.
const TEST_HOLD: Duration = Duration::from_millis(500);
/// How many wait at most: two for each datagram of a batch. As many as one system call takes.
const MOST: usize = 64;
/// The longest reply that waits. For longer ones a copy costs more than it saves.
pub const LONGEST: usize = 2048;

/// The replies of one socket that wait.
#[derive(Debug, Default)]
pub struct Replies {
    memory: Vec<u8>,
    /// Length and destination of each.
    packets: Vec<(usize, Option<SocketAddr>)>,
    since: Option<Instant>,
}

/// What became of replies that waited.
#[derive(Debug, Default)]
pub struct Flushed {
    /// The kernel has no room: some still wait.
    pub blocked: bool,
    /// Why some were not sent.
    pub refused: Vec<Failure>,
}

impl Replies {
    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Whether no other may be added.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.packets.len() >= MOST
    }

    /// Whether the first has waited long enough.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.since.is_some_and(|since| since.elapsed() >= HOLD)
    }

    /// Adds one.
    pub fn add(&mut self, bytes: &[u8], to: Option<SocketAddr>) {
        self.since.get_or_insert_with(Instant::now);
        self.memory.extend_from_slice(bytes);
        self.packets.push((bytes.len(), to));
    }

    /// Sends them, in order.
    pub fn flush(&mut self, io: &DatagramIo) -> Flushed {
        let mut flushed = Flushed::default();
        let mut done = 0;
        let mut tried = false;
        {
            let packets = self.all();
            while done < packets.len() {
                match io.send_many(&packets[done..]) {
                    Ok(sent) => {
                        done += sent;
                        tried = false;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_transient(&error) => {
                        flushed.blocked = true;
                        break;
                    }
                    // Maybe the error of an earlier datagram, which comes as an event of its own.
                    Err(_) if !tried => tried = true,
                    Err(error) => {
                        flushed.refused.push(error.into());
                        done += 1;
                        tried = false;
                    }
                }
            }
        }
        self.forget(done);
        flushed
    }

    fn all(&self) -> Vec<Packet<'_>> {
        let mut rest = self.memory.as_slice();
        let cut = |&(length, to): &(usize, Option<SocketAddr>)| {
            let (bytes, after) = rest.split_at(length);
            rest = after;
            Packet { bytes, to }
        };
        self.packets.iter().map(cut).collect()
    }

    fn forget(&mut self, count: usize) {
        let bytes: usize = self.packets[..count].iter().map(|(length, _)| length).sum();
        self.packets.drain(..count);
        self.memory.drain(..bytes);
        if self.packets.is_empty() {
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::sys::DatagramSharing;
    use crate::udp::BATCH;

    fn socket() -> DatagramIo {
        DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("loopback binds")
    }

    fn received(io: &DatagramIo) -> Vec<Vec<u8>> {
        let (mut memory, mut arrived) = (vec![0; 100 * 64], Vec::new());
        drop(io.receive(memory.chunks_exact_mut(64), &mut arrived));
        memory.chunks(64).zip(&arrived).map(|(room, one)| room[..one.length].to_vec()).collect()
    }

    #[test]
    fn a_refused_one_does_not_stop_the_others() {
        let (near, far) = (socket(), socket());
        let mut replies = Replies::default();
        let long = vec![0; 70_000];
        for bytes in [&b"one"[..], &long, b"two", &long[4000..], b""] {
            replies.add(bytes, far.local_address());
        }
        let Flushed { blocked, refused } = replies.flush(&near);
        assert!(!blocked && replies.is_empty() && !replies.is_due());
        let too_long = near.send(Packet { bytes: &long, to: far.local_address() }).expect_err("it is too long");
        assert_eq!(refused, [Failure::from(too_long); 2]);
        assert_eq!(received(&far), [&b"one"[..], b"two", b""]);
        assert!(replies.flush(&near).refused.is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_error_of_an_earlier_datagram_costs_no_reply() {
        let (near, far, gone) = (socket(), socket(), socket());
        let dead = gone.local_address();
        drop(gone);
        near.report_errors(true).expect("Linux knows the option");
        near.send(Packet { bytes: b"x", to: dead }).expect("nothing is known yet");
        let mut replies = Replies::default();
        replies.add(b"a", far.local_address());
        replies.add(b"b", far.local_address());
        assert!(replies.flush(&near).refused.is_empty());
        assert_eq!(received(&far), [b"a", b"b"]);
    }

    #[test]
    fn they_wait_for_a_moment_only() {
        let (near, far) = (socket(), socket());
        let mut replies = Replies::default();
        assert!(!replies.is_due());
        replies.add(b"x", far.local_address());
        let since = Instant::now();
        while !replies.is_due() {
            assert!(since.elapsed() < 100 * HOLD);
        }
        for _ in 1..MOST {
            assert!(!replies.is_full());
            replies.add(b"x", far.local_address());
        }
        assert!(replies.is_full());
        replies.flush(&near);
        assert!(!replies.is_full() && !replies.is_due());
        assert_eq!(received(&far).len(), BATCH.min(MOST));
    }
}
