//! What a listener accepts with.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::Ticketer;
use rustls::pki_types::CertificateDer;
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use webpki::CertRevocationList;

use super::failure::ContextError;
use super::handshake::HANDSHAKE_TIME_LIMIT;
use super::identity::{Identities, ServerIdentities};
use super::keylog::{KeyLogFile, Witness, key_log};
use super::options::TlsOptions;
use super::provider::provider_with;
use super::roots::{Roots, default_roots};
use super::selection::Selection;
use super::verify::ClientVerifier;

/// Parsed options of a listener: one entry, or several that are chosen by the name that a client asks for.
#[derive(Debug)]
pub struct ServerContext {
    /// Never empty; the first serves clients whose name no entry has.
    entries: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Entry {
    server_name: Option<String>,
    pub(super) identities: Arc<Identities>,
    pub(super) roots: Arc<Roots>,
    pub(super) revocation_lists: Arc<Vec<CertRevocationList<'static>>>,
    configs: Option<Configs>,
    pub(super) verify_mode: VerifyMode,
}

/// The same configuration with each answer to "ask for a certificate?", because `setVerifyMode()` may still change it.
#[derive(Debug)]
struct Configs {
    never_ask: Arc<ServerConfig>,
    ask: Arc<ServerConfig>,
    require: Arc<ServerConfig>,
}

/// Whether a server asks for a certificate, and whether it refuses untrusted ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct VerifyMode {
    pub(super) request: bool,
    pub(super) reject: bool,
}

/// What differs from connection to connection.
#[derive(Debug, Clone)]
pub struct ServerParameters {
    /// `setVerifyMode(requestCert, rejectUnauthorized)`, in place of the options.
    pub verify_mode: Option<(bool, bool)>,
    /// Who is told the secrets.
    pub witness: Option<Arc<Witness>>,
    /// Who is asked when the client has said what it wants.
    pub selection: Option<Arc<Selection>>,
    /// How long the handshake may take.
    pub time_limit: Duration,
}

impl Default for ServerParameters {
    fn default() -> Self {
        Self { verify_mode: None, witness: None, selection: None, time_limit: HANDSHAKE_TIME_LIMIT }
    }
}

impl ServerContext {
    /// Makes the context. Every entry has ticket keys of its own, so a session never moves from one to another. Within an
    /// entry it may move from a mode that asks for no certificate to one that does; the handshake judges it again.
    ///
    /// # Errors
    /// For options whose content rustls cannot use.
    pub fn new(entries: &[TlsOptions], log: Option<&Arc<KeyLogFile>>) -> Result<Self, ContextError> {
        if entries.is_empty() {
            return Err(ContextError::NoEntries);
        }
        let entries = entries.iter().map(|options| Entry::new(options, log)).collect::<Result<_, _>>()?;
        Ok(Self { entries })
    }

    /// The certificate that `getCertificate()` shows before a client has said which name it wants.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.entries.first().and_then(|entry| entry.identities.leaf().cloned())
    }

    /// Whether clients are asked for a certificate, before [`ServerParameters::verify_mode`].
    #[must_use]
    pub fn requests_certificate(&self) -> bool {
        self.entries.first().is_some_and(|entry| entry.verify_mode.request)
    }

    /// Whether any certificate has an RSA key.
    #[must_use]
    pub fn has_rsa(&self) -> bool {
        self.entries.iter().any(|entry| entry.identities.has_rsa())
    }

    /// Whether any client may be asked for a certificate: also if the program is still to be asked, which may want one.
    #[must_use]
    pub fn asks_for_certificate(&self, parameters: &ServerParameters) -> bool {
        if parameters.selection.is_some() {
            return true;
        }
        match parameters.verify_mode {
            Some((request, _)) => request,
            None => self.entries.iter().any(|entry| entry.verify_mode.request),
        }
    }

    /// The entry for the name that a client asked for: the exact one, else one with a wildcard, else the first.
    pub(super) fn choose(&self, name: Option<&str>) -> Option<&Entry> {
        let named = |wanted: &str| {
            self.entries
                .iter()
                .find(|entry| entry.server_name.as_ref().is_some_and(|known| known.eq_ignore_ascii_case(wanted)))
        };
        name.and_then(|name| {
            named(name).or_else(|| name.split_once('.').and_then(|(_, domain)| named(&format!("*.{domain}"))))
        })
        .or(self.entries.first())
    }
}

