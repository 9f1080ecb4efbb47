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
    /// The certificates themselves, when the program named them one by one. Only these take part in the exceptions of
    /// `verify`: a public root never does.
    pub(super) named: Vec<CertificateDer<'static>>,
    /// Those of them that are not their own issuers. As in OpenSSL they help to find the way to a root and are none.
    pub(super) intermediates: Vec<CertificateDer<'static>>,
    pub(super) subjects: Vec<DistinguishedName>,
}

impl Roots {
    /// Roots that the program gave as `ca`.
    ///
    /// # Errors
    /// [`ContextError::InvalidCa`] when one of them has no readable name or key.
    pub fn named(certificates: Vec<CertificateDer<'static>>) -> Result<Self, ContextError> {
        let mut roots = Self::default();
        for certificate in &certificates {
            let read = Certificate::read(certificate).ok_or(ContextError::InvalidCa)?;
            if read.names_itself_as_issuer() {
                roots.add(certificate).map_err(|()| ContextError::InvalidCa)?;
            } else {
                roots.intermediates.push(certificate.clone());
            }
        }
        roots.named = certificates;
        Ok(roots)
    }

    /// The roots that come with the runtime. Single ones that cannot be used are left out: a program cannot help it.
    #[must_use]
    pub fn built_in(certificates: &[CertificateDer<'static>]) -> Self {
        let mut roots = Self::default();
        for certificate in certificates {
            let _: Result<(), ()> = roots.add(certificate);
        }
        roots
    }

    fn add(&mut self, certificate: &CertificateDer<'static>) -> Result<(), ()> {
        let anchor = webpki::anchor_from_trusted_cert(certificate).map_err(|_| ())?.to_owned();
        self.subjects.push(DistinguishedName::in_sequence(&anchor.subject));
        self.anchors.push(anchor);
        Ok(())
    }
}

/// The built-in roots, once [`set_default_roots`] was called; nothing is trusted before.
#[must_use]
pub fn default_roots() -> Option<Arc<Roots>> {
    DEFAULT.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_ref().map(Arc::clone)
}

/// Sets the roots that connections without `ca` use, for the whole process. The first call wins.
pub fn set_default_roots(certificates: &[CertificateDer<'static>]) {
    DEFAULT
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .get_or_insert_with(|| Arc::new(Roots::built_in(certificates)));
}
