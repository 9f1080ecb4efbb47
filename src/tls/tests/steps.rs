//! Handshakes in steps, over sockets.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use super::certificates::{Kind, server};
use super::hostile::client_hello;
use super::*;
use crate::reactor::{Event, Next, Reactor, Wake};
use crate::shaking::{Handshake, Inlet, Shaken, Socket, Stepped, Steps};
use crate::stream::READ_LIMIT;
use crate::sys::{DatagramIo, DatagramSharing, ListenerIo, Packet, Sharing, StreamIo};
use crate::turn::BEFORE_STEP;
#[cfg(target_os = "linux")]
use crate::{readiness::Readiness, secure::SecureStream, stream::Written};

/// Less than what one turn may tell, and than a socket's buffer takes.
const DATAGRAMS: usize = 40;
/// A failing wait ends here.
const LIMIT: Duration = Duration::from_secs(10);

fn connection() -> (Arc<StreamIo>, Arc<StreamIo>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let near = TcpStream::connect(listener.local_addr().expect("bound")).expect("a connection");
    let far = listener.accept().expect("the connection").0;
    let io = |stream: TcpStream| {
        stream.set_nonblocking(true).expect("a socket");
        Arc::new(StreamIo::from_std(stream))
    };
    (io(near), io(far))
}

fn steps(io: &Arc<StreamIo>, handshake: Handshake, initial: &[u8]) -> (Steps, Receiver<()>) {
    let (sender, again) = mpsc::channel();
    let socket = Socket { io: Arc::clone(io), silenced: Arc::default(), held: Arc::default(), inlet: None };
    let steps = Steps::new(socket, handshake, initial.to_vec(), move || sender.send(()).unwrap_or_default());
    (steps.expect("a runtime"), again)
}

fn serving_with(kind: Kind, parameters: ServerParameters, change: impl FnOnce(&mut TlsOptions)) -> Handshake {
    let mut options = serving(server(kind));
    change(&mut options);
    Handshake::Server(Arc::new(ServerContext::new(&[options], None).expect("options")), parameters)
}

fn asking() -> Handshake {
    let context = Arc::new(ClientContext::new(&trusting(), None).expect("options"));
    let parameters = context.parameters(Some("localhost"));
    Handshake::Client(context, parameters)
}

fn waits(stepped: Stepped) -> Steps {
    match stepped {
        Stepped::Waits(steps) => steps,
        Stepped::Over(shaken) => panic!("it is over: {shaken:?}"),
    }
}

fn over(stepped: Stepped) -> Shaken {
    match stepped {
        Stepped::Over(shaken) => shaken,
        Stepped::Waits(steps) => panic!("it waits: {steps:?}"),
    }
}

/// Sends the last words of a handshake, which are the session's to send.
fn send_last_words(io: &StreamIo, shaken: Shaken) {
    let mut session = shaken.result.expect("the handshake");
    let mut words = Vec::new();
    while session.wants_send() {
        session.send(&mut words).expect("memory takes everything");
    }
    assert_eq!(io.send(&words).expect("room"), words.len());
}

#[test]
fn two_take_turns_and_give_their_sockets_back() {
    let (near, far) = connection();
    let (client, _again) = steps(&near, asking(), b"");
    let (server, _again) = steps(&far, serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {}), b"");
    let client = waits(client.step());
    let server = waits(server.step());
    let client = over(client.step());
    let server = waits(server.step());
    send_last_words(&near, client);
    assert!(over(server.step()).result.is_ok());
    assert_eq!((Arc::strong_count(&near), Arc::strong_count(&far)), (1, 1));
}

/// A connection that keeps what different sends have sent apart.
#[cfg(target_os = "linux")]
fn connection_of_packets() -> (Arc<StreamIo>, Arc<StreamIo>) {
    use socket2::{Domain, Type};
    use std::os::fd::OwnedFd;

    let (near, far) = socket2::Socket::pair(Domain::UNIX, Type::SEQPACKET.nonblocking(), None).expect("a pair");
    let io = |socket: socket2::Socket| Arc::new(StreamIo::from_std(TcpStream::from(OwnedFd::from(socket))));
    (io(near), io(far))
}

