//! One line of short pieces, of which the least important yield where it is narrow.
//!
//! A piece may have shorter forms; it takes the next one before it goes.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::present::text;

/// Between two pieces.
const GAP: usize = 3;

/// A few words.
pub(super) struct Piece {
    /// From the longest to the shortest, each with its rank: the highest yields
    /// first. Rank 0 never goes, but is cut.
    forms: Vec<(u8, String)>,
    style: Style,
}

impl Piece {
    pub fn new(rank: u8, text: impl Into<String>, style: Style) -> Self {
        Self { forms: vec![(rank, text.into())], style }
    }

    /// A shorter way to say it.
    pub fn or(mut self, rank: u8, shorter: impl Into<String>) -> Self {
        self.forms.push((rank, shorter.into()));
        self
    }

    fn rank(&self) -> u8 {
        self.forms.first().map_or(0, |(rank, _)| *rank)
    }

    fn text(&self) -> &str {
        self.forms.first().map_or("", |(_, text)| text)
    }
}

/// Draws pieces at the left and at the right of a line.
pub(super) fn draw(left: Vec<Piece>, right: Vec<Piece>, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let room = usize::from(area.width);
    let split = left.len();
    let mut pieces: Vec<(bool, Piece)> =
        left.into_iter().chain(right).enumerate().map(|(i, piece)| (i >= split, piece)).collect();
    while used(&pieces) > room {
        let last = pieces.iter().enumerate().max_by_key(|(_, (_, piece))| piece.rank());
        let Some((index, (_, piece))) = last else { return };
        if piece.forms.len() > 1 {
            pieces[index].1.forms.remove(0);
        } else if piece.rank() > 0 {
            pieces.remove(index);
        } else {
            break;
        }
    }
    let space = room.saturating_sub(used(&pieces));
    let mut line = Line::default();
    let mut filled = false;
    for (index, (at_right, piece)) in pieces.iter().enumerate() {
        let gap = if index > 0 { GAP } else { 0 };
        // All the space that is left stands before the first piece at the right.
        let space = if *at_right && !filled { space } else { 0 };
        filled |= *at_right;
        line.push_span(Span::raw(" ".repeat(gap + space)));
        let left = room.saturating_sub(line.width());
        line.push_span(Span::styled(text::cut(piece.text(), left), piece.style));
    }
    buffer.set_line(area.x, area.y, &line, area.width);
}

fn used(pieces: &[(bool, Piece)]) -> usize {
    let words: usize = pieces.iter().map(|(_, piece)| text::width(piece.text())).sum();
    words + GAP * pieces.len().saturating_sub(1)
}
