//! Sockets on Windows. mio's own types: they arm the completion port again after each operation that would block.

use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::os::windows::io::AsRawSocket;
use std::time::Duration;

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

use super::AsyncStream;

/// A socket's number, as programs see it in `fd`.
pub type Descriptor = i32;

// The numbers that libuv gives to errors on Windows: Node's table of names knows these, not those of Winsock.
/// The error number of a refused connection.
pub const CONNECTION_REFUSED: i32 = 4078;
/// The error number of a connection that the peer has reset.
pub const CONNECTION_RESET: i32 = 4077;
/// The error number of something that is no descriptor.
pub const BAD_DESCRIPTOR: i32 = 4083;
/// The error number of a wrong argument.
pub const INVALID: i32 = 4071;
/// The error number of what is there already, such as a socket that the poll watches.
pub const ALREADY_THERE: i32 = 4075;
/// The error number of what a platform can't do.
pub const UNSUPPORTED: i32 = 4049;
/// The error number of an error that has none.
pub const IO_ERROR: i32 = 4070;

/// Connections that the system completes ahead of `accept`; it caps the number itself.
const BACKLOG: i32 = 4096;

/// Winsock's numbers (`WSABASEERR` is 10,000) and libuv's for them.
const NUMBERS: [(i32, i32); 22] = [
    (10009, BAD_DESCRIPTOR),
    (10013, 4092),
    (10022, INVALID),
    (10024, 4066),
    (10036, 4040),
    (10038, 4050),
    (10040, 4065),
    (10045, UNSUPPORTED),
    (10047, 4089),
    (10048, 4091),
    (10049, 4090),
    (10050, 4063),
    (10051, 4062),
    (10053, 4079),
    (10054, CONNECTION_RESET),
    (10055, 4060),
    (10056, 4069),
    (10057, 4053),
    (10058, 4047),
    (10060, 4039),
    (10061, CONNECTION_REFUSED),
    (10065, 4073),
];

/// The number by which Node knows an error.
#[must_use]
pub fn number(raw: i32) -> i32 {
    NUMBERS.iter().find(|(winsock, _)| *winsock == raw).map_or(raw, |(_, libuv)| *libuv)
}

/// The number of a network interface: Windows writes scopes as numbers.
#[must_use]
pub fn interface_index(_name: &str) -> Option<u32> {
    None
}

/// The reverse of [`interface_index`].
#[must_use]
pub fn interface_name(_index: u32) -> Option<String> {
    None
}

/// Whether a connection went away before it could be accepted.
#[must_use]
pub fn is_aborted(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Whether the operation can simply be tried again later.
#[must_use]
pub fn is_transient(error: &io::Error) -> bool {
    error.raw_os_error() == Some(10055)
}

fn unsupported() -> io::Error {
    io::Error::from_raw_os_error(UNSUPPORTED)
}

/// One connected, or connecting, stream socket.
#[derive(Debug)]
pub struct StreamIo(TcpStream);

impl StreamIo {
    /// Starts a connection to a TCP address; the outcome shows as readiness.
    ///
    /// # Errors
    ///
    /// Those of `socket`, `bind` and of a `connect` that fails at once.
    pub fn connect_tcp(address: SocketAddr, local: Option<SocketAddr>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if let Some(local) = local {
            super::begin_at(&SockRef::from(&socket), local)?;
        }
        match socket.connect(&SockAddr::from(address)) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
        socket.set_tcp_nodelay(true)?;
        Ok(Self(TcpStream::from_std(socket.into())))
    }

    /// Unix sockets are not supported on Windows.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn connect_unix(_path: &[u8]) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Adopting a descriptor is not supported on Windows.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn adopt(_descriptor: Descriptor, _watch: impl FnOnce(&mut dyn Source) -> io::Result<()>) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Whether others may have the socket open, too, which they can't.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        false
    }

    /// A connection that was made elsewhere, by tokio for example.
    #[must_use]
    pub fn from_std(stream: std::net::TcpStream) -> Self {
        Self(TcpStream::from_std(stream))
    }

    /// How many bytes have been sent and not been acknowledged by the other end's system: Windows does not tell.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        unacknowledged(&self.0)
    }

    /// Whether it is a unix socket: there are none.
    #[must_use]
    pub fn is_unix(&self) -> bool {
        false
    }

    /// One `recv`.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is nothing.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(into)
    }

    /// One `send` of several pieces.
    ///
    /// # Errors
    ///
    /// As [`StreamIo::send`].
    pub fn send_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        (&self.0).write_vectored(slices)
    }

    /// One `send`.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is no room.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.0).write(bytes)
    }

    /// Whether a short read leaves something that the poll does not tell of: always. mio asks the completion port again when a read has
    /// found nothing, and not before.
    #[must_use]
    pub fn must_read_on(&self) -> bool {
        true
    }

    /// How many bytes a read would find: unknown here, so that reads go through the scratch memory.
    ///
    /// # Errors
    ///
    /// None.
    pub fn available(&self) -> io::Result<usize> {
        Ok(0)
    }

    /// Ends one side or both.
    ///
    /// # Errors
    ///
    /// The system's, when the peer is already gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }

    /// Makes the close that follows send RST.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reset_on_close(&self) -> io::Result<()> {
        SockRef::from(&self.0).set_linger(Some(Duration::ZERO))
    }

    /// Takes the pending error off the socket.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.0.take_error()
    }

    /// `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.0.set_nodelay(on)
    }

    /// `SO_KEEPALIVE`, and the idle time before the first probe unless it is zero.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_keep_alive(&self, on: bool, idle: Duration) -> io::Result<()> {
        let socket = SockRef::from(&self.0);
        if on && !idle.is_zero() {
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle.max(Duration::from_secs(1))))?;
        }
        socket.set_keepalive(on)
    }

    /// `IP_TOS`; IPv6 has none here.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_type_of_service(&self, value: u32) -> io::Result<()> {
        SockRef::from(&self.0).set_tos_v4(value)
    }

    /// The reverse of [`StreamIo::set_type_of_service`].
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn type_of_service(&self) -> io::Result<u32> {
        SockRef::from(&self.0).tos_v4()
    }

    /// This end's address.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }

    /// The other end's address, unless it is gone.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.peer_addr().ok()
    }

    /// The socket's number, as far as it fits.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::try_from(self.0.as_raw_socket()).unwrap_or(-1)
    }
}

