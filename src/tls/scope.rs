//! What the connection that is being worked on wants, for the process-wide verifier and resolver.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::pki_types::CertificateDer;

use super::failure::ProtocolFailure;
use super::finished::FinishedMessages;
use super::identity::Identities;
use super::keylog::Witness;
use super::opener::Opener;
use super::verify::{PeerPolicy, Verdict};

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// One connection's wishes, and what was learnt while rustls worked for it.
#[derive(Default)]
pub(super) struct Scope {
    /// How the peer's certificate is judged. `None` refuses every certificate.
    pub(super) policy: Option<Arc<PeerPolicy>>,
    /// What this side shows when it is asked for a certificate as a client.
    pub(super) identities: Option<Arc<Identities>>,
    /// The verifier's judgement. Stays `None` in a resumed session, where rustls asks no verifier.
    pub(super) verdict: Option<Verdict>,
    /// The chain of a peer that was refused, because the rustls connection that knew it is gone then.
    pub(super) refused_chain: Vec<CertificateDer<'static>>,
    /// What is wrong with the peer's certificate whatever is said of its chain: no handshake comes of it.
    pub(super) misuse: Option<ProtocolFailure>,
    pub(super) finished: FinishedMessages,
    /// Who is told the connection's secrets.
    pub(super) witness: Option<Arc<Witness>>,
    /// The latest keys for what the peer sends.
    pub(super) opener: Option<Opener>,
}

impl Scope {
    /// Runs `work` with this scope as the current one.
    pub(super) fn enter<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let outer = CURRENT.with_borrow_mut(|current| current.replace(std::mem::take(self)));
        // Gives the scope back even when rustls panics, so that it can never leak into another connection.
        let _restore = Restore { scope: self, outer };
        work()
    }
}

struct Restore<'a> {
    scope: &'a mut Scope,
    outer: Option<Scope>,
}

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        let outer = self.outer.take();
        if let Some(inner) = CURRENT.with_borrow_mut(|current| std::mem::replace(current, outer)) {
            *self.scope = inner;
        }
    }
}

/// Asks or tells the current scope something. `None` when rustls was entered without one.
pub(super) fn with_current<R>(work: impl FnOnce(&mut Scope) -> R) -> Option<R> {
    CURRENT.with_borrow_mut(|current| current.as_mut().map(work))
}

/// A future that is polled inside its own scope.
pub(super) struct InScope<F> {
    future: F,
    scope: Scope,
}

impl<F> InScope<F> {
    /// `make` already runs in the scope: rustls works while a handshake is being created, too.
    pub(super) fn new(mut scope: Scope, make: impl FnOnce() -> F) -> Self {
        let future = scope.enter(make);
        Self { future, scope }
    }
}

impl<F: Future + Unpin> Future for InScope<F> {
    type Output = (F::Output, Scope);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { future, scope } = &mut *self;
        scope.enter(|| Pin::new(future).poll(cx)).map(|output| (output, std::mem::take(&mut self.scope)))
    }
}
