//! Lines of a name, a figure and words, as aligned columns of a given width.
//!
//! `explain` prints them and the screen shows them; both wrap the words instead of letting
//! them run beyond the edge.

use super::text;

/// Cells of a line that is printed, where nobody knows how wide the paper is.
pub const WIDTH: usize = 100;
/// With less room beside the figures than this, words stand on lines of their own.
const WORDS_NEED: usize = 22;
/// Lines that the words of one line may take.
const MOST_LINES: usize = 50;
/// Cells between columns.
const GAP: usize = 2;
/// How far words on lines of their own are set in.
const INDENT: usize = 2;

/// What is said of one thing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub name: String,
    /// How much, with its unit; may be empty.
    pub figure: String,
    /// What that means.
    pub words: String,
    /// It begins something, or ends it.
    pub strong: bool,
    /// The words have the whole width.
    whole: bool,
}

/// One line as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Name and figure, padded; blank where words go on.
    pub left: String,
    /// Words.
    pub words: String,
    /// As that of the line.
    pub strong: bool,
}

impl Line {
    /// A plain line.
    pub fn new(name: impl Into<String>, figure: String, words: impl Into<String>) -> Self {
        Self { name: name.into(), figure, words: words.into(), ..Self::default() }
    }

    /// Words alone, over the whole width.
    pub fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), whole: true, ..Self::default() }
    }

    /// The same, made to stand out.
    #[must_use]
    pub fn strong(self) -> Self {
        Self { strong: true, ..self }
    }
}

impl Set {
    /// The line as plain text.
    pub fn text(&self) -> String {
        format!("{}{}", self.left, self.words).trim_end().to_owned()
    }
}

/// Sets lines in so many cells: names at the left, figures at the right of their column.
pub fn set(lines: &[Line], room: usize) -> Vec<Set> {
    let columns = || lines.iter().filter(|line| !line.whole);
    let widest = |of: fn(&Line) -> &str| columns().map(|line| text::width(of(line))).max();
    let figure = widest(|line| &line.figure).unwrap_or(0);
    let gap = if figure > 0 { GAP } else { 0 };
    let name = widest(|line| &line.name).unwrap_or(0).min(room.saturating_sub(figure + gap));
    let left = name + gap + figure + GAP;
    let beside = room.checked_sub(left).filter(|beside| *beside >= WORDS_NEED);
    let mut set = Vec::new();
    for line in lines {
        let strong = line.strong;
        let mut push = |left: String, words: String| set.push(Set { left, words, strong });
        if line.whole {
            for words in text::wrap(&line.words, room, MOST_LINES) {
                push(String::new(), words);
            }
            continue;
        }
        let (name, figure) = (text::left(&line.name, name), text::right(&line.figure, figure));
        let mut cells = text::cut(&format!("{name}{:gap$}{figure}", ""), room);
        if let Some(beside) = beside {
            for words in text::wrap(&line.words, beside, MOST_LINES) {
                push(text::left(&cells, left), words);
                cells.clear();
            }
            continue;
        }
        if line.words.is_empty() || !cells.trim().is_empty() {
            push(cells, String::new());
        }
        if !line.words.is_empty() {
            let indent = INDENT.min(room);
            for words in text::wrap(&line.words, room - indent, MOST_LINES) {
                push(" ".repeat(indent), words);
            }
        }
    }
    set
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        vec![
            Line::words("two words and two"),
            Line::new("package-0", "40.00 J".into(), "measured through a counter"),
            Line::new("sum", "8 J".into(), "").strong(),
        ]
    }

    fn text(room: usize) -> Vec<String> {
        set(&lines(), room).iter().map(Set::text).collect()
    }

    #[test]
    fn figures_stand_at_the_right_and_words_go_on_below_themselves() {
        let expected = [
            "two words and two",
            "package-0  40.00 J  measured through a",
            "                    counter",
            "sum            8 J",
        ];
        assert_eq!(text(42), expected);
    }

    #[test]
    fn where_it_is_narrow_words_stand_below() {
        let expected = [
            "two words and two",
            "package-0  40.00 J",
            "  measured through a",
            "  counter",
            "sum            8 J",
        ];
        assert_eq!(text(20), expected);
    }

    #[test]
    fn nothing_is_wider_than_the_room() {
        for room in 0..60 {
            assert!(text(room).iter().all(|line| text::width(line) <= room), "{room}");
        }
    }
}
