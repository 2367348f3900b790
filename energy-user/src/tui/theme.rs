//! How things look: one table of roles, with each theme's colour of each.
//!
//! Whoever starts the screen decides (a name, `NO_COLOR`, the terminal) and passes the theme
//! in. No meaning hangs on colour alone: what marks a role beside its colour (bold,
//! underlined, turned round) is the same in every theme, and the theme `none` is these marks.

use std::ffi::OsString;

use ratatui::style::{Color, Modifier, Style};

use crate::config::screen::Theme as Name;

/// A theme, as far as the terminal can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    name: Name,
    depth: Depth,
}

/// How many colours the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Sixteen,
    Indexed,
    True,
}

/// What something is, so that it looks so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Ground,
    Strong,
    Dim,
    Bar,
    Warning,
    Chip,
    Selected,
    Title,
    Sorted,
    Key,
    Fading,
    Share,
    Spark,
    Sum,
    Error,
}

/// A colour: what it is (`0xRRGGBB`), and what comes closest among the terminal's own sixteen,
/// where none is the terminal's own foreground.
#[derive(Clone, Copy)]
struct Hue(u32, Option<Color>);

/// A role's marks, and its colours in the themes that have colours.
struct Row {
    role: Role,
    marks: Modifier,
    auto: Option<Color>,
    dark: Hue,
    light: Hue,
    high_contrast: Hue,
    colour_blind: Hue,
}

const fn row(
    role: Role,
    marks: Modifier,
    auto: Option<Color>,
    [dark, light, high_contrast, colour_blind]: [Hue; 4],
) -> Row {
    Row { role, marks, auto, dark, light, high_contrast, colour_blind }
}

const PLAIN: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const LINE: Modifier = Modifier::UNDERLINED;
const TURNED: Modifier = Modifier::REVERSED;

const RED: Option<Color> = Some(Color::Red);
const YELLOW: Option<Color> = Some(Color::Yellow);
const BLUE: Option<Color> = Some(Color::Blue);
const PURPLE: Option<Color> = Some(Color::Magenta);
const CYAN: Option<Color> = Some(Color::Cyan);
const WHITE: Option<Color> = Some(Color::White);

// What most things have: the colour of text.
const ON_DARK: Hue = Hue(0x00d0_d0d0, None);
const ON_LIGHT: Hue = Hue(0x0026_2626, None);
const ON_BLACK: Hue = Hue(0x00ff_ffff, None);
const TEXT: [Hue; 4] = [ON_DARK, ON_LIGHT, ON_BLACK, ON_BLACK];

// The colours of Okabe and Ito that can be read on black: their blue cannot.
// https://jfly.uni-koeln.de/color/
const ORANGE: u32 = 0x00e6_9f00;
const SKY: u32 = 0x0056_b4e9;
const VERMILION: u32 = 0x00d5_5e00;

/// What dark, light, high-contrast and colour-blind have behind everything.
const GROUNDS: [u32; 4] = [0x0012_1212, 0x00ff_ffff, 0x0000_0000, 0x0000_0000];

/// Every role: its marks, its colour in `auto`, and those in `dark`, `light`, `high-contrast`
/// and `colour-blind`.
#[rustfmt::skip]
const TABLE: [Row; 15] = [
    row(Role::Ground, PLAIN, None, TEXT),
    row(Role::Strong, BOLD, None, TEXT),
    row(Role::Dim, DIM, None, [Hue(0x009e_9e9e, None), Hue(0x0058_5858, None), Hue(0x00d0_d0d0, WHITE), Hue(0x00a8_a8a8, None)]),
    row(Role::Bar, PLAIN, CYAN, [Hue(0x005f_afd7, CYAN), Hue(0x0000_5f87, BLUE), Hue(0x0000_ffff, CYAN), Hue(SKY, CYAN)]),
    row(Role::Warning, PLAIN, YELLOW, [Hue(0x00ff_d75f, YELLOW), Hue(0x0087_5f00, PURPLE), Hue(0x00ff_ff00, YELLOW), Hue(ORANGE, YELLOW)]),
    row(Role::Chip, TURNED, None, TEXT),
    row(Role::Selected, TURNED, None, TEXT),
    row(Role::Title, LINE, None, TEXT),
    row(Role::Sorted, LINE.union(BOLD), None, TEXT),
    row(Role::Key, BOLD, CYAN, [Hue(0x0087_d7ff, CYAN), Hue(0x0000_00af, BLUE), Hue(0x0000_ffff, CYAN), Hue(SKY, CYAN)]),
    row(Role::Fading, DIM, None, [Hue(0x008a_8a8a, None), Hue(0x006c_6c6c, None), Hue(0x00bc_bcbc, WHITE), Hue(0x009e_9e9e, None)]),
    row(Role::Share, PLAIN, CYAN, [Hue(0x005f_afd7, CYAN), Hue(0x0000_5f87, BLUE), Hue(0x0000_ffff, CYAN), Hue(SKY, CYAN)]),
    row(Role::Spark, PLAIN, CYAN, [Hue(0x0087_afd7, CYAN), Hue(0x005f_5faf, BLUE), Hue(0x0087_ffff, CYAN), Hue(SKY, CYAN)]),
    row(Role::Sum, BOLD, None, [Hue(0x00ff_ffff, None), ON_LIGHT, ON_BLACK, ON_BLACK]),
    row(Role::Error, BOLD, RED, [Hue(0x00ff_5f5f, RED), Hue(0x00af_0000, RED), Hue(0x00ff_8787, RED), Hue(VERMILION, RED)]),
];

