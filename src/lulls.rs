//! Whether to let bulk data gather before anybody looks for more, learnt from how fast it has come both ways.

use std::time::Instant;

/// In bytes per microsecond. Of slower streams nothing gathers in a lull that is worth it.
const SLOW: f32 = 256.0;
/// A stretch of more microseconds says more of the senders than of this end.
const LONGEST: f32 = 2000.0;
/// Where lulls don't pay one stretch in so many has one all the same, to see what that would be like. It may take four times as long.
const TRY_WITH: u32 = 128;
/// Where they pay one stretch in so many goes without.
const TRY_WITHOUT: u32 = 16;

/// What it takes to believe that lulls pay.
#[derive(Clone, Copy, Debug)]
struct Doubt {
    /// The averages are over so many stretches: those that go the other way are few, and one says little.
    memory: f32,
    /// Stretches that must have had one.
    proofs: f32,
    /// Microseconds between two trials while there are not so many, and while they don't pay.
    between: [u128; 2],
}

/// Nobody waits for one-way streams but their senders, where their buffers are small.
const ONE_WAY: Doubt = Doubt { memory: 16.0, proofs: 1.0, between: [0, 0] };
/// Where the senders wait for answers, one lull too many is lost time: less than 1 % of it goes into trials.
const ANSWERED: Doubt = Doubt { memory: 64.0, proofs: 8.0, between: [4_000, 16_000] };

/// The speed of the stretches of one kind, from sums that forget.
#[derive(Debug, Default)]
struct Speed {
    stretches: f32,
    bytes: f32,
    micros: f32,
}

impl Speed {
    fn add(&mut self, bytes: f32, micros: f32, memory: f32) {
        self.stretches = (self.stretches + 1.0).min(memory);
        self.bytes += (bytes - self.bytes) / self.stretches;
        self.micros += (micros - self.micros) / self.stretches;
    }

    /// In bytes per microsecond; 0 until something is known.
    fn rate(&self) -> f32 {
        if self.micros > 0.0 { self.bytes / self.micros } else { 0.0 }
    }
}

/// The speeds of bulk data that was let gather and of such that was not. A stretch is from one time that it was asked for until the next.
///
/// Both are needed. Where the senders compute for all that they send, lulls cost nothing, and fewer wake-ups leave them more
/// time. Where they wait for room in a small buffer, each lull makes them wait for longer.
#[derive(Debug)]
pub struct Lulls {
    doubt: Doubt,
    with: Speed,
    without: Speed,
    since: Instant,
    /// Whether the present stretch has a lull.
    lull: bool,
    /// Stretches since one went the other way, and when that was.
    alike: u32,
    tried: Instant,
}

impl Lulls {
    /// For streams that nobody answers. Nothing is known; there are no lulls until they have been tried.
    #[must_use]
    pub fn of_one_way_streams(now: Instant) -> Self {
        Self::new(ONE_WAY, now)
    }

    /// For streams whose senders may wait for an answer.
    #[must_use]
    pub fn of_answered_streams(now: Instant) -> Self {
        Self::new(ANSWERED, now)
    }

    fn new(doubt: Doubt, now: Instant) -> Self {
        Self { doubt, with: Speed::default(), without: Speed::default(), since: now, lull: false, alike: 0, tried: now }
    }

    /// So many bytes have come since the last call, and no more are there: whether to let some gather.
    #[expect(clippy::cast_precision_loss, reason = "averages")]
    pub fn lull_now(&mut self, bytes: usize, now: Instant) -> bool {
        let (bytes, micros) = (bytes as f32, (now - self.since).as_secs_f32() * 1e6);
        self.since = now;
        if micros <= LONGEST {
            if self.lull { &mut self.with } else { &mut self.without }.add(bytes, micros, self.doubt.memory);
        }
        self.lull = bytes > SLOW * micros && self.choose(now);
        self.lull
    }

    fn choose(&mut self, now: Instant) -> bool {
        let proven = self.with.stretches >= self.doubt.proofs;
        let pay = proven && self.with.rate() > self.without.rate();
        self.alike += 1;
        let too_soon = if pay {
            self.alike < TRY_WITHOUT
        } else {
            self.alike < TRY_WITH || (now - self.tried).as_micros() < self.doubt.between[usize::from(proven)]
        };
        if too_soon {
            return pay;
        }
        self.alike = 0;
        self.tried = now;
        !pay
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const STRETCHES: u32 = 32 * TRY_WITH;

    /// Goes through stretches that take so many microseconds each, with a lull or without. How many of the last [`TRY_WITH`] had one.
    fn go_through(lulls: &mut Lulls, now: &mut Instant, bytes: usize, with: u64, without: u64) -> u32 {
        let mut last = 0;
        for left in (0..STRETCHES).rev() {
            let lull = lulls.lull_now(bytes, *now);
            *now += Duration::from_micros(if lull { with } else { without });
            last += u32::from(lull && left < TRY_WITH);
        }
        last
    }

    #[test]
    fn there_are_lulls_where_they_are_seen_to_be_faster_and_the_other_way_is_tried_at_times() {
        let mut now = Instant::now();
        let mut lulls = Lulls::of_one_way_streams(now);
        for _ in 1..TRY_WITH {
            assert!(!lulls.lull_now(100_000, now), "nothing is known yet");
            now += Duration::from_micros(100);
        }
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 90, 100), TRY_WITH - TRY_WITH / TRY_WITHOUT);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 110, 100), 1);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 90, 100), TRY_WITH - TRY_WITH / TRY_WITHOUT);
    }

    #[test]
    fn where_answers_are_waited_for_trials_are_rare_and_several_must_agree() {
        let mut now = Instant::now();
        let mut lulls = Lulls::of_answered_streams(now);
        let began = now;
        let mut tried = 0;
        while now - began < Duration::from_secs(1) {
            let lull = lulls.lull_now(100_000, now);
            tried += u32::from(lull);
            now += Duration::from_micros(if lull { 110 } else { 100 });
        }
        assert!((32..=1000 / 16 + 8).contains(&tried), "tried {tried} times in a second");
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 60, 100), TRY_WITH - TRY_WITH / TRY_WITHOUT);
    }

    #[test]
    fn slow_streams_have_none() {
        let mut now = Instant::now();
        let mut lulls = Lulls::of_one_way_streams(now);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 400, 400), 0);
    }

    #[test]
    fn a_pause_of_the_senders_says_nothing() {
        let mut now = Instant::now();
        let mut lulls = Lulls::of_one_way_streams(now);
        go_through(&mut lulls, &mut now, 100_000, 90, 100);
        let rate = lulls.with.rate();
        assert!(lulls.lull_now(100_000, now));
        assert!(!lulls.lull_now(100_000, now + Duration::from_secs(1)));
        assert!((lulls.with.rate() - rate).abs() < 1.0);
    }
}
