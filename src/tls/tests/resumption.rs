//! Sessions that are saved and used again.

use super::certificates::{Kind, client, server};
use super::*;

struct Endpoints {
    client: Arc<ClientContext>,
    server: Arc<ServerContext>,
}

impl Endpoints {
    fn new(client: &TlsOptions, server: &TlsOptions) -> Self {
        Self {
            client: Arc::new(ClientContext::new(client, None).expect("the client's options")),
            server: Arc::new(ServerContext::new(std::slice::from_ref(server), None).expect("the server's options")),
        }
    }

    /// A handshake, after which the client has its tickets.
    fn connect(&self, session: Option<&[u8]>, host: &str) -> (Session, Session) {
        let parameters =
            ClientParameters { session: session.and_then(find_session), ..self.client.parameters(Some(host)) };
        let (client, server) = (Arc::clone(&self.client), Arc::clone(&self.server));
        let (mut client, mut server) = runtime().block_on(async move {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let server = tokio::spawn(server_handshake(far, server, ServerParameters::default()));
            let client = client_handshake(near, client, parameters).await.expect("the client's handshake");
            let server = server.await.expect("a task").expect("the server's handshake");
            (*client.session, *server.session)
        });
        // With TLS 1.3 they come with the first data.
        server.write_plaintext(b"welcome");
        assert_eq!(pass(&mut server, &mut client).0, b"welcome");
        assert_eq!(client.is_resumed(), server.is_resumed());
        assert!(client.session_handle().is_some());
        (client, server)
    }
}

fn versions(only: u16) -> Versions {
    Versions { minimum: Some(only), maximum: Some(only) }
}

#[test]
fn a_saved_session_works_repeatedly() {
    for only in [0x0303, 0x0304] {
        let options = TlsOptions { versions: versions(only), ..trusting() };
        let ends = Endpoints::new(&options, &serving(server(Kind::Ecdsa)));
        let (mut first, _) = ends.connect(None, "localhost");
        assert!(!first.is_resumed());
        assert!(first.ticket().is_some_and(|ticket| ticket.len() > 16));
        let saved = first.session_handle().expect("a handle");
        for _ in 0..8 {
            let (client, _) = ends.connect(Some(&saved), "localhost");
            assert!(client.is_resumed(), "{only:x}");
            assert!(client.authorized());
            assert_eq!(client.peer_certificates()[0], server(Kind::Ecdsa).certificate());
        }
    }
}

#[test]
fn junk_and_a_servers_session_are_no_sessions() {
    let ends = Endpoints::new(&trusting(), &serving(server(Kind::Ecdsa)));
    let (mut client, mut server) = ends.connect(None, "localhost");
    assert_eq!(server.session_handle(), server.session_handle());
    for junk in [&b"junk"[..], &[0; 48], &server.session_handle().expect("a handle")] {
        assert!(find_session(junk).is_none());
    }
    assert_eq!(server.ticket(), None);
    assert!(find_session(&client.session_handle().expect("a handle")).is_some());
}

#[test]
fn a_resumed_session_is_judged_again() {
    let lenient = TlsOptions { reject_unauthorized: false, ca: Some(Vec::new()), ..trusting() };
    let other = TlsOptions { server_name: None, ..trusting() };
    let server_options = serving(server(Kind::Ecdsa));
    let ends = Endpoints::new(&lenient, &server_options);
    let (mut first, _) = ends.connect(None, "localhost");
    assert!(!first.authorized());
    let saved = first.session_handle().expect("a handle");
    // Not trusted then, not trusted now, although rustls does not ask again.
    let (client, _) = ends.connect(Some(&saved), "localhost");
    assert!(client.is_resumed() && !client.authorized() && !client.is_refused());
    // A stricter client resumes it and refuses.
    let strict = Endpoints {
        client: Arc::new(
            ClientContext::new(&TlsOptions { reject_unauthorized: true, ..lenient.clone() }, None).expect("options"),
        ),
        server: Arc::clone(&ends.server),
    };
    let (client, _) = strict.connect(Some(&saved), "localhost");
    assert!(client.is_resumed() && client.is_refused());
    // One that trusts the authority may use it, for the certificate's names only.
    let strict = Endpoints {
        client: Arc::new(ClientContext::new(&other, None).expect("options")),
        server: Arc::clone(&ends.server),
    };
    let (client, _) = strict.connect(Some(&saved), "localhost");
    assert!(client.is_resumed() && client.authorized());
}

#[test]
fn a_session_without_a_certificate_does_not_open_a_server_that_requires_one() {
    let ca = Some(vec![authority().certificate()]);
    let server_options = TlsOptions { ca, ..serving(server(Kind::Ecdsa)) };
    let ends = Endpoints::new(&trusting(), &server_options);
    let (mut first, _) = ends.connect(None, "localhost");
    let saved = first.session_handle().expect("a handle");
    let parameters = ClientParameters { session: find_session(&saved), ..ends.client.parameters(Some("localhost")) };
    let required = ServerParameters { verify_mode: Some((true, true)), ..ServerParameters::default() };
    let pair = shake_contexts(Arc::clone(&ends.client), Arc::clone(&ends.server), parameters, required);
    assert!(match pair.server {
        Ok(handshaken) => handshaken.session.is_refused(),
        Err(_) => true,
    });
}

#[test]
fn a_resumed_client_keeps_its_certificate() {
    for only in [0x0303, 0x0304] {
        let made = client();
        let options = TlsOptions { identities: vec![made.identity()], versions: versions(only), ..trusting() };
        let server_options = TlsOptions {
            ca: Some(vec![authority().certificate()]),
            request_cert: true,
            ..serving(server(Kind::Ecdsa))
        };
        let ends = Endpoints::new(&options, &server_options);
        let (mut first, _) = ends.connect(None, "localhost");
        let saved = first.session_handle().expect("a handle");
        let (client, server) = ends.connect(Some(&saved), "localhost");
        assert!(client.is_resumed());
        assert!(server.authorized());
        assert_eq!(server.peer_certificates(), [made.certificate()]);
    }
}

#[test]
fn no_ticket_means_no_ticket() {
    for only in [0x0303, 0x0304] {
        let server_options =
            TlsOptions { secure_options: SecureOptions(SECURE_OPTIONS[0].1), ..serving(server(Kind::Ecdsa)) };
        let ends = Endpoints::new(&TlsOptions { versions: versions(only), ..trusting() }, &server_options);
        let (mut first, _) = ends.connect(None, "localhost");
        assert_eq!(first.ticket(), None);
        let saved = first.session_handle().expect("a handle");
        assert!(!ends.connect(Some(&saved), "localhost").0.is_resumed());
    }
}
