//! Sockets on Linux, macOS and their kin.

use std::io::{self, IoSlice};
use std::net::{Shutdown, SocketAddr};
use std::os::fd::{AsRawFd, FromRawFd, RawFd};
use std::time::Duration;

use super::{AsyncStream, transfer};
use mio::event::Source;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, TcpKeepalive, Type};

/// A socket's number, as programs see it in `fd`.
pub type Descriptor = RawFd;

/// The error number of a refused connection.
pub const CONNECTION_REFUSED: i32 = libc::ECONNREFUSED;
/// The error number of a connection that the peer has reset.
pub const CONNECTION_RESET: i32 = libc::ECONNRESET;
/// The error number of something that is no descriptor.
pub const BAD_DESCRIPTOR: i32 = libc::EBADF;
/// The error number of a wrong argument.
pub const INVALID: i32 = libc::EINVAL;
/// The error number of what is there already, such as a socket that the poll watches.
pub const ALREADY_THERE: i32 = libc::EEXIST;
/// The error number of what a platform can't do.
pub const UNSUPPORTED: i32 = libc::EOPNOTSUPP;
/// The error number of an error that has none.
pub const IO_ERROR: i32 = libc::EIO;

/// Connections that the kernel completes ahead of `accept`. It caps the number at its own `somaxconn` (4,096 on Linux since
/// 5.4); a burst of connects larger than this waits in the clients.
const BACKLOG: i32 = 4096;

/// The number by which Node knows an error: the system's own.
#[must_use]
pub fn number(raw: i32) -> i32 {
    raw
}

/// The number of a network interface, for addresses with a scope.
#[must_use]
pub fn interface_index(name: &str) -> Option<u32> {
    let name = std::ffi::CString::new(name).ok()?;
    // SAFETY: the name is NUL-terminated and lives until the call returns.
    let index = unsafe { libc::if_nametoindex(name.as_ptr()) };
    (index != 0).then_some(index)
}

/// The reverse of [`interface_index`].
#[must_use]
pub fn interface_name(index: u32) -> Option<String> {
    let mut name = [0u8; libc::IF_NAMESIZE];
    // SAFETY: the memory is as long as the longest name with its NUL, and lives until the call returns.
    let found = unsafe { libc::if_indextoname(index, name.as_mut_ptr().cast()) };
    if found.is_null() {
        return None;
    }
    std::ffi::CStr::from_bytes_until_nul(&name).ok()?.to_str().ok().map(str::to_owned)
}

/// Whether a connection went away before it could be accepted.
#[must_use]
pub fn is_aborted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ECONNABORTED | libc::EPROTO | libc::EPERM))
}

/// Whether the operation can simply be tried again later, the kernel being out of buffers included.
#[must_use]
pub fn is_transient(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOBUFS | libc::ENOMEM))
}

/// One connected, or connecting, stream socket.
#[derive(Debug)]
pub struct StreamIo {
    socket: Socket,
    unix: bool,
    /// It was taken over, so that others may have it open, too.
    shared: bool,
}

