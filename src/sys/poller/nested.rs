//! The poll lives on the JS thread; a watcher thread waits for its descriptor.

use std::io;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use mio::{Events, Poll, Registry};

use super::{EVENTS, Ready};
use crate::wake::OneShot;

#[cfg(target_os = "linux")]
#[path = "watch_epoll.rs"]
mod watch;
#[cfg(not(target_os = "linux"))]
#[path = "watch_mio.rs"]
mod watch;

use watch::Watch;

/// The poll that holds every socket of one environment, and the thread that waits for it.
#[derive(Debug)]
pub struct Poller {
    poll: Poll,
    events: Events,
    watch: Arc<Watch>,
    armed: Arc<OneShot>,
    watcher: Option<JoinHandle<()>>,
}

impl Poller {
    /// Makes the poll and starts its watcher. `wake` is called on the watcher's thread, once after each [`Poller::arm`],
    /// when a socket is ready.
    ///
    /// # Errors
    ///
    /// The system's, when it has no descriptor or thread left.
    pub fn new(wake: impl Fn() + Send + 'static) -> io::Result<Self> {
        let poll = Poll::new()?;
        let watch = Arc::new(Watch::new(poll.as_raw_fd())?);
        let armed = Arc::new(OneShot::new());
        let (waits, fired) = (Arc::clone(&watch), Arc::clone(&armed));
        let watcher = std::thread::Builder::new().name("bun-sockets-watch".to_owned()).spawn(move || {
            while waits.wait() {
                fired.fired(&wake);
            }
        })?;
        Ok(Self { poll, events: Events::with_capacity(EVENTS), watch, armed, watcher: Some(watcher) })
    }

    /// Where sockets are registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.poll.registry()
    }

    /// Appends what is ready now, without waiting.
    ///
    /// # Errors
    ///
    /// The system's; none is known to occur on an intact poll.
    pub fn poll(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        match self.poll.poll(&mut self.events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        ready.extend(self.events.iter().map(Ready::from));
        Ok(())
    }

    /// Asks for one wake-up when something is ready, at once if it already is.
    ///
    /// # Errors
    ///
    /// The system's; none is known to occur on an intact poll.
    pub fn arm(&mut self) -> io::Result<()> {
        self.armed.arm(|| self.watch.arm(self.poll.as_raw_fd())).unwrap_or(Ok(()))
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        // A thread that can't be told to stop must not be waited for.
        if self.watch.stop().is_ok()
            && let Some(watcher) = self.watcher.take()
        {
            drop(watcher.join());
        }
    }
}
