//! Which of Debian's package names is the newest of its line.
//!
//! Names hold the version, and text does not sort as numbers do: 56 comes after 9.

use std::cmp::Ordering;

/// The name with the highest version between a prefix and a suffix.
pub fn newest<'a>(
    names: impl Iterator<Item = &'a str>,
    prefix: &str,
    suffix: &str,
) -> Option<&'a str> {
    let version = |name: &'a str| name.strip_prefix(prefix)?.strip_suffix(suffix);
    names
        .filter_map(|name| version(name).map(|version| (version, name)))
        // Words before or after the numbers make another flavour.
        .filter(|(version, _)| {
            version.starts_with(|first: char| first.is_ascii_digit())
                && version.ends_with(|last: char| last.is_ascii_digit())
        })
        .max_by(|(one, _), (other, _)| compare(one, other))
        .map(|(_, name)| name)
}

/// Compares versions: runs of digits as numbers, the rest as text.
fn compare(one: &str, other: &str) -> Ordering {
    pieces(one).cmp(&pieces(other))
}

/// A version as text and number in turn.
fn pieces(version: &str) -> Vec<(String, u64)> {
    let mut pieces = vec![(String::new(), 0_u64)];
    let mut in_number = false;
    for letter in version.chars() {
        let digit = letter.to_digit(10);
        if digit.is_none() && in_number {
            pieces.push((String::new(), 0));
        }
        if let Some((text, number)) = pieces.last_mut() {
            match digit {
                Some(digit) => *number = number.saturating_mul(10).saturating_add(digit.into()),
                None => text.push(letter),
            }
        }
        in_number = digit.is_some();
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 11] = [
        "linux-binary-7.2.13+deb14-cloud-amd64",
        "linux-binary-unsigned-7.2.13+deb14-cloud-amd64",
        "linux-image-6.1.0-9-cloud-amd64",
        "linux-image-6.1.0-56-cloud-amd64",
        "linux-image-6.1.0-0.deb11.52-cloud-amd64",
        "linux-image-6.1.0-57-cloud-amd64-unsigned",
        "linux-image-6.12.95+deb12-cloud-amd64",
        "linux-image-6.12.117+deb12-cloud-amd64",
        "linux-image-6.12.117+deb13-cloud-amd64",
        "linux-image-6.12-cloud-amd64",
        "linux-image-6.12.118+deb13-rt-amd64",
    ];

    #[test]
    fn the_newest_of_a_line_is_by_number_and_never_of_another_line() {
        let of = |prefix| newest(NAMES.into_iter(), prefix, "-cloud-amd64");
        assert_eq!(of("linux-image-6.1."), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(of("linux-image-6.12."), Some("linux-image-6.12.117+deb13-cloud-amd64"));
        assert_eq!(of("linux-binary-"), Some("linux-binary-7.2.13+deb14-cloud-amd64"));
        assert_eq!(of("linux-image-5.10."), None);
    }

    #[test]
    fn a_flavour_is_not_part_of_a_version() {
        let plain = newest(NAMES.into_iter(), "linux-image-6.12.", "-amd64");
        assert_eq!(plain, None);
    }
}
