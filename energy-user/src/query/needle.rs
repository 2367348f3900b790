//! A text that is looked for, upper and lower case being the same.
//!
//! Ten thousand rows are asked at each key, so the needle is lowered once, and a row's text is
//! read once, letter by letter, without a copy of it (Knuth, Morris and Pratt).

/// A text to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Needle {
    /// As it was written.
    text: String,
    /// Its letters, lowered.
    letters: Box<[char]>,
    /// After so many letters the next one differs: how many of them still count.
    back: Box<[u16]>,
}

impl Needle {
    /// It prepares the search. At most [`u16::MAX`] letters are looked for.
    pub fn new(text: String) -> Self {
        let letters: Box<[char]> = lowered(&text).take(usize::from(u16::MAX)).collect();
        let mut back = vec![0_u16; letters.len()].into_boxed_slice();
        let mut same = 0_u16;
        for here in 1..letters.len() {
            while same > 0 && letters[here] != letters[usize::from(same)] {
                same = back[usize::from(same) - 1];
            }
            same += u16::from(letters[here] == letters[usize::from(same)]);
            back[here] = same;
        }
        Self { text, letters, back }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// It is within a text.
    pub fn is_within(&self, text: &str) -> bool {
        if text.is_ascii() { self.find(ascii(text)) } else { self.find(lowered(text)) }
    }

    /// It is the whole text.
    pub fn is_all_of(&self, text: &str) -> bool {
        lowered(text).eq(self.letters.iter().copied())
    }

    /// It is within the digits of a number.
    pub fn is_within_number(&self, number: f64) -> bool {
        if !self.letters.iter().all(char::is_ascii_digit) {
            return false;
        }
        let mut digits = [0_u8; 24];
        let mut rest: &mut [u8] = &mut digits;
        // What is too long for it is no process's number.
        if std::io::Write::write_fmt(&mut rest, format_args!("{number}")).is_err() {
            return false;
        }
        let unused = rest.len();
        let digits = &digits[..digits.len() - unused];
        self.find(digits.iter().map(|&digit| char::from(digit)))
    }

    fn find(&self, text: impl Iterator<Item = char>) -> bool {
        let Some(&first) = self.letters.first() else { return true };
        let mut found = 0;
        for letter in text {
            if found == 0 && letter != first {
                continue;
            }
            while found > 0 && letter != self.letters[found] {
                found = usize::from(self.back[found - 1]);
            }
            if letter == self.letters[found] {
                found += 1;
            }
            if found == self.letters.len() {
                return true;
            }
        }
        false
    }
}

/// Letters in lower case, as [`str::to_lowercase`] has them, but that a Greek sigma at a word's
/// end is as any other: whether it is at the end changes while somebody types.
fn lowered(text: &str) -> impl Iterator<Item = char> {
    let sigma = |letter| if letter == 'ς' { 'σ' } else { letter };
    text.chars().flat_map(char::to_lowercase).map(sigma)
}

fn ascii(text: &str) -> impl Iterator<Item = char> {
    text.bytes().map(|byte| char::from(byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What the search finds is what the plain way finds, on texts that repeat themselves.
        #[test]
        fn it_finds_what_is_there(needle in "[aAbB]{0,6}", text in "[aAbBÄ]{0,40}") {
            let plain = text.to_lowercase().contains(&needle.to_lowercase());
            prop_assert_eq!(Needle::new(needle.clone()).is_within(&text), plain);
            let whole = text.to_lowercase() == needle.to_lowercase();
            prop_assert_eq!(Needle::new(needle).is_all_of(&text), whole);
        }

        #[test]
        fn any_letters_are_compared_in_lower_case(needle in "\\PC{0,3}", text in "\\PC{0,20}") {
            let plain = |text: &str| text.to_lowercase().replace('ς', "σ");
            let within = plain(&text).contains(&plain(&needle));
            prop_assert_eq!(Needle::new(needle).is_within(&text), within);
        }
    }

    #[test]
    fn a_number_is_searched_by_its_digits() {
        let within = |needle: &str, number| Needle::new(needle.into()).is_within_number(number);
        assert!(within("23", 1234.0) && within("1234", 1234.0));
        assert!(!within("32", 1234.0) && !within("e", 1e300) && !within("1", 1e300));
    }

    #[test]
    fn a_sigma_is_a_sigma() {
        assert!(Needle::new("οδοσ".into()).is_within("ΟΔΟΣ 1"));
        assert!(Needle::new("ΟΔΟΣ".into()).is_all_of("οδος"));
    }
}