impl Theme {
    /// The theme of a name, in as many colours as `COLORTERM` and `TERM` promise; without any
    /// where `NO_COLOR` is set to something, or where the terminal says that it has none.
    pub fn of(name: Name, get: impl Fn(&str) -> Option<OsString>) -> Self {
        let text = |name| get(name).map(|value| value.to_string_lossy().into_owned());
        let term = text("TERM").unwrap_or_default();
        let no_color = get("NO_COLOR").is_some_and(|value| !value.is_empty());
        if no_color || term == "dumb" || term == "vt100" || name == Name::None {
            return Self::plain();
        }
        // The terminal's own sixteen colours suit every terminal.
        if matches!(name, Name::Auto | Name::Sixteen) {
            return Self::colour();
        }
        let promised = text("COLORTERM").unwrap_or_default();
        let depth = if promised == "truecolor" || promised == "24bit" || term.ends_with("-direct") {
            Depth::True
        } else if term.contains("256color") {
            Depth::Indexed
        } else {
            Depth::Sixteen
        };
        Self { name, depth }
    }

    /// The terminal's own palette.
    pub const fn colour() -> Self {
        Self { name: Name::Auto, depth: Depth::Sixteen }
    }

    /// Bold, dim and reverse only.
    pub const fn plain() -> Self {
        Self { name: Name::None, depth: Depth::Sixteen }
    }

    fn style(self, role: Role) -> Style {
        let Some(row) = TABLE.iter().find(|row| row.role == role) else {
            return Style::new();
        };
        let (hue, ground) = match self.name {
            Name::None => return Style::new().add_modifier(row.marks),
            Name::Auto | Name::Sixteen => return coloured(row.marks, row.auto),
            Name::Dark => (row.dark, GROUNDS[0]),
            Name::Light => (row.light, GROUNDS[1]),
            Name::HighContrast => (row.high_contrast, GROUNDS[2]),
            Name::ColourBlind => (row.colour_blind, GROUNDS[3]),
        };
        let colour = |rgb| match self.depth {
            Depth::Sixteen => None,
            Depth::Indexed => Some(Color::Indexed(nearest(rgb))),
            Depth::True => Some(Color::from_u32(rgb)),
        };
        if self.depth == Depth::Sixteen {
            return coloured(row.marks - (DIM & dimmed(hue.1)), hue.1);
        }
        // A grey of its own says what dim would, and can be read for certain.
        let mut style = coloured(row.marks - DIM, colour(hue.0));
        if role == Role::Ground {
            style.bg = colour(ground);
        }
        style
    }

    /// What is behind everything, and text that is nothing else.
    pub fn ground(self) -> Style {
        self.style(Role::Ground)
    }

    /// The number that matters most.
    pub fn strong(self) -> Style {
        self.style(Role::Strong)
    }

    /// What is beside the point, or not a process.
    pub fn dim(self) -> Style {
        self.style(Role::Dim)
    }

    /// Bars and graph.
    pub fn bar(self) -> Style {
        self.style(Role::Bar)
    }

    /// Something is missing or lost.
    pub fn warning(self) -> Style {
        self.style(Role::Warning)
    }

    /// A state that is on: paused, filtered.
    pub fn chip(self) -> Style {
        self.style(Role::Chip)
    }

    /// The selected row.
    pub fn selected(self) -> Style {
        self.style(Role::Selected)
    }

    /// Column titles.
    pub fn title(self) -> Style {
        self.style(Role::Title)
    }

    /// The column that sorts.
    pub fn sorted(self) -> Style {
        self.style(Role::Sorted)
    }

    /// A key in the footer and the help.
    pub fn key(self) -> Style {
        self.style(Role::Key)
    }

    /// A row that has ended.
    pub fn fading(self) -> Style {
        self.style(Role::Fading)
    }

    /// The bar of a row's share.
    pub fn share(self) -> Style {
        self.style(Role::Share)
    }

    /// The history of a row or of the machine.
    pub fn spark(self) -> Style {
        self.style(Role::Spark)
    }

    /// The line of sums.
    pub fn sum(self) -> Style {
        self.style(Role::Sum)
    }

    /// A mistake, or something that failed.
    pub fn error(self) -> Style {
        self.style(Role::Error)
    }
}

fn coloured(marks: Modifier, colour: Option<Color>) -> Style {
    Style { fg: colour, ..Style::new() }.add_modifier(marks)
}

/// What a colour makes needless: it is as dim as it is.
fn dimmed(colour: Option<Color>) -> Modifier {
    if colour.is_some() { DIM } else { PLAIN }
}

/// The colour of the 256 that is nearest: 6 x 6 x 6 from 16 on, and greys from 232 on.
fn nearest(rgb: u32) -> u8 {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let cube = (0..216_u8).map(|index| {
        let step = |index: u8| STEPS[usize::from(index % 6)];
        (16 + index, [step(index / 36), step(index / 6), step(index)])
    });
    let greys = (0..24_u8).map(|index| (232 + index, [8 + 10 * index; 3]));
    let [_, wanted @ ..] = rgb.to_be_bytes();
    let distance = |colour: [u8; 3]| -> u32 {
        let parts = colour.into_iter().zip(wanted);
        parts.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    cube.chain(greys).min_by_key(|(_, colour)| distance(*colour)).map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests;
