//! The transport of a handshake, listened to.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use super::failure::ProtocolFailure;
use super::framing::{Framing, HEADER};
use super::scope::with_current;

/// Bytes of a peer's first words that are kept: enough to tell what it speaks.
const HEAD: usize = 8;

/// Keeps the first bytes that are received, to tell HTTP from TLS, and a server's tickets.
pub(super) struct Tap<S> {
    stream: S,
    head: [u8; HEAD],
    head_length: usize,
    framing: Framing,
    tickets: Vec<u8>,
    is_server: bool,
}

/// What a handshake leaves of its transport.
pub(super) struct Parts<S> {
    pub(super) stream: S,
    /// Where in a record the last byte was that was received.
    pub(super) framing: Framing,
    /// A server's tickets, which wait for company. As on Bun they leave with the first data: a client that hangs up without
    /// having read them resets the connection, and what it has sent may be lost with it.
    pub(super) tickets: Vec<u8>,
}

impl<S> Tap<S> {
    pub(super) fn of_client(stream: S) -> Self {
        Self::new(stream, false)
    }

    pub(super) fn of_server(stream: S) -> Self {
        Self::new(stream, true)
    }

    fn new(stream: S, is_server: bool) -> Self {
        Self { stream, head: [0; HEAD], head_length: 0, framing: Framing::default(), tickets: Vec::new(), is_server }
    }

    /// What is left when the handshake is over.
    pub(super) fn into_parts(self) -> Parts<S> {
        let Self { stream, framing, tickets, .. } = self;
        Parts { stream, framing, tickets }
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

    /// Whether something came that is not TLS.
    fn is_strange(&self) -> bool {
        self.head_length > 0 && !self.peer_speaks_tls()
    }

    /// Whether rustls is sending tickets.
    fn is_ticketing(&self) -> bool {
        self.is_server && with_current(|scope| scope.finished.is_server13_done()).unwrap_or(false)
    }

    fn is_muted(&self) -> bool {
        // As on Bun, an HTTP client of a TLS listener sees the connection end and no alert.
        let to_stranger = self.is_server && self.is_strange();
        // A server whose certificate is refused is not told so: as on Bun it sees the connection end.
        to_stranger || with_current(|scope| !scope.refused_chain.is_empty()).unwrap_or(false)
    }
}

impl<S: AsyncWrite + Unpin> Tap<S> {
    /// Sends what was taken for tickets and is an alert: the handshake has failed in its last step.
    pub(super) async fn send_alert(&mut self) {
        // The connection ends either way.
        let _ = self.stream.write_all(&std::mem::take(&mut self.tickets)).await;
    }

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
        let this = &mut *self;
        loop {
            ready!(Pin::new(&mut this.stream).poll_read(cx, buffer))?;
            let fresh = &buffer.filled()[before..];
            let ended = fresh.is_empty();
            let held = if this.is_strange() { this.head_length } else { 0 };
            let wanted = fresh.len().min(HEAD - this.head_length);
            this.head[this.head_length..this.head_length + wanted].copy_from_slice(&fresh[..wanted]);
            this.head_length += wanted;
            this.framing.pass(fresh);
            if ended || !this.is_strange() {
                return Poll::Ready(Ok(()));
            }
            if this.head_length >= HEADER {
                if held > 0 && held < HEADER {
                    // The rest does not matter any more.
                    buffer.set_filled(before);
                    buffer.put_slice(&this.head[..this.head_length.min(buffer.remaining())]);
                }
                return Poll::Ready(Ok(()));
            }
            // As with BoringSSL a whole header is waited for; rustls would complain of the first byte.
            buffer.set_filled(before);
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        if self.is_muted() {
            return Poll::Ready(Ok(data.len()));
        }
        if self.is_ticketing() {
            self.tickets.extend_from_slice(data);
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
        if self.is_ticketing() {
            for slice in data {
                self.tickets.extend_from_slice(slice);
            }
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
