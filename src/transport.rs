//! A connected socket in whichever of its three states it is: plain, shaking hands, or secure.

use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::readiness::Readiness;
use crate::secure::{CIPHERTEXT_LIMIT, SecureStream};
use crate::shaking::{Inlet, Shaken, Stepped, Steps};
use crate::stream::{Ended, Stream, StreamEvent, Written};
use crate::sys::{Ready, StreamIo, is_transient};
use crate::tls::{Demands, Failed, HandshakeFailure, Selection, Session};

/// A connected socket.
#[derive(Debug)]
pub enum Transport {
    /// Bytes as they are.
    Plain(Stream),
    /// A handshake is to come, or under way.
    Shaking(Box<Shaking>),
    /// Bytes in TLS records.
    Secure(Box<SecureStream>),
}

/// A socket that waits for its handshake, or whose handshake is under way: what the program wants of it meanwhile is remembered.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent wishes that outlast the handshake")]
pub struct Shaking {
    io: Arc<StreamIo>,
    allow_half_open: bool,
    /// If it is tapped: what is received is shown first, and then put here for the handshake.
    inlet: Option<Arc<Inlet>>,
    /// There is something for the next step in it, or the step is to be taken anyway.
    let_in: bool,
    /// The bytes of an `end()` that came too early.
    ending: Option<Vec<u8>>,
    shut: bool,
    /// The program has shut the reading side: the next step mostly finds nothing but that.
    deaf: bool,
    making: Making,
    outcome: Option<Shaken>,
    /// What the poll has said, for the time after the handshake.
    ready: Readiness,
    /// The next step of the handshake may have something to do.
    step_due: bool,
    /// That step is the first, and needs nothing of the peer's.
    begins: bool,
    /// Set once FIN is out: what the handshake would still send goes nowhere.
    silenced: Arc<AtomicBool>,
    /// Set while a pause keeps the handshake from reading. It goes on afterwards.
    held: Arc<AtomicBool>,
    /// The program is to be asked something first.
    selection: Option<Arc<Selection>>,
    asks: bool,
    /// A client's, while its handshake is under way.
    demands: Option<Arc<Demands>>,
}

/// How far a handshake is.
#[derive(Debug)]
enum Making {
    /// It has not begun.
    Not,
    /// It waits for its next step.
    Waits(Steps),
    /// A step is being taken, or was the last.
    Steps { is_first: bool },
    /// It has failed, of which the program is being told. The alert follows, unless the peer has `left`.
    Failed { alert: Vec<u8>, left: bool },
}

/// What a step of a transport came to.
#[derive(Debug)]
pub enum Step {
    /// Something for the program.
    Event(StreamEvent),
    /// The handshake is over; the caller goes on with [`Transport::secured`].
    Shaken(Box<Session>),
    /// The handshake has failed. The socket is there until the program has been told, and the transport closed.
    Failed(Box<Failed<()>>),
}

impl Transport {
    /// The socket, for its addresses and options.
    #[must_use]
    pub fn io(&self) -> &StreamIo {
        match self {
            Self::Plain(stream) => stream.io(),
            Self::Shaking(shaking) => &shaking.io,
            Self::Secure(stream) => stream.io(),
        }
    }

    /// The socket, for the poll. `None` during a handshake, which may have it elsewhere.
    pub fn io_mut(&mut self) -> Option<&mut StreamIo> {
        match self {
            Self::Plain(stream) => Some(stream.io_mut()),
            Self::Shaking(_) => None,
            Self::Secure(stream) => Some(stream.io_mut()),
        }
    }

