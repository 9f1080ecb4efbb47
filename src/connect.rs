//! Connecting by name: lookup and racing, on tokio; to this machine at once, where that is possible.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::time::Duration;

use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::failure::Failure;
use crate::sys::{self, StreamIo};

/// The pause before the next address is tried beside the earlier ones: the "Connection Attempt Delay" that RFC 8305
/// recommends in section 8.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Addresses beyond these are not tried: a name with hundreds of them must not open hundreds of sockets.
const ADDRESSES: usize = 16;

/// All that a race found out.
#[derive(Debug)]
pub struct RaceLost {
    /// What the promise is rejected with: that an address refused, if one did; else the first one's failure.
    pub failure: Failure,
    /// Each address with its own failure, in the order of the attempts.
    pub attempts: Vec<(SocketAddr, Failure)>,
}

impl RaceLost {
    /// Nothing has answered.
    fn of(attempts: Vec<(SocketAddr, Failure)>) -> Self {
        // A machine without IPv6 says of `::1` that there is no such address: not what the program wants to know.
        let refused = Failure::System(sys::CONNECTION_REFUSED);
        let was_refused = attempts.iter().any(|(_, failure)| *failure == refused);
        let failure = if was_refused { refused } else { attempts.first().map_or(refused, |(_, failure)| *failure) };
        Self { failure, attempts }
    }
}

/// A connection, and what has broken it since, if the question for the outcome of the connect was answered with that: it is told once.
#[derive(Debug)]
pub struct Made {
    /// The connection, which may still hold what the peer had sent.
    pub io: StreamIo,
    /// Its end.
    pub broken: Option<io::Error>,
}

impl Made {
    /// What a connect has come to.
    ///
    /// # Errors
    ///
    /// Why there is no connection. That it was reset is not among them over TCP, which says of what never was one that it was refused.
    pub fn check(io: StreamIo, outcome: io::Result<Option<io::Error>>) -> io::Result<Self> {
        match outcome? {
            None => Ok(Self { io, broken: None }),
            Some(error) if !io.is_unix() && is_end(&error) => Ok(Self { io, broken: Some(error) }),
            Some(error) => Err(error),
        }
    }

    /// As in Bun, a connection to an address that is broken when it is looked at for the first time was never one: nobody may have accepted it.
    /// But it was if the peer has sent something, which Bun loses.
    ///
    /// # Errors
    ///
    /// What has broken it.
    pub fn unless_silent(self) -> io::Result<Self> {
        match self.broken {
            Some(error) if self.io.available().is_ok_and(|bytes| bytes == 0) => Err(error),
            _ => Ok(self),
        }
    }
}

/// Whether only a connection that was made ends so: EPIPE is a reset after FIN.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Looks `host` up and connects to whichever of its addresses answers first, after RFC 8305.
///
/// # Cancel safety
///
/// Dropping the future ends every attempt and closes its socket; a lookup in progress ends by itself on its own thread.
///
/// # Errors
///
/// [`Failure::NotFound`] when the name has no address, the attempts' failures when none of its addresses answers.
pub async fn by_name(host: String, port: u16, local: Option<SocketAddr>) -> Result<Made, RaceLost> {
    let found = if is_this_machine(&host) { loopback(port) } else { look_up(&host, port).await };
    if found.is_empty() {
        return Err(lost(Failure::NotFound));
    }
    race(interleave(of_family(found, local)), local).await
}

/// Those addresses that can be connected to from a local one.
fn of_family(mut addresses: Vec<SocketAddr>, local: Option<SocketAddr>) -> Vec<SocketAddr> {
    addresses.retain(|address| local.is_none_or(|local| local.is_ipv4() == address.is_ipv4()));
    addresses
}

/// Connects to this machine: to what [`loopback`] says, one after the other. Nothing if the kernel can't say at once what comes of it, as
/// when the other end's backlog is full. Linux makes such connections within the call; elsewhere a trial would be a connection of its own for
/// who listens.
#[must_use]
pub fn at_once(port: u16, local: Option<SocketAddr>) -> Option<Result<Made, RaceLost>> {
    let mut attempts = Vec::new();
    for address in of_family(loopback(port), local) {
        let failure = match StreamIo::connect_tcp(address, local) {
            Ok(io) if io.remote_address().is_some() => return Some(Ok(Made { io, broken: None })),
            Ok(io) => match io.take_error() {
                Ok(None) => return None,
                outcome => match Made::check(io, outcome) {
                    Ok(made) => return Some(Ok(made)),
                    Err(error) => error,
                },
            },
            Err(error) => error,
        };
        attempts.push((address, failure.into()));
    }
    Some(Err(RaceLost::of(attempts)))
}

