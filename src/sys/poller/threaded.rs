//! The fallback where polls do not nest: the watcher thread polls and hands the readiness list over.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use mio::{Events, Poll, Registry, Token, Waker};

use super::{EVENTS, Ready};

const NUDGE: Token = Token(usize::MAX);

/// The poll that holds every socket of one environment, and the thread that polls it.
#[derive(Debug)]
pub struct Poller {
    registry: Registry,
    shared: Arc<Shared>,
    nudge: Waker,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    // Held for the time of a swap or an append only. Readiness here crosses threads, which the nested form avoids.
    ready: Mutex<Vec<Ready>>,
    armed: AtomicBool,
    stop: AtomicBool,
}

impl Poller {
    /// Makes the poll and starts its watcher. `wake` is called on the watcher's thread, once after each [`Poller::arm`],
    /// when a socket is ready.
    ///
    /// # Errors
    ///
    /// The system's, when it has no handle or thread left.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let mut poll = Poll::new()?;
        let registry = poll.registry().try_clone()?;
        let nudge = Waker::new(poll.registry(), NUDGE)?;
        let shared = Arc::new(Shared::default());
        let sends = Arc::clone(&shared);
        let watcher = std::thread::Builder::new().name("bun-sockets-watch".to_owned()).spawn(move || {
            let mut events = Events::with_capacity(EVENTS);
            loop {
                match poll.poll(&mut events, None) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(_) => return,
                    Ok(()) => {}
                }
                if sends.stop.load(Ordering::Acquire) {
                    return;
                }
                let waiting = {
                    let mut ready = sends.ready.lock().unwrap_or_else(PoisonError::into_inner);
                    ready.extend(events.iter().filter(|event| event.token() != NUDGE).map(Ready::from));
                    !ready.is_empty()
                };
                if waiting && sends.armed.swap(false, Ordering::AcqRel) {
                    wake();
                }
            }
        })?;
        Ok(Self { registry, shared, nudge, watcher: Some(watcher) })
    }

    /// Where sockets are registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Appends what is ready now, without waiting.
    ///
    /// # Errors
    ///
    /// None here; the nested form has some.
    pub fn poll(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.append(&mut self.shared.ready.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(())
    }

    /// Asks for one wake-up when something is ready, at once if it already is.
    ///
    /// # Errors
    ///
    /// The system's, when the watcher can't be woken.
    pub fn arm(&mut self) -> io::Result<()> {
        self.shared.armed.store(true, Ordering::Release);
        let waiting = !self.shared.ready.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        // The watcher then finds `armed` set and calls `wake` on its own thread.
        if waiting { self.nudge.wake() } else { Ok(()) }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if self.nudge.wake().is_ok()
            && let Some(watcher) = self.watcher.take()
        {
            drop(watcher.join());
        }
    }
}
