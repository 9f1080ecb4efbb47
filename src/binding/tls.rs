//! What TLS adds: the contexts that options become, beginning a handshake, and what there is to know after it.

use std::path::Path;
use std::sync::Arc;

use napi::bindgen_prelude::*;
use napi_derive::napi;
use zeroize::Zeroizing;

use super::socket::SocketHandle;
use crate::failure::Failure;
use crate::shaking::Handshake;
use crate::tls::{
    self, Alpn, CertificateProblem, Choice, ClientContext, ContextError, ExpectedName, Failed, HandshakeFailure,
    KeyAndChain, KeyLogFile, ProtocolFailure, SavedSession, SecureOptions, Selection, ServerContext, ServerParameters,
    Session, TlsOptions, Versions, Witness,
};
use crate::transport::{Shaking, Transport};

/// A private key and its certificates.
#[napi(object, object_to_js = false)]
pub struct TlsIdentity {
    /// PKCS#8, DER.
    pub key: Buffer,
    /// DER, leaf first.
    pub chain: Vec<Buffer>,
}

/// One entry of the `tls` option; `lib/tls-options.js` has the meaning of each member.
#[napi(object, object_to_js = false)]
pub struct TlsEntry {
    /// This side's certificates.
    pub identities: Vec<TlsIdentity>,
    /// What is trusted in place of the built-in roots, DER.
    pub ca: Option<Vec<Buffer>>,
    /// Whether each certificate of `ca` is as good as a root.
    pub allow_partial_trust_chain: bool,
    /// Revocation lists, DER.
    pub crls: Vec<Buffer>,
    /// The name to announce and verify; on a listener, the name that chooses this entry.
    pub server_name: Option<String>,
    /// Whether an untrusted peer is refused.
    pub reject_unauthorized: bool,
    /// Whether a server asks for a certificate.
    pub request_cert: bool,
    /// Application protocols, in the wire format.
    pub alpn: Option<Buffer>,
    /// OpenSSL's cipher list.
    pub ciphers: Option<String>,
    /// The numbers of the groups for key exchanges, the preferred one first.
    pub groups: Option<Vec<u16>>,
    /// The number of the lowest version.
    pub min_version: Option<i32>,
    /// The number of the highest version.
    pub max_version: Option<i32>,
    /// OpenSSL's option bits.
    pub secure_options: u32,
}

impl From<TlsEntry> for TlsOptions {
    fn from(entry: TlsEntry) -> Self {
        let certificates = |list: &[Buffer]| list.iter().map(|der| der.to_vec().into()).collect();
        let identity = |identity: &TlsIdentity| KeyAndChain {
            key: Zeroizing::new(identity.key.to_vec()),
            chain: certificates(&identity.chain),
        };
        // Negative numbers are no version, and Bun takes them without a word.
        let version = |number: i32| u16::try_from(number.max(0)).unwrap_or(u16::MAX);
        Self {
            identities: entry.identities.iter().map(identity).collect(),
            ca: entry.ca.as_deref().map(certificates),
            partial_chains: entry.allow_partial_trust_chain,
            groups: entry.groups,
            crls: entry.crls.iter().map(|der| der.to_vec().into()).collect(),
            server_name: entry.server_name,
            reject_unauthorized: entry.reject_unauthorized,
            request_cert: entry.request_cert,
            alpn: entry.alpn.map_or(Alpn::None, |wire| Alpn::from_wire(&wire)),
            ciphers: entry.ciphers,
            versions: Versions { minimum: entry.min_version.map(version), maximum: entry.max_version.map(version) },
            secure_options: SecureOptions(entry.secure_options),
        }
    }
}

/// The options of connections that begin handshakes.
#[napi]
pub struct ClientTls(Arc<ClientContext>);

