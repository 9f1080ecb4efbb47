use std::net::{Ipv4Addr, SocketAddr};

use super::{Event, Next, Reactor, Target, Wake};
use crate::stream::READ_LIMIT;
use crate::sys::{DatagramIo, DatagramSharing, ListenerIo, Sharing};
use crate::udp::{BATCH, Sent, UdpEvent};

/// A datagram socket on loopback, whose first room has been told of: its slot and its address.
fn open(reactor: &mut Reactor) -> (u32, Option<SocketAddr>) {
    let io = DatagramIo::bind((Ipv4Addr::LOCALHOST, 0).into(), DatagramSharing::default()).expect("it binds");
    let address = io.local_address();
    let slot = reactor.open_udp(io).expect("it is watched");
    let mut scratch = vec![0; READ_LIMIT];
    loop {
        reactor.begin(false);
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Udp(at, UdpEvent::Drain)) if at == slot => return (slot, address),
            next => assert!(matches!(next, Next::Yield | Next::Idle), "{next:?}"),
        }
    }
}

/// A listener on loopback: its slot and its address.
fn listen(reactor: &mut Reactor) -> (u32, SocketAddr) {
    let io = ListenerIo::bind_tcp((Ipv4Addr::LOCALHOST, 0).into(), Sharing::default()).expect("it binds");
    let at = io.local_address().expect("it is bound");
    (reactor.listen(io, false).expect("it is watched"), at)
}

#[cfg(target_os = "linux")]
#[test]
fn replies_to_a_batch_wait_for_its_last_datagram() {
    let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
    let ((server, at), (client, asker)) = (open(&mut reactor), open(&mut reactor));
    reactor.with_udp(client, |udp| assert!((0..4).all(|_| udp.send(b"ask", at) == Sent::Taken(1))));
    let mut scratch = vec![0; READ_LIMIT];
    // What the client's kernel has, read behind the reactor's back.
    let arrived = |reactor: &mut Reactor| {
        let (mut memory, mut arrived) = ([0; 64], Vec::new());
        let io = reactor.udp(client).expect("it is open").io();
        drop(io.receive(memory.chunks_exact_mut(8), &mut arrived));
        arrived.len()
    };
    reactor.begin(false);
    for expected in [0, 0, 0, 3] {
        let next = reactor.next(&mut scratch).expect("the poll works");
        assert!(matches!(next, Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) if slot == server), "{next:?}");
        assert_eq!(arrived(&mut reactor), expected);
        assert_eq!(reactor.send_datagram(server, b"answer", asker), Some(Sent::Taken(1)));
    }
    // The last one has nothing to wait for, nor has what goes elsewhere, in front of which the others are sent.
    assert_eq!(arrived(&mut reactor), 1);
    reactor.with_udp(client, |udp| assert!((0..2).all(|_| udp.send(b"ask", at) == Sent::Taken(1))));
    let next = reactor.next(&mut scratch).expect("the poll works");
    assert!(matches!(next, Next::Yield), "the poll is asked in a turn of its own: {next:?}");
    reactor.begin(false);
    let next = reactor.next(&mut scratch).expect("the poll works");
    assert!(matches!(next, Next::Event(Event::Udp(slot, _)) if slot == server), "{next:?}");
    assert_eq!(reactor.send_datagram(server, b"answer", asker), Some(Sent::Taken(1)));
    assert_eq!(arrived(&mut reactor), 0);
    assert_eq!(reactor.send_datagram(server, b"elsewhere", at), Some(Sent::Taken(1)));
    assert_eq!(arrived(&mut reactor), 1);
}

