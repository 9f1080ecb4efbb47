//! One established TLS connection over a socket: like [`crate::stream::Stream`], with records in between.
//!
//! [`SecureStream::step`] takes one step and tells at most one event. When several things are due, the order is:
//!
//! | due | event |
//! |---|---|
//! | broken records or a fatal alert, after the data before them | `Broken`; the caller drops the stream |
//! | the end was told and the socket does not stay half open, or both sides have ended | `Closed` |
//! | plaintext that came with the peer's last words of the handshake | `Data` |
//! | the handshake is over, or there is room again after a short write | `Drain` |
//! | room while the rest of an `end(data)` waits | none until it is sent |
//! | ciphertext, when it is tapped | `Raw`, and what it says in the next step |
//! | plaintext | `Data` |
//! | the peer's `close_notify` or FIN | `End`; only `Closed` after our own `end()` if nothing came since |
//! | a reset, which ends a pause | what was received before it, and `Closed` with the failure |

use std::io::{self, IoSlice, Write};
use std::net::Shutdown;

use crate::failure::Failure;
use crate::readiness::Readiness;
use crate::stream::{BULK, Ended, LARGE, READ_LIMIT, StreamEvent, Written};
use crate::sys::{CONNECTION_RESET, Ready, StreamIo, expect_large_blocks, is_transient};
use crate::tls::{ProtocolFailure, Received, Session};

/// Ciphertext of one read. Larger reads save system calls and acknowledgements, as long as the processor's cache holds them
/// until they are opened. Measured: with more waiting than one read takes, 64 KiB takes an eighth more CPU time per byte, 256 KiB
/// 2 %. More than this would not leave the room of a data event for the plaintext and what the record before has left.
pub const CIPHERTEXT_LIMIT: usize = 440 * 1024;

/// Reads of 16 KiB of what has come unasked before a close. Who sends more than this all the time gets the reset.
const DISCARDED: usize = 64;

/// Memory for the ciphertext of one read, and the beginning of a record that came with the one before.
pub const CIPHERTEXT_ROOM: usize = Session::room_for(CIPHERTEXT_LIMIT);

const _: () = assert!(Session::room_for(CIPHERTEXT_ROOM) <= READ_LIMIT);

/// A connected socket that speaks TLS.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "options, a pause, and what was found when, none of which says anything of the others"
)]
pub struct SecureStream {
    io: StreamIo,
    session: Box<Session>,
    allow_half_open: bool,
    read: ReadSide,
    write: WriteSide,
    ready: Readiness,
    paused: bool,
    /// So many bytes of ciphertext were behind the plaintext that came with the handshake when that was over. As in Bun, where one read gets all
    /// of it, they are told of together, and apart from what the handshake's handlers make the peer send.
    behind: usize,
    /// So many bytes of ciphertext wait in the memory of [`SecureStream::step`] for [`SecureStream::receive`].
    announced: usize,
    broken: Option<ProtocolFailure>,
    /// A failure that a send has taken off the socket; the step that finds the end tells it.
    failure: Option<Failure>,
    /// What a send over a unix socket has failed with while there was something to read: the peer may have shut its reading side only.
    /// As in Bun, nothing is sent any more, and this is told only if the stream ends without a `close_notify`.
    unheard: Option<Failure>,
    /// The peer is gone, and it closes when the end is told: the poll has said that the connection is over while there was still something to
    /// read, and a send has taken the reason (a reset after the peer's FIN is EPIPE, told once), or a write has found it after the end.
    gone: bool,
    /// A write has found that nothing can be sent any more.
    refused: bool,
    /// The handler of the end has returned.
    end_told: bool,
    /// `shutdown()` came after that: as in Bun, what it runs into is told.
    shut_late: bool,
    /// FIN, or what comes to the same, was found behind the peer's `close_notify`.
    fin: bool,
    /// The last words of the handshake have not left.
    shaking: bool,
    tap: Tap,
    /// Whether received records are told even if nothing for the program was in them: they may have been sessions.
    announces: bool,
}

/// What the program can still receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ReadSide {
    /// Plaintext of the handshake's last flight may be in the session, where no poll tells of it.
    Greeting,
    Open,
    /// The peer has ended, which is to be told.
    Closed,
    /// The end was told.
    Ended,
}

