//! The way of a socket to a handshake on tokio's threads and back, and the farewell of one that was closed.

use std::sync::Arc;

use super::{Entry, Event, Handle, Job, Outcome, Reactor};
use crate::secure::CIPHERTEXT_ROOM;
use crate::shaking::{self, Handshake, Shaken};
use crate::slab::Key;
use crate::sys::{STREAM, StreamIo};
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
        let Some(Handle::Stream(transport)) = self.put(key, idle) else { return };
        let mut transport = transport.shaking_hands(tapped);
        // While tokio's poll watches the socket this one must not: each message would wake the JS thread for nothing.
        let unwatched = self.poller.registry().deregister(transport.io_mut());
        let unwatched = match (unwatched, transport.shaking()) {
            (Err(error), Some(shaking)) => {
                shaking.settle(Shaken::failed(HandshakeFailure::Transport(error)));
                false
            }
            _ => true,
        };
        self.put(key, Handle::Stream(transport));
        if !unwatched {
            self.enqueue(key);
            self.jobs.wake.call();
        }
        self.ciphertext.resize(CIPHERTEXT_ROOM, 0);
    }

    /// Begins the handshake of a stream that waits for it, with the bytes that were received `initial`ly. Its outcome, failure
    /// at once included, comes as an event.
    pub fn shake_hands(&mut self, slot: u32, handshake: Handshake, initial: Vec<u8>) {
        self.shake_hands_asking(slot, handshake, initial, false);
    }

    /// As [`Self::shake_hands`]. If it `asks`, a server's handshake waits for an answer to [`StreamEvent::Hello`](crate::stream::StreamEvent::Hello).
    pub fn shake_hands_asking(&mut self, slot: u32, mut handshake: Handshake, initial: Vec<u8>, asks: bool) {
        let Some(key) = self.entries.key(slot) else { return };
        let (sender, wake) = (self.jobs.sender.clone(), self.jobs.wake.clone());
        let (question, bell) = (sender.clone(), wake.clone());
        let Some(shaking) = self.stream(slot).and_then(Transport::shaking) else { return };
        if !shaking.is_waiting() {
            return;
        }
        if let Handshake::Server(_, parameters) = &mut handshake
            && asks
        {
            let selection = Selection::new(move || {
                if question.send(Job { key, outcome: Outcome::Hello }).is_ok() {
                    bell.call();
                }
            });
            shaking.set_selection(Arc::clone(&selection));
            parameters.selection = Some(selection);
        }
        let begun = shaking::start(shaking.io(), handshake, initial, move |shaken| {
            // A reactor that is gone has no use for the connection.
            if sender.send(Job { key, outcome: Outcome::Handshake(shaken) }).is_ok() {
                wake.call();
            }
        });
        match begun {
            Ok(task) => shaking.set_task(task),
            Err(error) => {
                shaking.settle(Shaken::failed(HandshakeFailure::Transport(error)));
                self.enqueue(key);
                self.jobs.wake.call();
            }
        }
    }

    pub(super) fn secured(&mut self, key: Key, session: Box<Session>) -> Event {
        self.turn.count(0);
        let idle = Handle::Pending { allow_half_open: false, task: None, outcome: None };
        if let Some(Handle::Stream(transport)) = self.put(key, idle) {
            let mut transport = transport.secured(session);
            if let Err(error) = self.poller.registry().register(transport.io_mut(), key.token(), STREAM) {
                // The poll has no room for it. The program sees the connection break.
                transport.discard();
                self.discard(key.index);
                return Event::HandshakeFailed(key.index, Failed::because(HandshakeFailure::Transport(error)));
            }
            self.put(key, Handle::Stream(transport));
            self.enqueue(key);
        }
        Event::Handshaken(key.index)
    }

    /// Has somebody send what a closed connection could not, and keeps the process alive until that is done.
    pub(super) fn say_farewell(&mut self, io: StreamIo, rest: Vec<u8>) {
        let mut io = io;
        // It may have been watched; if not, there is nothing to be undone.
        drop(self.poller.registry().deregister(&mut io));
        let key = self.entries.insert(Entry { handle: Handle::Farewell, queued: false, referenced: false });
        self.reference(key.index, true);
        let (sender, wake) = (self.jobs.sender.clone(), self.jobs.wake.clone());
        let begun = shaking::farewell(io, rest, move || {
            if sender.send(Job { key, outcome: Outcome::Farewell }).is_ok() {
                wake.call();
            }
        });
        if begun.is_err() {
            self.discard(key.index);
        }
    }
}
