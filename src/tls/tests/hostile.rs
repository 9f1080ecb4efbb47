//! Peers that send garbage, too little, or nothing.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::certificates::{Kind, server};
use super::handshakes::reason;
use super::*;

fn established() -> (Session, Session) {
    shake(&trusting(), &[serving(server(Kind::Ecdsa))], "localhost").sessions()
}

fn server_context() -> Arc<ServerContext> {
    Arc::new(ServerContext::new(&[serving(server(Kind::Ecdsa))], None).expect("options"))
}

pub(super) fn client_hello() -> Vec<u8> {
    let client = Arc::new(ClientContext::new(&trusting(), None).expect("options"));
    let parameters = client.parameters(Some("localhost"));
    runtime().block_on(async move {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let client = tokio::spawn(client_handshake(near, client, parameters));
        let mut hello = vec![0; 65_536];
        let count = far.read(&mut hello).await.expect("a ClientHello");
        hello.truncate(count);
        drop(far);
        let failed = client.await.expect("a task").expect_err("nobody answered");
        assert!(matches!(failed.failure, HandshakeFailure::Disconnected), "{failed:?}");
        hello
    })
}

/// What a server makes of `bytes` and then the end.
async fn serve(bytes: Vec<u8>, context: Arc<ServerContext>) -> (Option<HandshakeFailure>, Vec<u8>) {
    let (near, mut far) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(server_handshake(near, context, ServerParameters::default()));
    far.write_all(&bytes).await.expect("room");
    far.shutdown().await.expect("the end");
    let result = server.await.expect("no panic");
    let failure = match result {
        Ok(_) => None,
        Err(failed) => Some(failed.failure),
    };
    let mut answer = Vec::new();
    far.read_to_end(&mut answer).await.expect("the answer");
    (failure, answer)
}

#[test]
fn a_client_hello_cut_anywhere_is_a_disconnection() {
    let hello = client_hello();
    let context = server_context();
    runtime().block_on(async {
        for length in 0..hello.len() {
            let (failure, _) = serve(hello[..length].to_vec(), Arc::clone(&context)).await;
            assert!(matches!(failure, Some(HandshakeFailure::Disconnected)), "{length}: {failure:?}");
        }
    });
}

#[test]
fn a_client_hello_with_any_byte_changed_does_no_harm() {
    let hello = client_hello();
    let context = server_context();
    runtime().block_on(async {
        for position in 0..hello.len() {
            for change in [0xff, 0x01, 0x80] {
                let mut bytes = hello.clone();
                bytes[position] ^= change;
                // Some changes are legal; none is followed by the rest of a handshake.
                let (failure, _) = serve(bytes, Arc::clone(&context)).await;
                assert!(failure.is_some(), "{position}");
            }
        }
    });
}

#[test]
fn other_protocols_are_recognised() {
    let context = server_context();
    runtime().block_on(async {
        for (words, expected, told) in [
            (&b"GET / HTTP/1.0\r\n\r\n"[..], "HTTP_REQUEST", &b""[..]),
            (b"CONNECT x:1 HTTP/1.0\r\n\r\n", "HTTPS_PROXY_REQUEST", b""),
            (b"EHLO example.org and so on\r\n", "WRONG_VERSION_NUMBER", &[21, 3, 1, 0, 2, 2, 70]),
        ] {
            let (failure, answer) = serve(words.to_vec(), Arc::clone(&context)).await;
            assert!(
                matches!(failure, Some(HandshakeFailure::Protocol(failure)) if failure.reason == expected),
                "{failure:?}"
            );
            assert_eq!(answer, told);
        }
    });
}

#[test]
fn a_client_recognises_a_server_that_does_not_speak_tls() {
    let client = Arc::new(ClientContext::new(&trusting(), None).expect("options"));
    let parameters = client.parameters(Some("localhost"));
    let result = runtime().block_on(async move {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        far.write_all(b"220 mail.example.org ESMTP\r\n").await.expect("room");
        let result = client_handshake(near, client, parameters).await;
        drop(far);
        result
    });
    assert_eq!(reason(result), "WRONG_VERSION_NUMBER");
}

#[test]
fn a_silent_peer_runs_into_the_time_limit() {
    let context = server_context();
    let client = Arc::new(ClientContext::new(&trusting(), None).expect("options"));
    let time_limit = Duration::from_millis(5);
    let parameters = ClientParameters { time_limit, ..client.parameters(Some("localhost")) };
    runtime().block_on(async move {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let server = ServerParameters { time_limit, ..ServerParameters::default() };
        let failed = server_handshake(near, context, server).await.expect_err("nobody spoke");
        assert!(matches!(failed.failure, HandshakeFailure::TimedOut));
        drop(far);
        let (near, far) = tokio::io::duplex(64 * 1024);
        let failed = client_handshake(near, client, parameters).await.expect_err("nobody answered");
        assert!(matches!(failed.failure, HandshakeFailure::TimedOut));
        drop(far);
    });
}

#[test]
fn a_record_with_any_byte_changed_ends_the_connection() {
    let data = b"a record of some length, so that there is something to change";
    let probe = {
        let (mut client, _) = established();
        client.write_plaintext(data);
        let mut wire = Vec::new();
        client.send(&mut wire).expect("memory");
        wire.len()
    };
    // A session is used up by one attempt; changing every third byte covers header, body and tag.
    for position in (0..probe).step_by(3) {
        let (mut client, mut server) = established();
        client.write_plaintext(data);
        let mut wire = Vec::new();
        client.send(&mut wire).expect("memory");
        wire[position] ^= 0x40;
        let mut room = vec![0; Session::room_for(wire.len())];
        let received = server.receive(&wire, &mut room);
        assert_eq!(received.plaintext, 0, "{position}");
        // A length that grew makes the server wait for the rest; everything else is an error.
        assert!(received.failure.is_some() || position == 3 || position == 4, "{position}");
        if received.failure.is_some() {
            // The peer is told, and nothing more is taken or made.
            assert!(server.wants_send());
            assert_eq!(server.write_plaintext(b"x"), 0);
            assert_eq!(server.receive(&wire, &mut room), Received::default());
            let told = pass(&mut server, &mut client).1;
            assert!(told.failure.is_some_and(|failure| failure.reason.contains("ALERT")), "{told:?}");
        }
    }
}

#[test]
fn data_before_a_broken_record_is_still_delivered() {
    let (mut client, mut server) = established();
    client.write_plaintext(b"good");
    let mut wire = Vec::new();
    client.send(&mut wire).expect("memory");
    wire.extend_from_slice(&[23, 3, 3, 0, 20]);
    wire.extend_from_slice(&[0; 20]);
    let mut room = vec![0; Session::room_for(wire.len())];
    let received = server.receive(&wire, &mut room);
    assert_eq!(&room[..received.plaintext], b"good");
    assert_eq!(received.failure.map(|failure| failure.reason), Some("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"));
}

#[test]
fn garbage_after_the_handshake_is_an_error_and_not_a_panic() {
    let mut state = 1_u32;
    for _ in 0..200 {
        let (_, mut server) = (0, established().1);
        let mut garbage = vec![0; 600];
        for byte in &mut garbage {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        let mut room = vec![0; Session::room_for(garbage.len())];
        let received = server.receive(&garbage, &mut room);
        assert_eq!(received.plaintext, 0);
    }
}