#[cfg(target_os = "linux")]
#[test]
fn the_last_words_of_a_handshake_leave_with_the_first_words_of_the_program() {
    let (near, far) = connection_of_packets();
    let client = waits(steps(&near, asking(), b"").0.step());
    let (server, _again) = steps(&far, serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {}), b"");
    let server = waits(server.step());
    let session = over(client.step()).result.expect("the handshake");
    let io = Arc::into_inner(near).expect("it was given back");
    let mut stream = SecureStream::new(io, Readiness::default(), session, false, None);
    assert_eq!(stream.write(b"hello"), Written::Taken(5));
    // Both are in what this step reads.
    let mut session = over(server.step()).result.expect("the handshake");
    let mut plaintext = [0; 100];
    assert_eq!(session.read_plaintext(&mut plaintext), 5);
    let nothing = far.receive(&mut plaintext).expect_err("nothing has been left");
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn what_was_received_before_goes_first() {
    let (near, far) = connection();
    let client = waits(steps(&near, asking(), b"").0.step());
    let mut hello = vec![0; 65_536];
    let count = far.receive(&mut hello).expect("a ClientHello");
    let (server, _again) = steps(&far, serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {}), &hello[..count]);
    let server = waits(server.step());
    send_last_words(&near, over(client.step()));
    assert!(over(server.step()).result.is_ok());
}

#[test]
fn a_tapped_handshake_reads_what_it_is_given() {
    let (near, far) = connection();
    let client = waits(steps(&near, asking(), b"").0.step());
    let inlet = Arc::<Inlet>::default();
    let socket = Socket {
        io: Arc::clone(&far),
        silenced: Arc::default(),
        held: Arc::default(),
        inlet: Some(Arc::clone(&inlet)),
    };
    let handshake = serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {});
    let server = Steps::new(socket, handshake, Vec::new(), || {}).expect("a runtime");
    assert!(!server.has_begun());
    let server = waits(server.step());
    assert!(server.has_begun());
    let mut room = vec![0; 65_536];
    let mut pass = || {
        let count = far.receive(&mut room).expect("the client's words");
        inlet.put(&room[..count]);
    };
    pass();
    let server = waits(server.step());
    assert!(!inlet.is_full());
    send_last_words(&near, over(client.step()));
    pass();
    // The beginning of a record, which the handshake may read ahead.
    inlet.put(&[23, 3, 3]);
    assert!(over(server.step()).result.is_ok());
    assert!([0, 3].contains(&inlet.take_rest().len()));
}

#[test]
fn a_tapped_handshake_is_told_of_the_end() {
    let (_near, far) = connection();
    let inlet = Arc::<Inlet>::default();
    let socket = Socket { io: far, silenced: Arc::default(), held: Arc::default(), inlet: Some(Arc::clone(&inlet)) };
    let handshake = serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {});
    let server = Steps::new(socket, handshake, Vec::new(), || {}).expect("a runtime");
    inlet.end(Ok(()));
    let failed = over(server.step()).result.expect_err("nobody is there");
    assert!(matches!(failed.failure, HandshakeFailure::Disconnected), "{failed:?}");
}

#[test]
fn nothing_is_read_before_the_first_step_and_the_clock_runs_from_the_beginning() {
    let (near, far) = connection();
    // The first byte of a record.
    near.send(&[22]).expect("room");
    let parameters = ServerParameters { time_limit: Duration::from_millis(5), ..ServerParameters::default() };
    let (server, again) = steps(&far, serving_with(Kind::Ecdsa, parameters, |_| {}), b"");
    assert_eq!(far.available().expect("a socket"), 1);
    again.recv_timeout(LIMIT).expect("the time limit");
    let failed = over(server.step()).result.expect_err("it is late");
    assert!(matches!(failed.failure, HandshakeFailure::TimedOut), "{failed:?}");
}

#[test]
fn a_clients_first_step_reads_nothing() {
    let (near, far) = connection();
    // The first byte of a record.
    far.send(&[22]).expect("room");
    let client = waits(steps(&near, asking(), b"").0.step());
    assert_eq!(near.available().expect("a socket"), 1);
    drop(client.step());
    assert_eq!(near.available().expect("a socket"), 0);
}

#[test]
fn nothing_is_read_while_it_is_held() {
    let (near, far) = connection();
    let held = Arc::<AtomicBool>::new(true.into());
    let socket = Socket { io: Arc::clone(&far), silenced: Arc::default(), held: Arc::clone(&held), inlet: None };
    let handshake = serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {});
    let server = Steps::new(socket, handshake, Vec::new(), || {}).expect("a runtime");
    near.send(&[22]).expect("room");
    let server = waits(server.step());
    assert_eq!(far.available().expect("a socket"), 1);
    held.store(false, Ordering::Relaxed);
    drop(server.step());
    assert_eq!(far.available().expect("a socket"), 0);
}

/// What is left to read behind a reset is Linux' decision.
#[cfg(target_os = "linux")]
mod left {
    use super::*;

