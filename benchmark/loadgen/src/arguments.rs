//! The command line: `loadgen MODE --name value ...`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::failure::Failure;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `echo`: every connection keeps `--depth` messages of `--size` bytes on their way.
    ClosedLoop,
    /// `bulk-in`, `bulk-echo`: as many bytes as the server takes.
    Bulk(Direction),
    /// `churn`, `handshake`, `accept`: short connections, one after the other on each of `--connections` workers.
    Churn(Visit),
    /// `idle`: opens the connections and holds them for `--seconds`.
    Idle,
    /// `udp-echo`: as `echo`, in datagrams.
    DatagramEcho,
    /// `udp-flood`: datagrams as fast as the kernel takes them; the server counts.
    DatagramFlood,
    /// `udp-paced`: `--rate` datagrams per second; the server counts, and should miss none.
    DatagramPaced,
    /// `udp-bursts`: asks the server for bursts of datagrams and counts what comes.
    DatagramBursts,
    /// `server-echo`, `server-sink`, `server-greet`: a bare TCP (or TLS) server.
    StreamServer(StreamService),
    /// `server-udp-echo`, `server-udp-count`, `server-udp-burst`: a bare UDP server.
    DatagramServer(DatagramService),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    In,
    Echo,
}

/// What one short connection does between its opening and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// Sends one message and waits for its echo.
    Message,
    /// Finishes the TLS handshake.
    Handshake,
    /// Waits for the byte that the server sends in its `open` handler: proof that it has accepted.
    Greeting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamService {
    Echo,
    Sink,
    Greet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DatagramService {
    Echo,
    Count,
    Burst,
}

pub(crate) struct Arguments {
    pub(crate) mode: Mode,
    /// The server's port on 127.0.0.1.
    pub(crate) port: u16,
    pub(crate) connections: usize,
    /// Bytes of a message, a datagram, or one bulk write.
    pub(crate) size: usize,
    /// Messages on their way on each connection.
    pub(crate) depth: usize,
    /// Bytes that a bulk echo keeps on their way on each connection.
    pub(crate) window: u64,
    /// Datagrams per second of a paced stream.
    pub(crate) rate: f64,
    /// The measured part of the run.
    pub(crate) measured: Duration,
    /// The part before it.
    pub(crate) warmup: Duration,
    pub(crate) tls: bool,
    /// PEM files of a bare TLS server.
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) key: Option<PathBuf>,
    /// The process whose CPU time is read at both ends of the measured part.
    pub(crate) server_pid: Option<u32>,
}

impl Arguments {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mode = words.next().ok_or_else(|| Failure::new("usage: loadgen MODE --port N [--name value ...]"))?;
        let mode = parse_mode(&mode).ok_or_else(|| Failure::new(format!("unknown mode {mode}")))?;
        let mut arguments = Self {
            mode,
            port: 0,
            connections: 1,
            size: if matches!(mode, Mode::Bulk(_)) { 64 * 1024 } else { 64 },
            depth: 1,
            window: 1024 * 1024,
            rate: 20_000.0,
            measured: Duration::from_secs(1),
            warmup: Duration::from_millis(200),
            tls: mode == Mode::Churn(Visit::Handshake),
            certificate: None,
            key: None,
            server_pid: None,
        };
        while let Some(name) = words.next() {
            if name == "--tls" {
                arguments.tls = true;
                continue;
            }
            let value = words.next().ok_or_else(|| Failure::new(format!("{name} needs a value")))?;
            match name.as_str() {
                "--port" => arguments.port = number(&name, &value)?,
                "--connections" => arguments.connections = positive(&name, &value)?,
                "--size" => arguments.size = positive(&name, &value)?,
                "--depth" => arguments.depth = positive(&name, &value)?,
                "--window" => arguments.window = number(&name, &value)?,
                "--rate" => arguments.rate = number(&name, &value)?,
                "--seconds" => arguments.measured = seconds(&name, &value)?,
                "--warmup" => arguments.warmup = seconds(&name, &value)?,
                "--certificate" => arguments.certificate = Some(value.into()),
                "--key" => arguments.key = Some(value.into()),
                "--server-pid" => arguments.server_pid = Some(number(&name, &value)?),
                _ => return Err(Failure::new(format!("unknown option {name}"))),
            }
        }
        Ok(arguments)
    }

    pub(crate) fn server(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }
}

fn parse_mode(word: &str) -> Option<Mode> {
    Some(match word {
        "echo" => Mode::ClosedLoop,
        "bulk-in" => Mode::Bulk(Direction::In),
        "bulk-echo" => Mode::Bulk(Direction::Echo),
        "churn" => Mode::Churn(Visit::Message),
        "handshake" => Mode::Churn(Visit::Handshake),
        "accept" => Mode::Churn(Visit::Greeting),
        "idle" => Mode::Idle,
        "udp-echo" => Mode::DatagramEcho,
        "udp-flood" => Mode::DatagramFlood,
        "udp-paced" => Mode::DatagramPaced,
        "udp-bursts" => Mode::DatagramBursts,
        "server-echo" => Mode::StreamServer(StreamService::Echo),
        "server-sink" => Mode::StreamServer(StreamService::Sink),
        "server-greet" => Mode::StreamServer(StreamService::Greet),
        "server-udp-echo" => Mode::DatagramServer(DatagramService::Echo),
        "server-udp-count" => Mode::DatagramServer(DatagramService::Count),
        "server-udp-burst" => Mode::DatagramServer(DatagramService::Burst),
        _ => return None,
    })
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T, Failure> {
    value.parse().map_err(|_| Failure::new(format!("{name}: {value} is not a number in range")))
}

fn positive(name: &str, value: &str) -> Result<usize, Failure> {
    match number(name, value)? {
        0 => Err(Failure::new(format!("{name} must be at least 1"))),
        count => Ok(count),
    }
}

fn seconds(name: &str, value: &str) -> Result<Duration, Failure> {
    Duration::try_from_secs_f64(number(name, value)?)
        .ok()
        .filter(|duration| *duration <= LONGEST)
        .ok_or_else(|| Failure::new(format!("{name}: {value} is not between 0 and {} seconds", LONGEST.as_secs())))
}

/// A forgotten load must end by itself.
const LONGEST: Duration = Duration::from_secs(600);