/// What the program can still send.
#[derive(Debug)]
enum WriteSide {
    Open,
    /// The handshake has just ended: a drain event is owed.
    Shaken,
    /// The last write was short: the same.
    Full,
    /// `end(data)` did not fit; the rest goes first.
    Flushing {
        rest: Vec<u8>,
        sent: usize,
    },
    /// `end()`: `close_notify` is out or on its way. `answered` says that data came since.
    Ending {
        answered: bool,
    },
    /// `shutdown()`: as above, and FIN follows when everything is sent.
    Shut {
        fin_due: bool,
    },
}

/// Whether received ciphertext is shown before it is decrypted: to the raw half of an upgraded socket.
#[derive(Debug)]
enum Tap {
    Off,
    On(Vec<u8>),
}

impl SecureStream {
    /// A stream whose handshake is over, of which the poll has said what is `ready`. If it is `tapped`, this is what was shown already,
    /// and the handshake has left.
    #[must_use]
    pub(crate) fn new(
        io: StreamIo,
        ready: Readiness,
        mut session: Box<Session>,
        allow_half_open: bool,
        tapped: Option<Vec<u8>>,
    ) -> Self {
        // What is wrong with the socket is found by reading.
        let behind = if session.has_plaintext() { io.available().unwrap_or(0) } else { 0 };
        Self {
            io,
            behind,
            shaking: session.wants_send(),
            session,
            allow_half_open,
            read: ReadSide::Greeting,
            write: WriteSide::Shaken,
            // Whether the handshake has read everything is found by trying.
            ready: Readiness { readable: true, writable: true, ..ready },
            paused: false,
            announced: 0,
            broken: None,
            failure: None,
            unheard: None,
            gone: false,
            refused: false,
            end_told: false,
            shut_late: false,
            fin: false,
            tap: tapped.map_or(Tap::Off, Tap::On),
            announces: false,
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

    /// Whether the kernel has refused something, so that the poll has to tell when there is room.
    #[must_use]
    pub fn awaits_room(&self) -> bool {
        self.wants_room() && !self.ready.writable
    }

    /// What the handshake settled.
    pub fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Notes what the poll says. True if a step may have something to do.
    pub fn note(&mut self, ready: &Ready) -> bool {
        self.ready.note(ready);
        if self.read == ReadSide::Ended {
            self.find_fin();
        }
        self.has_work()
    }

    /// The program has been told of the end.
    pub fn end_was_told(&mut self) {
        self.end_told = true;
        // As in Bun: where this side was shut before, or while it was told, it is over with that, whatever a pause hides.
        self.fin |= self.is_done_writing();
        self.find_fin();
    }

    fn find_fin(&mut self) {
        self.fin |= self.ready.read_closed && !self.paused;
    }

    /// Whether a step may have something to do.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.is_over()
            || self.broken.is_some()
            || self.announced > 0
            || self.ready.failed
            || (self.can_read() && (self.ready.readable || self.has_tapped() || self.read != ReadSide::Open))
            || (self.ready.writable && self.wants_room())
    }

    /// Whether there is something to be told that came with what has been told, or that the poll has told of.
    #[must_use]
    pub fn knows_more(&self) -> bool {
        self.has_tapped() || self.broken.is_some() || self.read == ReadSide::Closed || self.ready.failed
    }

    /// Decrypts what a [`StreamEvent::Bulk`] announced straight into memory that the caller has made; how many bytes came.
    pub fn receive(&mut self, into: &mut [u8], ciphertext: &mut [u8]) -> usize {
        let announced = std::mem::take(&mut self.announced);
        let received = self.session.open(&mut ciphertext[..announced], into);
        self.follow(&received);
        if received.plaintext > 0 {
            self.data(received.plaintext);
        }
        received.plaintext
    }

    /// Takes one step. `scratch` receives the bytes of a `Data` or `Raw` event, `ciphertext` is for what is decrypted at once.
    pub fn step(&mut self, scratch: &mut [u8], ciphertext: &mut [u8]) -> Option<StreamEvent> {
        if std::mem::take(&mut self.announced) > 0 {
            // There was no memory for what was announced, which is gone, and the connection with it.
            return Some(StreamEvent::Closed(Some(io::Error::from(io::ErrorKind::OutOfMemory).into())));
        }
        if let Some(failure) = self.broken.take() {
            // The alert that tells the peer, as far as it gets.
            let _ = self.flush();
            return Some(StreamEvent::Broken(failure));
        }
        if self.is_over() {
            let done = self.is_done_writing();
            let unheard = if done { None } else { self.unheard };
            let failure = if done && self.session.peer_closed() { None } else { self.failure };
            return Some(StreamEvent::Closed(failure.or(unheard).or_else(|| self.failure_of_shutdown())));
        }
        self.stop_sending_if_failed();
        // As on Bun, what came with the peer's last words is told before the drain that follows the handshake.
        if (self.read == ReadSide::Greeting || self.has_tapped())
            && self.can_read()
            && let Some(event) = self.read_step(scratch, ciphertext)
        {
            return Some(event);
        }
        if let Some(event) = self.write_step() {
            return Some(event);
        }
        self.stop_sending_if_failed();
        if self.can_read() && (self.ready.readable || self.has_tapped() || self.read != ReadSide::Open) {
            return self.read_step(scratch, ciphertext);
        }
        if std::mem::take(&mut self.ready.failed) {
            if self.failure.is_some() && self.holds_data() {
                // It is told first, after a pause too; the failure stands behind it, where the next reads find the end.
                self.ready.note_end();
                return if self.can_read() { self.read_step(scratch, ciphertext) } else { None };
            }
            return match self.io.take_error() {
                Ok(None) if self.failure.is_some() => Some(StreamEvent::Closed(self.failure)),
                Ok(None) if self.read == ReadSide::Ended && self.hides_hang_up() => None,
                Ok(None) if self.read == ReadSide::Ended => Some(StreamEvent::Closed(self.unheard)),
                Ok(None) => {
                    self.gone = true;
                    None
                }
                Ok(Some(error)) | Err(error) => Some(StreamEvent::Closed(Some(error.into()))),
            };
        }
        None
    }

    /// What a `shutdown()` some time after the peer's end has run into.
    fn failure_of_shutdown(&self) -> Option<Failure> {
        let found = if self.shut_late && self.ready.broken { self.io.take_error().unwrap_or_else(Some) } else { None };
        found.map(Failure::from)
    }

    /// Encrypts and sends what fits into the kernel's buffer and a bounded backlog. As on Bun, nothing while some of that waits.
    pub fn write(&mut self, bytes: &[u8]) -> Written {
        if !self.is_writable() {
            return Written::Refused;
        }
        // The last words of the handshake do not wait for room, but for the program's first words.
        let waits = !self.shaking && self.session.wants_send();
        let is_full = waits && matches!(self.flush(), Flushed::Blocked);
        let written = if is_full { Written::Taken(0) } else { self.encrypt(bytes) };
        match written {
            Written::Taken(count) if count < bytes.len() => self.write = WriteSide::Full,
            Written::Refused => self.was_refused(),
            Written::Taken(_) => {}
        }
        written
    }

    /// Notes that nothing of a write could be sent. As in Bun: after the peer's end nothing but a write can find that the connection is broken,
    /// which matters if it was to go on. A peer on a unix socket that has gone without a word has only closed it.
    fn was_refused(&mut self) {
        self.refused = true;
        if self.read != ReadSide::Ended {
            return;
        }
        self.gone = true;
        if self.allow_half_open && (!self.io.is_unix() || self.session.peer_closed()) {
            self.failure = Some(Failure::System(CONNECTION_RESET));
        }
    }

    /// Sends `bytes` and then `close_notify`. The stream lives on until the peer has ended, too, and holds nothing back any more.
    ///
    /// Differs from Bun (3): bytes that do not fit at once are kept and sent.
    pub fn end(&mut self, bytes: &[u8]) -> Ended {
        // As in Bun: where it is known that nobody is there, nobody's end is waited for.
        if (self.refused || self.unheard.is_some()) && bytes.is_empty() {
            return Ended::Close;
        }
        if !self.is_writable() {
            return if self.unheard.is_some() { Ended::Refused } else { Ended::Later };
        }
        match self.encrypt(bytes) {
            Written::Taken(count) if count < bytes.len() => {
                self.paused = false;
                self.write = WriteSide::Flushing { rest: bytes[count..].to_vec(), sent: 0 };
                return Ended::Later;
            }
            // As on plain sockets.
            Written::Refused => {
                self.was_refused();
                return Ended::Refused;
            }
            Written::Taken(_) => {}
        }
        self.paused = false;
        let sent = self.finish_writing(WriteSide::Ending { answered: false });
        // Where the peer has ended and everything is sent, or it is gone, nothing is left to wait for. As in Bun, that the program has not been
        // told yet does not matter.
        let peer_ended = matches!(self.read, ReadSide::Closed | ReadSide::Ended)
            // With the last words of the handshake, and nothing between them.
            || self.read == ReadSide::Greeting && self.session.peer_closed() && !self.session.has_plaintext();
        if peer_ended && !matches!(sent, Flushed::Blocked) { Ended::Close } else { Ended::Later }
    }

    /// Whether a write can still be taken.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        matches!(self.write, WriteSide::Open | WriteSide::Shaken | WriteSide::Full)
            && self.unheard.is_none()
            && !self.session.is_refused()
    }

