//! Waiting for a nested kqueue. mio knows no one-shot registration, so each wake-up takes the descriptor out and arming
//! puts it in again.

use std::io;
use std::os::fd::RawFd;
use std::sync::Mutex;

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};

const LOOK: Token = Token(0);
const STOP: Token = Token(1);

#[derive(Debug)]
pub(super) struct Watch {
    inner: RawFd,
    registry: Registry,
    // Only the watcher thread ever takes it.
    poll: Mutex<Poll>,
    stop: Waker,
}

impl Watch {
    pub(super) fn new(inner: RawFd) -> io::Result<Self> {
        let poll = Poll::new()?;
        let stop = Waker::new(poll.registry(), STOP)?;
        Ok(Self { inner, registry: poll.registry().try_clone()?, poll: Mutex::new(poll), stop })
    }

    /// Waits for the armed descriptor; false when it is time to end.
    pub(super) fn wait(&self) -> bool {
        let Ok(mut poll) = self.poll.lock() else { return false };
        let mut events = Events::with_capacity(2);
        loop {
            match poll.poll(&mut events, None) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
                Ok(()) if events.iter().any(|event| event.token() == STOP) => return false,
                Ok(()) if events.is_empty() => {}
                Ok(()) => return self.registry.deregister(&mut SourceFd(&self.inner)).is_ok(),
            }
        }
    }

    pub(super) fn arm(&self, inner: RawFd) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&inner), LOOK, Interest::READABLE)
    }

    pub(super) fn stop(&self) -> io::Result<()> {
        self.stop.wake()
    }
}
