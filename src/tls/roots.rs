//! What is trusted: certificates given as `ca`, or the built-in roots.

use std::sync::{Arc, Mutex};

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};

use super::certificate::Certificate;
use super::failure::ContextError;

static DEFAULT: Mutex<Option<Arc<Roots>>> = Mutex::new(None);

/// A set of trusted certificates.
#[derive(Debug, Default)]
pub struct Roots {
    pub(super) anchors: Vec<TrustAnchor<'static>>,
    /// The certificates themselves, when the program or the process's user named them one by one. Only these take part in the exceptions of
    /// `verify`: a public root never does.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// The certificate of each anchor, when the program named them: webpki does not look at what is in them.
    pub(super) origins: Vec<CertificateDer<'static>>,
    /// Those of them that are not their own issuers. As in OpenSSL they help to find the way to a root, and are none unless
    /// `partial` says so.
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    /// The names of a `ca`, for servers to hint at. The built-in roots would be a hint of 20 KB that helps nobody.
    pub(super) subjects: Vec<DistinguishedName>,
    /// Whether each of the named certificates is as good as a root.
    pub(super) partial: bool,
}

impl Roots {
    /// Roots that the program gave as `ca`. With `partial`, those that are not their own issuers are trusted, too.
    ///
    /// # Errors
    /// [`ContextError::InvalidCa`] when one of them has no readable name or key.
    pub fn named(certificates: Vec<CertificateDer<'static>>, partial: bool) -> Result<Self, ContextError> {
        let mut roots = Self { partial, ..Self::default() };
        for certificate in certificates {
            roots.name(certificate).map_err(|()| ContextError::InvalidCa)?;
        }
        roots.subjects = roots.anchors.iter().map(|anchor| DistinguishedName::in_sequence(&anchor.subject)).collect();
        Ok(roots)
    }

    /// The roots that come with the runtime, and those that its user has added. Single ones that cannot be used are left out: a program
    /// cannot help it.
    #[must_use]
    pub fn built_in(certificates: &[CertificateDer<'static>], added: Vec<CertificateDer<'static>>) -> Self {
        let mut roots = Self::default();
        // First, so that the anchors that have origins come first.
        for certificate in added {
            let _: Result<(), ()> = roots.name(certificate);
        }
        for certificate in certificates {
            let _: Result<(), ()> = roots.add(certificate);
        }
        roots
    }

    fn name(&mut self, certificate: CertificateDer<'static>) -> Result<(), ()> {
        let is_root = Certificate::read(&certificate).ok_or(())?.names_itself_as_issuer();
        if is_root || self.partial {
            self.add(&certificate)?;
            self.origins.push(certificate.clone());
        }
        if !is_root {
            self.intermediates.push(certificate.clone());
        }
        self.named.push(certificate);
        Ok(())
    }

    /// Whether this very certificate was named.
    pub(super) fn names(&self, certificate: &CertificateDer<'_>) -> bool {
        self.named.iter().any(|named| named == certificate)
    }

    /// The named certificates with an anchor's name and key: several, if one was renewed.
    pub(super) fn origins_of(&self, anchor: &TrustAnchor<'_>) -> impl Iterator<Item = &CertificateDer<'static>> {
        let is_it = |known: &TrustAnchor<'_>| {
            known.subject == anchor.subject && known.subject_public_key_info == anchor.subject_public_key_info
        };
        self.anchors.iter().zip(&self.origins).filter(move |(known, _)| is_it(known)).map(|(_, origin)| origin)
    }

    fn add(&mut self, certificate: &CertificateDer<'static>) -> Result<(), ()> {
        self.anchors.push(webpki::anchor_from_trusted_cert(certificate).map_err(|_| ())?.to_owned());
        Ok(())
    }
}

/// The built-in roots, once [`set_default_roots`] was called; nothing is trusted before.
#[must_use]
pub fn default_roots() -> Option<Arc<Roots>> {
    DEFAULT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(Arc::clone)
}

/// Sets the roots that connections without `ca` use, for the whole process. The first call wins.
pub fn set_default_roots(certificates: &[CertificateDer<'static>], added: Vec<CertificateDer<'static>>) {
    DEFAULT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .get_or_insert_with(|| Arc::new(Roots::built_in(certificates, added)));
}
