//! How much one turn of the loop may do, and what to do when there is nothing left.

use std::time::{Duration, Instant};

use crate::trials::{ANSWERED_LULLS, ONE_WAY_LULLS, SPINS, Trials};
use crate::waits::Waits;

/// Events in one turn: enough that the cost of a turn does not show, few enough that a timer waits some milliseconds.
const EVENTS: usize = 1024;
/// Bytes in one turn: some dozen of the largest reads.
const BYTES: usize = 16 * 1024 * 1024;
/// Time in one turn, handlers included. Timers and other I/O of the program wait at most about so long.
const TIME: Duration = Duration::from_millis(4);
/// The same in a turn in which the JS thread takes steps of handshakes: a handful of them, and a storm of handshakes delays
/// timers by less than it does on Bun and in Node, at the same rate.
const HANDSHAKE_TIME: Duration = Duration::from_micros(400);
/// So many events may go before a step of a handshake that waits.
pub(crate) const BEFORE_STEP: usize = 16;
/// The clock is read once in so many events, and after the first, second, fourth and eighth: handlers that take milliseconds
/// must not run sixteen times.
const CLOCK: usize = 16;

/// The longest wait without sleeping, where waits have been short lately. A sleep costs four context switches and two wake-ups:
/// 10 to 30 µs of CPU time in all, and up to 90 in a virtual machine whose processors fall asleep. There the other end's takes some
/// 200 µs to wake up when it has fallen asleep once, and would do so again while this end sleeps.
const SPIN: Duration = Duration::from_micros(300);
/// The same for the next bulk data of one connection, however long waits have been.
const BULK_SPIN: Duration = Duration::from_micros(50);

/// After one socket has given so many bytes twice running, a wait begins with spinning, whatever waits have been like: its
/// sender usually goes on at once, need not wake anybody then, and each read after a sleep is a small one. With several
/// senders the sleep is of use: data gathers. A stream that is slower than that costs a [`BULK_SPIN`] for each event, about what the
/// sleep does.
const BULK: usize = 64 * 1024;

/// Streams that have given so many bytes since anything else came, or anybody was written to, are one-way. Less than that may be a
/// message whose sender waits. Streams over TLS that have given so many may gather even where they are answered: their senders compute
/// for all that they send, so that there is more to gain where nobody wakes anybody up.
const ONE_WAY: usize = 1024 * 1024;

/// How long nobody looks for more of such streams when nothing is ready, if that pays; Linux adds the slack of its timers, 50 µs. What
/// comes meanwhile is read in fewer and larger pieces, with fewer acknowledgements, and neither the senders nor the watcher wake anybody
/// up for it. Everybody else waits for that long at most.
const LULL: Duration = Duration::from_micros(100);
/// [`TIME`] for a turn with a lull.
const LULL_TIME: Duration = Duration::from_millis(1);

/// After an event of so many bytes, or several datagrams at once, a wait begins with sleep, unless that one socket is alone: more
/// gathers meanwhile, and larger reads cost less. Where it was answered, spinning is tried, too: its sender may have waited for that.
const GATHERS: usize = 16 * 1024;

/// The budget of the present turn and the memory of the last ones.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts: one switch, and what has just happened")]
pub struct Turn {
    events: usize,
    /// Events since the last step of a handshake.
    before_step: usize,
    bytes: usize,
    began: Instant,
    time: Duration,
    spin: bool,
    /// The present wait, until something comes.
    wait: Option<Wait>,
    waits: Waits,
    /// The last socket that gave much, and whether the one before was the same and nobody has slept since.
    giver: Option<u32>,
    alone: bool,
    /// Bytes of streams since anything else came, or anybody was written to.
    one_way: usize,
    /// Bytes of streams over TLS since anything else came, or anybody else was written to.
    secured: usize,
    /// The last of these, and whether another one gave something since it was last asked whether more may gather.
    last_secured: Option<u32>,
    several: bool,
    /// All bytes there have been, round and round, and how many it were when it was last asked whether more may gather, and whether to
    /// spin after large data.
    total: usize,
    asked_for_lull: usize,
    asked_for_spin: usize,
    one_way_lulls: Trials,
    answered_lulls: Trials,
    large_spins: Trials,
    /// Whether what came last was so much that sleeping is of use.
    gathers: bool,
    /// Whether it was a datagram that was one of several, and whether it was not the last of them.
    several_datagrams: bool,
    amid_datagrams: bool,
}

