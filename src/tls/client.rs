//! What a client connects with.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rustls::ClientConfig;
use rustls::client::{Resumption, Tls12Resumption};
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use webpki::CertRevocationList;

use super::failure::ContextError;
use super::handshake::HANDSHAKE_TIME_LIMIT;
use super::identity::{CURRENT_IDENTITIES, Identities};
use super::keylog::{KeyLogFile, Witness, key_log};
use super::options::TlsOptions;
use super::provider::provider_with;
use super::resumption::SavedSession;
use super::roots::{Roots, default_roots};
use super::verify::{Demands, ExpectedName, ServerVerifier};

/// What a certificate must be for when nothing else says so.
const NAME_OF_NO_HOST: &str = "localhost";

/// rustls compares verifiers by address before it resumes a session, so there is exactly one.
static SERVER_VERIFIER: LazyLock<Arc<ServerVerifier>> = LazyLock::new(|| Arc::new(ServerVerifier));

/// Parsed options of a client, for any number of connections.
#[derive(Debug)]
pub struct ClientContext {
    /// `None` when the versions leave nothing to negotiate: connecting is allowed then, and every handshake fails.
    pub(super) config: Option<ClientConfig>,
    pub(super) roots: Arc<Roots>,
    pub(super) revocation_lists: Arc<Vec<CertRevocationList<'static>>>,
    pub(super) identities: Arc<Identities>,
    /// The `serverName` option.
    pub(super) server_name: Option<String>,
    pub(super) reject_unauthorized: bool,
}

/// What differs from connection to connection.
#[derive(Debug, Clone)]
pub struct ClientParameters {
    /// The name to announce. Empty, an address or no valid host name: none is announced.
    pub sni: Option<String>,
    /// What is demanded of the server's certificate.
    pub demands: Arc<Demands>,
    /// A session to resume.
    pub session: Option<Arc<SavedSession>>,
    /// Who is told the secrets.
    pub witness: Option<Arc<Witness>>,
    /// How long the handshake may take.
    pub time_limit: Duration,
}

impl ClientParameters {
    /// Announces and verifies `name` in place of the `serverName` option. As in Bun, an empty one changes nothing of what is
    /// announced, and lets the host be verified.
    pub fn rename(&mut self, name: String, host: Option<&str>) {
        self.demands = Arc::new(Demands::new(ExpectedName::of(&name, host), self.demands.rejects()));
        if !name.is_empty() {
            self.sni = Some(name);
        }
    }
}

impl ExpectedName {
    /// That of a server by its `name`, or by the `host` that is connected to if that is empty.
    #[must_use]
    pub fn of(name: &str, host: Option<&str>) -> Self {
        let expected = if name.is_empty() { host.map_or(NAME_OF_NO_HOST, bare) } else { name };
        Self::Name(expected.to_owned())
    }
}

/// Brackets belong to the notation of an IPv6 address, not to the address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl ClientContext {
    /// Makes the context.
    ///
    /// # Errors
    /// For options whose content rustls cannot use.
    pub fn new(options: &TlsOptions, log: Option<&Arc<KeyLogFile>>) -> Result<Self, ContextError> {
        let identities = Identities::new(&options.identities)?;
        let roots = match &options.ca {
            Some(ca) => Arc::new(Roots::named(ca.clone(), options.partial_chains)?),
            None => default_roots().unwrap_or_default(),
        };
        let suites = options.suites()?;
        let versions: Vec<_> = [(options.allows_tls13(), &TLS13), (options.allows_tls12(), &TLS12)]
            .into_iter()
            .filter_map(|(allowed, version)| allowed.then_some(version))
            .collect();
        let config = ClientConfig::builder_with_provider(provider_with(suites, options.groups.clone()))
            .with_protocol_versions(&versions)
            .ok()
            .map(|builder| {
                let verifier: Arc<ServerVerifier> = Arc::clone(&SERVER_VERIFIER);
                let mut config = builder
                    .dangerous()
                    .with_custom_certificate_verifier(verifier)
                    .with_client_cert_resolver(Arc::clone(&CURRENT_IDENTITIES) as _);
                config.alpn_protocols = options.alpn.of_client();
                config.key_log = key_log(log);
                config.resumption = Resumption::disabled();
                config
            });
        Ok(Self {
            config,
            roots,
            revocation_lists: Arc::new(options.revocation_lists()?),
            identities: Arc::new(identities),
            server_name: options.server_name.clone(),
            reject_unauthorized: options.reject_unauthorized,
        })
    }

    /// The parameters of a connection to `host`; `None` for a unix path, where as in Bun the certificate must be for
    /// `localhost` and no name is announced.
    ///
    /// `serverName` wins over the host for both names. Differs from Bun (6): an address is never announced (RFC 6066), but it
    /// is verified. An empty `serverName` announces nothing; the host is verified then.
    #[must_use]
    pub fn parameters(&self, host: Option<&str>) -> ClientParameters {
        let host = host.map(bare);
        let named = self.server_name.as_deref();
        ClientParameters {
            sni: named.or(host).filter(|name| !name.is_empty()).map(ToOwned::to_owned),
            demands: Arc::new(Demands::new(
                ExpectedName::of(named.unwrap_or_default(), host),
                self.reject_unauthorized,
            )),
            session: None,
            witness: None,
            time_limit: HANDSHAKE_TIME_LIMIT,
        }
    }

    /// The client's own certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> Option<CertificateDer<'static>> {
        self.identities.leaf().cloned()
    }

    /// The configuration of one connection, whose sessions go to `saved`.
    pub(super) fn config_for(&self, saved: &Arc<SavedSession>) -> Option<Arc<ClientConfig>> {
        let mut config = self.config.clone()?;
        let store: Arc<SavedSession> = Arc::clone(saved);
        config.resumption = Resumption::store(store).tls12_resumption(Tls12Resumption::SessionIdOrTickets);
        Some(Arc::new(config))
    }
}