#[napi]
impl ClientTls {
    /// Makes the context; `key_log` is the path of a key log file.
    ///
    /// # Errors
    ///
    /// Those of [`ContextError`], by their texts.
    #[napi(constructor)]
    pub fn new(entry: TlsEntry, key_log: Option<String>) -> Result<Self> {
        let log = key_log_of(key_log.as_deref());
        let context = ClientContext::new(&entry.into(), log.as_ref()).map_err(|error| wrong(&error))?;
        Ok(Self(Arc::new(context)))
    }

    /// This side's certificate, DER.
    #[napi]
    pub fn certificate(&self) -> Option<Buffer> {
        self.0.certificate().map(|der| der.to_vec().into())
    }
}

/// The options of connections that answer handshakes.
#[napi]
pub struct ServerTls(Arc<ServerContext>);

#[napi]
impl ServerTls {
    /// Makes the context; `key_log` is the path of a key log file.
    ///
    /// # Errors
    ///
    /// Those of [`ContextError`], by their texts.
    #[napi(constructor)]
    pub fn new(entries: Vec<TlsEntry>, key_log: Option<String>) -> Result<Self> {
        let log = key_log_of(key_log.as_deref());
        let entries: Vec<TlsOptions> = entries.into_iter().map(TlsOptions::from).collect();
        let context = ServerContext::new(&entries, log.as_ref()).map_err(|error| wrong(&error))?;
        Ok(Self(Arc::new(context)))
    }

    /// The certificate that clients get who ask for no name, DER.
    #[napi]
    pub fn certificate(&self) -> Option<Buffer> {
        self.0.certificate().map(|der| der.to_vec().into())
    }

    /// Whether clients are asked for a certificate.
    #[napi]
    pub fn requests_certificate(&self) -> bool {
        self.0.requests_certificate()
    }
}

/// Sets the certificates that are trusted without `ca`, for the whole process: the runtime's, and those that its user has added. The first
/// call counts.
#[napi]
pub fn trust_by_default(roots: Vec<Buffer>, added: Vec<Buffer>) {
    let certificates = |list: Vec<Buffer>| list.iter().map(|der| der.to_vec().into()).collect::<Vec<_>>();
    tls::set_default_roots(&certificates(roots), certificates(added));
}

/// Whether [`trust_by_default`] was called, on whichever thread.
#[napi]
#[must_use]
pub fn has_default_trust() -> bool {
    tls::default_roots().is_some()
}

/// Gets slow first-time work of the cryptography out of the way, on another thread.
#[napi]
pub fn warm_up_tls() {
    // Without a thread to spare the first handshake does it.
    if let Ok(runtime) = crate::runtime::handle() {
        drop(runtime.spawn_blocking(tls::warm_up));
    }
}

/// How one connection begins a handshake.
#[napi(object, object_to_js = false)]
pub struct ClientShake {
    /// What the program connected to; absent for a unix path.
    pub host: Option<String>,
    /// `setServername()`: announced and verified in place of the options' name and the host.
    pub server_name: Option<String>,
    /// `setSession()`.
    pub session: Option<Buffer>,
    /// `setVerifyMode()`'s second argument.
    pub reject_unauthorized: Option<bool>,
    /// What the peer sent before.
    pub initial_data: Option<Buffer>,
    /// Whether a [`TlsWitness`] is wanted.
    pub witnessed: bool,
}

/// How one connection answers a handshake.
#[napi(object, object_to_js = false)]
#[derive(Default)]
pub struct ServerShake {
    /// `setVerifyMode()`'s arguments.
    pub request_cert: Option<bool>,
    /// `setVerifyMode()`'s arguments.
    pub reject_unauthorized: Option<bool>,
    /// Whether the program is asked when the client has said what it wants.
    pub asks: bool,
    /// What the peer sent before.
    pub initial_data: Option<Buffer>,
    /// Whether a [`TlsWitness`] is wanted.
    pub witnessed: bool,
}

/// What a client has said in the first message of a handshake.
#[napi(object, object_from_js = false)]
pub struct ClientWishes {
    /// The name that it announced.
    pub server_name: Option<String>,
    /// Its application protocols, in the wire format.
    pub protocols: Option<Buffer>,
}

