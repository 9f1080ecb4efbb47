//! One connected stream socket: what its two sides may still do, and which event comes next.
//!
//! [`Stream::step`] takes one step and tells at most one event, so that a handler's `pause()` or `close()` takes effect
//! before anything more is read. When several things are due, the order is:
//!
//! | due | event |
//! |---|---|
//! | the end was told and the socket does not stay half open, or both sides are shut | `Closed` |
//! | room to write after a short write | `Drain` |
//! | room to write while the rest of an `end(data)` waits | none until it is sent, then `Closed` or half-closed |
//! | bytes | `Data` |
//! | the peer's FIN | `End`, and `Closed` in the next step unless the socket stays half open; only `Closed` after our own FIN |
//! | a reset, which ends a pause | what was received before it, and `Closed` with the failure |

use std::io;
use std::net::Shutdown;

use crate::failure::Failure;
use crate::readiness::Readiness;
use crate::sys::{CONNECTION_RESET, Ready, StreamIo, expect_large_blocks, is_transient};
use crate::tls::ProtocolFailure;

/// The most that one data event carries: 512 KiB, as in Bun.
pub const READ_LIMIT: usize = 512 * 1024;
/// A read of at least this many bytes makes the next one ask how much is there, so that the bytes can go straight into
/// memory of that size. Below it one copy is cheaper than the question.
pub const BULK: usize = 64 * 1024;

/// Data events of this size are large blocks to the allocator.
pub const LARGE: usize = 16 * 1024;

/// A connected stream socket.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts that no state holds")]
pub struct Stream {
    io: StreamIo,
    allow_half_open: bool,
    read: ReadSide,
    write: WriteSide,
    ready: Readiness,
    paused: bool,
    bulk: bool,
    /// Whether more waits than the last [`StreamEvent::Bulk`] has told of.
    more: bool,
    /// A failure that a bulk read, or a send after one that was taken, has taken off the socket; the step that finds the end tells it.
    failure: Option<Failure>,
    /// EPIPE that a send has taken off the socket after the kernel had taken a part: it is told after the end.
    late: Option<Failure>,
    /// The poll has said that the connection is over while there was still something to read, and a send has taken the reason: a
    /// reset after the peer's FIN is EPIPE, told once. It closes when the end is told.
    gone: bool,
}

/// What the program can still receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadSide {
    Open,
    /// The end was told.
    Ended,
}

/// What the program can still send.
#[derive(Debug)]
enum WriteSide {
    Open,
    /// A drain event is owed: the last write was short, or there was none on a socket that was taken over.
    Full,
    /// `end(data)` was taken only partly by the kernel; the rest goes first.
    Flushing {
        rest: Vec<u8>,
        sent: usize,
    },
    Shut,
}

/// What a step came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// So many bytes are in the scratch memory.
    Data(usize),
    /// About so many bytes wait, enough to be read straight into memory of that size. More may wait on a plain socket, and
    /// fewer on a TLS socket.
    Bulk(usize),
    /// The peer has ended its side.
    End,
    /// There is room again after a short write.
    Drain,
    /// A client has said what it wants; the program is asked what becomes of it.
    Hello,
    /// So many bytes of ciphertext are in the scratch memory; what they say comes next. Only on upgraded sockets.
    Raw(usize),
    /// The peer broke the rules of TLS, or says that we did; the caller drops the stream.
    Broken(ProtocolFailure),
    /// The connection is over; the caller drops the stream.
    Closed(Option<Failure>),
}

/// What became of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// The kernel took so many bytes.
    Taken(usize),
    /// The socket is shut for writing, or broken.
    Refused,
}

/// What became of an `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything is with the kernel: the caller drops the stream, which sends FIN.
    Close,
    /// FIN is sent, or follows the bytes that wait; the stream lives on until the peer's end, or until they are sent.
    Later,
    /// Nothing of what was to be sent can be: the stream is shut for writing, or the connection broken, of which the poll tells. The stream
    /// is as it was.
    Refused,
}

