//! A plain or TLS byte stream over a non-blocking socket.

use std::cell::RefCell;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::Source;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::Connection;

use crate::aligned::Aligned;

pub(crate) struct Stream {
    socket: TcpStream,
    tls: Option<Box<Tls>>,
}

struct Tls {
    connection: Connection,
    /// Ciphertext that the session has not taken yet: it takes 4 KiB at a time, which as a read size would cost the
    /// load four system calls per record.
    ciphertext: Option<Ciphertext>,
}

struct Ciphertext {
    room: Aligned,
    taken: usize,
    filled: usize,
}

thread_local! {
    /// Room for ciphertext that no connection uses now: thousands of idle connections must not hold some each.
    static SPARE: RefCell<Vec<Aligned>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// This many bytes were put into the buffer; at least one.
    Bytes(usize),
    /// Nothing more until the next readable event.
    Nothing,
    End,
}

impl Stream {
    pub(crate) fn plain(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    pub(crate) fn tls(socket: TcpStream, mut connection: Connection) -> Self {
        match &mut connection {
            Connection::Client(client) => client.set_buffer_limit(Some(TLS_BACKLOG)),
            Connection::Server(server) => server.set_buffer_limit(Some(TLS_BACKLOG)),
        }
        Self { socket, tls: Some(Box::new(Tls { connection, ciphertext: None })) }
    }

    pub(crate) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Edge-triggered, both directions, once for the connection's life.
    pub(crate) fn register(&mut self, registry: &Registry, token: usize) -> io::Result<()> {
        self.socket.register(registry, Token(token), Interest::READABLE | Interest::WRITABLE)
    }

    /// After `Bytes` that do not fill the buffer a plain stream has nothing more for now; a TLS stream may have.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> io::Result<Received> {
        match &mut self.tls {
            Some(tls) => tls.receive(&mut self.socket, buffer),
            None => match self.socket.read(buffer) {
                Ok(0) => Ok(Received::End),
                Ok(count) => Ok(Received::Bytes(count)),
                Err(error) if is_temporary(&error) => Ok(Received::Nothing),
                Err(error) => Err(error),
            },
        }
    }

    /// The number of bytes taken; what is missing can be sent after the next writable event.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.send(&mut self.socket, bytes),
            None => match self.socket.write(bytes) {
                // A socket that is still connecting says that it is not connected, or to try again.
                Err(error) if is_temporary(&error) || error.kind() == ErrorKind::NotConnected => Ok(0),
                other => other,
            },
        }
    }

    /// Sends ciphertext that an earlier `send` or the handshake left behind.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.flush(&mut self.socket),
            None => Ok(()),
        }
    }

    /// Goes on with connecting and the handshake as far as the socket allows; true when data can be sent.
    pub(crate) fn establish(&mut self) -> io::Result<bool> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        if self.socket.peer_addr().is_err() {
            return Ok(false);
        }
        match &mut self.tls {
            Some(tls) => tls.handshake(&mut self.socket),
            None => Ok(true),
        }
    }
}

impl Tls {
    fn receive(&mut self, socket: &mut TcpStream, buffer: &mut [u8]) -> io::Result<Received> {
        loop {
            match self.connection.reader().read(buffer) {
                Ok(0) => return Ok(Received::End),
                Ok(count) => return Ok(Received::Bytes(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            if !self.take_ciphertext(socket)? {
                return Ok(Received::Nothing);
            }
        }
    }

    fn handshake(&mut self, socket: &mut TcpStream) -> io::Result<bool> {
        self.flush(socket)?;
        while self.connection.is_handshaking() {
            if !self.take_ciphertext(socket)? {
                return Ok(false);
            }
            self.flush(socket)?;
        }
        Ok(!self.connection.wants_write())
    }

    /// Feeds the session once; false when the socket has nothing.
    fn take_ciphertext(&mut self, socket: &mut TcpStream) -> io::Result<bool> {
        let mut ciphertext = match self.ciphertext.take() {
            Some(ciphertext) => ciphertext,
            None => match Ciphertext::read_from(socket)? {
                Some(ciphertext) => ciphertext,
                None => return Ok(false),
            },
        };
        // An empty slice is the end of the stream, and the session has to hear of it.
        let rest = &ciphertext.room[ciphertext.taken..ciphertext.filled];
        ciphertext.taken += self.connection.read_tls(&mut &*rest)?;
        if ciphertext.taken < ciphertext.filled {
            self.ciphertext = Some(ciphertext);
        } else {
            ciphertext.give_back();
        }
        let state = self.connection.process_new_packets();
        if self.connection.wants_write() {
            self.flush(socket)?;
        }
        match state {
            Ok(state) if state.peer_has_closed() && self.connection.is_handshaking() => {
                Err(ErrorKind::UnexpectedEof.into())
            }
            Ok(_) => Ok(true),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidData, error)),
        }
    }

    fn send(&mut self, socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
        self.flush(socket)?;
        if self.connection.is_handshaking() || self.connection.wants_write() {
            return Ok(0);
        }
        let count = self.connection.writer().write(bytes)?;
        self.flush(socket)?;
        Ok(count)
    }

    fn flush(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(socket) {
                Ok(_) => {}
                Err(error) if is_temporary(&error) || error.kind() == ErrorKind::NotConnected => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl Ciphertext {
    fn read_from(socket: &mut TcpStream) -> io::Result<Option<Self>> {
        let room = SPARE.with_borrow_mut(Vec::pop).unwrap_or_else(|| Aligned::zeroed(CIPHERTEXT_ROOM));
        let mut ciphertext = Self { room, taken: 0, filled: 0 };
        match socket.read(&mut ciphertext.room) {
            Ok(count) => {
                ciphertext.filled = count;
                Ok(Some(ciphertext))
            }
            Err(error) => {
                ciphertext.give_back();
                if is_temporary(&error) { Ok(None) } else { Err(error) }
            }
        }
    }

    fn give_back(self) {
        SPARE.with_borrow_mut(|spare| spare.push(self.room));
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

const CIPHERTEXT_ROOM: usize = 64 * 1024;
/// Ciphertext that one connection may hold back; enough for several records, so that sealing and sending overlap.
const TLS_BACKLOG: usize = 256 * 1024;
