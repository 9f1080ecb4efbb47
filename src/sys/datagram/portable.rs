//! One datagram per system call, through mio, which on Windows must see every operation that would block.

use std::io;

use mio::net::UdpSocket;

use super::{Arrived, DatagramIo, Packet, Reported};

#[expect(clippy::unnecessary_wraps, reason = "Linux needs system calls here")]
pub(super) fn report_errors(_socket: &UdpSocket, _ipv6: bool, _on: bool) -> io::Result<()> {
    // A connected socket gets its errors without asking, and an unconnected one has no way to.
    Ok(())
}

pub(super) fn receive<'a>(
    io: &DatagramIo,
    rooms: impl Iterator<Item = &'a mut [u8]>,
    arrived: &mut Vec<Arrived>,
) -> io::Result<bool> {
    if let Some(error) = io.late.take() {
        return Err(error);
    }
    let before = arrived.len();
    for room in rooms {
        match io.socket.recv_from(room) {
            // The rooms hold the longest datagram there is, so that none is ever cut off.
            Ok((length, sender)) => arrived.push(Arrived { length, truncated: false, sender }),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && arrived.len() > before => return Ok(false),
            Err(error) if arrived.len() > before => {
                io.late.replace(Some(error));
                return Ok(true);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

pub(super) fn send_many(io: &DatagramIo, packets: &[Packet<'_>]) -> io::Result<usize> {
    for (sent, packet) in packets.iter().enumerate() {
        match io.send(*packet) {
            Ok(()) => {}
            Err(error) if sent == 0 => return Err(error),
            Err(_) => return Ok(sent),
        }
    }
    Ok(packets.len())
}

pub(super) fn take_error(socket: &UdpSocket) -> io::Result<Option<Reported>> {
    Ok(socket.take_error()?.map(|error| Reported { error, queued: false }))
}
