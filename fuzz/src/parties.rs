//! A client and a server that trust each other, and their handshakes over memory.

use std::future::Future;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use bun_sockets::tls::{
    ClientContext, KeyAndChain, ServerContext, ServerParameters, Session, TlsOptions, client_handshake,
    server_handshake,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncReadExt as _;

/// A handshake that takes longer is a failure of this limit, never the 120 seconds of a real one.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The authority that the client trusts.
pub(crate) fn authority() -> CertificateDer<'static> {
    certificate(include_bytes!("../../conformance/certificates/authority.pem"))
}

/// The server's certificate.
pub(crate) fn leaf() -> CertificateDer<'static> {
    certificate(include_bytes!("../../conformance/certificates/server-ec.pem"))
}

/// The options of a server that shows these certificates.
pub(crate) fn server_options(chain: Vec<CertificateDer<'static>>) -> TlsOptions {
    let key = include_bytes!("../../conformance/certificates/server-ec-key.pem");
    let key = PrivatePkcs8KeyDer::from_pem_slice(key).expect("a key of ours");
    let identity = KeyAndChain { key: key.secret_pkcs8_der().to_vec().into(), chain };
    TlsOptions { identities: vec![identity], reject_unauthorized: true, ..TlsOptions::default() }
}

/// The options of a client that trusts the authority.
pub(crate) fn client_options() -> TlsOptions {
    TlsOptions { ca: Some(vec![authority()]), reject_unauthorized: true, ..TlsOptions::default() }
}

/// A client's context.
pub(crate) fn client() -> Arc<ClientContext> {
    static CONTEXT: LazyLock<Arc<ClientContext>> =
        LazyLock::new(|| Arc::new(ClientContext::new(&client_options(), None).expect("options of ours")));
    Arc::clone(&CONTEXT)
}

/// A server's context.
pub(crate) fn server() -> Arc<ServerContext> {
    static CONTEXT: LazyLock<Arc<ServerContext>> =
        LazyLock::new(|| Arc::new(ServerContext::new(&[server_options(vec![leaf()])], None).expect("options of ours")));
    Arc::clone(&CONTEXT)
}

/// Runs a future to its end.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime")
    });
    RUNTIME.block_on(future)
}

/// The client's session and the server's after a handshake.
pub(crate) fn sessions() -> (Session, Session) {
    wait(async {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let server = tokio::spawn(server_handshake(far, server(), ServerParameters::default()));
        let client = client();
        let parameters = client.parameters(Some("localhost"));
        let mut client = client_handshake(near, client, parameters).await.expect("the client's handshake");
        let server = server.await.expect("no panic").expect("the server's handshake");
        drop(server.stream);
        let mut tickets = Vec::new();
        client.stream.read_to_end(&mut tickets).await.expect("the tickets");
        let mut room = vec![0; Session::room_for(tickets.len())];
        assert!(client.session.receive(&tickets, &mut room).failure.is_none());
        (*client.session, *server.session)
    })
}

fn certificate(pem: &[u8]) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem).expect("a certificate of ours")
}
