//! The handshake: from a stream to a [`Session`], or to the reason why there is none.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::{Acceptor, ClientHello};
use rustls::{Connection, HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake, TlsConnector};

use super::alerts::failure_of;
use super::certificate::Purpose;
use super::client::{ClientContext, ClientParameters};
use super::failure::{HandshakeFailure, ProtocolFailure};
use super::resumption::SavedSession;
use super::scope::{InScope, Scope};
use super::selection::{Answer, Choice, Hello};
use super::server::{Entry, ServerContext, ServerParameters, VerifyMode};
use super::session::{Facts, Role, Session};
use super::tap::{Parts, Tap};
use super::verify::{Demands, ExpectedName, PeerPolicy, Verdict};

/// How long a handshake may take, as in Node: a silent peer must not hold a socket for ever.
pub(super) const HANDSHAKE_TIME_LIMIT: Duration = Duration::from_secs(120);

/// A finished handshake.
#[derive(Debug)]
pub struct Handshaken<S> {
    /// The transport, for the thread that owns the connection from now on.
    pub stream: S,
    /// The record layer. Plaintext that came with the peer's last flight is in it.
    pub session: Box<Session>,
}

/// A handshake that did not succeed. The alert that tells the peer has been sent as far as the transport took it.
#[derive(Debug)]
pub struct Failed<S> {
    /// The transport; `None` when the time limit ended everything.
    pub stream: Option<S>,
    /// Why.
    pub failure: HandshakeFailure,
    /// The certificates of a peer that was refused for them, leaf first.
    pub peer_chain: Vec<CertificateDer<'static>>,
    /// The name that a client asked a server for.
    pub server_name: Option<String>,
}

impl<S> Failed<S> {
    /// A failure without any transport.
    #[must_use]
    pub fn because(failure: HandshakeFailure) -> Box<Self> {
        Box::new(Self::new(None, failure))
    }

    fn new(stream: Option<S>, failure: HandshakeFailure) -> Self {
        Self { stream, failure, peer_chain: Vec::new(), server_name: None }
    }

    fn of_tap(tap: Tap<S>, failure: HandshakeFailure) -> Self {
        Self::new(Some(tap.into_parts().stream), failure)
    }
}

/// Shakes hands as a client.
///
/// # Errors
/// [`Failed`], with the peer's certificates if they are the reason.
///
/// # Cancel safety
/// Dropping the future drops the stream, which closes the connection. Nothing else is left behind.
pub async fn client_handshake<S>(
    stream: S,
    context: Arc<ClientContext>,
    parameters: ClientParameters,
) -> Result<Handshaken<S>, Box<Failed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limit = parameters.time_limit;
    tokio::time::timeout(limit, connect(stream, &context, parameters))
        .await
        .unwrap_or_else(|_elapsed| Err(Box::new(Failed::new(None, HandshakeFailure::TimedOut))))
}

/// Shakes hands as a server.
///
/// # Errors
/// [`Failed`].
///
/// # Cancel safety
/// Dropping the future drops the stream, which closes the connection. Nothing else is left behind.
pub async fn server_handshake<S>(
    stream: S,
    context: Arc<ServerContext>,
    parameters: ServerParameters,
) -> Result<Handshaken<S>, Box<Failed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tokio::time::timeout(parameters.time_limit, accept(stream, &context, &parameters))
        .await
        .unwrap_or_else(|_elapsed| Err(Box::new(Failed::new(None, HandshakeFailure::TimedOut))))
}

