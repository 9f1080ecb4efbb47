//! A TCP (or TLS) server that does nothing but its system calls: the limit for the others.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use rustls::{ServerConfig, ServerConnection};

use crate::aligned::Aligned;
use crate::arguments::{Arguments, StreamService};
use crate::dial::MOST_EVENTS;
use crate::failure::Failure;
use crate::orders::{Order, announce, orders};
use crate::stream::{Received, Stream};
use crate::tls;

pub(crate) fn run(arguments: &Arguments, service: StreamService) -> Result<(), Failure> {
    let tls = match (&arguments.certificate, &arguments.key) {
        (Some(certificate), Some(key)) => Some(tls::server(certificate, key)?),
        _ => None,
    };
    let mut listener = listen()?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    orders(|order| {
        if order == Order::Report {
            println!("{{}}");
        }
    });
    announce(listener.local_addr()?.port());
    let mut server = Server { service, tls, guests: Vec::new(), free: Vec::new(), buffer: Aligned::zeroed(512 * 1024) };
    let mut events = Events::with_capacity(MOST_EVENTS);
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            if event.token() == LISTENER {
                server.accept_all(&listener, &poll)?;
            } else {
                server.serve(event.token().0, event.is_writable(), event.is_read_closed());
            }
        }
    }
}

const LISTENER: Token = Token(usize::MAX >> 1);

/// std listens with a backlog of 128, and a burst of connections would wait for the retransmission of a SYN.
fn listen() -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&std::net::SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(4096)?;
    Ok(TcpListener::from_std(socket.into()))
}

struct Server {
    service: StreamService,
    tls: Option<Arc<ServerConfig>>,
    guests: Vec<Option<Guest>>,
    free: Vec<usize>,
    buffer: Aligned,
}

struct Guest {
    stream: Stream,
    /// What the socket has not taken yet. Nothing is read meanwhile.
    pending: Vec<u8>,
    sent: usize,
    greeted: bool,
}

impl Server {
    fn accept_all(&mut self, listener: &TcpListener, poll: &Poll) -> Result<(), Failure> {
        loop {
            match listener.accept() {
                Ok((socket, _)) => self.welcome(socket, poll)?,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The client was faster to leave.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn welcome(&mut self, socket: TcpStream, poll: &Poll) -> Result<(), Failure> {
        socket.set_nodelay(true)?;
        let stream = match &self.tls {
            Some(config) => Stream::tls(socket, ServerConnection::new(Arc::clone(config))?.into()),
            None => Stream::plain(socket),
        };
        let mut guest = Guest { stream, pending: Vec::new(), sent: 0, greeted: self.service != StreamService::Greet };
        let token = self.free.pop().unwrap_or_else(|| {
            self.guests.push(None);
            self.guests.len() - 1
        });
        guest.stream.register(poll.registry(), token)?;
        self.guests[token] = Some(guest);
        Ok(())
    }

    /// A guest whose stream ends or fails is dropped, and that closes it.
    fn serve(&mut self, token: usize, writable: bool, ending: bool) {
        let Some(Some(guest)) = self.guests.get_mut(token) else { return };
        let stays = guest.serve(self.service, &mut self.buffer, writable, ending).unwrap_or(false);
        if !stays {
            self.guests[token] = None;
            self.free.push(token);
        }
    }
}

impl Guest {
    fn serve(&mut self, service: StreamService, buffer: &mut [u8], writable: bool, ending: bool) -> io::Result<bool> {
        if !self.greeted && writable {
            self.greeted = self.stream.send(b"!")? == 1;
        }
        if writable {
            self.stream.flush()?;
        }
        loop {
            if !self.settle()? {
                return Ok(true);
            }
            match self.stream.receive(buffer)? {
                Received::Bytes(count) => {
                    if service == StreamService::Echo {
                        let sent = self.stream.send(&buffer[..count])?;
                        self.pending.extend_from_slice(&buffer[sent..count]);
                    }
                    if count < buffer.len() && !ending && self.pending.is_empty() && !self.stream.is_tls() {
                        return Ok(true);
                    }
                }
                Received::Nothing => return Ok(true),
                Received::End => return Ok(false),
            }
        }
    }

    /// Sends what is pending; false when some of it stays.
    fn settle(&mut self) -> io::Result<bool> {
        while self.sent < self.pending.len() {
            match self.stream.send(&self.pending[self.sent..])? {
                0 => return Ok(false),
                count => self.sent += count,
            }
        }
        self.pending.clear();
        self.sent = 0;
        Ok(true)
    }
}