    /// Sends `close_notify` and FIN, and goes on reading. As in Bun, not where a write has found that nothing can be sent any more.
    pub fn shut_write(&mut self) {
        if self.is_writable() && !self.refused {
            self.shut_late = self.end_told;
            let sent = self.finish_writing(WriteSide::Shut { fin_due: true });
            // As in Bun: nothing is waited for from a peer that is found gone.
            self.fin |= matches!(sent, Flushed::Failed);
        }
    }

    /// FIN left before the handshake was over: nothing more is sent.
    pub(crate) fn stay_shut(&mut self) {
        self.write = WriteSide::Shut { fin_due: false };
    }

    /// Shuts the reading side: the end is told at once.
    pub fn shut_read(&mut self) {
        if self.read != ReadSide::Ended && self.io.shutdown(Shutdown::Read).is_ok() {
            self.ready.note_end();
        }
    }

    /// From now on records without data are told as [`StreamEvent::Data`] of no bytes.
    pub fn announce(&mut self) {
        self.announces = true;
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

    /// Goes on after [`SecureStream::pause`]. True if a step may have something to do.
    pub fn resume(&mut self) -> bool {
        self.paused = false;
        // The pause has hidden it.
        self.gone |= self.read == ReadSide::Ended && self.ready.hung_up;
        self.has_work()
    }

    /// Takes leave of the peer. What the kernel does not take at once is handed back with the socket, for somebody to send;
    /// so is a socket whose peer has not got everything yet, since what the peer sends meanwhile would reset it.
    #[must_use]
    pub fn close(mut self) -> Option<(StreamIo, Vec<u8>)> {
        if let WriteSide::Flushing { rest, sent } = &self.write {
            let (rest, sent) = (rest.clone(), *sent);
            let mut written = sent;
            // Into memory: closing is not the time to be told that there is no room.
            let mut waiting = self.take_waiting();
            while written < rest.len() {
                let count = self.session.write_plaintext(&rest[written..]);
                if count == 0 {
                    // With room for everything only a session that the peer has broken takes nothing, now and for ever.
                    break;
                }
                written += count;
                waiting.append(&mut self.take_waiting());
            }
            self.session.close_notify();
            waiting.append(&mut self.take_waiting());
            self.discard_received();
            return Some((self.io, waiting));
        }
        self.session.close_notify();
        let flushed = self.flush();
        self.discard_received();
        match flushed {
            Flushed::Blocked => {}
            // A peer that has ended sends nothing any more.
            Flushed::All if self.read == ReadSide::Open && self.io.unacknowledged() > 0 => {}
            Flushed::All | Flushed::Failed => return None,
        }
        let waiting = self.take_waiting();
        Some((self.io, waiting))
    }

    /// The ciphertext that waits to be sent.
    fn take_waiting(&mut self) -> Vec<u8> {
        let mut waiting = Vec::new();
        while self.session.wants_send() && self.session.send(&mut waiting).is_ok() {}
        waiting
    }

    /// Reads what nobody will ask for. A socket that is closed with received bytes in it is reset, and what the kernel has
    /// not sent yet is lost with it; and under TLS there often are some, since servers send tickets unasked.
    fn discard_received(&self) {
        let mut unread = [0; 16 * 1024];
        for _ in 0..DISCARDED {
            match self.io.receive(&mut unread) {
                Ok(1..) => {}
                Ok(0) | Err(_) => break,
            }
        }
    }

    fn encrypt(&mut self, bytes: &[u8]) -> Written {
        let mut taken = 0;
        while taken < bytes.len() {
            let count = self.session.write_plaintext(&bytes[taken..]);
            match self.flush() {
                Flushed::All if count > 0 => taken += count,
                Flushed::All | Flushed::Blocked => {
                    taken += count;
                    break;
                }
                // Nobody will get it. The poll is about to report the broken connection.
                Flushed::Failed if taken == 0 => return Written::Refused,
                Flushed::Failed => break,
            }
        }
        Written::Taken(taken)
    }

    fn write_step(&mut self) -> Option<StreamEvent> {
        if !self.wants_room() || !std::mem::take(&mut self.ready.writable) {
            return None;
        }
        if self.ready.broken && !matches!(self.write, WriteSide::Shaken) {
            // As in Bun: there is no room in a connection that is broken. Sending what waits would take the reason off the socket, too.
            return None;
        }
        match self.flush() {
            Flushed::All => {}
            Flushed::Blocked => return None,
            // The next read, or the poll, tells what is wrong.
            Flushed::Failed => {
                self.ready.failed = true;
                return None;
            }
        }
        match &mut self.write {
            WriteSide::Shaken | WriteSide::Full => {
                self.write = WriteSide::Open;
                (!self.session.is_refused()).then_some(StreamEvent::Drain)
            }
            WriteSide::Flushing { rest, sent } => {
                let (rest, start) = (std::mem::take(rest), *sent);
                let Written::Taken(count) = self.encrypt(&rest[start..]) else {
                    // There is nobody to send it to.
                    self.write = WriteSide::Ending { answered: false };
                    return None;
                };
                let sent = start + count;
                if sent < rest.len() {
                    self.write = WriteSide::Flushing { rest, sent };
                } else {
                    self.write = WriteSide::Open;
                    let _ = self.finish_writing(WriteSide::Ending { answered: false });
                }
                None
            }
            WriteSide::Open | WriteSide::Ending { .. } | WriteSide::Shut { .. } => {
                self.send_fin();
                None
            }
        }
    }

    fn read_step(&mut self, scratch: &mut [u8], ciphertext: &mut [u8]) -> Option<StreamEvent> {
        if self.shaking {
            // As in Bun: whether they still reach the peer decides how its end is told. What is wrong stands in `failure`.
            let _ = self.flush();
        }
        if self.read == ReadSide::Greeting {
            let count = self.greet(scratch, ciphertext);
            if count > 0 {
                return Some(self.data(count));
            }
            if !self.can_read() || (self.read == ReadSide::Open && self.owes_drain() && !self.has_tapped()) {
                return None;
            }
        }
        if let Tap::On(tapped) = &mut self.tap
            && !tapped.is_empty()
        {
            let tapped = std::mem::take(tapped);
            let received = self.session.receive(&tapped, scratch);
            return self.decrypted(&received);
        }
        if self.read == ReadSide::Closed {
            return self.end_of_stream();
        }
        if !self.ready.readable {
            return None;
        }
        let mut unfinished = 0;
        let into = if self.is_tapped() {
            &mut scratch[..CIPHERTEXT_LIMIT]
        } else {
            let begun = self.session.unfinished();
            unfinished = begun.len();
            ciphertext[..unfinished].copy_from_slice(begun);
            &mut ciphertext[unfinished..]
        };
        let room = into.len();
        match self.io.receive(into) {
            Ok(0) => {
                self.ready.readable = false;
                self.failure = self.failure.or(self.unheard);
                if matches!(self.write, WriteSide::Shut { .. } | WriteSide::Ending { answered: true }) {
                    // As on plain sockets; only a `close_notify` is told of all the same.
                    return Some(StreamEvent::Closed(self.failure));
                }
                self.read = ReadSide::Closed;
                self.end_of_stream()
            }
            Ok(count) => {
                self.ready.readable = count == room || self.ready.read_on || self.ready.failed;
                if let Tap::On(tapped) = &mut self.tap {
                    tapped.extend_from_slice(&scratch[..count]);
                    return Some(StreamEvent::Raw(count));
                }
                let all = &mut ciphertext[..unfinished + count];
                if let Some(count) = self.session.expected(all).filter(|count| *count >= BULK) {
                    self.announced = all.len();
                    expect_large_blocks();
                    return Some(StreamEvent::Bulk(count));
                }
                let received = self.session.open(all, scratch);
                self.decrypted(&received)
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

    /// Plaintext that came with the handshake, together with what was behind it: as on Bun, one event.
    fn greet(&mut self, scratch: &mut [u8], ciphertext: &mut [u8]) -> usize {
        self.read = if self.session.peer_closed() { ReadSide::Closed } else { ReadSide::Open };
        let count = self.session.read_plaintext(scratch);
        if count == 0 || self.behind == 0 || self.read == ReadSide::Closed || self.is_tapped() {
            return count;
        }
        // The next read finds what has come since.
        let room = self.behind.min(ciphertext.len());
        match self.io.receive(&mut ciphertext[..room]) {
            Ok(more) if more > 0 => {
                let received = self.session.open(&mut ciphertext[..more], &mut scratch[count..]);
                self.follow(&received);
                return count + received.plaintext;
            }
            // The next read finds it again.
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready.readable = false,
            Err(error) if is_transient(&error) => {}
            Err(error) => {
                self.failure = Some(error.into());
                self.ready.failed = true;
                self.ready.readable = false;
            }
        }
        count
    }

    /// Does what received records ask for, besides giving their data to the program.
    fn follow(&mut self, received: &Received) {
        if self.session.wants_send() && !matches!(self.write, WriteSide::Full | WriteSide::Flushing { .. }) {
            // Answers of TLS itself; what does not fit goes with the next write. Where the kernel has no room, they leave when it has.
            let _ = self.flush();
        }
        self.broken = received.failure;
        if received.peer_closed {
            self.read = ReadSide::Closed;
        }
    }

    fn decrypted(&mut self, received: &Received) -> Option<StreamEvent> {
        self.follow(received);
        if received.plaintext > 0 {
            return Some(self.data(received.plaintext));
        }
        if self.broken.is_none() && self.read == ReadSide::Closed {
            return self.end_of_stream();
        }
        self.announces.then_some(StreamEvent::Data(0))
    }

    fn data(&mut self, count: usize) -> StreamEvent {
        if let WriteSide::Ending { answered } = &mut self.write {
            *answered = true;
        }
        if count >= LARGE {
            expect_large_blocks();
        }
        StreamEvent::Data(count)
    }

    fn end_of_stream(&mut self) -> Option<StreamEvent> {
        if self.owes_drain() {
            // It comes first.
            return None;
        }
        self.read = ReadSide::Ended;
        if self.failure.is_some() && !self.session.peer_closed() {
            return Some(StreamEvent::Closed(self.failure));
        }
        // As Bun: who has called `end()` and got no answer since is told of the close only.
        Some(match self.write {
            WriteSide::Ending { answered: false } => StreamEvent::Closed(None),
            _ => StreamEvent::End,
        })
    }

    fn can_read(&self) -> bool {
        // As in `stream`: a reset ends a pause. As in Bun, what has been read already is not held back: what was shown, what came with the end of
        // the handshake, and a `close_notify` behind data.
        let is_read = self.has_tapped() || matches!(self.read, ReadSide::Greeting | ReadSide::Closed);
        (!self.paused || self.ready.broken || is_read) && self.read != ReadSide::Ended && self.broken.is_none()
    }

    fn is_tapped(&self) -> bool {
        matches!(self.tap, Tap::On(_))
    }

    fn has_tapped(&self) -> bool {
        matches!(&self.tap, Tap::On(tapped) if !tapped.is_empty())
    }

    /// Whether a drain event is due.
    fn owes_drain(&self) -> bool {
        matches!(self.write, WriteSide::Shaken | WriteSide::Full) && self.ready.writable
    }

    /// Whether being writable changes anything.
    fn wants_room(&self) -> bool {
        let is_due = matches!(self.write, WriteSide::Shaken | WriteSide::Full | WriteSide::Flushing { .. });
        (is_due || self.session.wants_send()) && self.unheard.is_none()
    }

    /// The end was told and nothing is left to send, so that the socket closes by itself. As in Bun, after a `shutdown()` FIN is waited for,
    /// not only a `close_notify`, and a pause hides it.
    fn is_over(&self) -> bool {
        self.read == ReadSide::Ended && (self.gone || self.is_done_writing()) && !self.hides_fin()
    }

    /// Whether a pause hides the end of the connection.
    fn hides_fin(&self) -> bool {
        matches!(self.write, WriteSide::Shut { .. }) && self.hides_hang_up()
    }

    /// Whether a pause hides that the peer is gone, which on a unix socket is no error.
    fn hides_hang_up(&self) -> bool {
        self.allow_half_open && self.paused && !self.fin && !self.ready.broken
    }

    fn is_done_writing(&self) -> bool {
        match self.write {
            WriteSide::Open | WriteSide::Shaken | WriteSide::Full => !self.allow_half_open,
            WriteSide::Flushing { .. } => false,
            WriteSide::Ending { .. } | WriteSide::Shut { .. } => true,
        }
    }

    fn finish_writing(&mut self, state: WriteSide) -> Flushed {
        // As in Bun, the handshake's last words leave by themselves: whether the peer is there for the `close_notify`, too, decides how this ends.
        let shaken = if self.shaking { self.flush() } else { Flushed::All };
        self.session.close_notify();
        self.write = state;
        let sent = if matches!(shaken, Flushed::All) { self.flush() } else { shaken };
        if matches!(sent, Flushed::All) {
            self.send_fin();
        }
        sent
    }

    /// A peer that does not read any more may have more to say.
    fn stop_sending_if_failed(&mut self) {
        if self.failure.is_none() || !self.io.is_unix() || !(self.read == ReadSide::Closed || self.holds_data()) {
            return;
        }
        self.unheard = self.failure.take();
        self.gone |= self.ready.hung_up;
        self.ready.failed = false;
        self.ready.readable = true;
        match self.write {
            WriteSide::Shaken | WriteSide::Full => self.write = WriteSide::Open,
            WriteSide::Flushing { .. } => self.write = WriteSide::Ending { answered: false },
            WriteSide::Open | WriteSide::Ending { .. } | WriteSide::Shut { .. } => {}
        }
    }

    fn send_fin(&mut self) {
        if let WriteSide::Shut { fin_due } = &mut self.write
            && std::mem::take(fin_due)
        {
            // ENOTCONN: the peer is already gone, which the poll reports as well.
            let _ = self.io.shutdown(Shutdown::Write);
        }
    }

    /// Keeps what a send has failed with, which the kernel tells only once.
    fn fail(&mut self, error: io::Error) {
        let is_pipe = error.kind() == io::ErrorKind::BrokenPipe;
        if is_pipe && self.read == ReadSide::Ended {
            // Nobody has promised to read on.
            return;
        }
        // As in Bun: who is found gone has reset the connection, and no end is told.
        self.failure = Some(if is_pipe { Failure::System(CONNECTION_RESET) } else { error.into() });
        self.ready.failed = true;
    }

    /// Whether something has come that was not read: the poll may not have said so yet, and a pause holds it back.
    fn holds_data(&self) -> bool {
        matches!(self.read, ReadSide::Greeting | ReadSide::Open) && self.io.available().is_ok_and(|count| count > 0)
    }

    fn flush(&mut self) -> Flushed {
        if self.unheard.is_some() {
            return Flushed::Failed;
        }
        while self.session.wants_send() {
            match self.session.send(&mut Outlet(&self.io)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Whatever the poll said before is used up by this.
                    self.ready.writable = false;
                    return Flushed::Blocked;
                }
                // Memory was short, of which the poll says nothing: the reactor comes back in the next turn.
                Err(error) if is_transient(&error) => {
                    self.ready.writable = true;
                    return Flushed::Blocked;
                }
                Err(error) => {
                    self.fail(error);
                    return Flushed::Failed;
                }
            }
        }
        self.shaking = false;
        Flushed::All
    }
}

/// How sending what waits came out.
enum Flushed {
    All,
    Blocked,
    Failed,
}

/// The socket as rustls writes to it: many records with one system call.
struct Outlet<'a>(&'a StreamIo);

impl Write for Outlet<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.send_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
