//! Whether the peer's certificate is to be trusted.
//!
//! webpki decides. It is stricter than OpenSSL in ways that users of self-made certificates meet every day, so there is a
//! short list of chains that are trusted although webpki refuses them, and no other:
//!
//! - the leaf is, byte for byte, a self-signed certificate that the program named in `ca`;
//! - the leaf says CA:TRUE and was signed directly by a certificate named in `ca`;
//! - the leaf is an X.509 version 1 certificate signed directly by a certificate named in `ca`.
//!
//! Dates, purpose and name are still checked, and none of it applies to the built-in roots or when revocation lists are in
//! use. One exception concerns the name: under a `ca` that the program named, the common names count for a leaf that has no
//! host among its alternative names, as in Bun and Node. "Named" is also what the process's user has added by the environment.
//!
//! An authority that limits the names below it has no part in any of it: only webpki holds names against such limits.
//!
//! Of a root webpki knows nothing but name and key. One that the program named is held to what it says of itself, as in OpenSSL: its dates,
//! that it may sign certificates, how long a chain may be, and that nothing in it is critical and unknown.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, IpAddr, ServerName, TrustAnchor, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerMisbehaved, SignatureScheme};
use webpki::{CertRevocationList, EndEntityCert, KeyUsage, RevocationOptionsBuilder};

use super::certificate::{Certificate, Purpose};
use super::failure::{CertificateProblem as Problem, ProtocolFailure};
use super::provider::signature_algorithms;
use super::roots::Roots;
use super::scope::with_current;

/// The judgement of a peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Verified: chain, dates, purpose, revocation lists and name.
    Trusted,
    /// Not verified, and why.
    Untrusted(Problem),
}

/// The name that the peer's certificate must be good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedName {
    /// None: the peer is a client, or is reached by a unix path.
    Any,
    /// A host name or an address in text form.
    Name(String),
}

/// What one side demands of its peer. The program of a client may change it between two steps of the handshake.
#[derive(Debug)]
pub struct Demands {
    name: Mutex<ExpectedName>,
    /// Whether a judgement may have been for another name.
    renamed: AtomicBool,
    reject: AtomicBool,
}

impl Demands {
    pub(super) fn new(name: ExpectedName, reject: bool) -> Self {
        Self { name: Mutex::new(name), renamed: AtomicBool::new(false), reject: AtomicBool::new(reject) }
    }

    /// The name that the peer's certificate must be good for from now on. One that was judged before is judged again.
    pub fn expect(&self, name: ExpectedName) {
        *self.name.lock().unwrap_or_else(PoisonError::into_inner) = name;
        self.renamed.store(true, Ordering::Relaxed);
    }

    /// Whether an untrusted peer is refused from now on.
    pub fn reject(&self, reject: bool) {
        self.reject.store(reject, Ordering::Relaxed);
    }

    /// Whether an untrusted peer is refused.
    #[must_use]
    pub fn rejects(&self) -> bool {
        self.reject.load(Ordering::Relaxed)
    }

    pub(super) fn is_renamed(&self) -> bool {
        self.renamed.load(Ordering::Relaxed)
    }