#[test]
fn a_flooded_socket_is_at_most_a_batch_ahead_of_the_others() {
    let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
    let ((flooded, flood), (other, quiet)) = (open(&mut reactor), open(&mut reactor));
    let sent = reactor.with_udp(other, |udp| {
        (0..4 * BATCH).all(|_| udp.send(b"x", flood) == Sent::Taken(1)) && udp.send(b"y", quiet) == Sent::Taken(1)
    });
    assert_eq!(sent, Some(true));
    let (mut ahead, mut scratch) = (0, vec![0; READ_LIMIT]);
    reactor.begin(false);
    loop {
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) if slot == other => break,
            Next::Event(Event::Udp(slot, UdpEvent::Datagram(_))) => {
                assert_eq!(slot, flooded);
                ahead += 1;
            }
            next => {
                assert!(matches!(next, Next::Yield), "{next:?}");
                // On a slow machine the turn may be over before the first batch is.
                reactor.begin(false);
            }
        }
    }
    assert!(ahead <= BATCH, "{ahead}");
}

#[test]
fn connections_that_wait_are_accepted_first_but_only_so_many() {
    use std::net::TcpStream;

    let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
    let mut scratch = vec![0; READ_LIMIT];
    let (listener, at) = listen(&mut reactor);
    let (asker, address) = open(&mut reactor);
    let clients: Vec<_> = (0..8).map(|_| TcpStream::connect(at).expect("a connection")).collect();
    reactor.with_udp(asker, |udp| assert_eq!(udp.send(b"x", address), Sent::Taken(1)));
    reactor.begin(false);
    let mut events = Vec::new();
    while events.len() < clients.len() + 1 {
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Accepted { listener: slot, .. }) if slot == listener => events.push("accepted"),
            Next::Event(Event::Udp(..)) => events.push("datagram"),
            // On a slow machine the turn may be over before.
            next => {
                assert!(matches!(next, Next::Yield | Next::Event(Event::Stream(..))), "{next:?}");
                reactor.begin(false);
            }
        }
    }
    assert_eq!(events.iter().filter(|event| **event == "datagram").count(), 1);
    let among = events.iter().position(|event| *event == "datagram");
    assert!(among == Some(0) || among == Some(clients.len()), "{events:?}");

    // As if a flood of them had been accepted since the last look: the next one waits for the others.
    reactor.accepted = super::connections::ACCEPTED_FIRST;
    let key = reactor.key(listener).expect("it is open");
    let other = reactor.key(asker).expect("it is open");
    reactor.listener(listener).expect("it is open").note();
    let _late = TcpStream::connect(at).expect("a connection");
    let _later = TcpStream::connect(at).expect("a connection");
    reactor.passes = super::Passes::default();
    for ready in [key, other] {
        let entry = reactor.entries.at(ready).expect("it is open");
        (entry.queued, entry.told) = (false, super::Told::default());
        reactor.enqueue(ready);
    }
    reactor.begin(false);
    reactor.looked = true;
    let next = reactor.next(&mut scratch).expect("the poll works");
    assert!(matches!(next, Next::Event(Event::Accepted { .. })), "{next:?}");
    assert_eq!(reactor.passes.first(), Some(other));
}

#[test]
fn what_the_poll_tells_of_a_connect_that_waits_for_its_turn_is_not_lost() {
    use super::StreamEvent;

    let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
    let mut scratch = vec![0; READ_LIMIT];
    let (_, at) = listen(&mut reactor);
    let client = reactor.connect(Target::Address(at, None), false);
    let mut told = Vec::new();
    reactor.begin(false);
    for _ in 0..100_000 {
        if told.len() == 2 {
            break;
        }
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Accepted { socket, .. }) => {
                // The connection itself has been told, and waits for its turn.
                reactor.gather().expect("the poll works");
                assert!(reactor.write(socket, b"x").is_some());
                reactor.gather().expect("the poll works");
            }
            Next::Event(Event::Connected { socket, .. }) if socket == client => told.push("connected"),
            Next::Event(Event::Stream(slot, StreamEvent::Data(1))) if slot == client => told.push("data"),
            Next::Idle | Next::Yield => reactor.begin(false),
            next @ Next::Event(_) => panic!("{next:?}"),
        }
    }
    assert_eq!(told, ["connected", "data"]);
}