async fn connect<S>(
    stream: S,
    context: &ClientContext,
    parameters: ClientParameters,
) -> Result<Handshaken<S>, Box<Failed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let saved = parameters.session.unwrap_or_else(|| Arc::new(SavedSession::default()));
    let tap = Tap::of_client(stream);
    let Some(config) = context.config_for(&saved) else {
        let failure = HandshakeFailure::Protocol(ProtocolFailure::NO_SUPPORTED_VERSIONS_ENABLED);
        return Err(Box::new(Failed::of_tap(tap, failure)));
    };
    let policy = Arc::new(PeerPolicy {
        roots: Arc::clone(&context.roots),
        revocation_lists: Arc::clone(&context.revocation_lists),
        purpose: Purpose::Server,
        demands: parameters.demands,
    });
    let scope = Scope {
        policy: Some(Arc::clone(&policy)),
        identities: Some(Arc::clone(&context.identities)),
        witness: parameters.witness,
        ..Scope::default()
    };
    let announced = announced_name(parameters.sni.as_deref());
    let (result, scope) =
        InScope::new(scope, || TlsConnector::from(config).connect(announced, tap).into_fallible()).await;
    match result {
        Ok(stream) => {
            let (tap, connection) = stream.into_inner();
            // A resumed session asked no verifier, and the verifier has not known of a name that came later.
            let verdict = scope
                .verdict
                .filter(|_| !policy.demands.is_renamed())
                .unwrap_or_else(|| policy.judge(connection.peer_certificates().unwrap_or_default(), UnixTime::now()));
            let (own_finished, peer_finished) = scope.finished.into_messages();
            let facts = Facts {
                role: Role::Client,
                verdict: Some(verdict),
                refused: policy.demands.rejects() && verdict != Verdict::Trusted,
                name_matches: verdict == Verdict::Trusted
                    || policy.names(connection.peer_certificates().unwrap_or_default()),
                resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
                announced: parameters.sni,
                identities: Arc::clone(&context.identities),
                own_finished,
                peer_finished,
                saved: Some(saved),
            };
            let Parts { stream, framing, tickets } = tap.into_parts();
            let session = Session::new(Connection::Client(connection), facts, framing, tickets, scope.opener);
            Ok(Handshaken { stream, session: Box::new(session) })
        }
        Err((error, tap)) => {
            let failure = match scope.verdict {
                _ if scope.misuse.is_some() => failure_of_misuse(error, &tap, scope.misuse),
                Some(Verdict::Untrusted(problem)) if policy.demands.rejects() => HandshakeFailure::Certificate(problem),
                _ => failure_of_io(error, &tap),
            };
            let mut failed = Failed::of_tap(tap, failure);
            failed.peer_chain = scope.refused_chain;
            Err(Box::new(failed))
        }
    }
}

async fn accept<S>(
    stream: S,
    context: &ServerContext,
    parameters: &ServerParameters,
) -> Result<Handshaken<S>, Box<Failed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let tap = Tap::of_server(stream);
    // Each step has its memory for as long as it takes. In one piece they would make up a task of 6.5 KiB, and thousands of
    // connections that come at once would leave that much behind in holes of the heap.
    let start = Box::pin(hear(tap)).await?;
    let server_name = start.client_hello().server_name().map(ToOwned::to_owned);
    let (choice, verify_mode) = match &parameters.selection {
        Some(selection) => {
            let Answer { choice, verify_mode } = Box::pin(selection.ask(hello_of(&start.client_hello()))).await;
            (choice.unwrap_or(Choice::Reject), verify_mode.or(parameters.verify_mode))
        }
        None => (Choice::Default, parameters.verify_mode),
    };
    match choice {
        Choice::Default | Choice::Protocol(_) => {}
        Choice::NoProtocol => {
            let failure = ProtocolFailure::NO_APPLICATION_PROTOCOL;
            return Err(Box::pin(refuse(start.io, Alert::NoApplicationProtocol, failure, server_name)).await);
        }
        Choice::Reject => {
            let failure = HandshakeFailure::Protocol(ProtocolFailure::CONNECTION_REJECTED);
            let mut failed = Failed::of_tap(start.io, failure);
            failed.server_name = server_name;
            return Err(Box::new(failed));
        }
    }
    let chosen = context.choose(server_name.as_deref());
    let mode = chosen.map_or(VerifyMode { request: true, reject: true }, |entry| {
        verify_mode.map_or(entry.verify_mode, |(request, reject)| VerifyMode { request, reject })
    });
    let (entry, config) = match chosen.map(|entry| (entry, entry.config(mode))) {
        Some((entry, Some(config))) if !entry.identities.is_empty() => (entry, config),
        Some((_, None)) => {
            let failure = ProtocolFailure::UNSUPPORTED_PROTOCOL;
            return Err(Box::pin(refuse(start.io, Alert::ProtocolVersion, failure, server_name)).await);
        }
        _ => {
            let failure = ProtocolFailure::NO_CERTIFICATE_SET;
            return Err(Box::pin(refuse(start.io, Alert::InternalError, failure, server_name)).await);
        }
    };
    let config = match choice {
        Choice::Protocol(protocol) => {
            let mut own = ServerConfig::clone(&config);
            own.alpn_protocols = protocol.into_iter().collect();
            Arc::new(own)
        }
        _ => config,
    };
    let policy = Arc::new(policy_for_clients(entry, mode));
    let witness = parameters.witness.clone();
    let scope = Scope { policy: Some(Arc::clone(&policy)), witness, ..Scope::default() };
    let (result, scope) = Box::new(InScope::new(scope, || (*start).into_stream(config).into_fallible())).await;
    match result {
        Ok(stream) => {
            let (tap, connection) = stream.into_inner();
            let verdict =
                mode.request.then(|| policy.judge(connection.peer_certificates().unwrap_or_default(), UnixTime::now()));
            let (peer_finished, own_finished) = scope.finished.into_messages();
            let facts = Facts {
                role: Role::Server,
                verdict,
                refused: mode.reject && matches!(verdict, Some(Verdict::Untrusted(_))),
                name_matches: true,
                resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
                announced: None,
                identities: Arc::clone(&entry.identities),
                own_finished,
                peer_finished,
                saved: None,
            };
            let Parts { stream, framing, tickets } = tap.into_parts();
            let session = Session::new(Connection::Server(connection), facts, framing, tickets, scope.opener);
            Ok(Handshaken { stream, session: Box::new(session) })
        }
        Err((error, tap)) => Err(Box::pin(give_up(error, tap, server_name, scope.misuse)).await),
    }
}

