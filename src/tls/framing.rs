//! Where records begin and end.

/// No record's payload is as long: the largest fragment, and the most that protection may add to it (RFC 5246 6.2.3; RFC 8446
/// 5.2 allows less).
pub(super) const MAX_PAYLOAD: usize = 16384 + 2048;

/// A record's type, version and length.
pub(super) const HEADER: usize = 5;

/// Keeps track of whether a stream of records stands between two of them.
#[derive(Debug, Default)]
pub(super) struct Framing {
    header: [u8; HEADER],
    /// Bytes of the header that have come.
    known: usize,
    /// Bytes of the payload that are still to come.
    left: usize,
}

impl Framing {
    /// Takes note of bytes of any number of records.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = self.step(bytes);
            bytes = &bytes[count..];
        }
    }

    /// Takes note of those of `bytes` that belong to a record that has begun, and says how many they are.
    pub(super) fn finish(&mut self, bytes: &[u8]) -> usize {
        let mut count = 0;
        while count < bytes.len() && !self.is_between() {
            count += self.step(&bytes[count..]);
        }
        count
    }

    /// Whether the next byte begins a record.
    pub(super) fn is_between(&self) -> bool {
        self.known == 0 && self.left == 0
    }

    fn step(&mut self, bytes: &[u8]) -> usize {
        if self.left > 0 {
            let count = bytes.len().min(self.left);
            self.left -= count;
            return count;
        }
        let count = bytes.len().min(HEADER - self.known);
        self.header[self.known..self.known + count].copy_from_slice(&bytes[..count]);
        self.known += count;
        if self.known == HEADER {
            self.known = 0;
            self.left = payload_length(self.header);
        }
        count
    }
}

/// Whether a header can be that of a record: of a type that exists, and not too long or empty without reason.
pub(super) fn is_plausible(header: [u8; HEADER]) -> bool {
    const CHANGE_CIPHER_SPEC: u8 = 20;
    const APPLICATION_DATA: u8 = 23;
    let [kind, major, ..] = header;
    let length = payload_length(header);
    (CHANGE_CIPHER_SPEC..=APPLICATION_DATA).contains(&kind)
        && major == 3
        && length < MAX_PAYLOAD
        && (length > 0 || kind == APPLICATION_DATA)
}

/// The length that a record's header gives.
pub(super) fn payload_length(header: [u8; HEADER]) -> usize {
    let [_kind, _major, _minor, high, low] = header;
    usize::from(high) << 8 | usize::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_end_of_a_record_wherever_the_bytes_are_cut() {
        let records = [&[22, 3, 3, 0, 3, 1, 2, 3][..], &[23, 3, 3, 0, 0], &[23, 3, 3, 1, 0], &[7; 256]].concat();
        let ends = [0, 8, 13, 274];
        for cut in 0..=records.len() {
            let mut framing = Framing::default();
            framing.pass(&records[..cut]);
            let end = ends.into_iter().find(|end| *end >= cut).expect("the last is the end");
            assert_eq!(framing.finish(&records[cut..]), end - cut, "{cut}");
        }
    }
}