/// Nothing has come since a moment.
#[derive(Clone, Copy, Debug)]
struct Wait {
    since: Instant,
    began_with_spinning: bool,
    longest_spin: Duration,
    asleep: bool,
}

/// What to do when nothing is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Look again at once.
    Spin,
    /// Wait for the wake-up.
    Sleep,
}

impl Turn {
    /// A fresh budget.
    #[must_use]
    pub fn new() -> Self {
        let now = Instant::now();
        Self {
            events: 0,
            before_step: 0,
            bytes: 0,
            began: now,
            time: TIME,
            spin: true,
            wait: None,
            waits: Waits::new(),
            giver: None,
            alone: false,
            one_way: 0,
            secured: 0,
            last_secured: None,
            several: false,
            total: 0,
            asked_for_lull: 0,
            asked_for_spin: 0,
            one_way_lulls: Trials::new(ONE_WAY_LULLS, now),
            answered_lulls: Trials::new(ANSWERED_LULLS, now),
            large_spins: Trials::new(SPINS, now),
            gathers: false,
            several_datagrams: false,
            amid_datagrams: false,
        }
    }

    /// Spinning on or off.
    pub fn set_spin(&mut self, on: bool) {
        self.spin = on;
    }

    /// Fills the budget again. `early` when nobody has called: the wait goes on unless something is there all the same.
    pub fn begin(&mut self, early: bool) {
        let now = Instant::now();
        if !early {
            self.wait_ends(now);
        }
        self.events = 0;
        self.bytes = 0;
        self.began = now;
        self.time = TIME;
    }

    /// Counts an event with so many bytes.
    #[inline]
    pub fn count(&mut self, bytes: usize) {
        self.events += 1;
        self.before_step += 1;
        self.bytes += bytes;
        self.one_way = if bytes == 0 { 0 } else { self.one_way.saturating_add(bytes) };
        self.secured = 0;
        self.total = self.total.wrapping_add(bytes);
        self.gathers = bytes >= GATHERS;
        self.several_datagrams = false;
        if self.wait.is_some() {
            self.wait_ends(Instant::now());
        }
    }

    /// Counts a step of a handshake.
    pub fn count_handshake(&mut self) {
        self.time = HANDSHAKE_TIME;
        self.count(0);
        self.before_step = 0;
    }

    /// Counts an event with so many bytes from the socket of a slot.
    pub fn count_received(&mut self, slot: u32, bytes: usize) {
        if bytes >= BULK {
            self.alone = self.giver == Some(slot);
            self.giver = Some(slot);
        } else if self.giver != Some(slot) {
            self.alone = false;
        }
        self.count(bytes);
    }

    /// Counts an event with so many bytes from the TLS socket of a slot.
    pub fn count_secured(&mut self, slot: u32, bytes: usize) {
        let secured = self.secured.saturating_add(bytes);
        self.count_received(slot, bytes);
        self.secured = secured;
        self.several |= self.last_secured.replace(slot) != Some(slot);
    }

    /// Counts a write: a peer may have waited for that, and wait no longer.
    #[inline]
    pub fn count_written(&mut self) {
        self.one_way = 0;
        self.secured = 0;
    }

    /// Counts a write to a TLS socket.
    pub fn count_written_secured(&mut self) {
        self.one_way = 0;
    }

    /// Counts a datagram of so many bytes; `more` if others came with it, and are still to be told.
    pub fn count_datagram(&mut self, bytes: usize, more: bool) {
        let one_of_several = more || self.amid_datagrams;
        self.amid_datagrams = more;
        self.count(bytes);
        self.several_datagrams = one_of_several;
        // Datagrams that wait for too long are lost.
        self.one_way = 0;
    }

