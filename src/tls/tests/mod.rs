//! Two of ours against each other, over streams in memory.

mod certificates;
mod handshakes;
mod hostile;
mod key_schedule;
mod opening;
mod records;
mod resumption;
mod steps;
mod verification;

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, DuplexStream};

use super::*;
use certificates::{Made, authority};

/// What both sides got out of one handshake.
struct Pair {
    client: Result<Handshaken<DuplexStream>, Box<Failed<DuplexStream>>>,
    server: Result<Handshaken<DuplexStream>, Box<Failed<DuplexStream>>>,
}

impl Pair {
    /// Both sessions of a handshake that must have succeeded.
    fn sessions(self) -> (Session, Session) {
        let client = self.client.expect("the client's handshake");
        let server = self.server.expect("the server's handshake");
        (*client.session, *server.session)
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
}

/// Lets a client and a server shake hands. `host` is what the client connects to.
fn shake(client: &TlsOptions, server: &[TlsOptions], host: &str) -> Pair {
    shake_with(client, server, |context| context.parameters(Some(host)), ServerParameters::default())
}

fn shake_with(
    client: &TlsOptions,
    server: &[TlsOptions],
    parameters: impl FnOnce(&ClientContext) -> ClientParameters,
    server_parameters: ServerParameters,
) -> Pair {
    let client = ClientContext::new(client, None).expect("the client's options");
    let server = ServerContext::new(server, None).expect("the server's options");
    let parameters = parameters(&client);
    shake_contexts(Arc::new(client), Arc::new(server), parameters, server_parameters)
}

fn shake_contexts(
    client: Arc<ClientContext>,
    server: Arc<ServerContext>,
    parameters: ClientParameters,
    server_parameters: ServerParameters,
) -> Pair {
    runtime().block_on(async move {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let server = tokio::spawn(server_handshake(far, server, server_parameters));
        let client = client_handshake(near, client, parameters).await;
        let failed = client.is_err();
        // A client that failed hangs up.
        let client = client.map_err(|mut error| {
            error.stream = None;
            error
        });
        assert!(!failed || client.is_err());
        Pair { client, server: server.await.expect("the server's task") }
    })
}

/// A client that trusts the tests' authority.
fn trusting() -> TlsOptions {
    TlsOptions { ca: Some(vec![authority().certificate()]), reject_unauthorized: true, ..TlsOptions::default() }
}

/// A server with one certificate.
fn serving(made: &Made) -> TlsOptions {
    TlsOptions { identities: vec![made.identity()], reject_unauthorized: true, ..TlsOptions::default() }
}

/// What a client and a server of `localhost` shake hands with.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) fn contexts() -> (Arc<ClientContext>, Arc<ServerContext>) {
    let client = ClientContext::new(&trusting(), None).expect("the client's options");
    let server = ServerContext::new(&[serving(certificates::server(certificates::Kind::Ecdsa))], None);
    (Arc::new(client), Arc::new(server.expect("the server's options")))
}

/// Moves what `from` has to send to `to`; returns the plaintext and what else came.
fn pass(from: &mut Session, to: &mut Session) -> (Vec<u8>, Received) {
    let mut wire = Vec::new();
    while from.wants_send() {
        from.send(&mut wire).expect("memory takes everything");
    }
    let mut plaintext = vec![0; Session::room_for(wire.len())];
    let received = to.receive(&wire, &mut plaintext);
    plaintext.truncate(received.plaintext);
    (plaintext, received)
}
