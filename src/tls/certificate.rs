//! The few facts about a certificate that webpki does not tell, or not for certificates that it refuses to read.

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{GeneralName, KeyUsage};
use x509_parser::prelude::FromDer;

use super::failure::CertificateProblem;
use super::provider::signature_algorithms;

const NAME_CONSTRAINTS: &str = "2.5.29.30";

/// The extensions that are looked at wherever they are: key usage, alternative names, basic constraints, extended key usage.
const BASICS: [&str; 4] = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"];

/// Those that say something of the certificates below: name constraints; policies, their mappings and constraints; no "any policy".
const OF_AUTHORITIES: [&str; 5] = [NAME_CONSTRAINTS, "2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.54"];

/// A certificate that was read leniently.
pub(super) struct Certificate<'a>(X509Certificate<'a>);

impl<'a> Certificate<'a> {
    /// `None` for what is not a certificate.
    pub(super) fn read(der: &'a CertificateDer<'_>) -> Option<Self> {
        match X509Certificate::from_der(der.as_ref()) {
            Ok(([], certificate)) => Some(Self(certificate)),
            _ => None,
        }
    }

    /// The public key with its algorithm.
    pub(super) fn public_key(&self) -> SubjectPublicKeyInfoDer<'_> {
        SubjectPublicKeyInfoDer::from(self.0.public_key().raw)
    }

    /// Whether subject and issuer are the same name.
    pub(super) fn names_itself_as_issuer(&self) -> bool {
        self.0.subject().as_raw() == self.0.issuer().as_raw()
    }

    /// Whether `other` bears the name of this one's issuer.
    pub(super) fn names_as_issuer(&self, other: &Certificate<'_>) -> bool {
        self.0.issuer().as_raw() == other.0.subject().as_raw()
    }

    /// Whether the two have the same subject and key.
    pub(super) fn is(&self, other: &Certificate<'_>) -> bool {
        self.0.subject().as_raw() == other.0.subject().as_raw() && self.0.public_key().raw == other.0.public_key().raw
    }

    pub(super) fn is_version_1(&self) -> bool {
        self.0.version().0 == 0
    }

    /// Whether the basic constraints say CA:TRUE.
    pub(super) fn is_authority(&self) -> bool {
        self.0.is_ca()
    }

    /// The problem with the dates at `now`, if there is one.
    pub(super) fn date_problem(&self, now: UnixTime) -> Option<CertificateProblem> {
        let Ok(now) = i64::try_from(now.as_secs()) else {
            return Some(CertificateProblem::HasExpired);
        };
        let validity = self.0.validity();
        if now < validity.not_before.timestamp() {
            Some(CertificateProblem::NotYetValid)
        } else if now > validity.not_after.timestamp() {
            Some(CertificateProblem::HasExpired)
        } else {
            None
        }
    }

    /// Whether the extended key usage, where there is one, allows the purpose. An unreadable one allows nothing.
    pub(super) fn allows(&self, purpose: Purpose) -> bool {
        match self.0.extended_key_usage() {
            Ok(None) => true,
            Ok(Some(usage)) => match purpose {
                Purpose::Server => usage.value.server_auth,
                Purpose::Client => usage.value.client_auth,
            },
            Err(_) => false,
        }
    }

    /// Whether its key may sign other certificates, as far as the key usage says.
    pub(super) fn may_sign_certificates(&self) -> bool {
        self.key_usage_allows(KeyUsage::key_cert_sign)
    }

    /// Whether its key may sign handshakes, as far as the key usage says.
    pub(super) fn may_sign_handshakes(&self) -> bool {
        self.key_usage_allows(KeyUsage::digital_signature)
    }

    /// Without the extension everything is allowed; an unreadable one allows nothing.
    fn key_usage_allows(&self, purpose: impl Fn(&KeyUsage) -> bool) -> bool {
        match self.0.key_usage() {
            Ok(usage) => usage.is_none_or(|usage| purpose(usage.value)),
            Err(_) => false,
        }
    }

    /// How many certificates may be between it and a leaf; `None` if it does not say.
    pub(super) fn path_length(&self) -> Option<usize> {
        let basics = self.0.basic_constraints().ok()??;
        usize::try_from(basics.value.path_len_constraint?).ok()
    }

    /// Whether there is a critical extension that no verifier knows of. Those that are known are looked at by OpenSSL, or name what concerns
    /// other certificates.
    pub(super) fn has_unknown_critical_extension(&self) -> bool {
        self.has_extension(|critical, id| critical && !BASICS.contains(&id) && !OF_AUTHORITIES.contains(&id))
    }

    /// Whether there is a critical extension: those that are not understood must not be passed over.
    pub(super) fn has_critical_extension_besides_basics(&self) -> bool {
        self.has_extension(|critical, id| critical && !BASICS.contains(&id))
    }

    /// Whether it limits the names of the certificates below it.
    pub(super) fn constrains_names(&self) -> bool {
        self.has_extension(|_critical, id| id == NAME_CONSTRAINTS)
    }

    /// Whether there is an extension of which the answer is yes; it is told whether it is critical, and its identifier.
    fn has_extension(&self, answer: impl Fn(bool, &str) -> bool) -> bool {
        self.0.extensions().iter().any(|extension| answer(extension.critical, &extension.oid.to_id_string()))
    }

    /// Whether `authority` signed this certificate.
    pub(super) fn is_signed_by(&self, authority: &Certificate<'_>) -> bool {
        let spki = authority.public_key();
        let Ok(key) = webpki::RawPublicKeyEntity::try_from(&spki) else {
            return false;
        };
        let signed = self.0.tbs_certificate.as_ref();
        let signature = self.0.signature_value.data.as_ref();
        // An algorithm that does not belong to the key is refused by webpki, so trying all is no more than asking the right one.
        signature_algorithms().all.iter().any(|algorithm| key.verify_signature(*algorithm, signed, signature).is_ok())
    }

    /// Whether one of the subject's common names is for `name`, for certificates that have no host among their alternative names, as in
    /// Bun and Node. Addresses do not count.
    pub(super) fn common_name_is(&self, name: &str) -> bool {
        let has_hosts = match self.0.subject_alternative_name() {
            Ok(None) => false,
            Ok(Some(names)) => names.value.general_names.iter().any(|name| matches!(name, GeneralName::DNSName(_))),
            // An unreadable or repeated extension is not "none".
            Err(_) => true,
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        !has_hosts && self.0.subject().iter_common_name().any(|common| common.as_str().is_ok_and(|it| covers(it, name)))
    }
}

/// Whether a name of a certificate, with a wildcard for the whole first label or none, is for a host (RFC 6125, 6.4.3).
fn covers(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(domain), Some((label, rest))) = (pattern.strip_prefix("*."), host.split_once('.')) else {
        return false;
    };
    !label.is_empty() && domain.contains('.') && domain.eq_ignore_ascii_case(rest)
}

/// What a certificate is shown for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// By a server, to its clients.
    Server,
    /// By a client, to the server.
    Client,
}
