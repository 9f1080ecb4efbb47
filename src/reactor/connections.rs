//! How connections come about: accepted, made by the kernel, or made by tokio, and adopted descriptors.

use std::io;
use std::net::SocketAddr;

use super::{Entry, Event, Handle, Outcome, Reactor, Target, ToBegin};
use crate::connect::{self, Made, RaceLost};
use crate::listener::Accepted;
use crate::log::step;
use crate::runtime;
use crate::slab::Key;
use crate::stream::Stream;
use crate::sys::{ARRIVALS, ARRIVALS_AND_ROOM, Descriptor, Ready, StreamIo};
use crate::transport::Transport;

/// So many connections may be accepted before others have their turn: more than mostly come at once, and done in some milliseconds.
pub(super) const ACCEPTED_FIRST: usize = 512;

impl Reactor {
    /// Starts a connect. Its outcome, failure at once included, comes as an event.
    pub fn connect(&mut self, target: Target, allow_half_open: bool) -> u32 {
        step!("connect to {target:?}");
        let key = self.entries.insert(Entry::new(Handle::Pending { allow_half_open, task: None, outcome: None }));
        self.reference(key.index, true);
        let begun = match target {
            Target::Address(address, local) => StreamIo::connect_tcp(address, local),
            Target::Unix(path) => StreamIo::connect_unix(&path),
            Target::Name(host, port, local) if cfg!(target_os = "linux") && connect::is_this_machine(&host) => {
                self.to_begin.push(ToBegin { key, host, port, local });
                self.jobs.wake.call();
                return key.index;
            }
            Target::Name(host, port, local) => {
                self.look_up(key, host, port, local);
                return key.index;
            }
        };
        match begun {
            Ok(io) => self.go_on_connecting(key, io, allow_half_open, false),
            Err(error) => self.settle(key, Err(Box::new(error.into()))),
        }
        key.index
    }

    /// As in Bun: when the handlers, and what they have put off, have run, and the last one first.
    pub(super) fn begin_connects(&mut self) {
        while let Some(ToBegin { key, host, port, local }) = self.to_begin.pop() {
            // Whoever was closed meanwhile is not there any more.
            let Some(Entry { handle: Handle::Pending { allow_half_open, .. }, .. }) = self.entries.at(key) else {
                continue;
            };
            let allow_half_open = *allow_half_open;
            match connect::at_once(port, local) {
                Some(Ok(Made { io, broken: None })) => self.go_on_connecting(key, io, allow_half_open, true),
                Some(outcome) => self.settle(key, outcome.map_err(Box::new)),
                None => self.look_up(key, host, port, local),
            }
        }
    }

    /// A connect has begun.
    fn go_on_connecting(&mut self, key: Key, io: StreamIo, allow_half_open: bool, is_named: bool) {
        match self.watch(io, key, ARRIVALS_AND_ROOM) {
            Ok(io) => {
                self.put(key, Handle::Connecting { io, allow_half_open, is_named, told: Vec::new() });
                self.note_polled_for_room(key);
            }
            Err(error) => self.settle(key, Err(Box::new(error.into()))),
        }
    }

    /// Adds the connection behind a descriptor, which stays the caller's if this fails. No [`Event::Connected`] comes.
    ///
    /// # Errors
    ///
    /// Those of [`StreamIo::adopt`], and the system's, when the poll can't take it: EEXIST for a socket that it has already.
    pub fn adopt_stream(&mut self, descriptor: Descriptor, allow_half_open: bool) -> io::Result<u32> {
        let (key, io) = self.adopt(ARRIVALS_AND_ROOM, allow_half_open, |watch| StreamIo::adopt(descriptor, watch))?;
        let slot = self.place(key, Handle::Stream(Transport::Plain(Stream::adopted(io, allow_half_open))));
        self.note_polled_for_room(key);
        Ok(slot)
    }

    /// Why a connect has failed, if that was known at once; its slot is free then, and no event follows.
    pub fn take_failed(&mut self, slot: u32) -> Option<Box<RaceLost>> {
        let Handle::Pending { outcome, .. } = &mut self.entries.slot(slot)?.handle else { return None };
        match outcome.take()? {
            Err(lost) => {
                self.close(slot);
                Some(lost)
            }
            connected => {
                *outcome = Some(connected);
                None
            }
        }
    }

