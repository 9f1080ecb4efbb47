//! The handles of one JS thread and the events they have for it.
//!
//! [`Reactor::next`] tells one event at a time. Nothing is read, accepted or finished ahead of the event that tells of it,
//! so whatever a handler does (pause, close, reload, upgrade) holds from the next event on, and what the kernel still has
//! stays with the kernel.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};

use mio::Interest;
use tokio::task::AbortHandle;

use crate::connect::{self, RaceLost};
use crate::failure::Failure;
use crate::listener::{Accepted, Listener};
use crate::log::step;
use crate::runtime;
use crate::secure::CIPHERTEXT_ROOM;
use crate::shaking::{self, Handshake, Shaken};
use crate::slab::{Key, Slab};
use crate::stream::{Stream, StreamEvent};
use crate::sys::{DatagramIo, ListenerIo, Poller, Ready, STREAM, StreamIo};
use crate::tls::{Failed, HandshakeFailure, Selection, Session};
use crate::transport::{Step, Transport};
use crate::turn::{Idle, Turn};
use crate::udp::{Inbox, Sent, Udp, UdpEvent};

/// Something that the JS half has to be told; the numbers are slots.
#[derive(Debug)]
pub enum Event {
    /// A listener has a new connection.
    Accepted {
        /// Whose connection it is.
        listener: u32,
        /// The new socket.
        socket: u32,
    },
    /// A listener found no descriptor for a connection: call [`Reactor::retry`] after a pause.
    Exhausted(u32),
    /// A connect has succeeded.
    Connected(u32),
    /// A connect has failed; its slot is free.
    ConnectFailed(u32, Box<RaceLost>),
    /// What a stream has to tell; after [`StreamEvent::Closed`] and [`StreamEvent::Broken`] its slot is free.
    Stream(u32, StreamEvent),
    /// A handshake has succeeded.
    Handshaken(u32),
    /// A handshake has failed; its slot is free.
    HandshakeFailed(u32, Box<Failed<()>>),
    /// What a UDP socket has to tell.
    Udp(u32, UdpEvent),
}

/// What [`Reactor::next`] found.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Event),
    /// More may be ready, but this turn has done its share: come back in the next turn of the loop.
    Yield,
    /// Nothing is ready. [`Reactor::sleep`] must follow, after which the wake-up comes when something is.
    Idle,
}

/// All handles of one environment.
#[derive(Debug)]
pub struct Reactor {
    poller: Poller,
    entries: Slab<Entry>,
    queue: VecDeque<Key>,
    ready: Vec<Ready>,
    inbox: Inbox,
    /// Whom the datagram that is being handled came from, while more of the same batch follow.
    asker: Option<(Key, SocketAddr)>,
    jobs: Jobs,
    turn: Turn,
    referenced: usize,
    /// Received records on their way through rustls; empty until the first handshake.
    ciphertext: Vec<u8>,
}

#[derive(Debug)]
struct Entry {
    handle: Handle,
    queued: bool,
    referenced: bool,
}

#[derive(Debug)]
enum Handle {
    Listener(Listener),
    /// A connect that the kernel works on.
    Connecting {
        io: StreamIo,
        allow_half_open: bool,
        /// What the poll has said, as it said it: a connection that was made and then reset was made.
        ready: Option<Ready>,
    },
    /// A connect that tokio works on, or whose descriptor was adopted.
    Pending {
        allow_half_open: bool,
        task: Option<AbortHandle>,
        outcome: Option<Result<StreamIo, Box<RaceLost>>>,
    },
    Stream(Transport),
    /// The last bytes of a closed socket are being sent; nobody asks for it any more.
    Farewell,
    Udp(Udp),
}

/// Where finished work of other threads arrives.
#[derive(Debug)]
struct Jobs {
    sender: Sender<Job>,
    finished: Receiver<Job>,
    wake: Wake,
}

#[derive(Debug)]
struct Job {
    key: Key,
    outcome: Outcome,
}

/// What a tokio task came to.
#[derive(Debug)]
enum Outcome {
    Connect(Result<StreamIo, Box<RaceLost>>),
    Handshake(Shaken),
    /// A client has said what it wants.
    Hello,
    Farewell,
}

