//! A query as a tree: what it asks of a row, and how it is written.

use std::fmt;

use super::{
    Facts,
    field::{Field, Figure, Mark, Of, Word},
    needle::Needle,
    quantity::Quantity,
    scan::Operator,
};

/// A part of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Each of two or more.
    All(Vec<Self>),
    /// One of two or more.
    Any(Vec<Self>),
    /// Not this.
    Not(Box<Self>),
    /// Plain text.
    Text(Needle),
    /// A mark that the row has.
    Mark(Mark),
    /// A text of the row.
    Word(Word, Operator, Needle),
    /// A number of the row.
    Figure(Figure, Operator, Quantity),
}

/// Where plain text is looked for, and the number of the process beside.
const PLAIN: [Word; 4] = [Word::Name, Word::Command, Word::User, Word::Job];

impl Node {
    /// Whether a row meets it.
    pub fn matches(&self, facts: &impl Facts) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(facts)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(facts)),
            Self::Not(part) => !part.matches(facts),
            Self::Text(needle) => {
                let within = |text: &str| needle.is_within(text);
                PLAIN.iter().any(|&word| facts.word(word).is_some_and(within))
                    || facts.figure(Figure::Pid).is_some_and(|pid| needle.is_within_number(pid))
            }
            Self::Mark(mark) => facts.is(*mark),
            Self::Word(word, operator, needle) => facts.word(*word).is_some_and(|text| {
                match operator {
                    Operator::Is => needle.is_all_of(text),
                    Operator::IsNot => !needle.is_all_of(text),
                    Operator::Has => needle.is_within(text),
                    Operator::Lacks => !needle.is_within(text),
                    // The parser lets none of them through.
                    Operator::Below | Operator::AtMost | Operator::Above | Operator::AtLeast => {
                        false
                    }
                }
            }),
            Self::Figure(figure, operator, quantity) => {
                facts.figure(*figure).is_some_and(|number| compare(number, *operator, *quantity))
            }
        }
    }

    fn is_group(&self) -> bool {
        matches!(self, Self::All(_) | Self::Any(_))
    }
}

fn compare(number: f64, operator: Operator, quantity: Quantity) -> bool {
    let Some(order) = number.partial_cmp(&quantity.value()) else {
        // No number at all.
        return false;
    };
    match operator {
        Operator::Is => order.is_eq(),
        Operator::IsNot => order.is_ne(),
        Operator::Below => order.is_lt(),
        Operator::AtMost => order.is_le(),
        Operator::Above => order.is_gt(),
        Operator::AtLeast => order.is_ge(),
        // The parser lets none of them through.
        Operator::Has | Operator::Lacks => false,
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = |f: &mut fmt::Formatter<'_>, part: &Self, parted: bool| {
            if parted { write!(f, "({part})") } else { part.fmt(f) }
        };
        match self {
            Self::All(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " " })?;
                    inner(f, part, part.is_group())?;
                }
                Ok(())
            }
            Self::Any(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { " | " })?;
                    inner(f, part, matches!(part, Self::Any(_)))?;
                }
                Ok(())
            }
            Self::Not(part) => {
                f.write_str("!")?;
                inner(f, part, part.is_group())
            }
            Self::Text(needle) => text(f, needle),
            Self::Mark(mark) => f.write_str(name(Of::Mark(*mark))),
            Self::Word(word, operator, needle) => {
                write!(f, "{} {} ", name(Of::Word(*word)), operator.symbol())?;
                text(f, needle)
            }
            Self::Figure(figure, operator, quantity) => {
                let name = name(Of::Figure(*figure, &[]));
                write!(f, "{name} {} {quantity}", operator.symbol())
            }
        }
    }
}

/// The name of a field.
fn name(of: Of) -> &'static str {
    let same = |field: &&Field| match (field.of, of) {
        (Of::Figure(a, _), Of::Figure(b, _)) => a == b,
        (a, b) => a == b,
    };
    super::FIELDS.iter().find(same).map_or("", |field| field.name)
}

/// A text, in quotes wherever it could be taken for something else without them.
fn text(f: &mut fmt::Formatter<'_>, needle: &Needle) -> fmt::Result {
    let text = needle.text();
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:@%+,".contains(letter);
    let joins = ["or", "and"].iter().any(|keyword| keyword.eq_ignore_ascii_case(text));
    let is_mark = Field::named(text).is_some_and(|field| matches!(field.of, Of::Mark(_)));
    if !text.is_empty() && text.chars().all(plain) && !joins && !is_mark {
        return f.write_str(text);
    }
    write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
