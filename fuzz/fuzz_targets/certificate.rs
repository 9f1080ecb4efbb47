#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bun_sockets_fuzz::run("certificate", bytes));
