//! The calls that move the bytes of streams.

use std::io::{self, IoSlice, Read};

use socket2::Socket;

pub(super) fn receive(mut socket: &Socket, into: &mut [u8]) -> io::Result<usize> {
    socket.read(into)
}

#[cfg(target_vendor = "apple")]
pub(super) fn send_vectored(socket: &Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.send_vectored(slices)
}

#[cfg(not(target_vendor = "apple"))]
pub(super) fn send_vectored(socket: &Socket, slices: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.send_vectored_with_flags(slices, libc::MSG_NOSIGNAL)
}

#[cfg(target_vendor = "apple")]
pub(super) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send(bytes)
}

#[cfg(not(target_vendor = "apple"))]
pub(super) fn send(socket: &Socket, bytes: &[u8]) -> io::Result<usize> {
    socket.send_with_flags(bytes, libc::MSG_NOSIGNAL)
}
