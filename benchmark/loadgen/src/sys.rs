//! The system calls that the safe crates do not offer.
#![expect(unsafe_code, reason = "raw system calls; each block says why it is sound")]

use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::AsRawFd;
use std::ptr;

/// Leaves the choice of the local port to `connect`, which may use a port again for another peer; `bind` may not.
pub(crate) fn choose_port_when_connecting(socket: &impl AsRawFd) -> io::Result<()> {
    set_option(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

fn set_option(socket: &impl AsRawFd, level: libc::c_int, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the value is a live c_int, and its size is given.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&value).cast(),
            socklen(size_of::<libc::c_int>()),
        )
    };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Has the kernel cut everything that is sent into datagrams of `size`, which costs a fraction of sending each. The peer
/// sees ordinary datagrams.
pub(crate) fn cut_into_datagrams(socket: &impl AsRawFd, size: usize) -> io::Result<()> {
    let size = libc::c_int::try_from(size).map_err(|_| io::ErrorKind::InvalidInput)?;
    set_option(socket, libc::SOL_UDP, libc::UDP_SEGMENT, size)
}

/// Raises the soft limit of open files to the hard one, as Node and Bun do. A limit that stays low shows by itself.
pub(crate) fn allow_many_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is to a live rlimit.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } == 0 {
        limit.rlim_cur = limit.rlim_max;
        // SAFETY: as above.
        let _ = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    }
}

/// Room for datagrams that are received or sent by one system call.
pub(crate) struct Batch {
    room: Vec<u8>,
    /// Bytes of room for each datagram.
    slot: usize,
    lengths: [usize; BATCH],
    peers: [libc::sockaddr_in; BATCH],
}

/// Datagrams per system call.
pub(crate) const BATCH: usize = 64;

/// Whether the datagrams of a batch name their peer, or the socket is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peers {
    Named,
    Connected,
}

impl Batch {
    /// Every slot starts as a datagram of `slot` letters.
    pub(crate) fn new(slot: usize) -> Self {
        Self {
            room: vec![b'a'; slot * BATCH],
            slot,
            lengths: [slot; BATCH],
            // SAFETY: all zeroes is a valid sockaddr_in.
            peers: [unsafe { zeroed() }; BATCH],
        }
    }

    /// Makes every slot a datagram of its full length again, after a `receive`.
    pub(crate) fn fill(&mut self) {
        self.lengths = [self.slot; BATCH];
    }

    /// All slots, one after the other.
    pub(crate) fn all(&self) -> &[u8] {
        &self.room
    }

    pub(crate) fn datagram(&self, place: usize) -> &[u8] {
        &self.room[place * self.slot..][..self.lengths[place]]
    }

    pub(crate) fn datagram_mut(&mut self, place: usize) -> &mut [u8] {
        &mut self.room[place * self.slot..][..self.lengths[place]]
    }

    /// Makes every slot a copy of the datagram at `place` that goes back to where it came from.
    pub(crate) fn fill_with(&mut self, place: usize) {
        let length = self.lengths[place];
        let datagram = self.datagram(place).to_vec();
        for slot in self.room.chunks_exact_mut(self.slot) {
            slot[..length].copy_from_slice(&datagram);
        }
        self.peers = [self.peers[place]; BATCH];
        self.lengths = [length; BATCH];
    }

    /// How many were received: what is there, and on a blocking socket at least one.
    pub(crate) fn receive(&mut self, socket: &impl AsRawFd) -> io::Result<usize> {
        self.lengths = [self.slot; BATCH];
        self.with_headers(BATCH, Peers::Named, |headers, received| {
            // SAFETY: every header points to live buffers of the sizes it says.
            let count = unsafe {
                libc::recvmmsg(socket.as_raw_fd(), headers, BATCH_LENGTH, libc::MSG_WAITFORONE, ptr::null_mut())
            };
            *received = count;
        })
    }

    /// How many of the first `count` were sent.
    pub(crate) fn send(&mut self, socket: &impl AsRawFd, count: usize, peers: Peers) -> io::Result<usize> {
        let wanted = u32::try_from(count).map_err(|_| io::ErrorKind::InvalidInput)?;
        let lengths = self.lengths;
        let sent = self.with_headers(count, peers, |headers, sent| {
            // SAFETY: every header points to live buffers of the sizes it says, and there are `count` of them.
            *sent = unsafe { libc::sendmmsg(socket.as_raw_fd(), headers, wanted, 0) };
        });
        self.lengths = lengths;
        sent
    }

    fn with_headers(
        &mut self,
        count: usize,
        peers: Peers,
        call: impl FnOnce(*mut libc::mmsghdr, &mut libc::c_int),
    ) -> io::Result<usize> {
        // SAFETY: all zeroes is a valid mmsghdr: null pointers and zero lengths.
        let mut headers: [libc::mmsghdr; BATCH] = unsafe { zeroed() };
        // SAFETY: all zeroes is a valid iovec.
        let mut vectors: [libc::iovec; BATCH] = unsafe { zeroed() };
        for (place, slot) in self.room.chunks_exact_mut(self.slot).take(count).enumerate() {
            vectors[place] = libc::iovec { iov_base: slot.as_mut_ptr().cast(), iov_len: self.lengths[place] };
            let header = &mut headers[place].msg_hdr;
            header.msg_iov = &raw mut vectors[place];
            header.msg_iovlen = 1;
            if peers == Peers::Named {
                header.msg_name = (&raw mut self.peers[place]).cast();
                header.msg_namelen = socklen(size_of::<libc::sockaddr_in>());
            }
        }
        let mut moved = -1;
        call(headers.as_mut_ptr(), &mut moved);
        let moved = usize::try_from(moved).map_err(|_| io::Error::last_os_error())?;
        for (length, header) in self.lengths.iter_mut().zip(&headers[..moved]) {
            *length = header.msg_len as usize;
        }
        Ok(moved)
    }
}

fn socklen(size: usize) -> libc::socklen_t {
    libc::socklen_t::try_from(size).unwrap_or(0)
}

#[expect(clippy::cast_possible_truncation, reason = "64")]
const BATCH_LENGTH: libc::c_uint = BATCH as libc::c_uint;
