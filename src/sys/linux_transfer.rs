//! The calls that move the bytes of streams, made without libc's wrappers.
//!
//! In a process with threads, glibc lets each `recv` and `send` be cancelled: two atomic operations around the call, 20 ns of the µs
//! or two that it takes. Nobody cancels the JS thread. `syscall` has none of that, and can be preloaded like the wrappers.

use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::ptr;

use socket2::Socket;

#[inline(always)]
#[expect(clippy::inline_always, reason = "after a system call each return to a caller from before it is mispredicted")]
pub(super) fn receive(socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the memory is the caller's for the time of the call, and as long as is said; no address is asked for.
    counted(unsafe {
        libc::syscall(
            libc::SYS_recvfrom,
            socket.as_raw_fd(),
            into.as_mut_ptr(),
            into.len(),
            0,
            ptr::null::<libc::sockaddr>(),
            ptr::null::<libc::socklen_t>(),
        )
    })
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "after a system call each return to a caller from before it is mispredicted")]
pub(super) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the bytes are there for the time of the call, and as many as is said; no address is given.
    counted(unsafe {
        libc::syscall(
            libc::SYS_sendto,
            socket.as_raw_fd(),
            bytes.as_ptr(),
            bytes.len(),
            libc::MSG_NOSIGNAL,
            ptr::null::<libc::sockaddr>(),
            0,
        )
    })
}

pub(super) fn send_vectored(socket: &Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    // SAFETY: all of its members may be zero. Where libc has padding, the kernel has the upper half of a number.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    // An `IoSlice` is an `iovec`, as its documentation promises; nothing is written through it.
    message.msg_iov = slices.as_ptr().cast_mut().cast();
    // musl's type is another.
    message.msg_iovlen = slices.len() as _;
    // SAFETY: the message and what it points to are there for the time of the call.
    counted(unsafe { libc::syscall(libc::SYS_sendmsg, socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) })
}

/// What a call returned, as a number of bytes.
#[inline(always)]
#[expect(clippy::inline_always, reason = "after a system call each return to a caller from before it is mispredicted")]
fn counted(returned: libc::c_long) -> io::Result<usize> {
    usize::try_from(returned).map_err(|_| io::Error::last_os_error())
}