impl StreamIo {
    /// Starts a connection to a TCP address; the outcome shows as readiness.
    ///
    /// # Errors
    ///
    /// Those of `socket`, `bind` and of a `connect` that fails at once.
    pub fn connect_tcp(address: SocketAddr, local: Option<SocketAddr>) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), nonblocking(Type::STREAM), Some(Protocol::TCP))?;
        unix_defaults(&socket)?;
        if let Some(local) = local {
            super::begin_at(&SockRef::from(&socket), local)?;
        }
        start(&socket, &address.into())?;
        // As Bun: small writes leave at once.
        socket.set_tcp_nodelay(true)?;
        Ok(Self { socket, unix: false, shared: false })
    }

    /// Starts a connection to a unix path, or to an abstract name when `path` starts with a NUL.
    ///
    /// # Errors
    ///
    /// Those of `socket` and `connect`; EINVAL for a path that does not fit, which on Linux is one whose last part is longer
    /// than about 90 bytes, or, longer than 107 as a whole, has no directory that can be opened.
    pub fn connect_unix(path: &[u8]) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, nonblocking(Type::STREAM), None)?;
        unix_defaults(&socket)?;
        let path = UnixPath::new(path)?;
        start(&socket, &path.address)?;
        Ok(Self { socket, unix: true, shared: false })
    }

    /// Takes a descriptor over that must be a stream socket, and has it watched; it belongs to the stream from then on, unless this fails.
    ///
    /// # Errors
    ///
    /// EBADF for what is no open descriptor, ENOTSOCK for what is no socket, EINVAL for another kind of socket, and those of `watch`.
    pub fn adopt(descriptor: Descriptor, watch: impl FnOnce(&mut dyn Source) -> io::Result<()>) -> io::Result<Self> {
        let (socket, unix) = take_over(descriptor, Type::STREAM, |socket| Ok(socket.local_addr()?.is_unix()))?;
        watched(Self { socket, unix, shared: true }, watch, |io| std::mem::forget(io.socket))
    }

    /// Whether others may have the socket open, too. A poll then goes on telling of it after this is dropped, unless it is deregistered.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// A connection that was made elsewhere, by tokio for example.
    #[must_use]
    pub fn from_std(stream: std::net::TcpStream) -> Self {
        Self { socket: stream.into(), unix: false, shared: false }
    }

    /// One `recv`.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is nothing.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn receive(&self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match transfer::receive(&self.socket, into) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// One `send`, without SIGPIPE.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when there is no room.
    #[inline(always)]
    #[expect(
        clippy::inline_always,
        reason = "after a system call each return to a caller from before it is mispredicted"
    )]
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match transfer::send(&self.socket, bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// One `sendmsg`, or one `send` if there is one slice, without SIGPIPE.
    ///
    /// # Errors
    ///
    /// As [`StreamIo::send`].
    pub fn send_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        // One record of TLS, mostly. The kernel has less to look at.
        if let [only] = slices {
            return self.send(only);
        }
        loop {
            match transfer::send_vectored(&self.socket, slices) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Whether it is a unix socket.
    #[must_use]
    pub fn is_unix(&self) -> bool {
        self.unix
    }

    /// Whether a short read leaves something that the poll does not tell of: on a unix socket it stops where descriptors were sent along.
    #[must_use]
    pub fn must_read_on(&self) -> bool {
        self.unix
    }

    /// How many bytes have been sent and not been acknowledged by the other end's system. 0 for unix sockets, which hand them
    /// over at once, and where the system does not tell.
    #[must_use]
    pub fn unacknowledged(&self) -> usize {
        if self.unix { 0 } else { unacknowledged(&self.socket) }
    }

    /// How many bytes a read would find.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn available(&self) -> io::Result<usize> {
        Ok(usize::try_from(rustix::io::ioctl_fionread(&self.socket)?).unwrap_or(usize::MAX))
    }

    /// Ends one side or both.
    ///
    /// # Errors
    ///
    /// ENOTCONN when the peer is already gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how)
    }

    /// Makes the close that follows send RST.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn reset_on_close(&self) -> io::Result<()> {
        self.socket.set_linger(Some(Duration::ZERO))
    }

    /// Takes the pending error off the socket.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket.take_error()
    }

    /// `TCP_NODELAY`.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn set_no_delay(&self, on: bool) -> io::Result<()> {
        self.socket.set_tcp_nodelay(on)
    }

    /// `SO_KEEPALIVE`, and the idle time before the first probe unless it is zero.
    ///
    /// # Errors
    ///
    /// The system's; EOPNOTSUPP for an idle time on unix sockets, which take the option without effect.
    pub fn set_keep_alive(&self, on: bool, idle: Duration) -> io::Result<()> {
        if self.unix && on && !idle.is_zero() {
            return Err(io::Error::from_raw_os_error(UNSUPPORTED));
        }
        if on && !idle.is_zero() {
            self.socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle.max(Duration::from_secs(1))))?;
        }
        self.socket.set_keepalive(on)
    }

    /// `IP_TOS`, or the traffic class over IPv6.
    ///
    /// # Errors
    ///
    /// The system's; EINVAL on unix sockets.
    pub fn set_type_of_service(&self, value: u32) -> io::Result<()> {
        match self.socket.local_addr()?.as_socket() {
            Some(SocketAddr::V4(_)) => self.socket.set_tos_v4(value),
            Some(SocketAddr::V6(_)) => self.socket.set_tclass_v6(value),
            None => Err(io::Error::from_raw_os_error(INVALID)),
        }
    }

    /// The reverse of [`StreamIo::set_type_of_service`].
    ///
    /// # Errors
    ///
    /// The system's; EINVAL on unix sockets.
    pub fn type_of_service(&self) -> io::Result<u32> {
        match self.socket.local_addr()?.as_socket() {
            Some(SocketAddr::V4(_)) => self.socket.tos_v4(),
            Some(SocketAddr::V6(_)) => self.socket.tclass_v6(),
            None => Err(io::Error::from_raw_os_error(INVALID)),
        }
    }

    /// This end's address, unless it is a unix socket.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()?.as_socket()
    }

    /// The other end's address, unless it is a unix socket or gone.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.socket.peer_addr().ok()?.as_socket()
    }

    /// The descriptor's number.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        self.socket.as_raw_fd()
    }
}

