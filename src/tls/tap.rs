//! The transport of a handshake, listened to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::failure::ProtocolFailure;
use super::framing::Framing;
use super::scope::with_current;

/// Bytes of a peer's first words that are kept: enough to tell what it speaks.
const HEAD: usize = 8;

/// Keeps what is received, for `upgradeTLS()`'s raw socket, and the first bytes, to tell HTTP from TLS.
pub(super) struct Tap<S> {
    stream: S,
    head: [u8; HEAD],
    head_length: usize,
    received: Option<Vec<u8>>,
    framing: Framing,
    /// Whether rustls' answers to a peer that does not speak TLS are dropped. As on Bun, an HTTP client of a TLS listener
    /// sees the connection end and no alert.
    mute_to_strangers: bool,
}

impl<S> Tap<S> {
    pub(super) fn new(stream: S, keep_received: bool, mute_to_strangers: bool) -> Self {
        Self {
            stream,
            head: [0; HEAD],
            head_length: 0,
            received: keep_received.then(Vec::new),
            framing: Framing::default(),
            mute_to_strangers,
        }
    }

    /// The stream, everything that was received from it as far as it was to be kept, and where in a record that ends.
    pub(super) fn into_parts(self) -> (S, Vec<u8>, Framing) {
        (self.stream, self.received.unwrap_or_default(), self.framing)
    }

    /// What the peer speaks if it is not TLS but something that BoringSSL has a reason for.
    pub(super) fn stranger(&self) -> Option<ProtocolFailure> {
        let head = &self.head[..self.head_length];
        let starts = |words: &[&[u8]]| words.iter().any(|word| head.starts_with(word));
        if starts(&[b"GET ", b"POST ", b"HEAD ", b"PUT "]) {
            Some(ProtocolFailure::HTTP_REQUEST)
        } else if starts(&[b"CONNE"]) {
            Some(ProtocolFailure::HTTPS_PROXY_REQUEST)
        } else {
            None
        }
    }

    /// Whether anything came from the peer that a TLS record can start with.
    pub(super) fn peer_speaks_tls(&self) -> bool {
        const ALERT: u8 = 21;
        const HANDSHAKE: u8 = 22;
        self.head_length > 0 && matches!(self.head[0], ALERT | HANDSHAKE)
    }

    fn is_muted(&self) -> bool {
        let to_stranger = self.mute_to_strangers && self.head_length > 0 && !self.peer_speaks_tls();
        // A server whose certificate is refused is not told so: as on Bun it sees the connection end.
        to_stranger || with_current(|scope| !scope.refused_chain.is_empty()).unwrap_or(false)
    }
}

impl<S: AsyncWrite + Unpin> Tap<S> {
    /// Tells a peer that speaks something else, unless it is HTTP, that the version is wrong: what Bun answers.
    pub(super) async fn answer_stranger(&mut self) {
        if self.is_muted() && self.stranger().is_none() {
            // An alert record in plain text, version 3.1, fatal, protocol_version. The connection ends either way.
            let _ = self.stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).await;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if matches!(result, Poll::Ready(Ok(()))) {
            let this = &mut *self;
            let fresh = &buffer.filled()[before..];
            let wanted = fresh.len().min(HEAD - this.head_length);
            this.head[this.head_length..this.head_length + wanted].copy_from_slice(&fresh[..wanted]);
            this.head_length += wanted;
            this.framing.pass(fresh);
            if let Some(received) = &mut this.received {
                received.extend_from_slice(fresh);
            }
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_muted() {
            return Poll::Ready(Ok(data.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, data)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        data: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.is_muted() {
            return Poll::Ready(Ok(data.iter().map(|slice| slice.len()).sum()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, data)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
