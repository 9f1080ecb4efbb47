//! The functions that run for every datagram, in the way of [`super::hot`].
//!
//! An address crosses as seven numbers: family (4, 6, or 0 for none, on a connected socket), port, the address (one number
//! for IPv4, four for IPv6, big-endian), scope.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use napi::sys;

use super::engine::Core;
use super::hot::{bytes, enter, expect_memory, integer};
use crate::address::Literal;
use crate::reactor::Reactor;
use crate::sys::{Arrived, Packet};
use crate::udp::Sent;

/// How many numbers an address has.
const ADDRESS: usize = 7;
/// In front of every packet that `send_many` finds in the scratch memory: its address and its length.
const HEADER: usize = (ADDRESS + 1) * 4;

/// A literal's numbers: family, address, scope.
pub(super) fn numbers(literal: Literal) -> [i32; 6] {
    let (family, [a, b, c, d]) = words(literal.ip);
    [family, a, b, c, d, literal.scope.cast_signed()]
}

impl Core {
    pub(super) fn tell_datagram(&self, kind: i32, slot: u32, arrived: &Arrived) {
        self.counters.datagrams_received.add(1);
        expect_memory(arrived.length);
        let from = arrived.sender;
        self.sender.set(Some(from));
        let (family, [a, b, c, d]) = words(from.ip());
        let scope = if let SocketAddr::V6(v6) = from { v6.scope_id().cast_signed() } else { 0 };
        let length = i32::try_from(arrived.length).unwrap_or(i32::MAX);
        let port = i32::from(from.port());
        self.tell(&[kind, slot.cast_signed(), length, i32::from(arrived.truncated), family, port, a, b, c, d, scope]);
    }

    /// Sends, and tells how many datagrams that were, or the negative error number.
    fn send_datagrams(&self, send: impl FnOnce(&mut Reactor) -> Option<Sent>) {
        self.tell(&[match self.with(send).flatten() {
            Some(Sent::Taken(count)) => {
                self.counters.datagrams_sent.add(count);
                i32::try_from(count).unwrap_or(i32::MAX)
            }
            Some(Sent::Refused(failure)) => -failure.number(),
            None => -crate::sys::BAD_DESCRIPTOR,
        }]);
    }

    /// The address that JS has put into the record.
    fn destination(&self) -> Option<SocketAddr> {
        // SAFETY: no other slice of the record is alive, and JS does not run.
        let record = unsafe { self.record.slice() };
        address(record.first_chunk()?)
    }
}

/// `(slot, length)`: sends from the scratch memory to the address in the record.
pub(super) unsafe extern "C" fn send(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `hot::functions` made the function that runs.
    unsafe {
        enter::<2>(env, info, |core, [slot, length]| {
            let length = integer(env, length) as usize;
            let to = core.destination();
            // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
            let scratch = core.scratch.slice();
            let bytes = &scratch[..length.min(scratch.len())];
            let slot = integer(env, slot);
            core.send_datagrams(|reactor| reactor.send_datagram(slot, bytes, to));
        })
    }
}

/// `(slot, bytes)`: sends to the address in the record.
pub(super) unsafe extern "C" fn send_bytes(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `hot::functions` made the function that runs.
    unsafe {
        enter::<2>(env, info, |core, [slot, data]| {
            let to = core.destination();
            let (slot, bytes) = (integer(env, slot), bytes(env, data));
            core.send_datagrams(|reactor| reactor.send_datagram(slot, bytes, to));
        })
    }
}

/// `(slot, count)`: sends so many packets from the scratch memory. Each is a header of eight numbers, an address and a
/// length, and so many bytes, padded to a multiple of four. The record says by 1 that they continue those of the last call.
pub(super) unsafe extern "C" fn send_many(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: `hot::functions` made the function that runs.
    unsafe {
        enter::<2>(env, info, |core, [slot, count]| {
            // SAFETY: no other slice of the scratch memory is alive, and JS does not run.
            let scratch = core.scratch.slice();
            let packets = packets(scratch, integer(env, count) as usize);
            // SAFETY: no other slice of the record is alive, and JS does not run.
            let more = core.record.slice().first() == Some(&1);
            let slot = integer(env, slot);
            core.send_datagrams(|reactor| reactor.send_datagrams(slot, &packets, more));
        })
    }
}

fn packets(memory: &[u8], count: usize) -> Vec<Packet<'_>> {
    let mut packets = Vec::with_capacity(count.min(memory.len() / HEADER));
    let mut rest = memory;
    for _ in 0..count {
        let Some((header, after)) = rest.split_first_chunk::<HEADER>() else { break };
        let (numbers, _) = header.as_chunks::<4>();
        let numbers: [i32; ADDRESS + 1] = std::array::from_fn(|i| i32::from_ne_bytes(numbers[i]));
        let length = usize::try_from(numbers[ADDRESS]).unwrap_or(0);
        let Some((bytes, _)) = after.split_at_checked(length) else { break };
        let to = numbers.first_chunk().and_then(address);
        packets.push(Packet { bytes, to });
        rest = after.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    packets
}

#[expect(clippy::many_single_char_names, reason = "the eight parts of an IPv6 address have no names")]
fn words(ip: IpAddr) -> (i32, [i32; 4]) {
    match ip {
        IpAddr::V4(ip) => (4, [ip.to_bits().cast_signed(), 0, 0, 0]),
        IpAddr::V6(ip) => {
            let [a, b, c, d, e, f, g, h] = ip.segments();
            let word = |high, low| (u32::from(high) << 16 | u32::from(low)).cast_signed();
            (6, [word(a, b), word(c, d), word(e, f), word(g, h)])
        }
    }
}

fn address(numbers: &[i32; ADDRESS]) -> Option<SocketAddr> {
    let [family, port, words @ .., scope] = *numbers;
    let ip: IpAddr = match family {
        4 => Ipv4Addr::from_bits(words[0].cast_unsigned()).into(),
        6 => {
            let bits = words.iter().fold(0u128, |bits, word| bits << 32 | u128::from(word.cast_unsigned()));
            Ipv6Addr::from_bits(bits).into()
        }
        _ => return None,
    };
    Some(Literal { ip, scope: scope.cast_unsigned() }.with_port(u16::try_from(port).unwrap_or(0)))
}