/// Whether a name is `localhost` or below it (RFC 6761, section 6.3), a dot at its end or not. As in Bun these are not looked up, and so is
/// `*`, which is no name at all.
#[must_use]
pub fn is_this_machine(host: &str) -> bool {
    let is_label = |label: &str| {
        let of_names = |byte: u8| byte.is_ascii_alphanumeric() || b"-_*/".contains(&byte) || !byte.is_ascii();
        !label.is_empty() && label.bytes().all(of_names)
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let last = name.rsplit('.').next();
    host == "*" || (last.is_some_and(|last| last.eq_ignore_ascii_case("localhost")) && name.split('.').all(is_label))
}

/// Both loopback addresses, whatever the hosts file leaves out, in Bun's order.
#[must_use]
pub fn loopback(port: u16) -> Vec<SocketAddr> {
    let both = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    both.into_iter().map(|ip| SocketAddr::new(ip, port)).collect()
}

async fn look_up(host: &str, port: u16) -> Vec<SocketAddr> {
    if let Some(scoped) = scoped(host, port) {
        return vec![scoped];
    }
    lookup_host((host, port)).await.map(Iterator::collect).unwrap_or_default()
}

/// An IPv6 address with a scope (`fe80::1%eth0`, RFC 4007): glibc knows names of interfaces for link-local addresses only. As in Bun, a
/// scope that does not exist is none; a link-local address needs one, which the system says.
fn scoped(host: &str, port: u16) -> Option<SocketAddr> {
    let (address, scope) = host.split_once('%')?;
    let scope = scope.parse().ok().or_else(|| sys::interface_index(scope)).unwrap_or(0);
    Some(SocketAddrV6::new(address.parse().ok()?, port, 0, scope).into())
}

/// Alternates the families, beginning with the one the resolver put first (RFC 8305, section 4).
fn interleave(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first_is_v6) = addresses.first().map(SocketAddr::is_ipv6) else { return addresses };
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut mixed = Vec::new();
    loop {
        let before = mixed.len();
        mixed.extend(first.next());
        mixed.extend(second.next());
        if mixed.len() == before || mixed.len() >= ADDRESSES {
            return mixed;
        }
    }
}

async fn race(addresses: Vec<SocketAddr>, local: Option<SocketAddr>) -> Result<Made, RaceLost> {
    let mut waiting = addresses.iter().copied().enumerate();
    let mut failures: Vec<Option<Failure>> = vec![None; addresses.len()];
    let mut attempts = JoinSet::new();
    loop {
        // The next one starts when the ones before it have failed, or at the latest after the delay.
        let more = if let Some((index, address)) = waiting.next() {
            attempts.spawn(async move { (index, attempt(address, local).await) });
            waiting.len() > 0
        } else if attempts.is_empty() {
            return Err(RaceLost::of(addresses.iter().copied().zip(failures.into_iter().flatten()).collect()));
        } else {
            false
        };
        let delay = sleep(ATTEMPT_DELAY);
        tokio::pin!(delay);
        loop {
            tokio::select! {
                biased;
                done = attempts.join_next() => match done {
                    Some(Ok((_, Ok(made)))) => return Ok(made),
                    Some(Ok((index, Err(error)))) => {
                        failures[index] = Some(error.into());
                        if more || attempts.is_empty() {
                            break;
                        }
                    }
                    // An attempt that panicked counts as one that failed.
                    Some(Err(_)) => {}
                    None => break,
                },
                () = &mut delay, if more => break,
            }
        }
    }
}

async fn attempt(address: SocketAddr, local: Option<SocketAddr>) -> io::Result<Made> {
    let stream = TcpStream::from_std(StreamIo::connect_tcp(address, local)?.into())?;
    stream.writable().await?;
    let outcome = stream.take_error();
    Made::check(StreamIo::from_std(stream.into_std()?), outcome)
}