/// As [`StreamIo::unacknowledged`].
pub(super) fn unacknowledged(_socket: &impl AsRawSocket) -> usize {
    0
}

impl From<StreamIo> for std::net::TcpStream {
    fn from(io: StreamIo) -> Self {
        io.0.into()
    }
}

impl TryFrom<StreamIo> for AsyncStream {
    type Error = io::Error;

    fn try_from(io: StreamIo) -> io::Result<Self> {
        Self::new(Socket::from(std::net::TcpStream::from(io)))
    }
}

/// One listening socket.
#[derive(Debug)]
pub struct ListenerIo(TcpListener);

/// How a TCP listener shares its address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sharing {
    /// Not known to Windows: ignored.
    pub reuse_port: bool,
    /// An IPv6 wildcard takes no IPv4 connections (`IPV6_V6ONLY`).
    pub ipv6_only: bool,
}

impl ListenerIo {
    /// Binds a TCP address and listens. `SO_REUSEADDR` stays off: on Windows it lets others take the port over.
    ///
    /// # Errors
    ///
    /// Those of `socket`, `bind` and `listen`.
    pub fn bind_tcp(address: SocketAddr, sharing: Sharing) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(sharing.ipv6_only)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self(TcpListener::from_std(socket.into())))
    }

    /// Unix sockets are not supported on Windows.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn bind_unix(_path: &[u8]) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Descriptors of others are not supported on Windows.
    ///
    /// # Errors
    ///
    /// Always.
    pub fn adopt(_descriptor: Descriptor, _watch: impl FnOnce(&mut dyn Source) -> io::Result<()>) -> io::Result<Self> {
        Err(unsupported())
    }

    /// Whether others may have the socket open, too, which they can't.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        false
    }

    /// Takes one connection.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when none waits.
    pub fn accept(&self) -> io::Result<StreamIo> {
        let (stream, _) = self.0.accept()?;
        // Refused only by a connection that is already gone; its end shows in the first read.
        drop(stream.set_nodelay(true));
        Ok(StreamIo(stream))
    }

    /// The bound address.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.local_addr().ok()
    }

    /// The socket's number, as far as it fits.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::try_from(self.0.as_raw_socket()).unwrap_or(-1)
    }
}

macro_rules! source {
    ($type:ty) => {
        impl Source for $type {
            fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
                self.0.register(registry, token, interests)
            }

            fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
                self.0.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                self.0.deregister(registry)
            }
        }
    };
}

source!(StreamIo);
source!(ListenerIo);
