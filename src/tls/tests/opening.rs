//! What is opened here, what is left to rustls, and the way from one to the other.

use tokio::io::AsyncWriteExt as _;

use super::certificates::{Kind, server};
use super::*;

fn established(options: &TlsOptions) -> (Session, Session) {
    shake(options, &[serving(server(Kind::Ecdsa))], "localhost").sessions()
}

fn sent(session: &mut Session) -> Vec<u8> {
    let mut wire = Vec::new();
    while session.wants_send() {
        session.send(&mut wire).expect("memory takes everything");
    }
    wire
}

fn some_data(length: usize) -> Vec<u8> {
    let bytes = (0..=250_u8).cycle();
    bytes.zip(0..length).map(|(byte, i)| byte ^ (i / 251).to_le_bytes()[0]).collect()
}

/// Every version and cipher suite.
fn suites() -> Vec<TlsOptions> {
    let only = |version| Versions { minimum: Some(version), maximum: Some(version) };
    let tls12 = ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"];
    let tls12 = tls12.map(|name| TlsOptions { ciphers: Some(name.to_owned()), versions: only(0x0303), ..trusting() });
    // Which suite of TLS 1.3 it is cannot be asked for.
    tls12.into_iter().chain([TlsOptions { versions: only(0x0304), ..trusting() }]).collect()
}

#[test]
fn data_arrives_whatever_the_suite_and_wherever_it_is_cut() {
    for options in suites() {
        let (mut client, mut server) = established(&options);
        let data = some_data(60_000);
        for piece in [1, 2, 3, 5, 7, 100, 1_000, 16_384, 16_405, 16_406, 16_500, 40_000, 100_000] {
            let length = if piece < 100 { 300 } else { data.len() };
            assert_eq!(client.write_plaintext(&data[..length]), length);
            let mut arrived = Vec::new();
            for piece in sent(&mut client).chunks(piece) {
                let mut room = vec![0; Session::room_for(piece.len())];
                let received = server.receive(piece, &mut room);
                assert_eq!((received.failure, received.peer_closed), (None, false));
                arrived.extend_from_slice(&room[..received.plaintext]);
            }
            assert!(arrived == data[..length], "{piece}");
            assert!(server.unfinished().is_empty());
            std::mem::swap(&mut client, &mut server);
        }
    }
}

#[test]
fn the_memory_that_is_expected_to_be_enough_is_enough() {
    for options in suites() {
        let (mut client, server) = established(&options);
        client.write_plaintext(b"first");
        assert_eq!(server.expected(&sent(&mut client)), None, "rustls looks at the first record");
        let (mut client, mut server) = established(&options);
        client.write_plaintext(b"first");
        assert_eq!(pass(&mut client, &mut server).0, b"first");
        let data = some_data(60_000);
        client.write_plaintext(&data);
        let mut wire = sent(&mut client);
        assert_eq!(server.expected(&wire), Some(data.len()));
        // Two thirds of a record more, which do not count yet.
        client.write_plaintext(&data[..1_500]);
        let more = sent(&mut client);
        wire.extend_from_slice(&more[..1_000]);
        assert_eq!(server.expected(&wire), Some(data.len()));
        let mut exact = vec![0; data.len()];
        assert_eq!(server.open(&mut wire, &mut exact).plaintext, data.len());
        assert!(exact == data);
        assert_eq!(server.unfinished(), &more[..1_000]);
        let mut exact = vec![0; 1_500];
        assert_eq!(server.receive(&more[1_000..], &mut exact).plaintext, 1_500);
        assert!(exact == data[..1_500]);
    }
}

#[test]
fn data_that_does_not_fit_waits() {
    for options in suites() {
        let (mut client, mut server) = established(&options);
        client.write_plaintext(b"first");
        assert_eq!(pass(&mut client, &mut server).0, b"first");
        client.write_plaintext(&[7; 1_000]);
        let mut small = [0; 600];
        let received = server.receive(&sent(&mut client), &mut small);
        assert_eq!((received.plaintext, received.failure), (600, None));
        client.write_plaintext(b"last");
        let mut room = vec![0; Session::room_for(1_000)];
        let received = server.receive(&sent(&mut client), &mut room);
        assert_eq!(room[..received.plaintext], [&[7; 400][..], b"last"].concat());
    }
}

#[test]
fn keys_may_change_at_any_time() {
    let (mut client, mut server) = established(&trusting());
    let data = some_data(20_000);
    for round in 0..100 {
        let mut wire = Vec::new();
        for _ in 0..=round % 3 {
            client.write_plaintext(&data);
            wire.extend(sent(&mut client));
        }
        client.change_keys();
        client.write_plaintext(b"after it");
        wire.extend(sent(&mut client));
        let mut arrived = Vec::new();
        for piece in wire.chunks(1 + round * 997) {
            let mut room = vec![0; Session::room_for(piece.len())];
            let received = server.receive(piece, &mut room);
            assert_eq!(received.failure, None, "{round}");
            arrived.extend_from_slice(&room[..received.plaintext]);
        }
        assert_eq!(arrived.len(), (round % 3 + 1) * data.len() + 8);
        assert!(arrived.ends_with(b"after it"));
        // And the other way, with the answer to the change if there is one.
        server.write_plaintext(b"answer");
        assert_eq!(pass(&mut server, &mut client).0, b"answer");
        std::mem::swap(&mut client, &mut server);
    }
}