/// As [`StreamIo::unacknowledged`].
#[cfg(target_os = "linux")]
pub(super) fn unacknowledged(socket: &impl AsRawFd) -> usize {
    let mut count: libc::c_int = 0;
    // SAFETY: the descriptor is open as long as its owner is borrowed, and SIOCOUTQ (which is TIOCOUTQ) writes one integer.
    let status = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut count) };
    if status == 0 { usize::try_from(count).unwrap_or(0) } else { 0 }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn unacknowledged(_socket: &impl AsRawFd) -> usize {
    0
}

impl From<StreamIo> for std::net::TcpStream {
    fn from(io: StreamIo) -> Self {
        io.socket.into()
    }
}

impl TryFrom<StreamIo> for AsyncStream {
    type Error = io::Error;

    fn try_from(io: StreamIo) -> io::Result<Self> {
        Self::new(io.socket)
    }
}

/// One listening socket.
#[derive(Debug)]
pub struct ListenerIo {
    socket: Socket,
    unix: bool,
    /// It was taken over, so that others may have it open, too.
    shared: bool,
}

/// How a TCP listener shares its address.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sharing {
    /// Several listeners may bind the port if all of them say so (`SO_REUSEPORT`).
    pub reuse_port: bool,
    /// An IPv6 wildcard takes no IPv4 connections (`IPV6_V6ONLY`).
    pub ipv6_only: bool,
}