/// Where pages have 4 KiB.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn tls_connections_take_up_less_memory_when_they_have_grown_older() {
    use std::os::fd::IntoRawFd as _;
    use std::sync::{Arc, mpsc};
    use std::time::Duration;

    use crate::shaking::Handshake;
    use crate::tls::{ServerParameters, tests::contexts};

    /// A failing wait ends here.
    const LIMIT: Duration = Duration::from_secs(10);

    let (sender, wakes) = mpsc::channel();
    let mut reactor = Reactor::new(Wake::new(move || sender.send(()).unwrap_or_default())).expect("a reactor");
    let (client_context, server_context) = contexts();
    let (near, far) = std::os::unix::net::UnixStream::pair().expect("a connection");
    let client = reactor.adopt_stream(near.into_raw_fd(), false).expect("it is a stream");
    let server = reactor.adopt_stream(far.into_raw_fd(), false).expect("it is a stream");
    let hold_memory = |reactor: &mut Reactor| {
        [client, server].map(|slot| reactor.stream(slot).and_then(|stream| Some(stream.session()?.holds_memory())))
    };
    let hello = Handshake::Client(Arc::clone(&client_context), client_context.parameters(Some("localhost")));
    for (slot, handshake) in
        [(client, hello), (server, Handshake::Server(Arc::clone(&server_context), ServerParameters::default()))]
    {
        reactor.expect_handshake(slot, false);
        reactor.shake_hands(slot, handshake, Vec::new());
    }
    let (mut shaken, mut scratch) = (0, vec![0; READ_LIMIT]);
    reactor.begin(false);
    loop {
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Handshaken(_)) => {
                shaken += 1;
            }
            Next::Event(event) => assert!(shaken > 0, "{event:?}"),
            Next::Yield => reactor.begin(false),
            Next::Idle if shaken == 2 => break,
            Next::Idle => {
                reactor.sleep().expect("the poll works");
                wakes.recv_timeout(LIMIT).expect("a wake-up");
                reactor.begin(false);
            }
        }
    }
    assert_eq!(hold_memory(&mut reactor), [Some(true); 2], "while they are young");
    while let Some(delay) = reactor.give_back() {
        std::thread::sleep(delay);
    }
    assert_eq!(hold_memory(&mut reactor), [Some(false); 2]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_udp_socket_that_others_have_open_too_is_not_watched_any_more_once_it_is_closed_here() {
    use std::net::UdpSocket;
    use std::os::fd::IntoRawFd;

    for give_up in [false, true] {
        let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
        let theirs = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("it binds");
        let descriptor = theirs.try_clone().expect("a copy").into_raw_fd();
        let slot = reactor.adopt_udp(descriptor).expect("it is a UDP socket");
        if give_up {
            reactor.give_up_udp(slot);
            assert!(std::fs::exists(format!("/proc/self/fd/{descriptor}")).expect("there is /proc"));
        } else {
            reactor.close(slot);
        }
        theirs.send_to(b"x", theirs.local_addr().expect("it is bound")).expect("there is room");
        let mut ready = Vec::new();
        reactor.poller.poll(&mut ready).expect("the poll works");
        assert!(ready.is_empty(), "{ready:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_stream_that_others_have_open_too_is_not_watched_any_more_once_it_is_closed_here() {
    use std::io::Write;
    use std::os::fd::IntoRawFd;
    use std::os::unix::net::UnixStream;

    for discard in [false, true] {
        let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
        let (theirs, mut peer) = UnixStream::pair().expect("a pair");
        let slot =
            reactor.adopt_stream(theirs.try_clone().expect("a copy").into_raw_fd(), false).expect("it is a stream");
        if discard {
            reactor.discard(slot);
        } else {
            reactor.close(slot);
        }
        peer.write_all(b"x").expect("there is room");
        let mut ready = Vec::new();
        reactor.poller.poll(&mut ready).expect("the poll works");
        assert!(ready.is_empty(), "{ready:?}");
    }
}
