//! Opening connections to the server.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use socket2::{Domain, Protocol, Socket, Type};

use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::stream::Stream;
use crate::{sys, tls};

pub(crate) struct Dialer {
    server: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    dialed: u32,
}

impl Dialer {
    pub(crate) fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let tls = arguments.tls.then(tls::client).transpose()?;
        Ok(Self { server: arguments.server(), tls, dialed: 0 })
    }

    /// Starts one connection and registers it.
    pub(crate) fn dial(&mut self, poll: &Poll, token: usize) -> Result<Stream, Failure> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM.nonblocking(), Some(Protocol::TCP))?;
        socket.set_tcp_nodelay(true)?;
        sys::choose_port_when_connecting(&socket)?;
        // Closed connections keep their port for a minute: many source addresses have many ports.
        self.dialed = (self.dialed + 1) % SOURCES;
        let source = Ipv4Addr::from(u32::from(FIRST_SOURCE) + self.dialed);
        socket.bind(&SocketAddr::from((source, 0)).into())?;
        match socket.connect(&self.server.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => return Err(error.into()),
            _ => {}
        }
        let socket = mio::net::TcpStream::from_std(socket.into());
        let mut stream = match &self.tls {
            Some(config) => {
                let name = ServerName::try_from("localhost").map_err(|error| Failure::new(error.to_string()))?;
                Stream::tls(socket, ClientConnection::new(Arc::clone(config), name)?.into())
            }
            None => Stream::plain(socket),
        };
        stream.register(poll.registry(), token)?;
        Ok(stream)
    }

    /// Opens all of them, handshakes included. The token of a stream is its place in the vector.
    pub(crate) fn open_all(&mut self, poll: &mut Poll, count: usize) -> Result<Vec<Stream>, Failure> {
        let deadline = Instant::now() + SETUP_LIMIT;
        let mut events = Events::with_capacity(MOST_EVENTS);
        let mut streams = Vec::with_capacity(count);
        let mut established = vec![false; count];
        let mut done = 0;
        while done < count {
            while streams.len() < count && streams.len() - done < MOST_OPENING {
                let stream = self.dial(poll, streams.len())?;
                streams.push(stream);
            }
            poll.poll(&mut events, Some(Duration::from_secs(1)))?;
            for event in &events {
                let place = event.token().0;
                if !established[place] && streams[place].establish()? {
                    established[place] = true;
                    done += 1;
                }
            }
            if Instant::now() > deadline {
                return Err(Failure::new(format!("only {done} of {count} connections opened in time")));
            }
        }
        Ok(streams)
    }
}

/// Events that one poll may return.
pub(crate) const MOST_EVENTS: usize = 1024;
/// Connections that are opening at the same time: well below every server's backlog.
const MOST_OPENING: usize = 64;
const SETUP_LIMIT: Duration = Duration::from_secs(60);
const FIRST_SOURCE: Ipv4Addr = Ipv4Addr::new(127, 0, 2, 1);
const SOURCES: u32 = 200;