/// Makes the JS thread look; may be called from any thread, any number of times.
#[derive(Clone)]
pub struct Wake(Arc<dyn Fn() + Send + Sync>);

impl Wake {
    /// Wraps a function that makes the JS thread call [`Reactor::next`] soon.
    #[must_use]
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(wake))
    }

    /// Makes the JS thread look.
    pub fn call(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wake")
    }
}

/// Where a connect goes.
#[derive(Debug)]
pub enum Target {
    /// A TCP address.
    Address(SocketAddr, Option<IpAddr>),
    /// A host name, with the port and the local address to use.
    Name(String, u16, Option<IpAddr>),
    /// A unix path, or an abstract name that starts with a NUL.
    Unix(Vec<u8>),
    /// A descriptor that is already connected.
    Descriptor(crate::sys::Descriptor),
}

impl Reactor {
    /// An empty reactor. `wake` must lead to calls of [`Reactor::next`] until it says [`Next::Idle`].
    ///
    /// # Errors
    ///
    /// The system's, when it has no descriptor or thread left.
    pub fn new(wake: Wake) -> io::Result<Self> {
        let watched = wake.clone();
        let mut poller = Poller::new(move || watched.call())?;
        poller.arm()?;
        let (sender, finished) = mpsc::channel();
        Ok(Self {
            poller,
            entries: Slab::new(),
            queue: VecDeque::new(),
            ready: Vec::new(),
            inbox: Inbox::new(),
            asker: None,
            jobs: Jobs { sender, finished, wake },
            turn: Turn::new(),
            referenced: 0,
            ciphertext: Vec::new(),
        })
    }

    /// Whether any handle keeps the process alive.
    #[must_use]
    pub fn is_referenced(&self) -> bool {
        self.referenced > 0
    }

    /// Starts a turn: freed slots become usable again and the budget is full. `early` when it was not called for.
    pub fn begin(&mut self, early: bool) {
        self.entries.recycle();
        self.turn.begin(early);
    }

    /// Turns spinning before going idle on or off; on by default.
    pub fn set_spin(&mut self, on: bool) {
        self.turn.set_spin(on);
    }

    /// The next event. `scratch`, of [`crate::stream::READ_LIMIT`] bytes, takes the bytes of a data event.
    ///
    /// # Errors
    ///
    /// The poll's; none is known to occur.
    pub fn next(&mut self, scratch: &mut [u8]) -> io::Result<Next> {
        let asked = self.asker.take();
        let next = self.find(scratch);
        if let Some((key, _)) = asked {
            self.send_replies(key);
        }
        next
    }

    /// Sends the replies of a socket that wait, unless another datagram of the batch is told and they may wait for its reply.
    fn send_replies(&mut self, key: Key) {
        let more = self.asker.is_some_and(|(asked, _)| asked == key);
        let Some(Entry { handle: Handle::Udp(udp), .. }) = self.entries.at(key) else { return };
        if more && !udp.has_due_replies() {
            return;
        }
        udp.flush();
        if udp.has_work() {
            self.enqueue(key);
        }
    }

    /// Sends all replies that wait.
    pub fn send_all_replies(&mut self) {
        if let Some((key, _)) = self.asker.take() {
            self.send_replies(key);
        }
    }

    fn find(&mut self, scratch: &mut [u8]) -> io::Result<Next> {
        loop {
            if self.turn.is_spent() {
                return Ok(Next::Yield);
            }
            if let Some(key) = self.queue.pop_front() {
                match self.step(key, scratch) {
                    Some(event) => {
                        step!("event {event:?}");
                        return Ok(Next::Event(event));
                    }
                    None => continue,
                }
            }
            if self.look()? {
                continue;
            }
            let mut idle = self.turn.idle();
            while idle == Idle::Spin {
                std::hint::spin_loop();
                if self.look()? {
                    break;
                }
                idle = self.turn.spun();
            }
            match idle {
                Idle::Spin => {}
                Idle::Sleep => return Ok(Next::Idle),
            }
        }
    }

    /// Asks for the wake-up. Whoever waits for it must be ready for it by now: it may come before this returns.
    ///
    /// # Errors
    ///
    /// The poll's; none is known to occur.
    pub fn sleep(&mut self) -> io::Result<()> {
        step!("sleep");
        self.poller.arm()
    }

