//! The way of a socket through its handshake, here or on tokio's threads, and the farewell of one that was closed.

use std::sync::Arc;

use super::{Entry, Event, Handle, Outcome, Reactor};
use crate::aligned::Aligned;
use crate::farewell::farewell;
use crate::secure::CIPHERTEXT_ROOM;
use crate::shaking::{Handshake, Shaken, Socket, Steps};
use crate::slab::Key;
use crate::sys::StreamIo;
use crate::tls::{Failed, HandshakeFailure, Selection, Session};
use crate::transport::Transport;

impl Reactor {
    /// Makes a plain stream wait for its handshake: from now on nothing is written or read in plain text.
    pub fn expect_handshake(&mut self, slot: u32, tapped: bool) {
        let Some(key) = self.entries.key(slot) else { return };
        if !matches!(self.stream(slot), Some(Transport::Plain(_))) {
            return;
        }
        let idle = Handle::Pending { allow_half_open: false, task: None, outcome: None };
        // While it shakes hands, others may have it.
        self.poll_for_room(key);
        let Some(Handle::Stream(transport)) = self.put(key, idle) else { return };
        self.put(key, Handle::Stream(transport.shaking_hands(tapped)));
        if self.ciphertext.is_empty() {
            self.ciphertext = Aligned::zeroed(CIPHERTEXT_ROOM);
        }
    }

    /// Begins the handshake of a stream that waits for it, with the bytes that were received `initial`ly. Its outcome, failure
    /// at once included, comes as an event.
    pub fn shake_hands(&mut self, slot: u32, handshake: Handshake, initial: Vec<u8>) {
        self.shake_hands_asking(slot, handshake, initial, false);
    }

    /// As [`Self::shake_hands`]. If it `asks`, a server's handshake waits for an answer to [`StreamEvent::Hello`](crate::stream::StreamEvent::Hello).
    pub fn shake_hands_asking(&mut self, slot: u32, mut handshake: Handshake, initial: Vec<u8>, asks: bool) {
        let Some(key) = self.entries.key(slot) else { return };
        let Some(Entry { handle: Handle::Stream(Transport::Shaking(shaking)), .. }) = self.entries.at(key) else {
            return;
        };
        if !shaking.is_waiting() {
            return;
        }
        if let Handshake::Server(_, parameters) = &mut handshake
            && asks
        {
            let ask = self.jobs.reporter(key);
            let selection = Selection::new(move || ask(Outcome::Hello));
            shaking.set_selection(Arc::clone(&selection));
            parameters.selection = Some(selection);
        }
        if let Some(demands) = handshake.demands() {
            shaking.set_demands(Arc::clone(demands));
        }
        let is_client = matches!(handshake, Handshake::Client(..));
        let at_once = !initial.is_empty() || is_client;
        // As in Bun, a client's first words leave before anything else happens, so that it may close after them. They take some 50 us.
        let greets = is_client && initial.is_empty();
        let again = self.jobs.reporter(key);
        let socket = Socket {
            io: Arc::clone(shaking.io()),
            silenced: Arc::clone(shaking.silenced()),
            held: Arc::clone(shaking.held()),
            inlet: shaking.inlet().cloned(),
        };
        match Steps::new(socket, handshake, initial, move || again(Outcome::Again)) {
            Ok(steps) => {
                shaking.begin(steps, at_once);
                if greets && let Some(steps) = shaking.next_step() {
                    shaking.stepped(steps.step());
                }
            }
            Err(error) => shaking.settle(Shaken::failed(HandshakeFailure::Transport(error))),
        }
        if shaking.has_work() {
            self.enqueue(key);
            self.jobs.wake.call();
        }
        if greets {
            self.turn.count_handshake();
        }
    }

    /// Takes the next step of a handshake if one is due: here if it is quick and nobody has a processor to spare for it.
    pub(super) fn step_handshake(&mut self, key: Key) {
        let Some(Entry { handle: Handle::Stream(Transport::Shaking(shaking)), .. }) = self.entries.at(key) else {
            return;
        };
        let Some(steps) = shaking.next_step() else { return };
        if shaking.is_deaf() || self.shakes_hands && steps.is_quick() {
            self.turn.count_handshake();
            shaking.stepped(steps.step());
        } else {
            let report = self.jobs.reporter(key);
            steps.step_elsewhere(move |stepped| report(Outcome::Stepped(stepped)));
        }
    }

    pub(super) fn secured(&mut self, key: Key, session: Box<Session>) -> Event {
        self.turn.count(0);
        let idle = Handle::Pending { allow_half_open: false, task: None, outcome: None };
        if let Some(Handle::Stream(transport)) = self.put(key, idle) {
            let Some(transport) = transport.secured(session) else {
                // Not known to occur: the last step gives the socket back before it tells.
                self.discard(key.index);
                return Event::HandshakeFailed(
                    key.index,
                    Failed::because(HandshakeFailure::Transport(std::io::ErrorKind::Other.into())),
                );
            };
            self.put(key, Handle::Stream(transport));
            // As in Bun: what came with the handshake, and the drain, follow it.
            self.enqueue_first(key);
            self.let_grow_old(key);
        }
        Event::Handshaken(key.index)
    }

    /// Has somebody send what a closed connection could not, and keeps the process alive until that is done.
    pub(super) fn say_farewell(&mut self, io: StreamIo, rest: Vec<u8>) {
        let mut io = io;
        // It may have been watched; if not, there is nothing to be undone.
        drop(self.poller.registry().deregister(&mut io));
        let key = self.entries.insert(Entry::new(Handle::Farewell));
        self.reference(key.index, true);
        let report = self.jobs.reporter(key);
        let begun = farewell(io, rest, move || report(Outcome::Farewell));
        if begun.is_err() {
            self.discard(key.index);
        }
    }
}
