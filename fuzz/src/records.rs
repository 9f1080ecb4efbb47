//! The record layer: what was written arrives, however it is cut; what was changed on its way does not.

use bun_sockets::tls::Session;

use super::parties::sessions;

/// The bytes are a program: each pair is an operation with its number.
pub(crate) fn run(bytes: &[u8]) {
    let (mut client, mut server) = sessions();
    let (mut up, mut down) = (Way::default(), Way::default());
    for pair in bytes.chunks_exact(2) {
        let (operation, number) = (pair[0], usize::from(pair[1]));
        let (way, from, to) = if operation & 0x80 == 0 {
            (&mut up, &mut client, &mut server)
        } else {
            (&mut down, &mut server, &mut client)
        };
        match operation & 0x0f {
            0..=4 => way.write(from, number * 37),
            5 => way.write(from, number * 1009),
            6..=11 => way.carry(from, to, number + 1),
            12 => way.carry(from, to, usize::MAX),
            13 => drop(from.set_max_send_fragment(number * 64)),
            14 => way.damage(from, number),
            _ => {
                from.close_notify();
                way.closed = true;
            }
        }
    }
    up.carry(&mut client, &mut server, usize::MAX);
    down.carry(&mut server, &mut client, usize::MAX);
    up.check();
    down.check();
}

/// One direction.
#[derive(Default)]
struct Way {
    /// How many bytes the session has taken.
    written: usize,
    /// How many have come out at the other end; they must be the right ones.
    arrived: usize,
    wire: Vec<u8>,
    damaged: bool,
    broken: bool,
    closed: bool,
}

impl Way {
    fn write(&mut self, from: &mut Session, length: usize) {
        let data: Vec<u8> = (self.written..self.written + length).map(nth).collect();
        let taken = from.write_plaintext(&data);
        assert!(taken <= length);
        assert!(taken == 0 || !self.closed, "taken after the end");
        self.written += taken;
    }

    fn damage(&mut self, from: &mut Session, number: usize) {
        self.take(from);
        if let Some(byte) = self.wire.get_mut(number) {
            *byte ^= 0x55;
            self.damaged = true;
        }
    }

    fn take(&mut self, from: &mut Session) {
        while from.wants_send() {
            from.send(&mut self.wire).expect("memory takes everything");
        }
    }

    fn carry(&mut self, from: &mut Session, to: &mut Session, length: usize) {
        self.take(from);
        let length = length.min(self.wire.len());
        let mut room = vec![0; Session::room_for(length)];
        let received = to.receive(&self.wire[..length], &mut room);
        self.wire.drain(..length);
        for (n, byte) in room[..received.plaintext].iter().enumerate() {
            assert_eq!(*byte, nth(self.arrived + n), "another byte than was written");
        }
        self.arrived += received.plaintext;
        self.broken |= received.failure.is_some();
        assert!(self.arrived <= self.written);
        assert!(!received.peer_closed || self.closed || self.damaged, "an end that nobody has sent");
    }

    fn check(&self) {
        // What has been broken tells the other side, which breaks the other direction: only then may something be missing.
        if !self.damaged && !self.broken {
            assert_eq!(self.arrived, self.written, "something is missing");
        }
    }
}

/// What the n-th byte of every stream is.
#[expect(clippy::cast_possible_truncation, reason = "only the lowest bits count")]
fn nth(n: usize) -> u8 {
    (n.wrapping_mul(2_654_435_761) >> 11) as u8
}
