//! The handles of one JS thread and the events they have for it.
//!
//! [`Reactor::next`] tells one event at a time. Nothing is read, accepted or finished ahead of the event that tells of it,
//! so whatever a handler does (pause, close, reload, upgrade) holds from the next event on, and what the kernel still has
//! stays with the kernel.

mod connections;
mod handshakes;
mod passes;
mod resting;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use mio::Interest;
use mio::event::Source;
use tokio::task::AbortHandle;

use self::passes::{Passes, Told};
use crate::aligned::Aligned;
use crate::connect::{Made, RaceLost};
use crate::failure::Failure;
use crate::listener::Listener;
use crate::log::step;
use crate::runtime;
use crate::shaking::Stepped;
use crate::slab::{Key, Slab};
use crate::stream::{BULK, READ_LIMIT, StreamEvent, Written};
use crate::sys::{
    ARRIVALS_AND_ROOM, DatagramIo, Descriptor, ListenerIo, Packet, Poller, Ready, StreamIo, second_level_cache,
};
use crate::tls::Failed;
use crate::transport::{Step, Transport};
use crate::turn::{Idle, Turn};
use crate::udp::{Inbox, Sent, Udp, UdpEvent};

/// How long steps of handshakes may be taken without a look at the poll. Peers that are answered together wait less for each
/// other than those that are answered one by one: with a look after every few steps a handshake costs a sixth more.
const STEPPING: Duration = Duration::from_millis(2);

/// The most bytes of a data event of a plain socket, if much was written after the last one, unless half of the processor's own
/// cache is more: what is passed on is then still there when it is sent. With a cache of 512 KiB, echoing bulk data on 8 and 2
/// connections was 5 and 2 % faster with it than with [`READ_LIMIT`]; with 1 MiB, [`READ_LIMIT`] takes 5 % less CPU time. Data that goes nowhere
/// would be an eighth slower.
const PASSED_ON: usize = 256 * 1024;
/// What is passed on comes in pieces of so many bytes less, so that what is sent does not begin at a page in the kernel each time: a
/// receiver whose memory begins a few bytes behind one, as large blocks of glibc's allocator do, would copy all of it slowly
/// on some processors ([`crate::aligned`]).
const OFF_PAGE: usize = 64;

/// What a UDP socket is polled for that waits for room, too.
const DATAGRAMS_AND_ROOM: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The most bytes of a data event that is probably passed on. Only who passes on something asks the system for it.
static PASSED_ON_LIMIT: LazyLock<usize> = LazyLock::new(|| {
    let half = second_level_cache().map_or(0, |size| size / 2);
    half.clamp(PASSED_ON, READ_LIMIT) - OFF_PAGE
});

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
    Connected {
        /// The new connection.
        socket: u32,
        /// Whether others of the same pass follow.
        followed: bool,
    },
    /// A connect has failed; its slot is free.
    ConnectFailed(u32, Box<RaceLost>),
    /// What a stream has to tell; after [`StreamEvent::Closed`] and [`StreamEvent::Broken`] its slot is free.
    Stream(u32, StreamEvent),
    /// A handshake has succeeded.
    Handshaken(u32),
    /// A handshake has failed. The socket is still there, for whoever is told of it, and to be closed then.
    HandshakeFailed(u32, Box<Failed<()>>),
    /// What a UDP socket has to tell.
    Udp(u32, UdpEvent),
}

/// What [`Reactor::next`] found.
#[derive(Debug)]
pub enum Next {
    /// An event.
    Event(Event),
    /// More may be ready, but this turn has done its share: come back when the program's immediates have run.
    Yield,
    /// Nothing is known to be ready. [`Reactor::sleep`] must follow, after which the wake-up comes when something is.
    Idle,
}

