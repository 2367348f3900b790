//! The letters of a query, from left to right.

/// Where a scan is in a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a> {
    text: &'a str,
    /// The next byte; a letter begins there, or the text ends.
    pub at: usize,
}

/// Those that begin others come after them.
const OPERATORS: [(&str, Operator); 9] = [
    ("==", Operator::Is),
    ("!=", Operator::IsNot),
    ("!~", Operator::Lacks),
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("=", Operator::Is),
    ("~", Operator::Has),
    ("<", Operator::Below),
    (">", Operator::Above),
];

/// How a field and a value are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `~`
    Has,
    /// `!~`
    Lacks,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Operator {
    /// As it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Has => "~",
            Self::Lacks => "!~",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What is still to come.
    pub fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next letter.
    pub fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Nothing is left.
    pub fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    /// A word could end here.
    fn is_between(&self) -> bool {
        self.peek().is_none_or(ends_word)
    }

    /// A letter, if it is the next.
    pub fn take(&mut self, letter: char) -> bool {
        let taken = self.peek() == Some(letter);
        if taken {
            self.at += letter.len_utf8();
        }
        taken
    }

    /// Spaces, if any.
    pub fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// A word that stands alone, upper or lower case, if it is the next.
    pub fn keyword(&mut self, keyword: &str) -> bool {
        let mut ahead = *self;
        let taken = ahead.name().eq_ignore_ascii_case(keyword) && ahead.is_between();
        if taken {
            *self = ahead;
        }
        taken
    }

    /// What could be the name of a field; it may be empty.
    pub fn name(&mut self) -> &'a str {
        self.up_to(|letter| !(letter.is_ascii_alphanumeric() || letter == '_'))
    }

    /// A word without quotes; it may be empty.
    pub fn word(&mut self) -> &'a str {
        self.up_to(ends_word)
    }

    /// An operator, if it is the next.
    pub fn operator(&mut self) -> Option<Operator> {
        let (symbol, operator) =
            OPERATORS.into_iter().find(|(symbol, _)| self.rest().starts_with(symbol))?;
        self.at += symbol.len();
        Some(operator)
    }

    /// The next is no part of a word: a space or the end.
    pub fn is_at_space(&self) -> bool {
        self.peek().is_none_or(char::is_whitespace)
    }

    /// What is in quotes, the first of which is the next letter. None where they do not end.
    pub fn quoted(&mut self) -> Option<String> {
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((index, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += index + 1;
                    return Some(text);
                }
                '\\' => {
                    let escaped = letters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                    text.push(escaped.map_or('\\', |(_, next)| next));
                }
                other => text.push(other),
            }
        }
        None
    }

    fn up_to(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }
}

fn ends_word(letter: char) -> bool {
    letter.is_whitespace() || matches!(letter, '(' | ')' | '|' | '&')
}
