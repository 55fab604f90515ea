//! Parts of files: the header `Range: bytes=...` (RFC 9110 §14). One range is served; who asks for several gets the whole.

use std::ops::Range;

/// What of a file a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it, also when the header makes no sense.
    Whole,
    /// These bytes, at least one.
    Part(Range<u64>),
    /// Bytes that the file does not have.
    Nothing,
}

/// Reads the header's value for a file of `length` bytes.
pub fn read(header: &str, length: u64) -> Wanted {
    let Some((unit, range)) = header.split_once('=') else { return Wanted::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    let Some((first, last)) = range.trim().split_once('-') else { return Wanted::Whole };
    let part = match (number(first), number(last)) {
        // The last bytes.
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        (Some(first), None) if last.is_empty() => first..length,
        (Some(first), Some(last)) if first <= last => first..length.min(last.saturating_add(1)),
        _ => return Wanted::Whole,
    };
    if part.is_empty() {
        Wanted::Nothing
    } else {
        Wanted::Part(part)
    }
}

fn number(text: &str) -> Option<u64> {
    // What is larger than any file is as good as the largest number.
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_of_ten_bytes() {
        for (header, wanted) in [
            ("bytes=0-3", Wanted::Part(0..4)),
            ("Bytes = 4-4", Wanted::Part(4..5)),
            ("bytes=7-", Wanted::Part(7..10)),
            ("bytes=7-99999999999999999999999", Wanted::Part(7..10)),
            ("bytes=-3", Wanted::Part(7..10)),
            ("bytes=-99", Wanted::Part(0..10)),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-20", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=4-3", Wanted::Whole),
            ("bytes=0-1,3-4", Wanted::Whole),
            ("bytes=a-b", Wanted::Whole),
            ("bytes=-", Wanted::Whole),
            ("bytes=+1-2", Wanted::Whole),
            ("lines=0-1", Wanted::Whole),
            ("0-1", Wanted::Whole),
            ("", Wanted::Whole),
        ] {
            assert_eq!(read(header, 10), wanted, "{header}");
        }
        assert_eq!(read("bytes=0-", 0), Wanted::Nothing);
    }

    proptest! {
        #[test]
        fn parts_lie_within_the_file(header in "(bytes)?=?[0-9-]{0,24}", length: u64) {
            if let Wanted::Part(part) = read(&header, length) {
                prop_assert!(part.start < part.end && part.end <= length);
            }
        }
    }
}