/// All handles of one environment.
#[derive(Debug)]
pub struct Reactor {
    poller: Poller,
    entries: Slab<Entry>,
    passes: Passes,
    /// Whether the poll has been looked at for the pass to come.
    looked: bool,
    /// Whose next step is one of a handshake that this thread takes: it goes behind everything else.
    steps: VecDeque<Key>,
    /// Whose next step is the last of a handshake, and has its place among the events all the same: one at a time takes as long as an
    /// event or two, and is told in their order.
    lone_step: Option<Key>,
    /// Since when only such steps are taken.
    stepping: Option<Instant>,
    ready: Vec<Ready>,
    inbox: Inbox,
    /// Whom the datagram that is being handled came from, while more of the same batch follow.
    asker: Option<(Key, SocketAddr)>,
    /// The UDP socket whose event is being handled, or the stream whose end is.
    telling: Option<Key>,
    jobs: Jobs,
    turn: Turn,
    referenced: usize,
    /// Whether the JS thread takes the steps of handshakes that are quick.
    shakes_hands: bool,
    /// Received records on their way through rustls; empty until the first handshake.
    ciphertext: Aligned,
    /// Whether much was written since the last large data event.
    passes_on: bool,
    /// Connections accepted since the last look at the poll.
    accepted: usize,
    /// Connects to names of this machine, which begin just before the poll is looked at.
    to_begin: Vec<ToBegin>,
    /// TLS connections of which some memory can be had back later.
    young: resting::Young,
}

#[derive(Debug)]
struct Entry {
    handle: Handle,
    queued: bool,
    referenced: bool,
    /// Whether the poll tells when there is room to write.
    polled_for_room: bool,
    /// When it had something to tell last.
    told: Told,
}

impl Entry {
    fn new(handle: Handle) -> Self {
        Self { handle, queued: false, referenced: false, polled_for_room: false, told: Told::default() }
    }
}

#[derive(Debug)]
enum Handle {
    Listener(Listener),
    /// A connect that the kernel works on.
    Connecting {
        io: StreamIo,
        allow_half_open: bool,
        /// Whether it was a name: what is told of a connection that is reset at once differs.
        is_named: bool,
        /// What the poll has said, as it said it: a connection that was made and then reset was made.
        told: Vec<Ready>,
    },
    /// A connect that tokio works on.
    Pending {
        allow_half_open: bool,
        task: Option<AbortHandle>,
        outcome: Option<Result<Made, Box<RaceLost>>>,
    },
    Stream(Transport),
    /// The last bytes of a closed socket are being sent; nobody asks for it any more.
    Farewell,
    /// Boxed: it is twice as large as a stream, of which there are more.
    Udp(Box<Udp>),
}

/// Where finished work of other threads arrives.
#[derive(Debug)]
struct Jobs {
    sender: Sender<Job>,
    finished: Receiver<Job>,
    wake: Wake,
}

impl Jobs {
    /// What tells the JS thread, from any thread, what has become of something that was begun for `key`.
    fn reporter(&self, key: Key) -> impl Fn(Outcome) + Send + Sync + 'static {
        let (sender, wake) = (self.sender.clone(), self.wake.clone());
        move |outcome| {
            // A reactor that is gone has no use for it.
            if sender.send(Job { key, outcome }).is_ok() {
                wake.call();
            }
        }
    }
}

#[derive(Debug)]
struct Job {
    key: Key,
    outcome: Outcome,
}

/// What a tokio task came to.
#[derive(Debug)]
enum Outcome {
    Connect(Result<Made, Box<RaceLost>>),
    /// A step of a handshake was taken.
    Stepped(Stepped),
    /// The next step of a handshake may have something to do.
    Again,
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

/// A connect to this machine.
#[derive(Debug)]
struct ToBegin {
    key: Key,
    host: String,
    port: u16,
    local: Option<SocketAddr>,
}

/// Where a connect goes.
#[derive(Debug)]
pub enum Target {
    /// A TCP address, with the local address to use.
    Address(SocketAddr, Option<SocketAddr>),
    /// A host name, with the port and the local address to use.
    Name(String, u16, Option<SocketAddr>),
    /// A unix path, or an abstract name that starts with a NUL.
    Unix(Vec<u8>),
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
            passes: Passes::default(),
            looked: false,
            steps: VecDeque::new(),
            lone_step: None,
            stepping: None,
            ready: Vec::new(),
            inbox: Inbox::new(),
            asker: None,
            telling: None,
            jobs: Jobs { sender, finished, wake },
            turn: Turn::new(),
            referenced: 0,
            shakes_hands: !runtime::has_processors(),
            ciphertext: Aligned::default(),
            passes_on: false,
            accepted: 0,
            to_begin: Vec::new(),
            young: resting::Young::default(),
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
        self.looked = false;
        self.turn.begin(early);
    }

    /// Whether anything has come of this turn.
    #[must_use]
    pub fn has_told(&self) -> bool {
        self.turn.has_told()
    }

    /// Turns spinning before going idle on or off; on by default.
    pub fn set_spin(&mut self, on: bool) {
        self.turn.set_spin(on);
    }

