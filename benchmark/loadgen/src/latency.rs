//! A histogram of durations: fixed memory, so that recording never faults a page in, and 1.6 % resolution.

use std::time::Duration;

pub(crate) struct Latencies {
    buckets: Box<[u64]>,
    count: u64,
}

impl Latencies {
    pub(crate) fn new() -> Self {
        Self { buckets: vec![0; OCTAVES * STEPS].into_boxed_slice(), count: 0 }
    }

    pub(crate) fn record(&mut self, duration: Duration) {
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let last = self.buckets.len() - 1;
        self.buckets[bucket_of(nanoseconds).min(last)] += 1;
        self.count += 1;
    }

    pub(crate) fn clear(&mut self) {
        self.buckets.fill(0);
        self.count = 0;
    }

    /// In microseconds; 0 when nothing was recorded. `fraction` is between 0 and 1.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts and nanoseconds of a run of seconds are far below 2^52"
    )]
    pub(crate) fn quantile(&self, fraction: f64) -> f64 {
        let rank = (self.count as f64 * fraction).ceil() as u64;
        let mut seen = 0;
        for (bucket, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank && *count > 0 {
                return (floor_of(bucket) + floor_of(bucket + 1)) as f64 / 2000.0;
            }
        }
        0.0
    }
}

/// The first two octaves are exact; from there each octave has `STEPS` buckets.
fn bucket_of(value: u64) -> usize {
    let step = STEPS as u64;
    if value < step {
        return usize::try_from(value).unwrap_or(0);
    }
    let octave = value.ilog2() - step.ilog2();
    usize::try_from(u64::from(octave) * step + (value >> octave)).unwrap_or(usize::MAX)
}

fn floor_of(bucket: usize) -> u64 {
    let octave = (bucket / STEPS).saturating_sub(1);
    ((bucket - octave * STEPS) as u64) << octave
}

const STEPS: usize = 64;
/// Up to 2^40 ns, eighteen minutes; anything longer counts as that.
const OCTAVES: usize = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_contiguous_and_fine() {
        for value in (0..4096).chain((12..40).flat_map(|bit| [(1 << bit) - 1, 1 << bit, (1 << bit) + 1])) {
            let bucket = bucket_of(value);
            assert!(floor_of(bucket) <= value && value < floor_of(bucket + 1), "{value} in bucket {bucket}");
            let width = floor_of(bucket + 1) - floor_of(bucket);
            assert!(width == 1 || width * 64 <= value, "{value} in a bucket {width} wide");
        }
    }

    #[test]
    fn quantiles_of_known_values() {
        let mut latencies = Latencies::new();
        assert!(latencies.quantile(0.5).abs() < f64::EPSILON);
        for microseconds in 1..=1000 {
            latencies.record(Duration::from_micros(microseconds));
        }
        for (fraction, expected) in [(0.5, 500.0), (0.99, 990.0), (1.0, 1000.0)] {
            let found = latencies.quantile(fraction);
            assert!((found / expected - 1.0).abs() < 0.02, "{fraction}: {found}");
        }
        latencies.record(Duration::from_secs(1 << 30));
        latencies.clear();
        assert!(latencies.quantile(1.0).abs() < f64::EPSILON);
    }
}