    /// Takes what tokio has finished and what the poll says. True if there is something to do.
    ///
    /// # Errors
    ///
    /// The poll's; none is known to occur.
    pub fn look(&mut self) -> io::Result<bool> {
        self.poller.poll(&mut self.ready)?;
        let mut all = std::mem::take(&mut self.ready);
        for ready in all.drain(..) {
            let key = Key::from_token(ready.token);
            let Some(entry) = self.entries.at(key) else { continue };
            let work = match &mut entry.handle {
                Handle::Listener(listener) => {
                    listener.note();
                    true
                }
                Handle::Connecting { ready: said, .. } => said.get_or_insert(ready).token == ready.token,
                Handle::Pending { .. } | Handle::Farewell => false,
                Handle::Stream(stream) => stream.note(&ready),
                Handle::Udp(udp) => udp.note(&ready),
            };
            if work {
                self.enqueue(key);
            }
        }
        self.ready = all;
        // After the poll: who listens here was connected to before the connection was reported.
        self.take_finished();
        Ok(!self.queue.is_empty())
    }

    /// Takes what tokio has finished. True if there is something to do.
    pub fn take_finished(&mut self) -> bool {
        while let Ok(job) = self.jobs.finished.try_recv() {
            // Whoever has been closed meanwhile is not there any more; the connection is dropped with the job.
            let Some(entry) = self.entries.at(job.key) else { continue };
            match (&mut entry.handle, job.outcome) {
                (Handle::Pending { outcome, .. }, Outcome::Connect(result)) => *outcome = Some(result),
                (Handle::Stream(Transport::Shaking(shaking)), Outcome::Handshake(shaken)) => shaking.settle(shaken),
                (Handle::Stream(Transport::Shaking(shaking)), Outcome::Hello) => shaking.ask(),
                (Handle::Farewell, Outcome::Farewell) => {
                    self.discard(job.key.index);
                    continue;
                }
                // No task is started for anything else.
                _ => continue,
            }
            self.enqueue(job.key);
        }
        !self.queue.is_empty()
    }

    /// Adds a listening socket.
    ///
    /// # Errors
    ///
    /// The system's, when the poll can't take it.
    pub fn listen(&mut self, io: ListenerIo, allow_half_open: bool) -> io::Result<u32> {
        let mut io = io;
        let key = self.entries.insert(Entry {
            handle: Handle::Pending { allow_half_open, task: None, outcome: None },
            queued: false,
            referenced: false,
        });
        if let Err(error) = self.poller.registry().register(&mut io, key.token(), Interest::READABLE) {
            self.entries.remove(key.index);
            return Err(error);
        }
        self.put(key, Handle::Listener(Listener::new(io, allow_half_open)));
        self.reference(key.index, true);
        Ok(key.index)
    }

    /// Starts a connect. Its outcome, failure at once included, comes as an event.
    pub fn connect(&mut self, target: Target, allow_half_open: bool) -> u32 {
        step!("connect to {target:?}");
        let key = self.entries.insert(Entry {
            handle: Handle::Pending { allow_half_open, task: None, outcome: None },
            queued: false,
            referenced: false,
        });
        self.reference(key.index, true);
        let begun = match target {
            Target::Address(address, local) => StreamIo::connect_tcp(address, local),
            Target::Unix(path) => StreamIo::connect_unix(&path),
            Target::Descriptor(descriptor) => {
                // The poll gets it when the outcome is taken, like every outcome that is already known.
                let adopted = StreamIo::adopt(descriptor);
                self.settle(key, adopted.map_err(|error| Box::new(error.into())));
                return key.index;
            }
            Target::Name(host, port, local) => {
                self.look_up(key, host, port, local);
                return key.index;
            }
        };
        match begun.and_then(|io| self.watch(io, key)) {
            Ok(io) => drop(self.put(key, Handle::Connecting { io, allow_half_open, ready: None })),
            Err(error) => self.settle(key, Err(Box::new(error.into()))),
        }
        key.index
    }