impl ListenerIo {
    /// Binds a TCP address and listens.
    ///
    /// # Errors
    ///
    /// Those of `socket`, `bind` and `listen`.
    pub fn bind_tcp(address: SocketAddr, sharing: Sharing) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), nonblocking(Type::STREAM), Some(Protocol::TCP))?;
        unix_defaults(&socket)?;
        socket.set_reuse_address(true)?;
        if sharing.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if address.is_ipv6() {
            socket.set_only_v6(sharing.ipv6_only)?;
        }
        // Linux hands this on to every accepted socket, which saves a system call for each.
        #[cfg(target_os = "linux")]
        socket.set_tcp_nodelay(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self { socket, unix: false, shared: false })
    }

    /// Binds a unix path, or an abstract name when `path` starts with a NUL, and listens.
    ///
    /// # Errors
    ///
    /// Those of `socket`, `bind` and `listen`; EINVAL for a path that does not fit, as in [`StreamIo::connect_unix`].
    pub fn bind_unix(path: &[u8]) -> io::Result<Self> {
        let socket = Socket::new(Domain::UNIX, nonblocking(Type::STREAM), None)?;
        unix_defaults(&socket)?;
        let path = UnixPath::new(path)?;
        socket.bind(&path.address)?;
        socket.listen(BACKLOG)?;
        Ok(Self { socket, unix: true, shared: false })
    }

    /// Takes a descriptor over that must be a bound stream socket, or one that listens already, and has it watched; it belongs to the
    /// listener from then on, unless this fails.
    ///
    /// # Errors
    ///
    /// Those of [`StreamIo::adopt`] and of `listen`: EINVAL for a connected socket.
    pub fn adopt(descriptor: Descriptor, watch: impl FnOnce(&mut dyn Source) -> io::Result<()>) -> io::Result<Self> {
        let listens = |socket: &Socket| {
            socket.listen(BACKLOG)?;
            Ok(socket.local_addr()?.is_unix())
        };
        let (socket, unix) = take_over(descriptor, Type::STREAM, listens)?;
        watched(Self { socket, unix, shared: true }, watch, |io| std::mem::forget(io.socket))
    }

    /// Whether others may have the socket open, too. A poll then goes on telling of it after this is dropped, unless it is deregistered.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Takes one connection.
    ///
    /// # Errors
    ///
    /// The system's; `WouldBlock` when none waits.
    pub fn accept(&self) -> io::Result<StreamIo> {
        loop {
            match accept(&self.socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(socket) => {
                    // A listener of others' does not hand it on. Refused only by a connection that is already gone.
                    if self.shared && !self.unix {
                        drop(socket.set_tcp_nodelay(true));
                    }
                    return Ok(StreamIo { socket, unix: self.unix, shared: false });
                }
            }
        }
    }

    /// The bound address, unless it is a unix path.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok()?.as_socket()
    }

    /// The descriptor's number.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        self.socket.as_raw_fd()
    }
}

macro_rules! source {
    ($type:ty) => {
        impl Source for $type {
            fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
                SourceFd(&self.socket.as_raw_fd()).register(registry, token, interests)
            }

            fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
                SourceFd(&self.socket.as_raw_fd()).reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                SourceFd(&self.socket.as_raw_fd()).deregister(registry)
            }
        }
    };
}

source!(StreamIo);
source!(ListenerIo);

/// A connect that has only begun counts as success; one that was interrupted goes on by itself (POSIX, `connect`).
fn start(socket: &Socket, address: &SockAddr) -> io::Result<()> {
    match socket.connect(address) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR)) => Ok(()),
        result => result,
    }
}

/// The address of a unix path, and what it goes through.
struct UnixPath {
    address: SockAddr,
    /// The directory of a path that is too long to be an address. Its descriptor is part of the address.
    _directory: Option<std::fs::File>,
}

impl UnixPath {
    /// The bytes of a path are its name: nothing is decoded, and an abstract name is not padded.
    fn new(path: &[u8]) -> io::Result<Self> {
        if path.is_empty() {
            // To the kernel it is no name, or any: as in Bun, it is a path that is not there.
            return Err(io::Error::from_raw_os_error(libc::ENOENT));
        }
        if path.len() > UNIX_PATH_MAX {
            return Self::through_directory(path);
        }
        Ok(Self { address: unix_address(path)?, _directory: None })
    }

    /// Linux shows what is in an open directory under a short name, so that only the last part of a path must fit: as Bun does
    /// it.
    #[cfg(target_os = "linux")]
    fn through_directory(path: &[u8]) -> io::Result<Self> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::OpenOptionsExt;