    /// Whether a step of a handshake has waited for long enough.
    #[must_use]
    pub fn owes_step(&self) -> bool {
        self.before_step >= BEFORE_STEP
    }

    /// Whether anything has come of this turn.
    #[inline]
    #[must_use]
    pub fn has_told(&self) -> bool {
        self.events > 0
    }

    /// Whether this turn has done its share.
    #[inline]
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.events >= EVENTS || self.bytes >= BYTES || (self.is_time_to_look() && self.began.elapsed() >= self.time)
    }

    fn is_time_to_look(&self) -> bool {
        self.time < TIME || self.events % CLOCK == CLOCK - 1 || (self.events < CLOCK && self.events.is_power_of_two())
    }

    /// Nothing is ready: how long to sleep before anybody looks again, if bulk data may gather meanwhile.
    pub fn lull(&mut self) -> Option<Duration> {
        // There a sleep takes half a millisecond at least.
        let fresh = self.total.wrapping_sub(self.asked_for_lull);
        if cfg!(windows) || fresh < BULK {
            return None;
        }
        // Nothing gathers behind a sender that waits for its answer.
        let lulls = if self.one_way >= ONE_WAY {
            &mut self.one_way_lulls
        } else if self.secured >= ONE_WAY && self.several {
            &mut self.answered_lulls
        } else {
            return None;
        };
        self.several = false;
        self.asked_for_lull = self.total;
        if !lulls.other_way_now(fresh, Instant::now()) {
            return None;
        }
        self.time = self.time.min(LULL_TIME);
        Some(LULL)
    }

    /// Nothing is ready: what now?
    pub fn idle(&mut self) -> Idle {
        if let Some(wait) = self.wait {
            return if wait.asleep { Idle::Sleep } else { Idle::Spin };
        }
        let now = Instant::now();
        let began_with_spinning = self.spin && (self.alone || self.spin_now(now));
        let longest_spin = if self.alone { BULK_SPIN } else { SPIN };
        self.wait = Some(Wait { since: now, began_with_spinning, longest_spin, asleep: false });
        if began_with_spinning { Idle::Spin } else { self.rest() }
    }

    /// Whether to begin the wait with spinning where no socket is alone.
    fn spin_now(&mut self, now: Instant) -> bool {
        // Or nothing came that could be answered with what is known here: a connection, a datagram.
        let answered = self.one_way == 0;
        if !self.gathers && !self.several_datagrams {
            return self.waits.spin_now(answered);
        }
        if !answered || self.several_datagrams {
            return false;
        }
        let bytes = self.total.wrapping_sub(self.asked_for_spin);
        self.asked_for_spin = self.total;
        self.large_spins.other_way_now(bytes, now)
    }

    /// Nothing came during one round of spinning: what now?
    pub fn spun(&mut self) -> Idle {
        match self.wait {
            Some(wait) if wait.since.elapsed() < wait.longest_spin => Idle::Spin,
            _ => self.rest(),
        }
    }

    fn rest(&mut self) -> Idle {
        self.alone = false;
        // A wait that goes on past the spinning counts from where it began.
        if let Some(wait) = &mut self.wait {
            wait.asleep = true;
        }
        Idle::Sleep
    }

    fn wait_ends(&mut self, now: Instant) {
        if let Some(wait) = self.wait.take() {
            self.waits.over(wait.began_with_spinning, now - wait.since);
        }
    }
}

impl Default for Turn {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVER: u32 = 7;
    /// More than may be too slow on any machine.
    const MUCH: usize = 1 << 30;

    /// A turn in which two sockets have given so much, by turns, that more of it may gather; they give more until it does.
    #[cfg(not(windows))]
    fn in_a_lull() -> Turn {
        let mut turn = Turn::new();
        for _ in 1..ONE_WAY / BULK {
            turn.count_received(GIVER, BULK);
            assert_eq!(turn.lull(), None, "not known to be one-way yet");
        }
        for slot in (0..1000).map(|event| GIVER + event % 2) {
            turn.count_received(slot, BULK);
            if turn.lull() == Some(LULL) {
                return turn;
            }
        }
        panic!("no lull");
    }