impl Stream {
    /// A stream over a connected socket.
    #[must_use]
    pub fn new(io: StreamIo, allow_half_open: bool) -> Self {
        let ready = Readiness { read_on: io.must_read_on(), ..Readiness::default() };
        Self {
            io,
            allow_half_open,
            read: ReadSide::Open,
            write: WriteSide::Open,
            ready,
            paused: false,
            bulk: false,
            more: false,
            failure: None,
            late: None,
            gone: false,
        }
    }

    /// A stream over a socket that was connected elsewhere. As in Bun, it begins with [`StreamEvent::Drain`].
    #[must_use]
    pub fn adopted(io: StreamIo, allow_half_open: bool) -> Self {
        Self { write: WriteSide::Full, ..Self::new(io, allow_half_open) }
    }

    /// Notes what has broken the connection, as somebody who asked the socket has been told. What had been received is still there.
    pub fn found_broken(&mut self, error: io::Error) {
        self.ready.readable = true;
        self.ready.broken = true;
        if error.kind() == io::ErrorKind::BrokenPipe {
            self.keep_late(error);
        } else {
            self.keep(error);
        }
    }

    /// The socket, for its addresses and options.
    #[must_use]
    pub fn io(&self) -> &StreamIo {
        &self.io
    }

    /// The socket, for the poll.
    pub fn io_mut(&mut self) -> &mut StreamIo {
        &mut self.io
    }

    /// The socket, what the poll has said of it, and whether it stays half open: for a handshake.
    #[must_use]
    pub(crate) fn into_parts(self) -> (StreamIo, Readiness, bool) {
        (self.io, self.ready, self.allow_half_open)
    }

    /// Notes what the poll says. True if a step may have something to do.
    pub fn note(&mut self, ready: &Ready) -> bool {
        self.ready.note(ready);
        self.has_work()
    }