/// Why a certificate is not trusted.
#[napi(object, object_from_js = false)]
pub struct Problem {
    /// OpenSSL's name of the problem.
    pub code: String,
    /// Its text, which the JS half completes for a wrong name.
    pub message: String,
}

impl From<CertificateProblem> for Problem {
    fn from(problem: CertificateProblem) -> Self {
        Self { code: problem.code().to_owned(), message: problem.message().to_owned() }
    }
}

/// What broke a connection.
#[napi(object, object_from_js = false)]
pub struct ProtocolReport {
    /// BoringSSL's text.
    pub message: String,
}

impl From<ProtocolFailure> for ProtocolReport {
    fn from(failure: ProtocolFailure) -> Self {
        Self { message: failure.message() }
    }
}

/// Why a handshake failed: exactly one of the first five is set.
#[napi(object, object_from_js = false)]
pub struct HandshakeReport {
    /// The peer hung up.
    pub hung_up: bool,
    /// The peer took too long.
    pub timed_out: bool,
    /// The transport failed with this positive error number, perhaps since the peer hung up.
    pub errno: Option<i32>,
    /// One side did not like what the other said.
    pub protocol: Option<ProtocolReport>,
    /// The peer's certificate was refused.
    pub problem: Option<Problem>,
    /// The peer's certificates, DER, leaf first, if they were refused.
    pub peer_chain: Vec<Buffer>,
    /// The name that the client announced.
    pub server_name: Option<String>,
}

impl From<Failed<()>> for HandshakeReport {
    fn from(failed: Failed<()>) -> Self {
        let mut report = Self {
            hung_up: false,
            timed_out: false,
            errno: None,
            protocol: None,
            problem: None,
            peer_chain: failed.peer_chain.iter().map(|der| der.to_vec().into()).collect(),
            server_name: failed.server_name,
        };
        match failed.failure {
            HandshakeFailure::Disconnected => report.hung_up = true,
            HandshakeFailure::Unheard => {
                report.hung_up = true;
                report.errno = Some(crate::sys::CONNECTION_RESET);
            }
            HandshakeFailure::TimedOut => report.timed_out = true,
            HandshakeFailure::Transport(error) => report.errno = Some(Failure::from(error).number()),
            HandshakeFailure::Protocol(failure) => report.protocol = Some(failure.into()),
            HandshakeFailure::Certificate(problem) => report.problem = Some(problem.into()),
        }
        report
    }
}

/// A cipher suite.
#[napi(object, object_from_js = false)]
pub struct Cipher {
    /// OpenSSL's name.
    pub name: String,
    /// The standard's name.
    pub standard_name: String,
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: String,
}

/// The curve of a key exchange.
#[napi(object, object_from_js = false)]
pub struct Curve {
    /// OpenSSL's name.
    pub name: String,
    /// The key's size in bits.
    pub size: u32,
}

/// What the `keylog` and `session` handlers of one connection are told.
#[napi]
#[derive(Default)]
pub struct TlsWitness {
    log: Arc<Witness>,
    saved: Option<Arc<SavedSession>>,
    told: u32,
}

#[napi]
impl TlsWitness {
    /// The lines of the key log since the last call.
    #[napi]
    pub fn lines(&self) -> Vec<Buffer> {
        self.log.take_lines().into_iter().map(|line| line.into_bytes().into()).collect()
    }

    /// How many sessions a client's server has given since the last call.
    #[napi]
    pub fn sessions(&mut self) -> u32 {
        let received = self.saved.as_ref().map_or(0, |saved| saved.received());
        received - std::mem::replace(&mut self.told, received)
    }
}

#[napi]
impl SocketHandle {
    /// Makes the socket wait for its handshake: nothing is written or read in plain text any more.
    #[napi]
    pub fn expect_handshake(&self, tapped: bool) {
        self.reactor(|reactor, slot| reactor.expect_handshake(slot, tapped));
    }