    fn name(&self) -> ExpectedName {
        self.name.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// How one connection judges its peer.
pub(super) struct PeerPolicy {
    pub(super) roots: Arc<Roots>,
    pub(super) revocation_lists: Arc<Vec<CertRevocationList<'static>>>,
    pub(super) purpose: Purpose,
    /// An untrusted server that is refused fails the handshake. Servers finish theirs with any client and refuse it afterwards, so
    /// that the client sees what it sees on Bun.
    pub(super) demands: Arc<Demands>,
}

impl PeerPolicy {
    /// Whether the leaf is for the expected name, whatever else is wrong with it.
    pub(super) fn names(&self, chain: &[CertificateDer<'_>]) -> bool {
        chain.split_first().is_none_or(|(leaf, sent)| self.judge_name(leaf, sent).is_ok())
    }

    /// Judges a chain, leaf first. An empty one is untrusted.
    pub(super) fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Verdict {
        let Some((leaf, sent)) = chain.split_first() else {
            return Verdict::Untrusted(Problem::UnableToGetIssuerCert);
        };
        let intermediates: Vec<CertificateDer<'_>> =
            sent.iter().chain(&self.roots.intermediates).map(|der| CertificateDer::from(der.as_ref())).collect();
        let usage = self.usage();
        let judged = EndEntityCert::try_from(leaf)
            .and_then(|entity| self.judge_chain(&entity, &intermediates, now, usage))
            .or_else(|error| self.exception(&error, leaf, &intermediates, now).map(|()| None))
            .and_then(|root| self.judge_root(root, leaf, &intermediates))
            .and_then(|()| self.judge_name(leaf, sent));
        match judged {
            Ok(()) => Verdict::Trusted,
            Err(problem) => Verdict::Untrusted(problem),
        }
    }

    fn judge_chain(
        &self,
        leaf: &EndEntityCert<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
        usage: KeyUsage,
    ) -> Result<Option<RootProblem>, webpki::Error> {
        let lists: Vec<&CertRevocationList<'_>> = self.revocation_lists.iter().collect();
        // As OpenSSL with CRL_CHECK_ALL: every certificate below the root needs a list that is in date.
        let revocation = match RevocationOptionsBuilder::new(&lists) {
            Ok(builder) => Some(builder.with_expiration_policy(webpki::ExpirationPolicy::Enforce).build()),
            Err(_no_lists) => None,
        };
        leaf.verify_for_usage(
            signature_algorithms().all,
            &self.roots.anchors,
            intermediates,
            now,
            usage,
            revocation,
            None,
        )
        .map(|path| self.root_problem(path.anchor(), path.intermediate_certificates().count(), now))
    }

    /// What is wrong with the root that a chain ends in. Of several certificates with its name and key one that is good is enough.
    fn root_problem(&self, anchor: &TrustAnchor<'_>, below: usize, now: UnixTime) -> Option<RootProblem> {
        let mut problem = None;
        for origin in self.roots.origins_of(anchor) {
            match Certificate::read(origin).and_then(|root| problem_of_root(&root, below, now)) {
                None => return None,
                found => problem = problem.or(found),
            }
        }
        problem
    }

    fn judge_root(
        &self,
        problem: Option<RootProblem>,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Result<(), Problem> {
        let Some(problem) = problem else { return Ok(()) };
        // Who names the leaf itself trusts it, whatever it could be an issuer of.
        if self.roots.names(leaf) {
            return Ok(());
        }
        Err(match problem {
            RootProblem::NoIssuer => match Certificate::read(leaf) {
                Some(leaf) => unknown_issuer(&leaf, intermediates, &self.roots),
                None => Problem::Rejected,
            },
            RootProblem::Known(problem) => problem,
        })
    }

    fn usage(&self) -> KeyUsage {
        match self.purpose {
            Purpose::Server => KeyUsage::server_auth(),
            Purpose::Client => KeyUsage::client_auth(),
        }
    }

    /// The name of what webpki had against a chain.
    fn problem(
        &self,
        error: &webpki::Error,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Problem {
        let Some(read) = Certificate::read(leaf) else {
            return Problem::Rejected;
        };
        // webpki looks at the purpose before it looks for the issuer, OpenSSL after. So a chain that is good for nothing
        // else either is told by its other fault.
        if let webpki::Error::RequiredEkuNotFoundContext(_) = error {
            let other = match self.purpose {
                Purpose::Server => KeyUsage::client_auth(),
                Purpose::Client => KeyUsage::server_auth(),
            };
            let again =
                EndEntityCert::try_from(leaf).and_then(|leaf| self.judge_chain(&leaf, intermediates, now, other));
            return match again {
                Err(error) => problem_of(&error, &read, intermediates, &self.roots),
                Ok(_) => Problem::InvalidPurpose,
            };
        }
        problem_of(error, &read, intermediates, &self.roots)
    }

    /// The module's short list. `error` is what webpki had against the chain.
    fn exception(
        &self,
        error: &webpki::Error,
        leaf_der: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Problem> {
        let Some(leaf) = Certificate::read(leaf_der) else {
            return Err(Problem::Rejected);
        };
        let named = &self.roots.named;
        let is_named = self.roots.names(leaf_der);
        let is_partial = self.roots.partial && is_named && matches!(error, webpki::Error::UnknownIssuer);
        // webpki reads version 3 only, and has no error of its own for the others.
        let concerned = leaf.is_version_1() || is_partial || matches!(error, webpki::Error::CaUsedAsEndEntity);
        let problem = if concerned {
            unknown_issuer(&leaf, intermediates, &self.roots)
        } else {
            self.problem(error, leaf_der, intermediates, now)
        };
        if !concerned || !self.revocation_lists.is_empty() {
            return Err(problem);
        }
        let pinned = is_named && (leaf.names_itself_as_issuer() || is_partial);
        let issued = || {
            (leaf.is_authority() || leaf.is_version_1())
                && named.iter().filter_map(Certificate::read).any(|authority| {
                    leaf.names_as_issuer(&authority)
                        && authority.date_problem(now).is_none()
                        && !authority.constrains_names()
                        && (authority.is_authority() || authority.is_version_1())
                        && leaf.is_signed_by(&authority)
                })
        };
        if !pinned && !issued() {
            return Err(problem);
        }
        if let Some(problem) = leaf.date_problem(now) {
            return Err(problem);
        }
        if !leaf.allows(self.purpose) || leaf.has_critical_extension_besides_basics() {
            return Err(Problem::InvalidPurpose);
        }
        Ok(())
    }

    fn judge_name(&self, leaf: &CertificateDer<'_>, sent: &[CertificateDer<'_>]) -> Result<(), Problem> {
        let ExpectedName::Name(name) = self.demands.name() else {
            return Ok(());
        };
        let server_name = server_name_of(&name);
        let valid = |leaf: &EndEntityCert<'_>| {
            server_name.as_ref().is_some_and(|name| leaf.verify_is_valid_for_subject_name(name).is_ok())
        };
        if EndEntityCert::try_from(leaf).is_ok_and(|leaf| valid(&leaf)) {
            return Ok(());
        }
        let by_common_name = !self.roots.named.is_empty()
            && matches!(server_name, Some(ServerName::DnsName(_)))
            // webpki has not held the common name against the constraints of an authority.
            && !sent.iter().chain(&self.roots.named).any(|der| Certificate::read(der).is_none_or(|it| it.constrains_names()))
            && Certificate::read(leaf).is_some_and(|leaf| leaf.common_name_is(&name));
        if by_common_name { Ok(()) } else { Err(Problem::NameMismatch) }
    }
}

/// The name as webpki compares it; `None` for what no certificate can be good for.
pub(super) fn server_name_of(name: &str) -> Option<ServerName<'static>> {
    // A scope ("fe80::1%eth0") is not part of the address that a certificate names.
    let address = name.split_once('%').map_or(name, |(address, _scope)| address);
    if let Ok(address) = IpAddr::try_from(address) {
        return Some(ServerName::IpAddress(address));
    }
    ServerName::try_from(name.to_owned()).ok()
}

fn problem_of(
    error: &webpki::Error,
    leaf: &Certificate<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &Roots,
) -> Problem {
    use webpki::Error as E;
    match error {
        E::UnknownIssuer => unknown_issuer(leaf, intermediates, roots),
        // A certificate of the same name was named: no issuer, but another one's.
        E::InvalidSignatureForPublicKey | E::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
            if leaf.names_itself_as_issuer() =>
        {
            Problem::DepthZeroSelfSigned
        }
        E::CertExpired { .. } => Problem::HasExpired,
        E::CertNotValidYet { .. } => Problem::NotYetValid,
        E::CertRevoked => Problem::Revoked,
        E::UnknownRevocationStatus => Problem::UnableToGetCrl,
        E::CrlExpired { .. } => Problem::CrlHasExpired,
        E::InvalidSignatureForPublicKey => Problem::SignatureFailure,
        E::InvalidCrlSignatureForPublicKey | E::IssuerNotCrlSigner => Problem::CrlSignatureFailure,
        E::RequiredEkuNotFoundContext(_) | E::EmptyEkuExtension | E::EndEntityUsedAsCa => Problem::InvalidPurpose,
        E::PathLenConstraintViolated => Problem::PathLengthExceeded,
        E::MaximumPathBuildCallsExceeded | E::MaximumPathDepthExceeded | E::MaximumSignatureChecksExceeded => {
            Problem::ChainTooLong
        }
        _ => Problem::Rejected,
    }
}

/// What is wrong with a root.
enum RootProblem {
    /// It may not sign certificates: it is nobody's issuer.
    NoIssuer,
    Known(Problem),
}

/// `below` certificates are between the root and the leaf.
fn problem_of_root(root: &Certificate<'_>, below: usize, now: UnixTime) -> Option<RootProblem> {
    if !root.may_sign_certificates() {
        return Some(RootProblem::NoIssuer);
    }
    let problem = if !(root.is_authority() || root.is_version_1()) {
        Some(Problem::InvalidPurpose)
    } else if root.has_unknown_critical_extension() {
        Some(Problem::UnhandledCriticalExtension)
    } else if root.path_length().is_some_and(|most| below > most) {
        Some(Problem::PathLengthExceeded)
    } else {
        root.date_problem(now)
    };
    problem.map(RootProblem::Known)
}

/// Which of OpenSSL's names for "I do not know the issuer" it is.
fn unknown_issuer(leaf: &Certificate<'_>, intermediates: &[CertificateDer<'_>], roots: &Roots) -> Problem {
    if leaf.names_itself_as_issuer() {
        return Problem::DepthZeroSelfSigned;
    }
    let sent: Vec<Certificate<'_>> = intermediates.iter().filter_map(Certificate::read).collect();
    let Some(mut top) = sent.iter().find(|certificate| leaf.names_as_issuer(certificate)) else {
        return if roots.partial {
            Problem::UnableToGetIssuerCertLocally
        } else {
            Problem::UnableToVerifyLeafSignature
        };
    };
    // Each step goes to another certificate of a chain that the peer made up, so the steps are counted.
    for _ in 0..sent.len() {
        if top.names_itself_as_issuer() {
            return Problem::SelfSignedInChain;
        }
        match sent.iter().find(|certificate| top.names_as_issuer(certificate)) {
            Some(next) => top = next,
            None => break,
        }
    }
    if roots.intermediates.iter().filter_map(Certificate::read).any(|named| named.is(top)) {
        return Problem::UnableToGetIssuerCert;
    }
    Problem::UnableToGetIssuerCertLocally
}

/// The error that makes rustls send the alert that fits.
fn refusal(problem: Problem) -> Error {
    Error::InvalidCertificate(match problem {
        Problem::HasExpired => CertificateError::Expired,
        Problem::NotYetValid => CertificateError::NotValidYet,
        Problem::Revoked => CertificateError::Revoked,
        Problem::SignatureFailure => CertificateError::BadSignature,
        Problem::InvalidPurpose => CertificateError::InvalidPurpose,
        Problem::NameMismatch => CertificateError::NotValidForName,
        Problem::UnableToVerifyLeafSignature
        | Problem::UnableToGetIssuerCertLocally
        | Problem::DepthZeroSelfSigned
        | Problem::SelfSignedInChain => CertificateError::UnknownIssuer,
        _ => CertificateError::ApplicationVerificationFailure,
    })
}

/// The one verifier of servers. It judges by the current connection's policy and refuses when there is none.
#[derive(Debug)]
pub(super) struct ServerVerifier;

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        refuse_misuse(end_entity)?;
        let judged = with_current(|scope| {
            let policy = scope.policy.as_ref()?;
            let chain: Vec<CertificateDer<'_>> = std::iter::once(end_entity)
                .chain(intermediates)
                .map(|der| CertificateDer::from(der.as_ref()))
                .collect();
            let verdict = policy.judge(&chain, now);
            scope.verdict = Some(verdict);
            match verdict {
                Verdict::Untrusted(problem) if policy.demands.rejects() => {
                    scope.refused_chain = chain.into_iter().map(CertificateDer::into_owned).collect();
                    Some(Err(refusal(problem)))
                }
                _ => Some(Ok(ServerCertVerified::assertion())),
            }
        });
        judged.flatten().unwrap_or_else(|| Err(without_policy()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(SignatureRules::Tls12, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(SignatureRules::Tls13, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature_algorithms().supported_schemes()
    }
}

/// The verifier of one server's clients. It takes any certificate whose key the client proves to hold; whether the
/// certificate is trusted is judged when the handshake is over, by the same code for full and resumed handshakes.
pub(super) struct ClientVerifier {
    pub(super) roots: Arc<Roots>,
    pub(super) mandatory: bool,
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("mandatory", &self.mandatory).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.roots.subjects
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        refuse_misuse(end_entity)?;
        // Without a policy nobody would judge the certificate afterwards.
        match with_current(|scope| scope.policy.is_some()) {
            Some(true) => Ok(ClientCertVerified::assertion()),
            _ => Err(without_policy()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(SignatureRules::Tls12, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_signature(SignatureRules::Tls13, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        signature_algorithms().supported_schemes()
    }
}

#[derive(Clone, Copy)]
enum SignatureRules {
    Tls12,
    Tls13,
}

/// Checks that the peer holds the key of its certificate. For certificates that webpki does not read, from the public key
/// alone; they are never trusted by webpki, but a program may go on with them.
fn verify_signature(
    rules: SignatureRules,
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
) -> Result<HandshakeSignatureValid, Error> {
    let algorithms = signature_algorithms();
    if EndEntityCert::try_from(certificate).is_ok() {
        return match rules {
            SignatureRules::Tls12 => rustls::crypto::verify_tls12_signature(message, certificate, signed, &algorithms),
            SignatureRules::Tls13 => rustls::crypto::verify_tls13_signature(message, certificate, signed, &algorithms),
        };
    }
    let bad = || Error::InvalidCertificate(CertificateError::BadEncoding);
    let certificate = Certificate::read(certificate).ok_or_else(bad)?;
    let key = certificate.public_key();
    match rules {
        SignatureRules::Tls13 => {
            rustls::crypto::verify_tls13_signature_with_raw_key(message, &key, signed, &algorithms)
        }
        SignatureRules::Tls12 => {
            let key = webpki::RawPublicKeyEntity::try_from(&key).map_err(|_| bad())?;
            let usable = algorithms.mapping.iter().filter(|(scheme, _)| *scheme == signed.scheme);
            let valid = usable
                .flat_map(|(_, algorithms)| algorithms.iter())
                .any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok());
            if valid {
                Ok(HandshakeSignatureValid::assertion())
            } else {
                Err(Error::InvalidCertificate(CertificateError::BadSignature))
            }
        }
    }
}

/// Refuses a certificate whose key is not for signing, which is all that it does in TLS 1.2 with ephemeral keys and in TLS 1.3. As BoringSSL
/// does whatever is asked of it (RFC 8446, 4.4.2.2).
fn refuse_misuse(leaf: &CertificateDer<'_>) -> Result<(), Error> {
    if Certificate::read(leaf).is_none_or(|leaf| leaf.may_sign_handshakes()) {
        return Ok(());
    }
    with_current(|scope| scope.misuse = Some(ProtocolFailure::KEY_USAGE_BIT_INCORRECT));
    // The one that rustls tells the peer as "illegal parameter".
    Err(Error::PeerMisbehaved(PeerMisbehaved::BadCertChainExtensions))
}

fn without_policy() -> Error {
    Error::General("a certificate was met outside of a connection's scope".to_owned())
}
