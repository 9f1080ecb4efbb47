//! How large a processor's own cache is.

use std::fs;

/// Bytes in the second level cache of a processor, where the system says it.
#[must_use]
pub fn second_level_cache() -> Option<usize> {
    // Of other systems none tells it in a file, and nothing more than some percent of speed depends on it.
    parse(&fs::read_to_string("/sys/devices/system/cpu/cpu0/cache/index2/size").ok()?)
}

/// `1024K`, as Linux writes it.
fn parse(size: &str) -> Option<usize> {
    size.trim_end().strip_suffix('K')?.parse::<usize>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_in_kibibytes_and_anything_else_is_no_size() {
        assert_eq!(parse("512K\n"), Some(512 * 1024));
        assert_eq!(parse("512"), None);
        assert_eq!(parse("K\n"), None);
        assert_eq!(parse("-1K\n"), None);
        assert_eq!(parse("99999999999999999999K\n"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn if_the_system_says_one_it_is_plausible() {
        assert!(second_level_cache().is_none_or(|size| (64 * 1024..1 << 30).contains(&size)));
    }
}
