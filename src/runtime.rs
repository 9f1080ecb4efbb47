//! The tokio runtime that does what may block or take long, shared by every environment of the process.

use std::io;
use std::num::NonZero;

use once_cell::sync::OnceCell;
use tokio::runtime::{Builder, Handle, Runtime};

/// Connection racing and steps of TLS handshakes are short bursts of CPU time: a few workers keep a storm of them off the JS thread
/// without taking the machine over.
const MOST_WORKERS: usize = 4;
/// `getaddrinfo` blocks, for seconds when a resolver is silent; this many at once may do so before lookups queue up.
const BLOCKING_THREADS: usize = 64;

/// From so many processors on, the workers and the JS thread each have one, with one left for whoever is at the other end.
const ENOUGH_PROCESSORS: usize = 3;

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}

/// Whether there are processors for the workers beside the JS thread's. With fewer, what takes little time is done faster
/// without them: passing it on costs more than it saves.
#[must_use]
pub fn has_processors() -> bool {
    processors() >= ENOUGH_PROCESSORS
}

/// As many as there are processors: they give way to the JS thread. With one fewer, in a storm of RSA handshakes on two processors, a third
/// of one was idle while the only worker was busy all the time.
fn workers() -> usize {
    processors().clamp(1, MOST_WORKERS)
}

/// Lets the JS thread go first where both want one processor: in a storm of RSA handshakes on two processors the p99 of its
/// loop delay is then 3.5 ms instead of the 4.3 with a nice value of 5, and 2.9 with 10, for as many handshakes.
fn give_way() {
    /// Against the JS thread's 0: a fifth of its time, if there is not enough for both. Less would let other busy processes hold up
    /// handshakes for long.
    #[cfg(target_os = "linux")]
    const NICE: i32 = 7;
    // Of the calling thread, which is what 0 means on Linux alone. Where it is not allowed, nothing is lost.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, NICE);
}

/// The runtime, started at its first use.
///
/// # Errors
///
/// The system's, when its threads or its poll can't be made; the next call tries again.
pub fn handle() -> io::Result<&'static Handle> {
    RUNTIME
        .get_or_try_init(|| {
            Builder::new_multi_thread()
                .worker_threads(workers())
                .max_blocking_threads(BLOCKING_THREADS)
                .thread_name("bun-sockets")
                .on_thread_start(give_way)
                .enable_all()
                .build()
        })
        .map(Runtime::handle)
}