    fn serving() -> Handshake {
        serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {})
    }

    #[test]
    fn a_reset_behind_the_last_words_is_not_the_handshakes() {
        let (near, far) = connection();
        let client = waits(steps(&near, asking(), b"").0.step());
        let server = waits(steps(&far, serving(), b"").0.step());
        far.reset_on_close().expect("a socket");
        drop((server, far));
        assert!(over(client.step()).result.is_ok());
    }

    #[test]
    fn who_is_gone_before_the_answer_has_not_heard_it() {
        let (near, far) = connection();
        let client = waits(steps(&near, asking(), b"").0.step());
        near.reset_on_close().expect("a socket");
        drop((client, near));
        let failed = over(steps(&far, serving(), b"").0.step()).result.expect_err("nobody is there");
        assert!(matches!(failed.failure, HandshakeFailure::Unheard), "{failed:?}");
    }

    #[test]
    fn who_is_gone_before_a_clients_first_words_has_left() {
        let (near, far) = connection();
        far.reset_on_close().expect("a socket");
        drop(far);
        let failed = over(steps(&near, asking(), b"").0.step()).result.expect_err("nobody is there");
        assert!(matches!(failed.failure, HandshakeFailure::Disconnected), "{failed:?}");
    }
}

#[test]
fn steps_are_quick_where_the_peer_has_no_say_and_nothing_is_signed_with_rsa() {
    let (near, far) = connection();
    let plain = ServerParameters::default;
    let quick = |handshake| steps(&far, handshake, b"").0.is_quick();
    assert!(quick(serving_with(Kind::Ecdsa, plain(), |_| {})));
    assert!(!quick(serving_with(Kind::Ecdsa, plain(), |options| options.request_cert = true)));
    let asks = ServerParameters { verify_mode: Some((true, false)), ..plain() };
    assert!(!quick(serving_with(Kind::Ecdsa, asks, |_| {})));
    assert!(!quick(asking()));
    let (client, _again) = steps(&near, asking(), b"");
    let (server, _again) = steps(&far, serving_with(Kind::Rsa, plain(), |_| {}), b"");
    assert!(!server.is_quick());
    let client = waits(client.step());
    let server = waits(server.step());
    assert!(server.is_quick(), "{server:?}");
    drop(client);
}

#[test]
fn events_go_before_steps_which_have_their_share() {
    let hello = client_hello();
    let mut reactor = Reactor::new(Wake::new(|| {})).expect("a reactor");
    reactor.set_shakes_hands(true);
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let listener = ListenerIo::bind_tcp(any, Sharing::default()).expect("a free port");
    let address = listener.local_address().expect("bound");
    reactor.listen(listener, false).expect("room");
    let clients = [0; 2].map(|_| TcpStream::connect(address).expect("a connection"));
    for client in &clients {
        client.set_nonblocking(true).expect("a socket");
    }
    let io = DatagramIo::bind(any, DatagramSharing::default()).expect("a free port");
    let to = io.local_address();
    for _ in 0..DATAGRAMS {
        io.send(Packet { bytes: b"x", to }).expect("room");
    }
    let mut scratch = vec![0; READ_LIMIT];
    reactor.begin(false);
    for _ in &clients {
        let mut next = reactor.next(&mut scratch).expect("the poll works");
        while matches!(next, Next::Yield) {
            // On a slow machine a turn can be over at any event.
            reactor.begin(false);
            next = reactor.next(&mut scratch).expect("the poll works");
        }
        let Next::Event(Event::Accepted { socket, .. }) = next else { panic!("{next:?}") };
        reactor.expect_handshake(socket, false);
        let handshake = serving_with(Kind::Ecdsa, ServerParameters::default(), |_| {});
        reactor.shake_hands(socket, handshake, hello.clone());
    }
    // How many of the clients have been answered, at each datagram.
    let mut answered = Vec::new();
    reactor.open_udp(io).expect("room");
    assert!(reactor.look().expect("the poll works"));
    while answered.len() < DATAGRAMS {
        match reactor.next(&mut scratch).expect("the poll works") {
            Next::Event(Event::Udp(..)) => {
                answered.push(clients.iter().filter(|client| client.peek(&mut [0]).is_ok()).count());
            }
            Next::Yield => reactor.begin(false),
            next => panic!("{next:?}"),
        }
    }
    // What was accepted counts as well.
    let after = |steps: usize| answered[steps * BEFORE_STEP - 4..steps * BEFORE_STEP + 2].to_vec();
    assert!(after(1).is_sorted() && after(1).starts_with(&[0]) && after(1).ends_with(&[1]), "{answered:?}");
    assert!(after(2).is_sorted() && after(2).starts_with(&[1]) && after(2).ends_with(&[2]), "{answered:?}");
}
