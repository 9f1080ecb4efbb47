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
/// Weight of the newest stretch: those that go the other way are few, and one says little.
const WEIGHT: f32 = 1.0 / 16.0;

/// The speed of the stretches of one kind, from sums that forget.
#[derive(Debug, Default)]
struct Speed {
    bytes: f32,
    micros: f32,
}

impl Speed {
    fn add(&mut self, bytes: f32, micros: f32) {
        self.bytes += (bytes - self.bytes) * WEIGHT;
        self.micros += (micros - self.micros) * WEIGHT;
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
    with: Speed,
    without: Speed,
    since: Instant,
    /// Whether the present stretch has a lull.
    lull: bool,
    /// Stretches since one went the other way.
    alike: u32,
}

impl Lulls {
    /// Nothing is known; there are no lulls until they have been tried.
    #[must_use]
    pub fn new(now: Instant) -> Self {
        Self { with: Speed::default(), without: Speed::default(), since: now, lull: false, alike: 0 }
    }

    /// So many bytes have come since the last call, and no more are there: whether to let some gather.
    #[expect(clippy::cast_precision_loss, reason = "averages")]
    pub fn lull_now(&mut self, bytes: usize, now: Instant) -> bool {
        let (bytes, micros) = (bytes as f32, (now - self.since).as_secs_f32() * 1e6);
        self.since = now;
        if micros <= LONGEST {
            if self.lull { &mut self.with } else { &mut self.without }.add(bytes, micros);
        }
        self.lull = bytes > SLOW * micros && self.choose();
        self.lull
    }

    fn choose(&mut self) -> bool {
        let pay = self.with.rate() > self.without.rate();
        self.alike += 1;
        if self.alike < if pay { TRY_WITHOUT } else { TRY_WITH } {
            return pay;
        }
        self.alike = 0;
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
        let mut lulls = Lulls::new(now);
        for _ in 1..TRY_WITH {
            assert!(!lulls.lull_now(100_000, now), "nothing is known yet");
            now += Duration::from_micros(100);
        }
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 90, 100), TRY_WITH - TRY_WITH / TRY_WITHOUT);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 110, 100), 1);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 90, 100), TRY_WITH - TRY_WITH / TRY_WITHOUT);
    }

    #[test]
    fn slow_streams_have_none() {
        let mut now = Instant::now();
        let mut lulls = Lulls::new(now);
        assert_eq!(go_through(&mut lulls, &mut now, 100_000, 400, 400), 0);
    }

    #[test]
    fn a_pause_of_the_senders_says_nothing() {
        let mut now = Instant::now();
        let mut lulls = Lulls::new(now);
        go_through(&mut lulls, &mut now, 100_000, 90, 100);
        let rate = lulls.with.rate();
        assert!(lulls.lull_now(100_000, now));
        assert!(!lulls.lull_now(100_000, now + Duration::from_secs(1)));
        assert!((lulls.with.rate() - rate).abs() < 1.0);
    }
}
