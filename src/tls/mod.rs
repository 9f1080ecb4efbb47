//! TLS on rustls: everything between parsed options and decrypted bytes.
//!
//! The module knows no sockets, no event loop and no Node. A connection's life has two halves:
//!
//! 1. The **handshake** ([`client_handshake`], [`server_handshake`]) is a future over any `AsyncRead + AsyncWrite`; it runs
//!    on a tokio worker, because a storm of handshakes on the JavaScript thread blocks it for tens of milliseconds.
//! 2. The **record layer** ([`Session`]) is what the handshake leaves behind: bytes in, bytes out, no I/O. It lives on the
//!    thread that owns the socket.
//!
//! rustls resumes a session only when the verifier and the client-certificate resolver are the very same objects as those of
//! the connection that got the ticket. So there is one of each in the process, and what a single connection wants reaches
//! them through `scope`: a thread-local that is set around every entry into rustls. Without it they refuse everything.

mod alerts;
mod certificate;
mod client;
mod failure;
mod finished;
mod framing;
mod handshake;
mod identity;
mod key_schedule;
mod keylog;
mod names;
mod opener;
mod options;
mod provider;
mod resumption;
mod roots;
mod scope;
mod selection;
mod server;
mod session;
mod tap;
mod verify;

#[cfg(test)]
pub(crate) mod tests;

pub use client::{ClientContext, ClientParameters};
pub use failure::{CertificateProblem, ContextError, HandshakeFailure, ProtocolFailure};
pub use handshake::{Failed, Handshaken, client_handshake, server_handshake};
pub use keylog::{KeyLogFile, Witness};
pub use options::{Alpn, KeyAndChain, SECURE_OPTIONS, SecureOptions, TlsOptions, Versions};
pub use provider::warm_up;
pub use resumption::{SavedSession, find_session};
pub use roots::{Roots, default_roots, set_default_roots};
pub use selection::{Choice, Hello, Selection};
pub use server::{ServerContext, ServerParameters};
pub use session::{CipherNames, EphemeralKey, Received, Role, Session};
pub use verify::{Demands, ExpectedName, Verdict};