fn lost(failure: Failure) -> RaceLost {
    RaceLost { failure, attempts: Vec::new() }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use socket2::SockRef;

    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("a literal address")
    }

    #[test]
    fn families_alternate_and_the_first_one_stays_first() {
        let mixed = interleave(vec![address("[::1]:1"), address("[::2]:1"), address("1.1.1.1:1")]);
        assert_eq!(mixed, [address("[::1]:1"), address("1.1.1.1:1"), address("[::2]:1")]);
    }

    #[test]
    fn a_name_with_very_many_addresses_is_cut() {
        let many = (0..100).map(|n| SocketAddr::from(([127, 0, 0, n], 1))).collect();
        assert_eq!(interleave(many).len(), ADDRESSES);
    }

    #[test]
    fn localhost_and_the_names_below_it_are_this_machine() {
        for name in [
            "*",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "a.localhost",
            "a.b.LocalHost.",
            "a_b.localhost",
            "\u{e4}.localhost",
        ] {
            assert!(is_this_machine(name), "{name}");
        }
        for name in [
            "",
            ".",
            "localhost..",
            ".localhost",
            "a..localhost",
            "a b.localhost",
            "localhost.test",
            "xlocalhost",
            "**",
        ] {
            assert!(!is_this_machine(name), "{name}");
        }
    }

    #[test]
    fn a_scope_that_does_not_exist_is_none() {
        let scope = |host| match scoped(host, 1) {
            Some(SocketAddr::V6(address)) => Some(address.scope_id()),
            _ => None,
        };
        assert_eq!(scope("::1%no such interface"), Some(0));
        assert_eq!(scope("::1%"), Some(0));
        assert_eq!(scope("fe80::1%7"), Some(7));
        assert_eq!(scope("127.0.0.1%7"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_answers_at_once_at_whichever_address_somebody_listens() {
        for ip in ["127.0.0.1:0", "[::1]:0"] {
            let server = std::net::TcpListener::bind(ip).expect("a free port");
            let open = server.local_addr().expect("bound");
            let made = at_once(open.port(), None).expect("it is known").expect("somebody listens");
            assert_eq!(made.io.remote_address(), Some(open));
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_machine_refuses_at_once() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let attempts = |local: Option<&str>| {
            let lost = at_once(closed.port(), local.map(address)).expect("it is known").expect_err("nobody listens");
            assert_eq!(lost.failure, Failure::System(sys::CONNECTION_REFUSED));
            lost.attempts.into_iter().map(|(address, _)| address).collect::<Vec<_>>()
        };
        assert_eq!(attempts(None), loopback(closed.port()));
        assert_eq!(attempts(Some("127.0.0.1:0")), [closed], "no address of another family than the local one");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_listener_with_a_full_backlog_leaves_it_open() {
        let listener = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        listener.bind(&address("127.0.0.1:0").into()).expect("a free port");
        listener.listen(0).expect("bound");
        let full = listener.local_addr().ok().and_then(|address| address.as_socket()).expect("bound");
        // One more than its backlog, as the kernel counts.
        let first = at_once(full.port(), None);
        assert!(matches!(first, Some(Ok(Made { broken: None, .. }))), "{first:?}");
        assert!(at_once(full.port(), None).is_none());
    }

    #[tokio::test]
    async fn the_address_that_answers_wins_over_one_that_refuses() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let open = server.local_addr().expect("bound");
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let made = race(vec![closed, open], None).await.expect("one address answers");
        assert_eq!(made.io.remote_address(), Some(open));
    }

    #[tokio::test]
    async fn one_that_answers_and_resets_has_answered_and_what_it_said_is_there() {
        let server = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = server.local_addr().expect("bound");
        let io = StreamIo::connect_tcp(address, None).expect("it begins");
        let mut far = server.accept().expect("the connection").0;
        far.write_all(b"bye").expect("there is room");
        SockRef::from(&far).set_linger(Some(Duration::ZERO)).expect("a socket");
        drop(far);
        let outcome = io.take_error();
        let made = Made::check(io, outcome).expect("there was a connection");
        assert_eq!(made.broken.map(|error| error.kind()), Some(io::ErrorKind::ConnectionReset));
        let mut heard = [0; 8];
        assert_eq!(made.io.receive(&mut heard).ok(), Some(3));
    }

    #[tokio::test]
    async fn when_nothing_answers_every_failure_is_told() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
        let lost = race(vec![closed, closed], None).await.expect_err("nothing listens");
        assert_eq!(lost.failure, Failure::System(sys::CONNECTION_REFUSED));
        assert_eq!(lost.attempts.len(), 2);
    }
}
