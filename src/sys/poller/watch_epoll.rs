//! One-shot waiting for a nested epoll: arming it again is a single system call, and a busy JS thread costs no wake-ups.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};

const LOOK: u64 = 0;
const STOP: u64 = 1;

#[derive(Debug)]
pub(super) struct Watch {
    epoll: OwnedFd,
    stop: OwnedFd,
}

impl Watch {
    pub(super) fn new(inner: RawFd) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let stop = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &stop, EventData::new_u64(STOP), EventFlags::IN)?;
        let watch = Self { epoll, stop };
        epoll::add(&watch.epoll, borrow(inner), EventData::new_u64(LOOK), EventFlags::ONESHOT)?;
        Ok(watch)
    }

    /// Waits for the armed descriptor; false when it is time to end.
    pub(super) fn wait(&self) -> bool {
        let mut events = Vec::with_capacity(2);
        loop {
            events.clear();
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Err(rustix::io::Errno::INTR) => {}
                // The epoll is gone or broken: nothing could be waited for any more.
                Err(_) => return false,
                Ok(_) if events.iter().any(|event| event.data.u64() == STOP) => return false,
                Ok(_) => return true,
            }
        }
    }

    pub(super) fn arm(&self, inner: RawFd) -> io::Result<()> {
        Ok(epoll::modify(&self.epoll, borrow(inner), EventData::new_u64(LOOK), EventFlags::IN | EventFlags::ONESHOT)?)
    }

    pub(super) fn stop(&self) -> io::Result<()> {
        rustix::io::write(&self.stop, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

#[expect(unsafe_code, reason = "mio gives its descriptor only as a number")]
fn borrow<'a>(inner: RawFd) -> BorrowedFd<'a> {
    // SAFETY: the descriptor is that of the `Poll` beside this watch, which is dropped after it.
    unsafe { BorrowedFd::borrow_raw(inner) }
}
