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
    /// What the watcher has ended of; the next [`Poller::poll`] or [`Poller::arm`] tells it.
    failure: Mutex<Option<io::Error>>,
    armed: AtomicBool,
    stop: AtomicBool,
}

impl Shared {
    /// What the watcher has ended of, once.
    fn outcome(&self) -> io::Result<()> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
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
                    Err(error) => {
                        *sends.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        if sends.armed.swap(false, Ordering::AcqRel) {
                            wake();
                        }
                        return;
                    }
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
    /// The system's, with which the watcher has ended; none is known to occur on an intact poll.
    pub fn poll(&mut self, ready: &mut Vec<Ready>) -> io::Result<()> {
        ready.append(&mut self.shared.ready.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.outcome()
    }

    /// Asks for one wake-up when something is ready, at once if it already is.
    ///
    /// # Errors
    ///
    /// The system's, when the watcher can't be woken, or has ended.
    pub fn arm(&mut self) -> io::Result<()> {
        self.shared.armed.store(true, Ordering::Release);
        self.shared.outcome()?;
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::sync::mpsc;
    use std::time::Duration;

    use mio::Interest;

    use super::*;

    /// A failing wait ends here.
    const LIMIT: Duration = Duration::from_secs(10);
    const TOKEN: Token = Token(7);

    /// A poller with one connection, the other end of it, and the wake-ups that came.
    fn connected() -> (Poller, mio::net::TcpStream, TcpStream, mpsc::Receiver<()>) {
        let (sender, wakes) = mpsc::channel();
        let poller = Poller::new(move || sender.send(()).expect("the test waits")).expect("a poller");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let far = TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
        let near = listener.accept().expect("the connection").0;
        near.set_nonblocking(true).expect("a socket");
        (poller, mio::net::TcpStream::from_std(near), far, wakes)
    }

    fn wait_for(poller: &mut Poller, wakes: &mpsc::Receiver<()>) -> Vec<Ready> {
        wakes.recv_timeout(LIMIT).expect("a wake-up");
        let mut ready = Vec::new();
        poller.poll(&mut ready).expect("no failure");
        ready
    }

    #[test]
    fn an_armed_poller_wakes_once_for_what_is_ready() {
        let (mut poller, mut near, mut far, wakes) = connected();
        poller.registry().register(&mut near, TOKEN, Interest::READABLE).expect("registered");
        poller.arm().expect("armed");
        far.write_all(b"x").expect("sent");
        let ready = wait_for(&mut poller, &wakes);
        assert!(ready.iter().all(|ready| ready.token == TOKEN && ready.readable), "{ready:?}");
        assert!(!ready.is_empty());
        assert!(wakes.try_recv().is_err());
    }

    #[test]
    fn what_was_ready_before_arming_wakes_at_once() {
        let (mut poller, mut near, far, wakes) = connected();
        poller.registry().register(&mut near, TOKEN, Interest::READABLE).expect("registered");
        drop(far);
        // Unarmed, the watcher takes the readiness in silence.
        while poller.shared.ready.lock().expect("no panic").is_empty() {
            std::thread::yield_now();
        }
        assert!(wakes.try_recv().is_err());
        poller.arm().expect("armed");
        assert!(wait_for(&mut poller, &wakes).iter().any(|ready| ready.read_closed));
    }

    #[test]
    fn dropping_it_ends_the_watcher() {
        let (poller, _near, _far, wakes) = connected();
        drop(poller);
        // The watcher owned the sender.
        assert_eq!(wakes.recv_timeout(LIMIT), Err(mpsc::RecvTimeoutError::Disconnected));
    }
}
