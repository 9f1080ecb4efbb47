//! The record layer: accounting, fragments, closing.

use std::io::{self, Write};

use super::certificates::{Kind, server};
use super::*;

fn established() -> (Session, Session) {
    shake(&trusting(), &[serving(server(Kind::Ecdsa))], "localhost").sessions()
}

/// The lengths of the records in `wire`.
fn record_lengths(mut wire: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    while let [_, _, _, high, low, rest @ ..] = wire {
        let length = usize::from(*high) << 8 | usize::from(*low);
        lengths.push(length);
        wire = &rest[length..];
    }
    lengths
}

fn drain(session: &mut Session) -> Vec<u8> {
    let mut wire = Vec::new();
    while session.wants_send() {
        session.send(&mut wire).expect("memory takes everything");
    }
    wire
}

/// Where pages have 4 KiB.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_session_that_is_to_give_memory_back_keeps_none_for_reading() {
    let (mut client, mut server) = established();
    assert!(server.holds_memory(), "after the handshake");
    server.give_back();
    assert!(!server.holds_memory());
    for (times, text) in [b"first".as_slice(), b"second", b"third"].into_iter().enumerate() {
        server.look_at_buffer(|buffer| buffer.fill(1));
        assert!(server.holds_memory());
        client.write_plaintext(text);
        if times == 2 {
            client.change_keys();
        }
        assert_eq!(pass(&mut client, &mut server).0, text);
        // The second record is opened without rustls, which then has nothing to give back.
        assert_eq!(server.holds_memory(), times == 1, "{times}");
    }
}

#[test]
fn takes_no_more_than_the_backlog_holds() {
    let (mut client, mut server) = established();
    drain(&mut client);
    let data: Vec<u8> = (0..1_000_000_u32).map(|i| i.to_le_bytes()[0] ^ i.to_le_bytes()[1]).collect();
    let taken = client.write_plaintext(&data);
    assert!(taken > 60_000 && taken <= 65_536, "{taken}");
    assert_eq!(client.write_plaintext(&data[taken..]), 0);
    // What was taken arrives, and there is room again.
    let (plaintext, _) = pass(&mut client, &mut server);
    assert_eq!(plaintext, data[..taken]);
    assert!(client.write_plaintext(&data[taken..]) > 60_000);
}

#[test]
fn every_byte_arrives_through_a_transport_that_takes_little() {
    struct Narrow(Vec<u8>, u32);
    impl Write for Narrow {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.1 = self.1.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let count = data.len().min((self.1 >> 16) as usize % 5000 + 1);
            self.0.extend_from_slice(&data[..count]);
            Ok(count)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut client, mut server) = established();
    let data: Vec<u8> = (0..700_000_u32).map(|i| (i % 251) as u8).collect();
    let mut transport = Narrow(Vec::new(), 1);
    let (mut written, mut arrived) = (0, Vec::new());
    let mut room = vec![0; Session::room_for(100_000)];
    while arrived.len() < data.len() {
        written += client.write_plaintext(&data[written..]);
        match client.send(&mut transport) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
        let received = server.receive(&std::mem::take(&mut transport.0), &mut room);
        assert_eq!(received.failure, None);
        arrived.extend_from_slice(&room[..received.plaintext]);
    }
    assert_eq!(written, data.len());
    assert_eq!(arrived, data);
}

#[test]
fn fragments_are_as_small_as_asked_for() {
    for only in [0x0303, 0x0304] {
        let versions = Versions { minimum: Some(only), maximum: Some(only) };
        let options = TlsOptions { versions, ..trusting() };
        let (mut client, mut server) = shake(&options, &[serving(server(Kind::Ecdsa))], "localhost").sessions();
        let data = vec![7; 10_000];
        client.write_plaintext(&data);
        let wire = drain(&mut client);
        assert_eq!(record_lengths(&wire).len(), 1);
        let mut room = vec![0; Session::room_for(wire.len())];
        assert_eq!(server.receive(&wire, &mut room).plaintext, 10_000);
        for refused in [0, 511, 16385] {
            assert!(!client.set_max_send_fragment(refused));
        }
        assert!(client.set_max_send_fragment(512));
        assert_eq!(client.write_plaintext(&data), 10_000);
        let wire = drain(&mut client);
        let lengths = record_lengths(&wire);
        assert_eq!(lengths.len(), 20);
        assert!(lengths.iter().all(|length| *length <= 512 + 64), "{lengths:?}");
        let mut room = vec![0; Session::room_for(wire.len())];
        let received = server.receive(&wire, &mut room);
        assert_eq!(room[..received.plaintext], data);
    }
}

#[test]
fn a_large_piece_of_ciphertext_is_taken_whole() {
    let (mut client, mut server) = established();
    let data = vec![9; 2_000_000];
    let (mut wire, mut written) = (Vec::new(), 0);
    while written < data.len() {
        written += client.write_plaintext(&data[written..]);
        wire.extend(drain(&mut client));
    }
    // Cut at odd places, so that records are split everywhere.
    let mut arrived = 0;
    for piece in wire.chunks(300_001) {
        let mut room = vec![0; Session::room_for(piece.len())];
        let received = server.receive(piece, &mut room);
        assert_eq!(received.failure, None);
        arrived += received.plaintext;
    }
    assert_eq!(arrived, data.len());
}

#[test]
fn close_notify_ends_one_direction() {
    let (mut client, mut server) = established();
    client.write_plaintext(b"last words");
    client.close_notify();
    assert_eq!(client.write_plaintext(b"too late"), 0);
    let (plaintext, received) = pass(&mut client, &mut server);
    assert_eq!(plaintext, b"last words");
    assert!(received.peer_closed && server.peer_closed() && received.failure.is_none());
    server.write_plaintext(b"answer");
    let (plaintext, received) = pass(&mut server, &mut client);
    assert_eq!(plaintext, b"answer");
    assert!(!received.peer_closed);
    server.close_notify();
    assert!(pass(&mut server, &mut client).1.peer_closed);
}

#[test]
fn secrets_are_logged_when_asked_for() {
    let path = std::env::temp_dir().join(format!("bun-sockets-keylog-{}", std::process::id()));
    let log = KeyLogFile::open(&path).expect("a file");
    let client = ClientContext::new(&trusting(), Some(&log)).expect("options");
    let server = ServerContext::new(&[serving(server(Kind::Ecdsa))], None).expect("options");
    let parameters = client.parameters(Some("localhost"));
    shake_contexts(Arc::new(client), Arc::new(server), parameters, ServerParameters::default()).sessions();
    let text = std::fs::read_to_string(&path).expect("the log");
    std::fs::remove_file(&path).expect("the log goes");
    for label in ["CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"] {
        let line = text.lines().find(|line| line.starts_with(&format!("{label} "))).expect(label);
        let parts: Vec<&str> = line.split(' ').collect();
        assert_eq!((parts.len(), parts[1].len(), parts[2].len()), (3, 64, 64));
    }
}
