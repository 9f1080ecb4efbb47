//! CPU time of a process and of the whole machine, from /proc.

use std::fs;
use std::time::Duration;

/// What a process has used so far, split as it matters for a JavaScript server.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    /// The main thread: JavaScript.
    pub(crate) main: Duration,
    /// Every other thread: garbage collection, tokio, watchers, workers.
    pub(crate) others: Duration,
}

impl CpuTime {
    /// Threads that have ended by now are not in the figures; a process that is gone has used nothing.
    pub(crate) fn of(pid: u32) -> Self {
        let mut sum = Self::default();
        let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return sum };
        for thread in threads.flatten() {
            let Some(used) = fs::read_to_string(thread.path().join("schedstat")).ok().and_then(|text| {
                let nanoseconds = text.split_ascii_whitespace().next()?.parse().ok()?;
                Some(Duration::from_nanos(nanoseconds))
            }) else {
                continue;
            };
            if thread.file_name().to_str() == Some(&pid.to_string()) {
                sum.main += used;
            } else {
                sum.others += used;
            }
        }
        sum
    }

    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { main: self.main.saturating_sub(earlier.main), others: self.others.saturating_sub(earlier.others) }
    }

    pub(crate) fn sum(self) -> Duration {
        self.main + self.others
    }
}

/// Time that all processors together have spent on something, interrupts included.
pub(crate) fn machine_busy() -> Duration {
    let Ok(text) = fs::read_to_string("/proc/stat") else { return Duration::ZERO };
    let ticks = text
        .split_ascii_whitespace()
        .skip(1)
        .take(7)
        .enumerate()
        // user, nice, system, idle, iowait, irq, softirq
        .filter(|(column, _)| !matches!(column, 3 | 4))
        .filter_map(|(_, ticks)| ticks.parse::<u64>().ok())
        .sum::<u64>();
    Duration::from_millis(ticks * MILLISECONDS_PER_TICK)
}

/// `USER_HZ` is 100 on every Linux that Node runs on.
const MILLISECONDS_PER_TICK: u64 = 10;