    /// Begins a handshake. The outcome comes as an event.
    #[napi]
    pub fn shake_as_client(&self, tls: &ClientTls, shake: ClientShake) -> Option<TlsWitness> {
        let context = Arc::clone(&tls.0);
        let mut parameters = context.parameters(shake.host.as_deref());
        if let Some(name) = shake.server_name {
            parameters.rename(name, shake.host.as_deref());
        }
        if let Some(reject) = shake.reject_unauthorized {
            parameters.demands.reject(reject);
        }
        parameters.session = shake.session.and_then(|handle| tls::find_session(&handle));
        let witness = shake.witnessed.then(|| {
            let saved = Arc::clone(parameters.session.get_or_insert_default());
            TlsWitness { log: Arc::default(), told: saved.received(), saved: Some(saved) }
        });
        parameters.witness = witness.as_ref().map(|witness| Arc::clone(&witness.log));
        let initial = shake.initial_data.map(Vec::from).unwrap_or_default();
        self.reactor(|reactor, slot| reactor.shake_hands(slot, Handshake::Client(context, parameters), initial));
        witness
    }

    /// Answers a handshake. The outcome comes as an event.
    #[napi]
    pub fn shake_as_server(&self, tls: &ServerTls, shake: Option<ServerShake>) -> Option<TlsWitness> {
        let shake = shake.unwrap_or_default();
        let witness = shake.witnessed.then(TlsWitness::default);
        let parameters = ServerParameters {
            verify_mode: shake.request_cert.zip(shake.reject_unauthorized),
            witness: witness.as_ref().map(|witness| Arc::clone(&witness.log)),
            ..ServerParameters::default()
        };
        let context = Arc::clone(&tls.0);
        let initial = shake.initial_data.map(Vec::from).unwrap_or_default();
        let handshake = Handshake::Server(context, parameters);
        self.reactor(|reactor, slot| reactor.shake_hands_asking(slot, handshake, initial, shake.asks));
        witness
    }

    /// Takes a handshake back that has not said or heard anything: another is to begin in its place. True if there was one.
    #[napi]
    pub fn take_back(&self) -> bool {
        self.with(|transport| transport.shaking().is_some_and(Shaking::take_back)).unwrap_or_default()
    }

    /// While a client's handshake is under way: `setServername()`'s argument, for the certificate only, and `setVerifyMode()`'s second one.
    /// `host` stands for an empty name. True if it is under way, and no other thread is just taking a step of it.
    #[napi]
    pub fn demand(&self, name: Option<String>, host: Option<String>, reject_unauthorized: Option<bool>) -> bool {
        let Some(demands) = self.with(|transport| transport.shaking()?.demands().cloned()).flatten() else {
            return false;
        };
        if let Some(name) = name {
            demands.expect(ExpectedName::of(&name, host.as_deref()));
        }
        if let Some(reject) = reject_unauthorized {
            demands.reject(reject);
        }
        true
    }

    /// What the client wants, while the program is asked what becomes of it.
    #[napi]
    pub fn hello(&self) -> Option<ClientWishes> {
        let hello = self.selection()?.take_hello()?;
        Some(ClientWishes { server_name: hello.server_name, protocols: hello.protocols.map(Buffer::from) })
    }

    /// While the program is asked: `setVerifyMode()`'s arguments.
    #[napi]
    pub fn set_verify_mode(&self, request_cert: bool, reject_unauthorized: bool) {
        if let Some(selection) = self.selection() {
            selection.set_verify_mode(request_cert, reject_unauthorized);
        }
    }

    /// The answer: `false` ends the connection, `true` goes on by the options, an application protocol goes on with it, an
    /// empty one with none, and null tells the client that there is none.
    #[napi]
    pub fn choose(&self, answer: Option<Either<bool, String>>) {
        let choice = match answer {
            None => Choice::NoProtocol,
            Some(Either::A(true)) => Choice::Default,
            Some(Either::A(false)) => Choice::Reject,
            Some(Either::B(name)) => Choice::Protocol((!name.is_empty()).then(|| name.into_bytes())),
        };
        if let Some(selection) = self.selection() {
            selection.choose(choice);
        }
    }