impl Entry {
    fn new(options: &TlsOptions, log: Option<&Arc<KeyLogFile>>) -> Result<Self, ContextError> {
        let identities = Arc::new(Identities::new(&options.identities)?);
        let roots = match &options.ca {
            Some(ca) => Arc::new(Roots::named(ca.clone(), options.partial_chains)?),
            None => default_roots().unwrap_or_default(),
        };
        Ok(Self {
            server_name: options.server_name.clone().filter(|name| !name.is_empty()),
            configs: Configs::new(options, &identities, &roots, log)?,
            identities,
            roots,
            revocation_lists: Arc::new(options.revocation_lists()?),
            verify_mode: VerifyMode { request: options.request_cert, reject: options.reject_unauthorized },
        })
    }

    /// The configuration for a mode; `None` when the versions leave nothing to negotiate.
    pub(super) fn config(&self, mode: VerifyMode) -> Option<Arc<ServerConfig>> {
        let configs = self.configs.as_ref()?;
        Some(Arc::clone(match mode {
            VerifyMode { request: false, .. } => &configs.never_ask,
            VerifyMode { request: true, reject: false } => &configs.ask,
            VerifyMode { request: true, reject: true } => &configs.require,
        }))
    }
}

impl Configs {
    fn new(
        options: &TlsOptions,
        identities: &Arc<Identities>,
        roots: &Arc<Roots>,
        log: Option<&Arc<KeyLogFile>>,
    ) -> Result<Option<Self>, ContextError> {
        let tls13 = options.allows_tls13();
        let versions: Vec<_> = [(tls13, &TLS13), (options.allows_tls12(), &TLS12)]
            .into_iter()
            .filter_map(|(allowed, version)| allowed.then_some(version))
            .collect();
        let suites = options.suites()?;
        let Ok(builder) = ServerConfig::builder_with_provider(provider_with(suites, options.groups.clone()))
            .with_protocol_versions(&versions)
        else {
            return Ok(None);
        };
        let resolver = Arc::new(ServerIdentities { identities: Arc::clone(identities), tls13 });
        let mut never_ask = builder.with_no_client_auth().with_cert_resolver(resolver);
        never_ask.alpn_protocols = options.alpn.of_server();
        never_ask.ignore_client_order = options.secure_options.server_preference();
        never_ask.key_log = key_log(log);
        never_ask.session_storage = Arc::new(NoServerSessionStorage {});
        if options.secure_options.no_ticket() {
            never_ask.send_tls13_tickets = 0;
        } else {
            never_ask.ticketer = Ticketer::new().map_err(|_| ContextError::NoRandom)?;
        }
        let asking = |mandatory| {
            let verifier = Arc::new(ClientVerifier { roots: Arc::clone(roots), mandatory });
            let mut config = ServerConfig::builder_with_provider(Arc::clone(never_ask.crypto_provider()))
                .with_protocol_versions(&versions)
                .ok()?
                .with_client_cert_verifier(verifier)
                .with_cert_resolver(Arc::clone(&never_ask.cert_resolver));
            config.alpn_protocols.clone_from(&never_ask.alpn_protocols);
            config.ignore_client_order = never_ask.ignore_client_order;
            config.key_log = Arc::clone(&never_ask.key_log);
            config.session_storage = Arc::clone(&never_ask.session_storage);
            config.send_tls13_tickets = never_ask.send_tls13_tickets;
            config.ticketer = Arc::clone(&never_ask.ticketer);
            Some(Arc::new(config))
        };
        let (Some(ask), Some(require)) = (asking(false), asking(true)) else {
            return Ok(None);
        };
        Ok(Some(Self { never_ask: Arc::new(never_ask), ask, require }))
    }
}
