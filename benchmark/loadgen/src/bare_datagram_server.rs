//! A UDP server that does nothing but its system calls: the limit for the others.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::arguments::DatagramService;
use crate::datagrams::{BURST, Stamp};
use crate::failure::Failure;
use crate::orders::{Order, announce, orders};
use crate::sys::{BATCH, Batch, Peers};

/// Blocks in the system call instead of polling: with one socket there is nothing else to wait for.
pub(crate) fn run(service: DatagramService) -> Result<(), Failure> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let counted = Arc::new(Mutex::new(Count::default()));
    let shared = Arc::clone(&counted);
    orders(move |order| match (order, shared.lock()) {
        (Order::Reset, Ok(mut count)) => *count = Count::default(),
        (Order::Report, Ok(count)) => count.print(),
        (_, Err(_)) => {}
    });
    announce(socket.local_addr()?.port());
    let mut batch = Batch::new(ROOM);
    loop {
        let received = match batch.receive(&socket) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        match service {
            DatagramService::Echo => {
                batch.send(&socket, received, Peers::Named)?;
            }
            DatagramService::Count => {
                let mut count = counted.lock().map_err(|_| Failure::new("the counter is gone"))?;
                for place in 0..received {
                    count.add(batch.datagram(place));
                }
            }
            DatagramService::Burst => {
                batch.fill_with(0);
                let mut missing = usize::try_from(BURST).unwrap_or(BATCH) * received;
                while missing > 0 {
                    missing -= batch.send(&socket, missing.min(BATCH), Peers::Named)?;
                }
            }
        }
    }
}

/// What arrived in the measured part of a run, and in which time.
#[derive(Default)]
struct Count {
    datagrams: u64,
    began: Option<Instant>,
    ended: Option<Instant>,
}

impl Count {
    fn add(&mut self, datagram: &[u8]) {
        match datagram.first() {
            Some(&stamp) if stamp == Stamp::Measured as u8 => {
                self.began.get_or_insert_with(Instant::now);
                self.datagrams += 1;
            }
            Some(&stamp) if stamp == Stamp::Over as u8 => {
                self.ended.get_or_insert_with(Instant::now);
            }
            _ => {}
        }
    }

    fn print(&self) {
        let seconds = match (self.began, self.ended) {
            (Some(began), Some(ended)) => (ended - began).as_secs_f64(),
            _ => 0.0,
        };
        println!("{{\"datagrams\":{},\"seconds\":{seconds}}}", self.datagrams);
    }
}

/// Longer datagrams would be cut; no load sends them.
const ROOM: usize = 2048;