    fn selection(&self) -> Option<Arc<Selection>> {
        self.with(|transport| transport.shaking()?.selection().cloned()).flatten()
    }

    /// Why the peer's certificate was not verified, if it was to be.
    #[napi]
    pub fn problem(&self) -> Option<Problem> {
        self.session(|session| session.authorization_problem()).flatten().map(Problem::from)
    }

    /// The application protocol.
    #[napi]
    pub fn protocol(&self) -> Option<String> {
        self.session(|session| session.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned())).flatten()
    }

    /// The cipher suite.
    #[napi]
    pub fn cipher(&self) -> Option<Cipher> {
        self.session(|session| session.cipher()).flatten().map(|names| Cipher {
            name: names.name.to_owned(),
            standard_name: names.standard_name.to_owned(),
            version: names.version.to_owned(),
        })
    }

    /// The curve of the key exchange, on a client with TLS 1.2.
    #[napi]
    pub fn curve(&self) -> Option<Curve> {
        let key = self.session(|session| session.ephemeral_key()).flatten()?;
        Some(Curve { name: key.name.to_owned(), size: key.bits })
    }

    /// The peer's certificates, DER, leaf first.
    #[napi]
    pub fn peer_chain(&self) -> Vec<Buffer> {
        self.session(|session| session.peer_certificates().iter().map(|der| der.to_vec().into()).collect())
            .unwrap_or_default()
    }

    /// The certificate that this side showed, or would have, DER.
    #[napi]
    pub fn own_certificate(&self) -> Option<Buffer> {
        self.session(|session| session.own_certificate().map(|der| der.to_vec().into())).flatten()
    }

    /// Whether an earlier session was resumed.
    #[napi]
    pub fn is_resumed(&self) -> bool {
        self.session(|session| session.is_resumed()).unwrap_or(false)
    }

    /// The handle of the session, for `setSession`.
    #[napi]
    pub fn session_handle(&self) -> Option<Buffer> {
        self.session(Session::session_handle).flatten().map(Buffer::from)
    }

    /// The latest ticket.
    #[napi]
    pub fn ticket(&self) -> Option<Buffer> {
        self.session(|session| session.ticket()).flatten().map(Buffer::from)
    }

    /// This side's Finished message.
    #[napi]
    pub fn finished(&self) -> Option<Buffer> {
        self.session(|session| session.finished().to_vec().into())
    }

    /// The peer's Finished message.
    #[napi]
    pub fn peer_finished(&self) -> Option<Buffer> {
        self.session(|session| session.peer_finished().to_vec().into())
    }

    /// Keying material for another protocol; nothing if the length is beyond what TLS can give.
    #[napi]
    pub fn keying_material(&self, length: u32, label: String, context: Option<Buffer>) -> Option<Buffer> {
        self.session(|session| session.export_keying_material(length as usize, label.as_bytes(), context.as_deref()))
            .flatten()
            .map(Buffer::from)
    }

    /// Tells of records without data from now on: sessions may be in them.
    #[napi]
    pub fn announce(&self) {
        self.with(Transport::announce);
    }

    /// The largest record from now on, in bytes of plaintext; false if TLS has no such size.
    #[napi]
    pub fn set_fragment(&self, size: u32) -> bool {
        self.session(|session| session.set_max_send_fragment(size as usize)).unwrap_or(false)
    }

    fn session<T>(&self, work: impl FnOnce(&mut Session) -> T) -> Option<T> {
        self.with(|transport| transport.session().map(work)).flatten()
    }
}

fn key_log_of(path: Option<&str>) -> Option<Arc<KeyLogFile>> {
    // As Node: a file that cannot be written is no reason not to connect.
    path.and_then(|path| KeyLogFile::open(Path::new(path)).ok())
}

fn wrong(error: &ContextError) -> Error {
    Error::from_reason(error.to_string())
}