    #[test]
    fn a_long_wait_is_spun_through_after_an_answer_only() {
        let learnt = || {
            let mut turn = Turn::new();
            for _ in 0..100 {
                turn.waits.over(true, Duration::from_micros(100));
                turn.waits.over(false, Duration::from_micros(400));
            }
            turn.count_received(GIVER, 100);
            turn
        };
        assert_eq!(learnt().idle(), Idle::Sleep);
        let mut answered = learnt();
        answered.count_written();
        assert_eq!(answered.idle(), Idle::Spin);
    }

    #[test]
    #[cfg(not(windows))]
    fn one_way_streams_have_a_lull_for_each_bulk_of_bytes() {
        let mut turn = in_a_lull();
        assert_eq!(turn.lull(), None, "nothing has come since");
        turn.count_received(GIVER, BULK - 1);
        assert_eq!(turn.lull(), None, "too little has come since");
        assert_eq!(turn.time, LULL_TIME);
        turn.begin(false);
        assert_eq!(turn.time, TIME);
    }

    #[test]
    #[cfg(not(windows))]
    fn what_several_send_over_tls_may_gather_where_it_is_answered() {
        let has_lulls = |slots: u32, answer: fn(&mut Turn)| {
            let mut turn = Turn::new();
            // They are tried after so many stretches, however long that takes.
            turn.answered_lulls = Trials::new(ONE_WAY_LULLS, Instant::now());
            (0..1000).map(|event| GIVER + event % slots).any(|slot| {
                turn.count_secured(slot, MUCH);
                answer(&mut turn);
                turn.lull() == Some(LULL)
            })
        };
        assert!(has_lulls(2, Turn::count_written_secured));
        assert!(!has_lulls(1, Turn::count_written_secured), "the only one may wait");
        assert!(!has_lulls(2, Turn::count_written), "somebody else may wait");
        assert!(!has_lulls(2, |turn| turn.count(0)), "somebody may wait");
    }

    #[test]
    #[cfg(not(windows))]
    fn whatever_may_be_waited_for_ends_the_lulls() {
        for end in
            [Turn::count_written, |turn: &mut Turn| turn.count(0), |turn: &mut Turn| turn.count_datagram(BULK, false)]
        {
            let mut turn = in_a_lull();
            end(&mut turn);
            for _ in 1..ONE_WAY / BULK {
                turn.count_received(GIVER, BULK);
                assert_eq!(turn.lull(), None);
            }
        }
    }

    #[test]
    fn large_data_is_spun_for_only_where_it_was_answered_and_that_was_tried() {
        let spins = |come: fn(&mut Turn, u32)| {
            let mut turn = Turn::new();
            // Tried after so many waits, however long that takes.
            turn.large_spins = Trials::new(ONE_WAY_LULLS, Instant::now());
            // None is alone.
            (0..1000).map(|event| GIVER + event % 2).any(|slot| {
                come(&mut turn, slot);
                let spins = turn.idle() == Idle::Spin;
                turn.begin(false);
                spins
            })
        };
        assert!(spins(|turn, slot| {
            turn.count_received(slot, MUCH);
            turn.count_written();
        }));
        assert!(!spins(|turn, slot| turn.count_received(slot, MUCH)));
        assert!(!spins(|turn, _| turn.count_datagram(MUCH, true)));
    }

    #[test]
    fn a_giver_is_not_alone_while_others_give_little() {
        let mut turn = Turn::new();
        turn.count_received(GIVER, BULK);
        turn.count_received(GIVER, BULK);
        assert_eq!(turn.idle(), Idle::Spin);
        turn.count_received(GIVER, 1);
        assert_eq!(turn.idle(), Idle::Spin, "its own last bytes");
        turn.count_received(GIVER + 1, GATHERS);
        assert_eq!(turn.idle(), Idle::Sleep, "another's");
    }
}
