//! Random programs, shrunk to the shortest that fails: write accounting and the order of events of a socket, and the record
//! layer however its bytes are cut.

use proptest::collection::vec;
use proptest::prelude::*;

#[path = "../fuzz/src/lib.rs"]
pub mod targets;

use targets::stream::{Operation, drive};

/// As many cases as are wanted: `PROPTEST_CASES=20000 cargo test --test properties`.
fn cases(usual: u32) -> ProptestConfig {
    let mut config = ProptestConfig { failure_persistence: None, max_shrink_time: 60_000, ..ProptestConfig::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = usual;
    }
    config
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn what_a_socket_accepts_arrives_and_every_event_comes_in_its_time(
        half_open in any::<bool>(),
        program in vec(any::<(u8, u8)>().prop_map(|(kind, number)| Operation::from_bytes(kind, number)), 0..120),
    ) {
        drive(half_open, program.into_iter());
    }
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn records_arrive_however_they_are_cut(program in vec(any::<u8>(), 0..200)) {
        // Without the two operations that break or end things, which the corpus has.
        let program: Vec<u8> = program
            .chunks(2)
            .flat_map(|pair| [if pair[0] & 0x0f >= 14 { pair[0] & 0xf0 | 6 } else { pair[0] }, *pair.last().unwrap_or(&0)])
            .collect();
        targets::records::run(&program);
    }

    #[test]
    fn addresses_are_shown_as_they_are_read(text in "[0-9a-fx.:%]{0,40}", kind in 0_u8..3) {
        targets::text::run(&[&[kind], text.as_bytes()].concat());
    }
}