        let invalid = || io::Error::from_raw_os_error(INVALID);
        // An abstract name is no path, whatever is in it.
        let slash = path.iter().rposition(|byte| *byte == b'/').filter(|_| path[0] != 0).ok_or_else(invalid)?;
        let directory = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH | libc::O_DIRECTORY)
            .open(OsStr::from_bytes(&path[..=slash]))
            .map_err(|_| invalid())?;
        let mut short = format!("/proc/self/fd/{}/", directory.as_raw_fd()).into_bytes();
        short.extend_from_slice(&path[slash + 1..]);
        if short.len() > UNIX_PATH_MAX {
            return Err(invalid());
        }
        Ok(Self { address: unix_address(&short)?, _directory: Some(directory) })
    }

    #[cfg(not(target_os = "linux"))]
    fn through_directory(_path: &[u8]) -> io::Result<Self> {
        Err(io::Error::from_raw_os_error(INVALID))
    }
}

fn unix_address(path: &[u8]) -> io::Result<SockAddr> {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    SockAddr::unix(OsStr::from_bytes(path))
}

/// The longest path that `bind` and `connect` take: `sun_path` less its NUL.
#[cfg(target_os = "linux")]
const UNIX_PATH_MAX: usize = 107;
#[cfg(not(target_os = "linux"))]
const UNIX_PATH_MAX: usize = 103;

#[cfg(target_os = "linux")]
fn nonblocking(kind: Type) -> Type {
    kind.nonblocking()
}

#[cfg(not(target_os = "linux"))]
fn nonblocking(kind: Type) -> Type {
    kind
}

/// The socket behind a descriptor, if it is one of this kind and `check` finds nothing; it does not block from then on. It stays the caller's
/// if this fails.
///
/// # Errors
///
/// EBADF for what is no open descriptor, ENOTSOCK for what is no socket, EINVAL for another kind of socket, and those of `check`.
pub(super) fn take_over<T>(
    descriptor: Descriptor,
    kind: Type,
    check: impl FnOnce(&Socket) -> io::Result<T>,
) -> io::Result<(Socket, T)> {
    if descriptor < 0 {
        return Err(io::Error::from_raw_os_error(BAD_DESCRIPTOR));
    }
    // SAFETY: it is forgotten below whenever the descriptor turns out not to be ours to keep.
    let socket = unsafe { Socket::from_raw_fd(descriptor) };
    let checked = socket.r#type().and_then(|found| {
        if found != kind {
            return Err(io::Error::from_raw_os_error(INVALID));
        }
        let checked = check(&socket)?;
        socket.set_nonblocking(true)?;
        Ok(checked)
    });
    match checked {
        Ok(found) => Ok((socket, found)),
        Err(error) => {
            std::mem::forget(socket);
            Err(error)
        }
    }
}

/// Has `watch` take what was taken over; if it can't, `give_up` leaves the descriptor open, for whoever it belongs to.
pub(super) fn watched<T: Source>(
    mut io: T,
    watch: impl FnOnce(&mut dyn Source) -> io::Result<()>,
    give_up: impl FnOnce(T),
) -> io::Result<T> {
    match watch(&mut io) {
        Ok(()) => Ok(io),
        Err(error) => {
            give_up(io);
            Err(error)
        }
    }
}

#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems need system calls here")]
fn unix_defaults(_socket: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn unix_defaults(socket: &Socket) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    #[cfg(target_vendor = "apple")]
    socket.set_nosigpipe(true)?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn accept(socket: &Socket) -> io::Result<Socket> {
    socket.accept4(libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC).map(|(accepted, _)| accepted)
}

#[cfg(not(target_os = "linux"))]
fn accept(socket: &Socket) -> io::Result<Socket> {
    let (accepted, _) = socket.accept()?;
    accepted.set_nonblocking(true)?;
    // Refused by unix sockets, and by a connection that is already gone: its end shows in the first read.
    let _ = accepted.set_tcp_nodelay(true);
    Ok(accepted)
}