    /// Whether the kernel has refused something, so that the poll has to tell when there is room.
    #[must_use]
    pub fn awaits_room(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.awaits_room(),
            // It is polled for room from its beginning.
            Self::Shaking(_) => false,
            Self::Secure(stream) => stream.awaits_room(),
        }
    }

    /// Whether its bytes come in TLS records.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Secure(_))
    }

    /// Notes what the poll says. True if a step may have something to do.
    pub fn note(&mut self, ready: &Ready) -> bool {
        match self {
            Self::Plain(stream) => stream.note(ready),
            Self::Shaking(shaking) => shaking.note(ready),
            Self::Secure(stream) => stream.note(ready),
        }
    }

    /// Whether a step may have something to do.
    #[must_use]
    pub fn has_work(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.has_work(),
            Self::Shaking(shaking) => shaking.has_work(),
            Self::Secure(stream) => stream.has_work(),
        }
    }

    /// Whether there is something to be told that is known together with what has been told: as in Bun, before anybody else's events.
    #[must_use]
    pub fn knows_more(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_failing(),
            Self::Shaking(_) => false,
            Self::Secure(stream) => stream.knows_more(),
        }
    }

    /// Takes one step. `scratch` receives an event's bytes, `ciphertext` those that are decrypted at once.
    pub fn step(&mut self, scratch: &mut [u8], ciphertext: &mut [u8]) -> Option<Step> {
        match self {
            Self::Plain(stream) => stream.step(scratch).map(Step::Event),
            Self::Secure(stream) => stream.step(scratch, ciphertext).map(Step::Event),
            Self::Shaking(shaking) => shaking.step(scratch),
        }
    }

    /// A plain socket that is given to a handshake; any other stays what it is.
    #[must_use]
    pub fn shaking_hands(self, tapped: bool) -> Self {
        let Self::Plain(stream) = self else { return self };
        let (io, ready, allow_half_open) = stream.into_parts();
        Self::Shaking(Box::new(Shaking {
            io: Arc::new(io),
            allow_half_open,
            inlet: tapped.then(Arc::default),
            let_in: false,
            ending: None,
            shut: false,
            deaf: false,
            making: Making::Not,
            outcome: None,
            ready,
            step_due: false,
            begins: false,
            silenced: Arc::default(),
            // As in Bun, a pause of the plain socket is over with it.
            held: Arc::default(),
            selection: None,
            asks: false,
            demands: None,
        }))
    }

    /// The socket after its handshake, with what the program wanted meanwhile. `None` while the handshake still has it.
    #[must_use]
    pub fn secured(self, mut session: Box<Session>) -> Option<Self> {
        let Self::Shaking(shaking) = self else { return Some(self) };
        let Shaking { io, ready, allow_half_open, inlet, ending, shut, silenced, held, .. } = *shaking;
        let tapped = inlet.map(|inlet| inlet.take_rest());
        let silenced = silenced.load(Ordering::Relaxed);
        if silenced {
            session.sends_nothing_first();
        }
        let mut stream = SecureStream::new(Arc::into_inner(io)?, ready, session, allow_half_open, tapped);
        if held.load(Ordering::Relaxed) {
            stream.pause();
        }
        if let Some(bytes) = ending {
            stream.end(&bytes);
        } else if silenced {
            stream.stay_shut();
        } else if shut {
            stream.shut_write();
        }
        Some(Self::Secure(Box::new(stream)))
    }

    /// The handshake, while it is under way.
    pub fn shaking(&mut self) -> Option<&mut Shaking> {
        match self {
            Self::Shaking(shaking) => Some(shaking),
            _ => None,
        }
    }

    /// Whether what the handshake sends, while it is under way, goes nowhere.
    #[must_use]
    pub fn is_silenced(&self) -> bool {
        matches!(self, Self::Shaking(shaking) if shaking.silenced.load(Ordering::Relaxed))
    }

    /// What the handshake settled.
    pub fn session(&mut self) -> Option<&mut Session> {
        match self {
            Self::Secure(stream) => Some(stream.session()),
            _ => None,
        }
    }

    /// Reads straight into memory that was made for it after a [`StreamEvent::Bulk`]; how many bytes came. `ciphertext` is what
    /// the step that announced them was given.
    pub fn receive(&mut self, into: &mut [u8], ciphertext: &mut [u8]) -> usize {
        match self {
            Self::Plain(stream) => stream.receive(into),
            Self::Secure(stream) => stream.receive(into, ciphertext),
            Self::Shaking(_) => 0,
        }
    }

    /// Sends what fits.
    pub fn write(&mut self, bytes: &[u8]) -> Written {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            // As in Bun, nothing at all is refused, unless the peer has left.
            Self::Shaking(shaking) if bytes.is_empty() => {
                if shaking.is_left() {
                    Written::Taken(0)
                } else {
                    Written::Refused
                }
            }
            // A drain event follows every handshake.
            Self::Shaking(shaking) if shaking.ending.is_none() && !shaking.shut && !shaking.has_failed() => {
                Written::Taken(0)
            }
            Self::Shaking(_) => Written::Refused,
            Self::Secure(stream) => stream.write(bytes),
        }
    }

    /// Sends `bytes` and ends.
    ///
    /// Differs from Bun (3): during a handshake the bytes are kept and sent after it, and then the end; Bun forgets both.
    pub fn end(&mut self, bytes: &[u8]) -> Ended {
        match self {
            Self::Plain(stream) => stream.end(bytes),
            Self::Shaking(shaking) => {
                shaking.ending.get_or_insert_with(|| bytes.to_vec());
                Ended::Later
            }
            Self::Secure(stream) => stream.end(bytes),
        }
    }

    /// Ends the writing side and goes on reading.
    pub fn shut_write(&mut self) {
        match self {
            Self::Plain(stream) => stream.shut_write(),
            Self::Shaking(shaking) => shaking.shut_write(),
            Self::Secure(stream) => stream.shut_write(),
        }
    }

    /// Shuts the reading side: the end is told at once.
    pub fn shut_read(&mut self) {
        match self {
            Self::Plain(stream) => stream.shut_read(),
            Self::Shaking(shaking) if shaking.has_failed() => {}
            // Without reading there is no handshake, and it says so.
            Self::Shaking(shaking) => {
                shaking.deaf = true;
                drop(shaking.io.shutdown(Shutdown::Read));
            }
            Self::Secure(stream) => stream.shut_read(),
        }
    }

    /// Whether the socket lives on after the peer's end.
    #[must_use]
    pub fn stays_half_open(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.stays_half_open(),
            Self::Shaking(shaking) => shaking.allow_half_open,
            Self::Secure(stream) => stream.stays_half_open(),
        }
    }

    /// Has the peer's end be the end of both sides.
    pub fn end_with_peer(&mut self) {
        match self {
            Self::Plain(stream) => stream.end_with_peer(),
            Self::Shaking(shaking) => shaking.allow_half_open = false,
            Self::Secure(stream) => stream.end_with_peer(),
        }
    }

    /// The program has been told of the end.
    pub fn end_was_told(&mut self) {
        if let Self::Secure(stream) = self {
            stream.end_was_told();
        }
    }

    /// Tells of records without data from now on, after a handshake.
    pub fn announce(&mut self) {
        if let Self::Secure(stream) = self {
            stream.announce();
        }
    }

    /// Gives memory back that nothing but a handshake needs.
    pub fn give_back(&mut self) {
        if let Self::Secure(stream) = self {
            stream.session().give_back();
        }
    }

    /// Holds back data and the end of the stream.
    pub fn pause(&mut self) {
        match self {
            Self::Plain(stream) => stream.pause(),
            // A reset has ended the pause already.
            Self::Shaking(shaking) => shaking.held.store(!shaking.ready.broken, Ordering::Relaxed),
            Self::Secure(stream) => stream.pause(),
        }
    }

    /// Goes on after [`Transport::pause`]. True if a step may have something to do.
    pub fn resume(&mut self) -> bool {
        match self {
            Self::Plain(stream) => stream.resume(),
            Self::Shaking(shaking) => {
                if shaking.held.swap(false, Ordering::Relaxed) {
                    // What a step has not read the poll does not tell again.
                    shaking.go_on();
                }
                shaking.has_work()
            }
            Self::Secure(stream) => stream.resume(),
        }
    }

    /// Closes in good order. What the kernel does not take at once is handed back with the socket, for somebody to send.
    #[must_use]
    pub fn close(self) -> Option<(StreamIo, Vec<u8>)> {
        match self {
            Self::Plain(_) => None,
            Self::Shaking(shaking) if shaking.has_failed() => {
                shaking.send_alert();
                None
            }
            Self::Shaking(shaking) => {
                // A step that is being taken elsewhere needs a moment to let go of it. If there is none, it is closed at once, and a peer whose
                // words were not read is told by a reset: as in Bun.
                if matches!(shaking.making, Making::Steps { .. }) {
                    drop(shaking.io.shutdown(Shutdown::Both));
                }
                None
            }
            Self::Secure(stream) => stream.close(),
        }
    }
}