    /// Whether a step may have something to do.
    #[inline]
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.is_over()
            || self.ready.failed
            || (self.ready.readable && self.can_read())
            || (self.ready.writable && self.owes_room())
    }

    /// Whether the poll has told, together with what has been read, of the failure or the end of both sides that is behind it.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.ready.failed
    }

    /// Whether the kernel has refused something, so that the poll has to tell when there is room.
    #[must_use]
    pub fn awaits_room(&self) -> bool {
        self.owes_room() && !self.ready.writable
    }

    fn owes_room(&self) -> bool {
        matches!(self.write, WriteSide::Full | WriteSide::Flushing { .. })
    }

    /// Takes one step. `scratch` receives the bytes of a [`StreamEvent::Data`]; no event is of more than fit into it.
    pub fn step(&mut self, scratch: &mut [u8]) -> Option<StreamEvent> {
        if self.is_over() {
            // As in Bun: whoever the peer's end alone would have closed is told of nothing else.
            let shut = self.allow_half_open && matches!(self.write, WriteSide::Shut);
            return Some(StreamEvent::Closed(if shut { self.failure_of_shutdown() } else { None }));
        }
        if let Some(event) = self.write_step() {
            return Some(event);
        }
        if self.ready.readable && self.can_read() {
            return self.read_step(scratch);
        }
        if std::mem::take(&mut self.ready.failed) {
            return match self.io.take_error() {
                Ok(None) if self.failure.is_some() => Some(StreamEvent::Closed(self.failure)),
                Ok(None) if self.read == ReadSide::Ended => Some(StreamEvent::Closed(self.late_failure())),
                Ok(None) => {
                    self.gone = true;
                    None
                }
                Ok(Some(error)) | Err(error) => Some(StreamEvent::Closed(Some(error.into()))),
            };
        }
        None
    }

    /// What a `shutdown()` after the peer's end has run into, or a write before it.
    fn failure_of_shutdown(&self) -> Option<Failure> {
        let found = if self.ready.failed { self.io.take_error().unwrap_or_else(Some) } else { None };
        found.map(Failure::from).or_else(|| self.late_failure())
    }

    /// What a write has run into before the end was told, where that was not the end of all. As in Bun, a reset if the poll has told of an error
    /// that a write has taken off the socket since.
    fn late_failure(&self) -> Option<Failure> {
        self.late.or_else(|| self.ready.broken.then_some(Failure::System(CONNECTION_RESET)))
    }

    /// Whether the next step can only be one that reads.
    #[inline]
    #[must_use]
    pub fn expects_bytes(&self) -> bool {
        self.ready.readable
            && self.read == ReadSide::Open
            && !self.paused
            && !self.ready.failed
            && matches!(self.write, WriteSide::Open)
    }

    /// Takes one step where [`Stream::expects_bytes`] says so.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn step_to_bytes(&mut self, scratch: &mut [u8]) -> Option<StreamEvent> {
        // Nobody waits for room.
        self.ready.writable = false;
        self.read_step(scratch)
    }

    /// Reads straight into memory that the caller has made after a [`StreamEvent::Bulk`]; how many bytes came.
    pub fn receive(&mut self, into: &mut [u8]) -> usize {
        // An end shows again in the next step, which is the one to tell of it.
        let count = self.io.receive(into).unwrap_or_else(|error| {
            if !is_transient(&error) {
                self.keep(error);
            }
            0
        });
        let more = std::mem::take(&mut self.more);
        self.ready.readable = count == 0 || more || self.ready.read_on || self.ready.failed;
        self.bulk = count >= BULK;
        count
    }

    /// Sends at once what the kernel takes; nothing is kept.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn write(&mut self, bytes: &[u8]) -> Written {
        if !self.is_writable() {
            return Written::Refused;
        }
        if bytes.is_empty() {
            return Written::Taken(0);
        }
        let mut taken = 0;
        // Only a refusal is believed: after a short count alone the kernel need not tell of room, as when it was memory that
        // was short.
        while taken < bytes.len() {
            match self.io.send(&bytes[taken..]) {
                Ok(count) => taken += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_transient(&error) => {
                    self.full(is_transient(&error));
                    break;
                }
                // The poll reports the broken connection, and the step after that closes it. As in Bun, whoever is refused has been told
                // the reason of a reset, and comes to an ordinary end.
                Err(_) if taken == 0 => return Written::Refused,
                Err(error) => {
                    if error.kind() == io::ErrorKind::BrokenPipe {
                        self.keep_late(error);
                    } else {
                        self.keep(error);
                    }
                    self.full(false);
                    break;
                }
            }
        }
        Written::Taken(taken)
    }

    /// Sends `bytes` and then FIN.
    ///
    /// Differs from Bun (3, 4): bytes that the kernel does not take at once are kept and sent before the FIN, and a stream that
    /// stays half open is only shut for writing. It holds nothing back any more: nobody may be left to resume it.
    pub fn end(&mut self, bytes: &[u8]) -> Ended {
        if matches!(self.write, WriteSide::Flushing { .. }) {
            return Ended::Later;
        }
        match self.write(bytes) {
            Written::Taken(count) if count < bytes.len() => {
                self.paused &= !self.allow_half_open;
                self.write = WriteSide::Flushing { rest: bytes[count..].to_vec(), sent: 0 };
                return Ended::Later;
            }
            // As in Bun, whose `end` does nothing more then.
            Written::Refused if !bytes.is_empty() => return Ended::Refused,
            Written::Taken(_) | Written::Refused => {}
        }
        if self.allow_half_open && self.read == ReadSide::Open && self.is_writable() && self.finish_writing() {
            self.paused = false;
            return Ended::Later;
        }
        Ended::Close
    }

    /// Whether a write can still be taken.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self.write, WriteSide::Open | WriteSide::Full)
    }

    /// Sends FIN and goes on reading.
    pub fn shut_write(&mut self) {
        if self.is_writable() {
            self.finish_writing();
        }
    }

    /// Shuts the reading side: the end is told at once.
    pub fn shut_read(&mut self) {
        if self.read == ReadSide::Open && self.io.shutdown(Shutdown::Read).is_ok() {
            self.ready.note_end();
        }
    }

    /// Whether the stream lives on after the peer's end.
    #[must_use]
    pub fn stays_half_open(&self) -> bool {
        self.allow_half_open
    }

    /// Has the peer's end be the end of both sides.
    pub fn end_with_peer(&mut self) {
        self.allow_half_open = false;
    }

    /// Holds back data and the end of the stream.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on after [`Stream::pause`]. True if a step may have something to do.
    pub fn resume(&mut self) -> bool {
        self.paused = false;
        self.has_work()
    }

    /// The kernel took less than it was given. Whatever the poll said of room before is used up by that; when it was memory
    /// that was short, the poll will say nothing, and the drain event follows by itself.
    fn full(&mut self, transient: bool) {
        self.write = WriteSide::Full;
        self.ready.writable = transient;
    }

    /// Keeps a failure that the kernel tells only once, and that the program would have been told, had this end not asked once more than it did.
    /// EPIPE is not one of those: after it comes an ordinary end.
    fn keep(&mut self, error: io::Error) {
        if !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::BrokenPipe) {
            self.failure = Some(error.into());
            self.ready.failed = true;
        }
    }

    /// The kernel would have told of EPIPE after the end, if it had not been asked to take the rest: that was not the program's doing.
    #[cold]
    fn keep_late(&mut self, error: io::Error) {
        self.late = Some(error.into());
        self.ready.broken = true;
        self.ready.failed = true;
    }

    fn write_step(&mut self) -> Option<StreamEvent> {
        if !std::mem::take(&mut self.ready.writable) {
            return None;
        }
        match &mut self.write {
            WriteSide::Open | WriteSide::Shut => None,
            WriteSide::Full => {
                self.write = WriteSide::Open;
                // As in Bun: there is no room in a connection that is broken.
                (!self.ready.broken).then_some(StreamEvent::Drain)
            }
            WriteSide::Flushing { rest, sent } => match self.io.send(&rest[*sent..]) {
                Ok(count) => {
                    *sent += count;
                    if *sent < rest.len() {
                        // As in `write`: until the kernel refuses.
                        self.ready.writable = true;
                        return None;
                    }
                    let stays = self.allow_half_open && self.read == ReadSide::Open && self.finish_writing();
                    (!stays).then_some(StreamEvent::Closed(None))
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
                Err(error) if is_transient(&error) => {
                    self.ready.writable = true;
                    None
                }
                Err(error) => Some(StreamEvent::Closed(Some(error.into()))),
            },
        }
    }

    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    fn read_step(&mut self, scratch: &mut [u8]) -> Option<StreamEvent> {
        if std::mem::take(&mut self.bulk)
            && let Ok(count) = self.io.available()
            && count >= BULK
        {
            self.more = count > scratch.len();
            return Some(StreamEvent::Bulk(count.min(scratch.len())));
        }
        match self.io.receive(scratch) {
            Ok(0) => {
                self.ready.readable = false;
                if self.failure.is_some() {
                    return Some(StreamEvent::Closed(self.failure));
                }
                self.read = ReadSide::Ended;
                // As Bun: who has already sent FIN is told of the close only.
                Some(if matches!(self.write, WriteSide::Shut) { StreamEvent::Closed(None) } else { StreamEvent::End })
            }
            Ok(count) => {
                self.ready.readable = count == scratch.len() || self.ready.read_on || self.ready.failed;
                self.bulk = count >= BULK;
                if count >= LARGE {
                    expect_large_blocks();
                }
                Some(StreamEvent::Data(count))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.ready.readable = false;
                None
            }
            // The bytes stay with the kernel; the reactor comes back in the next turn.
            Err(error) if is_transient(&error) => None,
            Err(error) => Some(StreamEvent::Closed(Some(error.into()))),
        }
    }

    /// A reset is the end of the connection, paused or not: what came before it is read, or it would be lost.
    fn can_read(&self) -> bool {
        (!self.paused || self.ready.broken) && self.read != ReadSide::Ended
    }

    /// The end was told and nothing is left to send, so that the socket closes by itself.
    fn is_over(&self) -> bool {
        self.read == ReadSide::Ended && (self.gone || self.is_done_writing())
    }

    fn is_done_writing(&self) -> bool {
        match self.write {
            WriteSide::Open | WriteSide::Full => !self.allow_half_open,
            WriteSide::Flushing { .. } => false,
            WriteSide::Shut => true,
        }
    }

    fn finish_writing(&mut self) -> bool {
        // ENOTCONN: the peer is already gone, which the poll reports as well.
        let shut = self.io.shutdown(Shutdown::Write).is_ok();
        self.write = WriteSide::Shut;
        shut
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};

    use super::*;

    /// A stream, and the other end of its connection.
    fn connected() -> (Stream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let far = TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
        let near = listener.accept().expect("the connection").0;
        near.set_nonblocking(true).expect("a socket");
        // Some hundred KB, or what the system allows.
        socket2::SockRef::from(&near).set_recv_buffer_size(1 << 20).expect("a socket");
        (Stream::new(StreamIo::from_std(near), false), far)
    }

    /// Everything that comes in steps with so much memory, `total` bytes in all, and the sizes of the bulk events among it.
    fn receive_all(stream: &mut Stream, limit: usize, total: usize) -> (Vec<u8>, Vec<usize>) {
        let (mut scratch, mut all, mut bulk) = (vec![0; limit], Vec::new(), Vec::new());
        while all.len() < total {
            // What the poll would say, which is not asked here.
            stream.ready.readable = true;
            match stream.step(&mut scratch) {
                Some(StreamEvent::Data(count)) => all.extend_from_slice(&scratch[..count]),
                Some(StreamEvent::Bulk(count)) => {
                    bulk.push(count);
                    let mut memory = vec![0; count];
                    let received = stream.receive(&mut memory);
                    all.extend_from_slice(&memory[..received]);
                }
                None => std::thread::yield_now(),
                event => panic!("{event:?}"),
            }
        }
        (all, bulk)
    }

    #[test]
    fn no_event_is_larger_than_the_memory_for_it_and_the_rest_follows() {
        const TOTAL: usize = 4_000_000;
        for limit in [BULK, BULK + 1, 100_000, READ_LIMIT] {
            let (mut stream, mut far) = connected();
            let sent: Vec<u8> = (0..TOTAL).map(|index| (index / 251).to_le_bytes()[0]).collect();
            let expected = sent.clone();
            let sender = std::thread::spawn(move || far.write_all(&sent).map(|()| far));
            let (received, bulk) = receive_all(&mut stream, limit, TOTAL);
            assert!(received == expected, "{limit}");
            assert!(bulk.iter().all(|count| (BULK..=limit).contains(count)), "{bulk:?}");
            sender.join().expect("no panic").expect("everything is sent");
        }
    }

    #[test]
    fn what_a_bulk_event_leaves_is_read_without_another_word_of_the_poll() {
        const TOTAL: usize = 150_000;
        let (mut stream, mut far) = connected();
        far.write_all(&vec![7; TOTAL]).expect("it fits");
        while stream.io.available().expect("a socket") < TOTAL {
            std::thread::yield_now();
        }
        stream.ready.readable = true;
        let mut scratch = vec![0; BULK];
        assert_eq!(stream.step(&mut scratch), Some(StreamEvent::Data(BULK)));
        assert_eq!(stream.step(&mut scratch), Some(StreamEvent::Bulk(BULK)));
        assert_eq!(stream.receive(&mut scratch), BULK);
        assert!(stream.has_work());
        assert_eq!(stream.step(&mut scratch), Some(StreamEvent::Data(TOTAL - 2 * BULK)));
        assert!(!stream.has_work());
    }
}