    /// Adds a UDP socket.
    ///
    /// # Errors
    ///
    /// The system's, when the poll can't take it.
    pub fn open_udp(&mut self, io: DatagramIo) -> io::Result<u32> {
        let mut io = io;
        let key = self.entries.insert(Entry {
            handle: Handle::Pending { allow_half_open: false, task: None, outcome: None },
            queued: false,
            referenced: false,
        });
        let interests = Interest::READABLE | Interest::WRITABLE;
        if let Err(error) = self.poller.registry().register(&mut io, key.token(), interests) {
            self.entries.remove(key.index);
            return Err(error);
        }
        self.put(key, Handle::Udp(Udp::new(io)));
        self.reference(key.index, true);
        Ok(key.index)
    }

    /// Lets a listener that found no descriptor try again.
    pub fn retry(&mut self, slot: u32) {
        if let Some(listener) = self.listener(slot) {
            listener.note();
            if let Some(key) = self.entries.key(slot) {
                self.enqueue(key);
                self.jobs.wake.call();
            }
        }
    }

    /// Whether the handle with this key is still here.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.entries.key(key.index) == Some(key)
    }

    /// The key of the handle in a slot.
    #[must_use]
    pub fn key(&self, slot: u32) -> Option<Key> {
        self.entries.key(slot)
    }

    /// The listener in a slot.
    pub fn listener(&mut self, slot: u32) -> Option<&mut Listener> {
        match &mut self.entries.slot(slot)?.handle {
            Handle::Listener(listener) => Some(listener),
            _ => None,
        }
    }

    /// The connected stream in a slot.
    pub fn stream(&mut self, slot: u32) -> Option<&mut Transport> {
        match &mut self.entries.slot(slot)?.handle {
            Handle::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// The UDP socket in a slot.
    pub fn udp(&mut self, slot: u32) -> Option<&mut Udp> {
        match &mut self.entries.slot(slot)?.handle {
            Handle::Udp(udp) => Some(udp),
            _ => None,
        }
    }

    /// Does something to a UDP socket after which it may have events of its own, and sees to it that they come.
    pub fn with_udp<T>(&mut self, slot: u32, change: impl FnOnce(&mut Udp) -> T) -> Option<T> {
        let udp = self.udp(slot)?;
        let result = change(udp);
        if udp.has_work()
            && let Some(key) = self.entries.key(slot)
        {
            self.enqueue(key);
            self.jobs.wake.call();
        }
        Some(result)
    }

    /// Sends a datagram: at once, or together with others if it is a reply to one of several that were read together.
    pub fn send_datagram(&mut self, slot: u32, bytes: &[u8], to: Option<SocketAddr>) -> Option<Sent> {
        let together = self.asker.is_some_and(|(key, asker)| {
            self.entries.key(slot) == Some(key) && to.is_none_or(|to| to == asker) && cfg!(target_os = "linux")
        });
        self.with_udp(slot, |udp| if together { udp.reply(bytes, to) } else { udp.send(bytes, to) })
    }

    /// Does something to a stream after which it may have events of its own, and sees to it that they come.
    pub fn with_stream<T>(&mut self, slot: u32, change: impl FnOnce(&mut Transport) -> T) -> Option<T> {
        let stream = self.stream(slot)?;
        let result = change(stream);
        if stream.has_work()
            && let Some(key) = self.entries.key(slot)
        {
            self.enqueue(key);
            self.jobs.wake.call();
        }
        Some(result)
    }

    /// Reads what a [`StreamEvent::Bulk`] announced straight into `into`; how many bytes came.
    pub fn receive(&mut self, slot: u32, into: &mut [u8]) -> usize {
        let Some(Entry { handle: Handle::Stream(stream), .. }) = self.entries.slot(slot) else { return 0 };
        let count = stream.receive(into, &mut self.ciphertext);
        let more = stream.has_work();
        self.turn.count_received(slot, count);
        if more && let Some(key) = self.entries.key(slot) {
            self.enqueue(key);
        }
        count
    }

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

    /// As [`Self::shake_hands`]. If it `asks`, a server's handshake waits for an answer to [`StreamEvent::Hello`].
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

    /// Drops a handle in good order: its socket is closed, what it was doing is given up, and its slot rests until the next
    /// turn. What a TLS connection still has to send is sent, and keeps the process alive as long.
    pub fn close(&mut self, slot: u32) {
        self.reference(slot, false);
        if let Some(key) = self.entries.key(slot) {
            self.inbox.drop_for(key);
        }
        match self.entries.remove(slot).map(|entry| entry.handle) {
            Some(Handle::Pending { task: Some(task), .. }) => task.abort(),
            Some(Handle::Stream(transport)) => {
                if let Some((io, rest)) = transport.close() {
                    self.say_farewell(io, rest);
                }
            }
            _ => {}
        }
    }

    /// Drops a handle as [`Reactor::close`] does, without another word to the peer.
    pub fn discard(&mut self, slot: u32) {
        self.reference(slot, false);
        match self.entries.remove(slot).map(|entry| entry.handle) {
            Some(Handle::Pending { task: Some(task), .. }) => task.abort(),
            Some(Handle::Stream(transport)) => transport.discard(),
            _ => {}
        }
    }

    /// Lets a handle keep the process alive, or not.
    pub fn reference(&mut self, slot: u32, on: bool) {
        if let Some(entry) = self.entries.slot(slot)
            && std::mem::replace(&mut entry.referenced, on) != on
        {
            if on {
                self.referenced += 1;
            } else {
                self.referenced -= 1;
            }
        }
    }

    fn step(&mut self, key: Key, scratch: &mut [u8]) -> Option<Event> {
        let entry = self.entries.at(key)?;
        entry.queued = false;
        match &mut entry.handle {
            Handle::Listener(_) => self.accept(key),
            Handle::Connecting { .. } => self.connecting(key),
            Handle::Pending { .. } => self.pending(key),
            Handle::Farewell => None,
            Handle::Stream(stream) => {
                let step = stream.step(scratch, &mut self.ciphertext);
                let work = stream.has_work();
                match step {
                    Some(Step::Event(event)) => Some(self.stream_event(key, event, work)),
                    Some(Step::Shaken(session)) => Some(self.secured(key, session)),
                    Some(Step::Failed(failed)) => {
                        self.turn.count(0);
                        self.discard(key.index);
                        Some(Event::HandshakeFailed(key.index, failed))
                    }
                    None => {
                        // Records that say nothing to the program, with more behind them; or the kernel is out of memory.
                        // It counts as an event, so that neither goes on for longer than a turn.
                        if work {
                            self.turn.count(0);
                            self.enqueue(key);
                        }
                        None
                    }
                }
            }
            Handle::Udp(udp) => {
                let event = udp.step(key, &mut self.inbox, scratch);
                let more = udp.has_work();
                if self.inbox.has(key) {
                    // The inbox is for one socket at a time: it goes first until it is empty.
                    self.enqueue_first(key);
                } else if more {
                    self.enqueue(key);
                }
                let event = event?;
                let mut length = 0;
                if let UdpEvent::Datagram(arrived) = event {
                    length = arrived.length;
                    self.asker = self.inbox.has(key).then_some((key, arrived.sender));
                }
                self.turn.count(length);
                Some(Event::Udp(key.index, event))
            }
        }
    }

    fn stream_event(&mut self, key: Key, event: StreamEvent, work: bool) -> Event {
        match event {
            StreamEvent::Closed(None) => {
                self.turn.count(0);
                self.close(key.index);
            }
            StreamEvent::Closed(Some(_)) | StreamEvent::Broken(_) => {
                self.turn.count(0);
                self.discard(key.index);
            }
            // The receive that follows counts, and puts the stream back into the queue.
            StreamEvent::Bulk(_) => {}
            StreamEvent::Data(_) | StreamEvent::Raw(_) | StreamEvent::Hello | StreamEvent::End | StreamEvent::Drain => {
                self.turn.count(if let StreamEvent::Data(bytes) = event { bytes } else { 0 });
                if work {
                    self.enqueue(key);
                }
            }
        }
        Event::Stream(key.index, event)
    }

    fn secured(&mut self, key: Key, session: Box<Session>) -> Event {
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
    fn say_farewell(&mut self, io: StreamIo, rest: Vec<u8>) {
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

    fn accept(&mut self, key: Key) -> Option<Event> {
        let Handle::Listener(listener) = &mut self.entries.at(key)?.handle else { return None };
        let accepted = listener.accept();
        let allow_half_open = listener.allow_half_open();
        if listener.has_work() {
            self.enqueue(key);
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
        let socket = self.entries.insert(Entry {
            handle: Handle::Pending { allow_half_open, task: None, outcome: None },
            queued: false,
            referenced: false,
        });
        let Ok(io) = self.watch(io, socket) else {
            // The poll has no room for it, which passes; the connection itself is lost, as it would be in `accept`.
            self.entries.remove(socket.index);
            self.turn.count(0);
            return Some(Event::Exhausted(key.index));
        };
        self.put(socket, Handle::Stream(Transport::Plain(Stream::new(io, allow_half_open))));
        self.reference(socket.index, true);
        self.turn.count(0);
        Some(Event::Accepted { listener: key.index, socket: socket.index })
    }

    fn connecting(&mut self, key: Key) -> Option<Event> {
        let Handle::Connecting { io, allow_half_open, ready } = &mut self.entries.at(key)?.handle else { return None };
        let (allow_half_open, ready) = (*allow_half_open, ready.take()?);
        if ready.failed {
            match io.take_error() {
                Ok(None) => {}
                Ok(Some(error)) | Err(error) => return Some(self.connect_failed(key, Box::new(error.into()))),
            }
        } else if !ready.writable {
            return None;
        }
        let pending = Handle::Pending { allow_half_open, task: None, outcome: None };
        let Handle::Connecting { io, .. } = self.put(key, pending)? else { return None };
        Some(self.connected(key, io, allow_half_open, ready))
    }

    fn pending(&mut self, key: Key) -> Option<Event> {
        let Handle::Pending { allow_half_open, outcome, .. } = &mut self.entries.at(key)?.handle else { return None };
        let allow_half_open = *allow_half_open;
        match outcome.take()? {
            Ok(io) => match self.watch(io, key) {
                Ok(io) => {
                    let token = key.token();
                    // Registered just now: the poll speaks for itself.
                    let ready = Ready {
                        token,
                        readable: false,
                        writable: true,
                        urgent: false,
                        read_closed: false,
                        failed: false,
                        broken: false,
                    };
                    Some(self.connected(key, io, allow_half_open, ready))
                }
                Err(error) => Some(self.connect_failed(key, Box::new(error.into()))),
            },
            Err(lost) => Some(self.connect_failed(key, lost)),
        }
    }

    fn connected(&mut self, key: Key, io: StreamIo, allow_half_open: bool, ready: Ready) -> Event {
        let mut stream = Stream::new(io, allow_half_open);
        // The edge that told of the connection may have told of the first bytes too.
        stream.note(&ready);
        self.put(key, Handle::Stream(Transport::Plain(stream)));
        self.enqueue(key);
        self.turn.count(0);
        Event::Connected(key.index)
    }

    fn connect_failed(&mut self, key: Key, lost: Box<RaceLost>) -> Event {
        self.turn.count(0);
        self.close(key.index);
        Event::ConnectFailed(key.index, lost)
    }

    fn look_up(&mut self, key: Key, host: String, port: u16, local: Option<IpAddr>) {
        let runtime = match runtime::handle() {
            Ok(runtime) => runtime,
            Err(error) => return self.settle(key, Err(Box::new(error.into()))),
        };
        let (sender, wake) = (self.jobs.sender.clone(), self.jobs.wake.clone());
        let task = runtime.spawn(async move {
            let outcome = connect::by_name(host, port, local).await.map(StreamIo::from_std).map_err(Box::new);
            // A reactor that is gone has no use for the connection.
            if sender.send(Job { key, outcome: Outcome::Connect(outcome) }).is_ok() {
                wake.call();
            }
        });
        if let Some(Entry { handle: Handle::Pending { task: slot, .. }, .. }) = self.entries.at(key) {
            *slot = Some(task.abort_handle());
        }
    }

    /// Lets an outcome that is already known come as an event, like every other.
    fn settle(&mut self, key: Key, result: Result<StreamIo, Box<RaceLost>>) {
        if let Some(Entry { handle: Handle::Pending { outcome, .. }, .. }) = self.entries.at(key) {
            *outcome = Some(result);
            self.enqueue(key);
            self.jobs.wake.call();
        }
    }

    fn watch(&self, mut io: StreamIo, key: Key) -> io::Result<StreamIo> {
        self.poller.registry().register(&mut io, key.token(), STREAM)?;
        Ok(io)
    }

    fn put(&mut self, key: Key, handle: Handle) -> Option<Handle> {
        self.entries.at(key).map(|entry| std::mem::replace(&mut entry.handle, handle))
    }

    fn enqueue(&mut self, key: Key) {
        if let Some(entry) = self.entries.at(key)
            && !std::mem::replace(&mut entry.queued, true)
        {
            self.queue.push_back(key);
        }
    }

    fn enqueue_first(&mut self, key: Key) {
        if let Some(entry) = self.entries.at(key)
            && !std::mem::replace(&mut entry.queued, true)
        {
            self.queue.push_front(key);
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Handshakes and connects are tasks of a runtime that outlives this environment, with descriptors of their own: left
        // alone they would keep a silent peer's connection open for minutes.
        for slot in self.entries.indices() {
            self.discard(slot);
        }
    }
}

impl From<io::Error> for RaceLost {
    fn from(error: io::Error) -> Self {
        Self { failure: Failure::from(error), attempts: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::stream::READ_LIMIT;
    use crate::sys::DatagramSharing;
    use crate::udp::BATCH;

    #[cfg(target_os = "linux")]
    #[test]
    fn replies_to_a_batch_wait_for_its_last_datagram() {
        let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
        let mut open = || {
            let io = DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
            let address = io.local_address();
            (reactor.open_udp(io).expect("it is watched"), address)
        };
        let ((server, at), (client, asker)) = (open(), open());
        reactor.with_udp(client, |udp| assert!((0..4).all(|_| udp.send(b"ask", at) == Sent::Taken(1))));
        let mut scratch = vec![0; READ_LIMIT];
        // What the client's kernel has, read behind the reactor's back.
        let arrived = |reactor: &mut Reactor| {
            let (mut memory, mut arrived) = ([0; 64], Vec::new());
            let io = reactor.udp(client).expect("it is open").io();
            drop(io.receive(memory.chunks_exact_mut(8), &mut arrived));
            arrived.len()
        };
        reactor.begin(false);
        for expected in [0, 0, 0, 3] {
            let next = reactor.next(&mut scratch).expect("the poll works");
            assert!(matches!(next, Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) if slot == server), "{next:?}");
            assert_eq!(arrived(&mut reactor), expected);
            assert_eq!(reactor.send_datagram(server, b"answer", asker), Some(Sent::Taken(1)));
        }
        // The last one has nothing to wait for, nor has what goes elsewhere, in front of which the others are sent.
        assert_eq!(arrived(&mut reactor), 1);
        reactor.with_udp(client, |udp| assert!((0..2).all(|_| udp.send(b"ask", at) == Sent::Taken(1))));
        let next = reactor.next(&mut scratch).expect("the poll works");
        assert!(matches!(next, Next::Event(Event::Udp(slot, _)) if slot == server), "{next:?}");
        assert_eq!(reactor.send_datagram(server, b"answer", asker), Some(Sent::Taken(1)));
        assert_eq!(arrived(&mut reactor), 0);
        assert_eq!(reactor.send_datagram(server, b"elsewhere", at), Some(Sent::Taken(1)));
        assert_eq!(arrived(&mut reactor), 1);
    }

    #[test]
    fn a_flooded_socket_is_at_most_a_batch_ahead_of_the_others() {
        let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
        let mut open = || {
            let io = DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
            let address = io.local_address();
            (reactor.open_udp(io).expect("it is watched"), address)
        };
        let ((flooded, flood), (other, quiet)) = (open(), open());
        let sent = reactor.with_udp(other, |udp| {
            (0..4 * BATCH).all(|_| udp.send(b"x", flood) == Sent::Taken(1)) && udp.send(b"y", quiet) == Sent::Taken(1)
        });
        assert_eq!(sent, Some(true));
        let (mut ahead, mut scratch) = (0, vec![0; READ_LIMIT]);
        reactor.begin(false);
        loop {
            match reactor.next(&mut scratch).expect("the poll works") {
                Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) if slot == other => break,
                Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) => {
                    assert_eq!(slot, flooded);
                    ahead += 1;
                }
                next => assert!(matches!(next, Next::Yield), "{next:?}"),
            }
        }
        assert!(ahead <= BATCH, "{ahead}");
    }
}