impl Shaking {
    /// The socket, for the handshake.
    #[must_use]
    pub fn io(&self) -> &Arc<StreamIo> {
        &self.io
    }

    /// Where the handshake has what is received from, if it is tapped.
    #[must_use]
    pub fn inlet(&self) -> Option<&Arc<Inlet>> {
        self.inlet.as_ref()
    }

    /// Whether the handshake has not begun.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        matches!(self.making, Making::Not) && self.outcome.is_none()
    }

    /// The handshake begins, with a step at once if there is something for it.
    pub fn begin(&mut self, steps: Steps, at_once: bool) {
        self.making = Making::Waits(steps);
        self.step_due = at_once || self.ready.readable || self.let_in;
        self.begins = at_once;
    }

    /// Whether the next step mostly finds nothing but the end: the reading side is shut, or the peer's end has been read for it.
    #[must_use]
    pub fn is_deaf(&self) -> bool {
        self.deaf || self.inlet.as_ref().is_some_and(|inlet| inlet.is_at_end())
    }

    /// Takes a handshake back that has not said or heard anything. True if there was one.
    pub fn take_back(&mut self) -> bool {
        let is_new = matches!(&self.making, Making::Waits(steps) if !steps.has_begun());
        if is_new {
            self.making = Making::Not;
            self.selection = None;
        }
        is_new
    }

    /// There may be something for the next step.
    pub fn go_on(&mut self) {
        self.step_due = !matches!(self.making, Making::Not | Making::Failed { .. });
    }

    /// There is something for the next step whatever the peer has sent: the time is over, or the program has answered.
    pub fn go_on_anyway(&mut self) {
        self.go_on();
        self.let_in = true;
    }

    /// The handshake, if its next step is due; [`Shaking::stepped`] must follow.
    pub fn next_step(&mut self) -> Option<Steps> {
        if !self.is_step_due() {
            return None;
        }
        self.step_due = false;
        self.let_in = false;
        let is_first = std::mem::take(&mut self.begins);
        match std::mem::replace(&mut self.making, Making::Steps { is_first }) {
            Making::Waits(steps) => Some(steps),
            _ => None,
        }
    }

    /// Takes what a step came to.
    pub fn stepped(&mut self, stepped: Stepped) {
        match stepped {
            // With its last words still to be sent, and then FIN.
            Stepped::Over(shaken) => self.settle(shaken),
            Stepped::Waits(steps) => {
                let was_first = matches!(self.making, Making::Steps { is_first: true });
                // The poll does not say again that there is more to read. A client's first step reads nothing.
                self.step_due |= match &self.inlet {
                    Some(inlet) => !inlet.is_full(),
                    None if was_first => self.ready.readable,
                    None => steps.has_drained() && (self.ready.read_on || self.ready.broken),
                };
                self.making = Making::Waits(steps);
                if self.shut && !self.silenced.load(Ordering::Relaxed) {
                    self.send_fin();
                }
            }
        }
    }

    /// Whether a step may have something to do.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.outcome.is_some() || self.asks || self.is_inlet_due() || self.is_step_due()
    }

    /// Whether a step of the handshake is due, and takes little time.
    #[must_use]
    pub fn is_quick(&self) -> bool {
        self.is_step_due() && matches!(&self.making, Making::Waits(steps) if steps.is_quick())
    }

    /// Whether the next step is a server's last, unless the peer has more to say than most.
    #[must_use]
    pub fn is_last(&self) -> bool {
        matches!(&self.making, Making::Waits(steps) if steps.has_sent_flight())
    }

    fn is_step_due(&self) -> bool {
        self.is_due() && (self.inlet.is_none() || self.begins || self.let_in)
    }

    /// Whether what the next step needs is to be read and shown first.
    fn is_inlet_due(&self) -> bool {
        self.is_due() && !self.is_step_due()
    }

    /// As in Bun, a pause holds the handshake back, but neither its beginning, nor a reset, nor what was shown already.
    fn is_due(&self) -> bool {
        let held = self.held.load(Ordering::Relaxed) && !self.begins && !self.let_in;
        self.step_due && !held && matches!(self.making, Making::Waits(_))
    }

    /// As in Bun, FIN leaves at once, behind what the present step sends. What the peer has still to say is heard: the handshake may
    /// succeed all the same.
    fn shut_write(&mut self) {
        if self.has_failed() || self.ending.is_some() || std::mem::replace(&mut self.shut, true) {
            return;
        }
        if !self.begins && !matches!(self.making, Making::Steps { .. }) {
            self.send_fin();
        }
    }

    fn send_fin(&mut self) {
        self.silenced.store(true, Ordering::Relaxed);
        // ENOTCONN: the peer is already gone, which the poll reports as well.
        let _ = self.io.shutdown(Shutdown::Write);
    }

    /// Set while the handshake must not read.
    #[must_use]
    pub fn held(&self) -> &Arc<AtomicBool> {
        &self.held
    }

    /// Set once what the handshake sends goes nowhere.
    #[must_use]
    pub fn silenced(&self) -> &Arc<AtomicBool> {
        &self.silenced
    }

    fn note(&mut self, ready: &Ready) -> bool {
        self.ready.note(ready);
        if ready.broken {
            self.held.store(false, Ordering::Relaxed);
        }
        self.go_on();
        self.has_work()
    }

    fn step(&mut self, scratch: &mut [u8]) -> Option<Step> {
        if std::mem::take(&mut self.asks) {
            return Some(Step::Event(StreamEvent::Hello));
        }
        if self.is_inlet_due() {
            return self.inlet_step(scratch).map(|count| Step::Event(StreamEvent::Raw(count)));
        }
        let Shaken { result, alert } = self.outcome.take()?;
        Some(match result {
            Ok(session) => Step::Shaken(session),
            Err(failed) => {
                // Not where this side was the first to send nothing more, or found by sending that the peer was gone.
                let left =
                    matches!(failed.failure, HandshakeFailure::Disconnected) && !self.silenced.load(Ordering::Relaxed);
                self.making = Making::Failed { alert, left };
                Step::Failed(failed)
            }
        })
    }

    fn send_alert(&self) {
        if let Making::Failed { alert, .. } = &self.making
            && !alert.is_empty()
        {
            // The connection ends either way.
            let _ = self.io.send(alert);
        }
    }

    /// Reads for the handshake; how many bytes are to be shown.
    fn inlet_step(&mut self, scratch: &mut [u8]) -> Option<usize> {
        let inlet = self.inlet.as_ref()?;
        if inlet.is_full() {
            // A peer that says more than the handshake wants to hear has to wait; perhaps it is what is sent that had no room.
            self.let_in = true;
            return None;
        }
        match self.io.receive(&mut scratch[..CIPHERTEXT_LIMIT]) {
            Ok(0) => inlet.end(Ok(())),
            Ok(count) => {
                inlet.put(&scratch[..count]);
                self.let_in = true;
                return Some(count);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.step_due = false;
                return None;
            }
            // The bytes stay with the kernel; the reactor comes back in the next turn.
            Err(error) if is_transient(&error) => return None,
            Err(error) => inlet.end(Err(error)),
        }
        self.let_in = true;
        None
    }

    fn has_failed(&self) -> bool {
        matches!(self.making, Making::Failed { .. })
    }

    /// Whether it has failed since the peer has left: there is nobody to tell.
    fn is_left(&self) -> bool {
        matches!(self.making, Making::Failed { left: true, .. })
    }

    /// Remembers what the program will be asked.
    pub fn set_selection(&mut self, selection: Arc<Selection>) {
        self.selection = Some(selection);
    }

    /// What the program is asked.
    #[must_use]
    pub fn selection(&self) -> Option<&Arc<Selection>> {
        self.selection.as_ref()
    }

    /// Remembers what a client demands, which the program may change.
    pub fn set_demands(&mut self, demands: Arc<Demands>) {
        self.demands = Some(demands);
    }

    /// What a client demands, while its handshake waits for the next step: what is changed then counts.
    #[must_use]
    pub fn demands(&self) -> Option<&Arc<Demands>> {
        self.demands.as_ref().filter(|_| matches!(self.making, Making::Waits(_)))
    }

    /// The program is to be asked in the next step.
    pub fn ask(&mut self) {
        self.asks = true;
    }

    /// Takes the outcome, for the next step.
    pub fn settle(&mut self, outcome: Shaken) {
        self.outcome = Some(outcome);
    }
}
