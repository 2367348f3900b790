//! What is on the screen, to take away: rows or card, as CSV, JSON or text.
//!
//! The text is made here; the loop writes it to a new file or to the terminal's clipboard.

mod data;

use std::path::PathBuf;

use super::{App, Mode, Request, act::Hands};
use crate::{tui::tab::Tab, tui::view};

/// Bytes of what is typed as a file's name; file systems take no longer ones.
const LONGEST: usize = 255;

/// How it is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Csv,
    Json,
    Text,
}

/// What to write, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// All of it.
    pub text: String,
    /// Its place.
    pub to: Place,
}

/// A place for a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A file that is not there yet.
    File(PathBuf),
    /// The clipboard of the terminal.
    Clipboard,
}

/// In the order in which they are offered.
const WAYS: [(Shape, bool, &str); 6] = [
    (Shape::Csv, true, "CSV to a file"),
    (Shape::Json, true, "JSON to a file"),
    (Shape::Text, true, "text to a file"),
    (Shape::Text, false, "copy text to the clipboard"),
    (Shape::Csv, false, "copy CSV to the clipboard"),
    (Shape::Json, false, "copy JSON to the clipboard"),
];

/// What is about to be written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The card, and not the rows.
    card: bool,
    ways: Vec<(Shape, bool, &'static str)>,
    at: usize,
    name: String,
    /// Where it was asked, and where the user comes back to.
    from: Mode,
}

impl Shape {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Json => ".json",
            Self::Text => ".txt",
        }
    }
}

impl Draft {
    fn new(from: Mode, files: bool, stem: &str) -> Self {
        let card = matches!(from, Mode::Card { .. });
        let ways = WAYS.into_iter().filter(|(_, file, _)| files || !file).collect();
        let name = format!("{stem}{}", Shape::Csv.extension());
        Self { card, ways, at: 0, name, from }
    }

    fn way(&self) -> (Shape, bool) {
        self.ways.get(self.at).map_or((Shape::Text, false), |(shape, file, _)| (*shape, *file))
    }

    /// The card is written, and not the rows.
    pub fn is_of_card(&self) -> bool {
        self.card
    }

    /// What there is to choose, and what is chosen.
    pub fn list(&self) -> (Vec<&'static str>, usize) {
        (self.ways.iter().map(|(_, _, words)| *words).collect(), self.at)
    }

    /// The name of the file; none of the clipboard.
    pub fn file(&self) -> Option<&str> {
        self.way().1.then_some(self.name.as_str())
    }

    fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.ways.len().saturating_sub(1));
        let (shape, file) = self.way();
        // The name says what is in the file, unless the user wants it to say something else.
        let endings = [Shape::Csv, Shape::Json, Shape::Text].map(Shape::extension);
        let ending = endings.into_iter().find(|ending| self.name.ends_with(ending));
        if let Some(stem) = ending.filter(|_| file).and_then(|end| self.name.strip_suffix(end)) {
            self.name = format!("{stem}{}", shape.extension());
        }
    }

    fn type_in(&mut self, letter: Option<char>) {
        if !self.way().1 {
            return;
        }
        match letter {
            None => {
                self.name.pop();
            }
            Some(letter) if !letter.is_control() && self.name.len() < LONGEST => {
                self.name.push(letter);
            }
            Some(_) => {}
        }
    }
}

impl App {
    /// What is about to be written.
    pub fn draft(&self) -> Option<&Draft> {
        self.desk.draft.as_ref().filter(|_| self.mode == Mode::Export)
    }

    /// Asks how to write down the rows, or the card that lies over them.
    pub(super) fn ask_export(&mut self) {
        self.hush();
        let card = matches!(self.mode, Mode::Card { .. });
        let measured = self.card().filter(|_| card).map(|card| card.measurement().to());
        let latest = self.ledger().latest().map(|tick| tick.frame.time);
        let Some(time) = measured.or(latest) else { return };
        let time = time.to_zoned_datetime(self.zone()).strftime("%Y-%m-%d-%H%M%S").to_string();
        let what = if card { "jouletop-measurement" } else { "jouletop" };
        // Who only looks leaves nothing behind.
        let files = self.desk.hands != Hands::None;
        self.desk.draft = Some(Draft::new(self.mode, files, &format!("{what}-{time}")));
        self.mode = Mode::Export;
    }

    pub(super) fn step_draft(&mut self, by: isize) {
        if let Some(draft) = &mut self.desk.draft {
            draft.step(by);
        }
    }

    /// Chooses one of the ways.
    pub(super) fn choose_way(&mut self, way: usize) {
        if let Some(draft) = &mut self.desk.draft {
            draft.step(way.cast_signed().saturating_sub(draft.at.cast_signed()));
        }
    }

    pub(super) fn type_name(&mut self, letter: Option<char>) {
        if let Some(draft) = &mut self.desk.draft {
            draft.type_in(letter);
        }
    }

    /// Back from the question to where it was asked.
    pub(super) fn drop_draft(&mut self) {
        self.mode = self.desk.draft.take().map_or(Mode::Browse, |draft| draft.from);
    }

    /// Makes the text.
    pub(super) fn export(&mut self) -> Option<Request> {
        let draft = self.desk.draft.clone()?;
        let (shape, file) = draft.way();
        if file && draft.name.trim().is_empty() {
            self.notify("a file needs a name", true);
            return None;
        }
        let text = self.written(shape, draft.card);
        self.drop_draft();
        match text {
            Ok(text) => {
                let place = || Place::File(PathBuf::from(draft.name.trim()));
                let to = if file { place() } else { Place::Clipboard };
                Some(Request::Export(Export { text, to }))
            }
            Err(error) => {
                self.notify(format!("cannot write it down: {error:#}"), true);
                None
            }
        }
    }

    fn written(&self, shape: Shape, card: bool) -> anyhow::Result<String> {
        let card = self.card().filter(|_| card);
        match (shape, card) {
            (Shape::Csv, Some(card)) => data::card_csv(card),
            (Shape::Json, Some(card)) => data::json(&card.record()),
            (Shape::Text, Some(card)) => Ok(data::card_text(card, self.units)),
            (Shape::Csv, None) if self.tab == Tab::Findings => data::findings_csv(self),
            (Shape::Csv, None) => data::csv(self),
            (Shape::Json, None) => data::json(&data::Document::of(self)),
            (Shape::Text, None) => Ok(view::plain(self, self.area)),
        }
    }
}