    /// Has the JS thread take those steps of handshakes that are quick, or tokio's threads take all. By default it depends on
    /// whether there are processors for those threads.
    pub fn set_shakes_hands(&mut self, on: bool) {
        self.shakes_hands = on;
    }

    /// The next event. `scratch`, of [`crate::stream::READ_LIMIT`] bytes, takes the bytes of a data event.
    ///
    /// # Errors
    ///
    /// The poll's; none is known to occur.
    pub fn next(&mut self, scratch: &mut [u8]) -> io::Result<Next> {
        let asked = self.asker.take();
        self.end_round();
        let next = self.find(scratch);
        if let Some((key, _)) = asked {
            self.send_replies(key);
        }
        next
    }

    /// The next event, where it is one of a plain socket that has nothing but bytes to tell: by far the most frequent one, found by
    /// the shortest way. `None` for every other, which [`Reactor::next`] finds.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn next_bytes(&mut self, scratch: &mut [u8]) -> Option<(u32, StreamEvent)> {
        if self.telling.is_some() || !self.steps.is_empty() || self.passes_on || self.turn.is_spent() {
            return None;
        }
        let key = self.passes.first()?;
        let entry = self.entries.at(key)?;
        let Handle::Stream(Transport::Plain(stream)) = &mut entry.handle else { return None };
        if !stream.expects_bytes() {
            return None;
        }
        self.passes.take();
        entry.queued = false;
        entry.told = self.passes.tell();
        let event = stream.step_to_bytes(scratch);
        let work = stream.has_work();
        match event {
            Some(event) => self.note_event(key, event, false, work, false),
            None => self.note_nothing(key, work),
        }
        event.map(|event| (key.index, event))
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
        self.poll_udp_for_room(key);
    }

    /// An end has been handled, or an event of a UDP socket: that ends its round, unless more is due in it.
    fn end_round(&mut self) {
        let Some(key) = self.telling.take() else { return };
        let udp = match self.entries.at(key).map(|entry| &mut entry.handle) {
            Some(Handle::Udp(udp)) => udp,
            Some(Handle::Stream(stream)) => return stream.end_was_told(),
            _ => return,
        };
        if self.inbox.has(key) {
            return;
        }
        if udp.is_amid_round() {
            self.enqueue_first(key);
            return;
        }
        udp.end_round();
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
            // As on Bun, what handlers have put off with `setImmediate` runs before the poll is asked again.
            if self.turn.has_told() && self.passes.is_over() && self.steps.is_empty() {
                // The loop must be free to end when nothing keeps the process alive.
                return Ok(if self.is_referenced() { Next::Yield } else { Next::Idle });
            }
            if let Some(key) = self.next_key()? {
                match self.step(key, scratch) {
                    Some(event) => {
                        step!("event {event:?}");
                        return Ok(Next::Event(event));
                    }
                    None => continue,
                }
            }
            if let Some(pause) = self.turn.lull() {
                std::thread::sleep(pause);
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

    /// Who is next. A step of a handshake takes as long as dozens of events: it comes when nobody else is ready, or has waited
    /// for its share of them.
    fn next_key(&mut self) -> io::Result<Option<Key>> {
        if self.turn.owes_step()
            && let Some(key) = self.steps.pop_front()
        {
            return Ok(Some(key));
        }
        if self.passes.is_over() {
            let patient = !self.steps.is_empty() && self.stepping.is_none_or(|since| since.elapsed() < STEPPING);
            if !patient && !self.looked {
                self.look()?;
            }
            self.passes.begin();
            self.looked = false;
        }
        if let Some(key) = self.passes.take() {
            return Ok(Some(key));
        }
        let key = self.steps.pop_front();
        if key.is_some() {
            self.stepping.get_or_insert_with(Instant::now);
        }
        Ok(key)
    }

    fn has_due(&self) -> bool {
        !self.passes.is_empty() || !self.steps.is_empty()
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
        self.stepping = None;
        self.accepted = 0;
        self.looked = true;
        self.begin_connects();
        self.gather()?;
        // After the poll: who listens here was connected to before the connection was reported.
        self.take_finished();
        Ok(self.has_due())
    }

    /// Takes what the poll says.
    fn gather(&mut self) -> io::Result<()> {
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
                Handle::Connecting { told, .. } => {
                    told.push(ready);
                    true
                }
                Handle::Pending { .. } | Handle::Farewell => false,
                Handle::Stream(stream) => stream.note(&ready),
                Handle::Udp(udp) => udp.note(&ready),
            };
            if work {
                self.enqueue(key);
            }
        }
        self.ready = all;
        Ok(())
    }

    /// Takes what tokio has finished. True if there is something to do.
    pub fn take_finished(&mut self) -> bool {
        while let Ok(job) = self.jobs.finished.try_recv() {
            // Whoever has been closed meanwhile is not there any more; the connection is dropped with the job.
            let Some(entry) = self.entries.at(job.key) else { continue };
            match (&mut entry.handle, job.outcome) {
                (Handle::Pending { outcome, .. }, Outcome::Connect(result)) => *outcome = Some(result),
                (Handle::Stream(Transport::Shaking(shaking)), Outcome::Stepped(stepped)) => shaking.stepped(stepped),
                (Handle::Stream(Transport::Shaking(shaking)), Outcome::Again) => shaking.go_on_anyway(),
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
        self.has_due()
    }

    /// Adds a listening socket.
    ///
    /// # Errors
    ///
    /// The system's, when the poll can't take it.
    pub fn listen(&mut self, mut io: ListenerIo, allow_half_open: bool) -> io::Result<u32> {
        let key = self.register(&mut io, Interest::READABLE, allow_half_open)?;
        Ok(self.place(key, Handle::Listener(Listener::new(io, allow_half_open))))
    }

    /// Adds a UDP socket.
    ///
    /// # Errors
    ///
    /// The system's, when the poll can't take it.
    pub fn open_udp(&mut self, mut io: DatagramIo) -> io::Result<u32> {
        let key = self.register(&mut io, DATAGRAMS_AND_ROOM, false)?;
        Ok(self.place(key, Handle::Udp(Box::new(Udp::new(io)))))
    }

    /// Adds the UDP socket behind a descriptor, which stays the caller's if this fails.
    ///
    /// # Errors
    ///
    /// Those of [`DatagramIo::adopt`], and the system's, when the poll can't take it: EEXIST for a socket that it has already.
    pub fn adopt_udp(&mut self, descriptor: Descriptor) -> io::Result<u32> {
        let (key, io) = self.adopt(DATAGRAMS_AND_ROOM, false, |watch| DatagramIo::adopt(descriptor, watch))?;
        Ok(self.place(key, Handle::Udp(Box::new(Udp::new(io)))))
    }

    /// Adds a listener over the socket behind a descriptor, which stays the caller's if this fails.
    ///
    /// # Errors
    ///
    /// Those of [`ListenerIo::adopt`], and the system's, when the poll can't take it: EEXIST for a socket that it has already.
    pub fn adopt_listener(&mut self, descriptor: Descriptor, allow_half_open: bool) -> io::Result<u32> {
        let (key, io) =
            self.adopt(Interest::READABLE, allow_half_open, |watch| ListenerIo::adopt(descriptor, watch))?;
        Ok(self.place(key, Handle::Listener(Listener::new(io, allow_half_open))))
    }

    /// Keeps a slot for a socket that `take` takes over, and has watched by the function that it gets.
    fn adopt<T>(
        &mut self,
        interests: Interest,
        allow_half_open: bool,
        take: impl FnOnce(&mut dyn FnMut(&mut dyn Source) -> io::Result<()>) -> io::Result<T>,
    ) -> io::Result<(Key, T)> {
        let key = self.entries.insert(Entry::new(Handle::Pending { allow_half_open, task: None, outcome: None }));
        let registry = self.poller.registry();
        match take(&mut |source| registry.register(source, key.token(), interests)) {
            Ok(io) => Ok((key, io)),
            Err(error) => {
                self.entries.remove(key.index);
                Err(error)
            }
        }
    }

    /// Has the poll watch a socket, and keeps a slot for it.
    fn register(&mut self, io: &mut impl Source, interests: Interest, allow_half_open: bool) -> io::Result<Key> {
        Ok(self.adopt(interests, allow_half_open, |watch| watch(io))?.0)
    }

    fn place(&mut self, key: Key, handle: Handle) -> u32 {
        self.put(key, handle);
        self.reference(key.index, true);
        key.index
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
        let key = self.entries.key(slot)?;
        let telling = self.telling == Some(key);
        let udp = self.udp(slot)?;
        let result = change(udp);
        // Of whoever is being told of, the end of its event decides.
        if !telling && udp.has_work() {
            self.enqueue(key);
            self.jobs.wake.call();
        }
        self.poll_udp_for_room(key);
        Some(result)
    }

    /// Sends a datagram: at once, or together with others if it is a reply to one of several that were read together.
    pub fn send_datagram(&mut self, slot: u32, bytes: &[u8], to: Option<SocketAddr>) -> Option<Sent> {
        let together = self.asker.is_some_and(|(key, asker)| {
            self.entries.key(slot) == Some(key) && to.is_none_or(|to| to == asker) && cfg!(target_os = "linux")
        });
        let within = self.note_destinations(slot, [to]);
        self.with_udp(slot, |udp| if together && !within { udp.reply(bytes, to) } else { udp.send(bytes, to) })
    }

    /// Sends datagrams; `more` if they continue those of the last call.
    pub fn send_datagrams(&mut self, slot: u32, packets: &[Packet<'_>], more: bool) -> Option<Sent> {
        self.note_destinations(slot, packets.iter().map(|packet| packet.to));
        self.with_udp(slot, |udp| if more { udp.send_more(packets) } else { udp.send_many(packets) })
    }

    /// Whether something is about to be sent to the UDP socket whose event is being handled, which will find it in the same round, then.
    fn note_destinations(&mut self, slot: u32, all: impl IntoIterator<Item = Option<SocketAddr>>) -> bool {
        let Some(key) = self.telling else { return false };
        let Some(peer) = self.udp(slot).map(|udp| udp.peer_port()) else { return false };
        let Some(Entry { handle: Handle::Udp(telling), .. }) = self.entries.at(key) else { return false };
        let within = all.into_iter().any(|to| telling.is_at(peer, to));
        if within {
            telling.arrives();
        }
        within
    }

    /// Does something to a stream after which it may have events of its own, and sees to it that they come.
    pub fn with_stream<T>(&mut self, slot: u32, change: impl FnOnce(&mut Transport) -> T) -> Option<T> {
        let key = self.entries.key(slot)?;
        let stream = self.stream(slot)?;
        let result = change(stream);
        let (work, blocked) = (stream.has_work(), stream.awaits_room());
        if blocked {
            self.poll_for_room(key);
        }
        if work {
            // Behind those that the kernel has told of by now, as on Bun, which has the kernel tell of this one, too.
            if !self.entries.at(key)?.queued {
                // A failure shows when it is looked at next.
                drop(self.gather());
                self.enqueue(key);
            }
            self.jobs.wake.call();
        }
        Some(result)
    }

    /// Sends at once what the kernel takes; nothing is kept.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn write(&mut self, slot: u32, bytes: &[u8]) -> Option<Written> {
        self.passes_on |= bytes.len() >= BULK;
        if let Transport::Plain(stream) = self.stream(slot)? {
            let written = stream.write(bytes);
            self.turn.count_written();
            // Where everything was taken, no step has more to do than before.
            if written == Written::Taken(bytes.len()) {
                return Some(written);
            }
            return self.with_stream(slot, |_| written);
        }
        self.turn.count_written_secured();
        self.with_stream(slot, |stream| stream.write(bytes))
    }

    /// Reads what a [`StreamEvent::Bulk`] announced straight into `into`; how many bytes came.
    pub fn receive(&mut self, slot: u32, into: &mut [u8]) -> usize {
        let Some(Entry { handle: Handle::Stream(stream), .. }) = self.entries.slot(slot) else { return 0 };
        let count = stream.receive(into, &mut self.ciphertext);
        let (work, more, blocked) = (stream.has_work(), stream.knows_more(), stream.awaits_room());
        if stream.is_secure() {
            self.turn.count_secured(slot, count);
        } else {
            self.turn.count_received(slot, count);
        }
        if (work || blocked)
            && let Some(key) = self.entries.key(slot)
        {
            if blocked {
                self.poll_for_room(key);
            }
            self.enqueue_rest(key, work, more);
        }
        count
    }

    /// Drops a handle in good order: its socket is closed, what it was doing is given up, and its slot rests until the next
    /// turn. What a TLS connection still has to send is sent, and keeps the process alive as long.
    pub fn close(&mut self, slot: u32) {
        self.reference(slot, false);
        if let Some(key) = self.entries.key(slot) {
            self.inbox.drop_for(key);
        }
        match self.remove(slot) {
            Some(Handle::Pending { task: Some(task), .. }) => task.abort(),
            Some(Handle::Stream(transport)) => {
                if let Some((io, rest)) = transport.close() {
                    self.say_farewell(io, rest);
                }
            }
            _ => {}
        }
    }

    /// Takes a handle out. A poll goes on telling of what others have open, too: it is told to forget that.
    fn remove(&mut self, slot: u32) -> Option<Handle> {
        let mut handle = self.entries.remove(slot)?.handle;
        let registry = self.poller.registry();
        // One that was not registered needs nothing undone.
        match &mut handle {
            Handle::Udp(udp) if udp.io().is_shared() => drop(registry.deregister(udp.io_mut())),
            Handle::Listener(listener) if listener.io().is_shared() => drop(registry.deregister(listener.io_mut())),
            Handle::Stream(transport) if transport.io().is_shared() => {
                if let Some(io) = transport.io_mut() {
                    drop(registry.deregister(io));
                }
            }
            _ => {}
        }
        Some(handle)
    }

    /// Drops a handle as [`Reactor::close`] does, without another word to the peer.
    pub fn discard(&mut self, slot: u32) {
        self.reference(slot, false);
        if let Some(Handle::Pending { task: Some(task), .. }) = self.remove(slot) {
            task.abort();
        }
    }

    /// Drops a UDP socket and leaves its descriptor open, for whoever it was taken from.
    pub fn give_up_udp(&mut self, slot: u32) {
        self.reference(slot, false);
        if let Some(Handle::Udp(mut udp)) = self.remove(slot) {
            udp.io_mut().give_up();
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
        if self.lone_step == Some(key) {
            self.lone_step = None;
        }
        let entry = self.entries.at(key)?;
        entry.queued = false;
        entry.told = self.passes.tell();
        self.step_handshake(key);
        match &mut self.entries.at(key)?.handle {
            Handle::Listener(_) => self.accept(key),
            Handle::Connecting { .. } => self.connecting(key),
            Handle::Pending { .. } => self.pending(key),
            Handle::Farewell => None,
            Handle::Stream(stream) => {
                let passes_on = self.passes_on && matches!(stream, Transport::Plain(_));
                let limit = if passes_on { PASSED_ON_LIMIT.min(scratch.len()) } else { scratch.len() };
                let step = stream.step(&mut scratch[..limit], &mut self.ciphertext);
                let (work, more, secure) = (stream.has_work(), stream.knows_more(), stream.is_secure());
                if stream.awaits_room() {
                    self.poll_for_room(key);
                }
                match step {
                    Some(Step::Event(event)) => {
                        self.note_event(key, event, secure, work, more);
                        Some(Event::Stream(key.index, event))
                    }
                    Some(Step::Shaken(session)) => Some(self.secured(key, session)),
                    Some(Step::Failed(failed)) => {
                        self.turn.count(0);
                        Some(Event::HandshakeFailed(key.index, failed))
                    }
                    None => {
                        self.note_nothing(key, work);
                        None
                    }
                }
            }
            Handle::Udp(udp) => {
                let begins = !udp.is_amid_round() && !self.inbox.has(key);
                let event = udp.step(key, &mut self.inbox, scratch);
                let (amid, more) = (udp.is_amid_round(), udp.has_work());
                if amid || self.inbox.has(key) {
                    // The inbox is for one socket at a time: it goes first until it is empty.
                    self.enqueue_first(key);
                } else if more {
                    self.enqueue(key);
                }
                self.poll_udp_for_room(key);
                let Some(event) = event else {
                    if begins && let Some(entry) = self.entries.at(key) {
                        entry.told = Told::default();
                    }
                    return None;
                };
                self.telling = Some(key);
                if let UdpEvent::Datagram(arrived) = event {
                    let more = self.inbox.has(key);
                    self.asker = more.then_some((key, arrived.sender));
                    self.turn.count_datagram(arrived.length, more);
                } else {
                    self.turn.count(0);
                }
                Some(Event::Udp(key.index, event))
            }
        }
    }

    /// A step of a stream, `secure` if its bytes come over TLS, came to an event. `work` if the next may come to another, `more` if that is
    /// known already.
    #[inline]
    fn note_event(&mut self, key: Key, event: StreamEvent, secure: bool, work: bool, more: bool) {
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
            StreamEvent::Bulk(_) => self.passes_on = false,
            // As in Bun: where the close follows, or what can be read after a drain, nobody else's event comes in between.
            StreamEvent::End | StreamEvent::Drain => {
                self.turn.count(0);
                self.enqueue_rest(key, work, true);
                if event == StreamEvent::End {
                    self.telling = Some(key);
                }
            }
            StreamEvent::Data(_) | StreamEvent::Raw(_) | StreamEvent::Hello => {
                match event {
                    StreamEvent::Data(bytes) if secure => self.turn.count_secured(key.index, bytes),
                    StreamEvent::Data(bytes) => self.turn.count(bytes),
                    _ => self.turn.count(0),
                }
                self.enqueue_rest(key, work, more);
            }
        }
    }

    /// Has whoever was told of take another step if there is `work`: before anybody else if it is known already that there is `more`.
    #[inline]
    fn enqueue_rest(&mut self, key: Key, work: bool, more: bool) {
        if work && more {
            self.enqueue_first(key);
        } else if work {
            self.enqueue(key);
        }
    }

    /// A step of a stream came to nothing. If there is `work` all the same, these were records that say nothing to the program, with more
    /// behind them, or the kernel is out of memory. It counts as an event, so that neither goes on for longer than a turn.
    fn note_nothing(&mut self, key: Key, work: bool) {
        if work {
            self.turn.count(0);
            self.enqueue(key);
        } else if let Some(entry) = self.entries.at(key) {
            entry.told = Told::default();
        }
    }

    fn watch(&self, mut io: StreamIo, key: Key, interests: Interest) -> io::Result<StreamIo> {
        self.poller.registry().register(&mut io, key.token(), interests)?;
        Ok(io)
    }

    /// The poll was asked to tell when there is room to write from the beginning.
    fn note_polled_for_room(&mut self, key: Key) {
        if let Some(entry) = self.entries.at(key) {
            entry.polled_for_room = true;
        }
    }

    /// Has the poll tell when there is room to write, from now on. Only a stream that the kernel has refused something needs that: any other
    /// would be told at once, and take the place of those who have really something to tell.
    fn poll_for_room(&mut self, key: Key) {
        let Some(entry) = self.entries.at(key) else { return };
        let Handle::Stream(stream) = &mut entry.handle else { return };
        if std::mem::replace(&mut entry.polled_for_room, true) {
            return;
        }
        let Some(io) = stream.io_mut() else { return };
        if self.poller.registry().reregister(io, key.token(), ARRIVALS_AND_ROOM).is_err() {
            // Not known to occur, but nobody would tell: so it is tried, again and again.
            entry.polled_for_room = false;
            if stream.note(&Ready::room(key.token())) {
                self.enqueue(key);
            }
        }
    }

    /// Has the poll tell when there is room for a UDP socket's datagrams, or not any more: it would tell after each that has left.
    fn poll_udp_for_room(&mut self, key: Key) {
        let Some(entry) = self.entries.at(key) else { return };
        let Handle::Udp(udp) = &mut entry.handle else { return };
        let Some(room) = udp.polls_for_room() else { return };
        let interests = if room { DATAGRAMS_AND_ROOM } else { Interest::READABLE };
        let asked = self.poller.registry().reregister(udp.io_mut(), key.token(), interests);
        // Not known to fail, but nobody would tell.
        if asked.is_err() && room && udp.note(&Ready::room(key.token())) {
            self.enqueue(key);
        }
    }

    fn put(&mut self, key: Key, handle: Handle) -> Option<Handle> {
        self.entries.at(key).map(|entry| std::mem::replace(&mut entry.handle, handle))
    }

    fn enqueue(&mut self, key: Key) {
        if let Some(entry) = self.entries.at(key)
            && !std::mem::replace(&mut entry.queued, true)
        {
            match &entry.handle {
                Handle::Stream(Transport::Shaking(shaking)) if self.shakes_hands && shaking.is_quick() => {
                    if self.steps.is_empty() && self.lone_step.is_none() && shaking.is_last() {
                        self.lone_step = Some(key);
                        self.passes.add(key, entry.told);
                    } else {
                        self.steps.push_back(key);
                    }
                }
                _ => self.passes.add(key, entry.told),
            }
        }
    }

    fn enqueue_first(&mut self, key: Key) {
        if let Some(entry) = self.entries.at(key)
            && !std::mem::replace(&mut entry.queued, true)
        {
            self.passes.add_first(key);
        }
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Connects are tasks of a runtime that outlives this environment, with descriptors of their own: left alone they would
        // keep trying for minutes.
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