#[test]
fn a_peer_that_does_nothing_but_change_keys_is_stopped() {
    let (mut client, mut server) = established(&trusting());
    client.write_plaintext(b"data");
    assert_eq!(pass(&mut client, &mut server).0, b"data");
    let failed = (0..100).find(|_| {
        client.change_keys();
        pass(&mut client, &mut server).1.failure.is_some()
    });
    assert!(failed.is_some_and(|count| count > 10), "{failed:?}");
}

#[test]
fn a_changed_record_among_good_ones_ends_the_connection() {
    for options in suites() {
        let (mut client, mut server) = established(&options);
        client.write_plaintext(b"first");
        assert_eq!(pass(&mut client, &mut server).0, b"first");
        client.write_plaintext(b"good");
        let mut wire = sent(&mut client);
        client.write_plaintext(b"changed");
        let changed = wire.len() + 12;
        wire.extend(sent(&mut client));
        wire[changed] ^= 1;
        client.write_plaintext(b"never opened");
        wire.extend(sent(&mut client));
        let mut room = vec![0xaa; Session::room_for(wire.len())];
        let received = server.open(&mut wire, &mut room);
        assert_eq!(&room[..received.plaintext], b"good");
        assert_eq!(received.failure.map(|failure| failure.reason), Some("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"));
        // The peer is told by rustls, and nothing of what nobody vouched for is left.
        let told = pass(&mut server, &mut client).1.failure.expect("an alert");
        assert!(told.reason.contains("BAD_RECORD_MAC"), "{told:?}");
        assert!(!room.windows(6).any(|window| window == b"hanged" || window == b"opened"));
    }
}

#[test]
fn what_came_with_the_handshake_is_not_lost_wherever_it_ends() {
    let client = Arc::new(ClientContext::new(&trusting(), None).expect("options"));
    let server = Arc::new(ServerContext::new(&[serving(server(Kind::Ecdsa))], None).expect("options"));
    let data = some_data(5_000);
    // In the first record's header, in its body, at its end, in the second, and so on.
    for cut in [0, 1, 3, 4, 5, 6, 20, 500, 521, 522, 523, 526, 527, 1_000, 3_000, 4_000, 6_000] {
        let parameters = client.parameters(Some("localhost"));
        let (client, server, data) = (Arc::clone(&client), Arc::clone(&server), data.clone());
        runtime().block_on(async move {
            // The relay holds back what the client says after its ClientHello, until there is data to go with it.
            let (near, mut middle) = tokio::io::duplex(64 * 1024);
            let (mut middle_server, far) = tokio::io::duplex(64 * 1024);
            let (release, mut released) = tokio::sync::oneshot::channel::<Vec<u8>>();
            let server = tokio::spawn(server_handshake(far, server, ServerParameters::default()));
            let relay = tokio::spawn(async move {
                let (mut up, mut down, mut held) = ([0; 4096], [0; 4096], Vec::new());
                let count = middle.read(&mut up).await.expect("a ClientHello");
                middle_server.write_all(&up[..count]).await.expect("room");
                loop {
                    tokio::select! {
                        biased;
                        count = middle.read(&mut up) => held.extend_from_slice(&up[..count.expect("a flight")]),
                        count = middle_server.read(&mut down) => {
                            let count = count.expect("the server's flight");
                            middle.write_all(&down[..count]).await.expect("room");
                        }
                        data = &mut released => {
                            held.extend(data.expect("data"));
                            middle_server.write_all(&held).await.expect("room");
                            break (middle, middle_server);
                        }
                    }
                }
            });
            let mut client = client_handshake(near, client, parameters).await.expect("the client's handshake");
            assert!(client.session.set_max_send_fragment(512));
            assert_eq!(client.session.write_plaintext(&data), data.len());
            let wire = sent(&mut client.session);
            let cut = cut.min(wire.len());
            release.send(wire[..cut].to_vec()).expect("the relay");
            let mut server = server.await.expect("a task").expect("the server's handshake");
            // The relay may have been faster or slower than the server's last read.
            let (_middle, mut middle_server) = relay.await.expect("the relay");
            middle_server.write_all(&wire[cut..]).await.expect("room");
            middle_server.shutdown().await.expect("the end");
            let mut rest = Vec::new();
            server.stream.read_to_end(&mut rest).await.expect("the rest");
            let mut room = vec![0; Session::room_for(data.len() + rest.len())];
            let early = server.session.read_plaintext(&mut room);
            let received = server.session.receive(&rest, &mut room[early..]);
            assert_eq!((early + received.plaintext, received.failure), (data.len(), None), "{cut}");
            assert!(room[..data.len()] == data, "{cut}");
        });
    }
}