fn hello_of(hello: &ClientHello<'_>) -> Hello {
    // Each name has at most 255 bytes: its length came in one.
    let listed = |names: &mut dyn Iterator<Item = &[u8]>| {
        names.fold(Vec::new(), |mut wire, name| {
            wire.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
            wire.extend_from_slice(name);
            wire
        })
    };
    Hello {
        server_name: hello.server_name().map(ToOwned::to_owned),
        protocols: hello.alpn().map(|mut names| listed(&mut names)),
    }
}

/// Waits for the ClientHello.
async fn hear<S>(tap: Tap<S>) -> Result<Box<StartHandshake<Tap<S>>>, Box<Failed<S>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut acceptor = LazyConfigAcceptor::new(Acceptor::default(), tap);
    let error = match (&mut acceptor).await {
        Ok(start) => return Ok(Box::new(start)),
        Err(error) => error,
    };
    Err(Box::new(match acceptor.take_io() {
        Some(mut tap) => {
            let failure = failure_of_io(error, &tap);
            tap.answer_stranger().await;
            Failed::of_tap(tap, failure)
        }
        None => Failed::new(None, HandshakeFailure::Transport(error)),
    }))
}

/// Ends a handshake that has failed after the ClientHello.
async fn give_up<S>(
    error: io::Error,
    mut tap: Tap<S>,
    server_name: Option<String>,
    misuse: Option<ProtocolFailure>,
) -> Box<Failed<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    tap.send_alert().await;
    let failure = failure_of_misuse(error, &tap, misuse);
    let mut failed = Failed::of_tap(tap, failure);
    failed.server_name = server_name;
    Box::new(failed)
}

fn policy_for_clients(entry: &Entry, mode: VerifyMode) -> PeerPolicy {
    PeerPolicy {
        roots: Arc::clone(&entry.roots),
        revocation_lists: Arc::clone(&entry.revocation_lists),
        purpose: Purpose::Client,
        demands: Arc::new(Demands::new(ExpectedName::Any, mode.reject)),
    }
}

/// The name for the ClientHello. rustls wants one in any case and announces no address, so an address stands for "none".
fn announced_name(sni: Option<&str>) -> ServerName<'static> {
    let none = || ServerName::IpAddress(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED).into());
    sni.and_then(|name| match ServerName::try_from(name.to_owned()) {
        Ok(name @ ServerName::DnsName(_)) => Some(name),
        _ => None,
    })
    .unwrap_or_else(none)
}

#[derive(Clone, Copy)]
enum Alert {
    ProtocolVersion = 70,
    InternalError = 80,
    NoApplicationProtocol = 120,
}

/// Answers a ClientHello with a fatal alert, which rustls would not send or would send as another one.
async fn refuse<S>(
    mut tap: Tap<S>,
    alert: Alert,
    failure: ProtocolFailure,
    server_name: Option<String>,
) -> Box<Failed<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // An alert record in plain text, version 3.3, fatal.
    let record = [21, 3, 3, 0, 2, 2, alert as u8];
    // The connection ends either way.
    let _ = tap.write_all(&record).await;
    let mut failed = Failed::of_tap(tap, HandshakeFailure::Protocol(failure));
    failed.server_name = server_name;
    Box::new(failed)
}

/// What the verifier has found wrong comes before what rustls calls it.
fn failure_of_misuse<S>(error: io::Error, tap: &Tap<S>, misuse: Option<ProtocolFailure>) -> HandshakeFailure {
    misuse.map_or_else(|| failure_of_io(error, tap), HandshakeFailure::Protocol)
}

fn failure_of_io<S>(error: io::Error, tap: &Tap<S>) -> HandshakeFailure {
    if let Some(protocol) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        let stranger = if tap.peer_speaks_tls() { None } else { tap.stranger() };
        return HandshakeFailure::Protocol(stranger.unwrap_or_else(|| failure_of(protocol, !tap.peer_speaks_tls())));
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof => HandshakeFailure::Disconnected,
        _ => HandshakeFailure::Transport(error),
    }
}