    pub(super) fn accept(&mut self, key: Key) -> Option<Event> {
        let Handle::Listener(listener) = &mut self.entries.at(key)?.handle else { return None };
        let accepted = listener.accept();
        let allow_half_open = listener.allow_half_open();
        let is_secure = listener.expects_handshakes();
        if listener.has_work() {
            // As in Bun, all that wait are accepted before anybody else's turn comes; but a flood of them must not starve the rest.
            self.accepted += 1;
            if self.accepted < ACCEPTED_FIRST {
                self.enqueue_first(key);
            } else {
                self.enqueue(key);
            }
        }
        let io = match accepted {
            Accepted::Stream(io) => io,
            Accepted::None => {
                // Connections that were given up, without end: they count, so that a turn ends.
                self.turn.count(0);
                return None;
            }
            Accepted::Exhausted => {
                self.turn.count(0);
                return Some(Event::Exhausted(key.index));
            }
        };
        let socket = self.entries.insert(Entry::new(Handle::Pending { allow_half_open, task: None, outcome: None }));
        let interests = if is_secure { ARRIVALS_AND_ROOM } else { ARRIVALS };
        let Ok(io) = self.watch(io, socket, interests) else {
            // The poll has no room for it, which passes; the connection itself is lost, as it would be in `accept`.
            self.entries.remove(socket.index);
            self.turn.count(0);
            return Some(Event::Exhausted(key.index));
        };
        self.put(socket, Handle::Stream(Transport::Plain(Stream::new(io, allow_half_open))));
        if is_secure {
            self.note_polled_for_room(socket);
            self.expect_handshake(socket.index, false);
        }
        self.reference(socket.index, true);
        self.turn.count(0);
        Some(Event::Accepted { listener: key.index, socket: socket.index })
    }

    pub(super) fn connecting(&mut self, key: Key) -> Option<Event> {
        let Handle::Connecting { io, allow_half_open, is_named, told } = &mut self.entries.at(key)?.handle else {
            return None;
        };
        let (allow_half_open, is_named, told) = (*allow_half_open, *is_named, std::mem::take(told));
        let ready = told.first()?;
        let outcome = if ready.failed {
            io.take_error()
        } else if ready.writable {
            Ok(None)
        } else {
            return None;
        };
        let pending = Handle::Pending { allow_half_open, task: None, outcome: None };
        let Handle::Connecting { io, .. } = self.put(key, pending)? else { return None };
        match Made::check(io, outcome).and_then(|made| if is_named { Ok(made) } else { made.unless_silent() }) {
            Ok(made) => Some(self.connected(key, made, allow_half_open, told)),
            Err(error) => Some(self.connect_failed(key, Box::new(error.into()))),
        }
    }

    pub(super) fn pending(&mut self, key: Key) -> Option<Event> {
        let Handle::Pending { allow_half_open, outcome, .. } = &mut self.entries.at(key)?.handle else { return None };
        let allow_half_open = *allow_half_open;
        match outcome.take()? {
            Ok(Made { io, broken }) => match self.watch(io, key, ARRIVALS) {
                // Registered just now: the poll speaks for itself.
                Ok(io) => Some(self.connected(key, Made { io, broken }, allow_half_open, [Ready::room(key.token())])),
                Err(error) => Some(self.connect_failed(key, Box::new(error.into()))),
            },
            Err(lost) => Some(self.connect_failed(key, lost)),
        }
    }

    pub(super) fn connected(
        &mut self,
        key: Key,
        made: Made,
        allow_half_open: bool,
        told: impl IntoIterator<Item = Ready>,
    ) -> Event {
        let mut stream = Stream::new(made.io, allow_half_open);
        if let Some(error) = made.broken {
            stream.found_broken(error);
        }
        // The edge that told of the connection may have told of the first bytes too, and others may have come since.
        for ready in told {
            stream.note(&ready);
        }
        let work = stream.has_work();
        self.put(key, Handle::Stream(Transport::Plain(stream)));
        if work {
            self.enqueue(key);
        }
        self.turn.count(0);
        Event::Connected { socket: key.index, followed: !self.passes.is_over() }
    }

    pub(super) fn connect_failed(&mut self, key: Key, lost: Box<RaceLost>) -> Event {
        self.turn.count(0);
        self.close(key.index);
        Event::ConnectFailed(key.index, lost)
    }

    pub(super) fn look_up(&mut self, key: Key, host: String, port: u16, local: Option<SocketAddr>) {
        let runtime = match runtime::handle() {
            Ok(runtime) => runtime,
            Err(error) => return self.settle(key, Err(Box::new(error.into()))),
        };
        let report = self.jobs.reporter(key);
        let task = runtime.spawn(async move {
            let outcome = connect::by_name(host, port, local).await.map_err(Box::new);
            report(Outcome::Connect(outcome));
        });
        if let Some(Entry { handle: Handle::Pending { task: slot, .. }, .. }) = self.entries.at(key) {
            *slot = Some(task.abort_handle());
        }
    }

    /// Lets an outcome that is already known come as an event, like every other.
    pub(super) fn settle(&mut self, key: Key, result: Result<Made, Box<RaceLost>>) {
        if let Some(Entry { handle: Handle::Pending { outcome, .. }, .. }) = self.entries.at(key) {
            *outcome = Some(result);
            self.enqueue(key);
            self.jobs.wake.call();
        }
    }
}
