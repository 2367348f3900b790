//! A screen as SVG: a rectangle for each run with a ground of its own, a text for each run of one
//! style, each at its place.
//!
//! A font that is not there is replaced by another with other widths, so each run is given the
//! width of its cells. Blocks and lines that must touch are drawn, and not written.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

/// Points of a cell, and of the edge around the screen.
const WIDTH: u32 = 8;
const HEIGHT: u32 = 18;
const EDGE: u32 = 12;
/// From the top of a cell to where letters stand.
const BASE: u32 = 13;
/// With letters of three fifths, as most such fonts have, a cell is a letter wide.
const SIZE: &str = "13.3";
/// What a theme leaves to the terminal.
const FOREGROUND: &str = "#d0d0d0";
const BACKGROUND: &str = "#121212";

/// How a run of cells looks.
#[derive(Clone, PartialEq, Eq)]
struct Look {
    fore: String,
    back: String,
    bold: bool,
    dim: bool,
    line: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let (mut fore, mut back) = (colour(cell.fg, FOREGROUND), colour(cell.bg, BACKGROUND));
        let has = |mark| cell.modifier.contains(mark);
        if has(Modifier::REVERSED) {
            std::mem::swap(&mut fore, &mut back);
        }
        let (bold, dim) = (has(Modifier::BOLD), has(Modifier::DIM));
        Self { fore, back, bold, dim, line: has(Modifier::UNDERLINED) }
    }
}

fn colour(colour: Color, usual: &str) -> String {
    match colour {
        Color::Rgb(r, g, b) => format!("#{r:02x}{g:02x}{b:02x}"),
        _ => usual.into(),
    }
}

/// The whole document.
pub fn draw(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * WIDTH + 2 * EDGE, rows * HEIGHT + 2 * EDGE);
    let ground = Look::of(&Cell::default()).back;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" role=\"img\" shape-rendering=\"crispEdges\" xml:space=\"preserve\">\n<title>{}</title>\n<style>text{{\
         font-size:{SIZE}px;font-family:'DejaVu Sans Mono','Liberation Mono',Menlo,Consolas,\
         monospace;white-space:pre;direction:ltr;unicode-bidi:bidi-override}}</style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{ground}\"/>\n",
        escape(title)
    );
    for y in 0..buffer.area.height {
        line(buffer, y, &ground, &mut svg);
    }
    svg + "</svg>\n"
}

/// The runs of a line.
fn line(buffer: &Buffer, y: u16, ground: &str, svg: &mut String) {
    let top = EDGE + u32::from(y) * HEIGHT;
    let mut x = 0;
    while x < buffer.area.width {
        let from = x;
        let look = Look::of(&buffer[(x, y)]);
        let mut words = String::new();
        let kind = Kind::of(buffer[(x, y)].symbol());
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            let next = Kind::of(cell.symbol());
            // A letter that may be wider than its cells stands alone.
            if Look::of(cell) != look || next != kind || kind == Kind::Other && x > from {
                break;
            }
            words.push_str(cell.symbol());
            x += ratatui::text::Span::raw(cell.symbol()).width().max(1) as u16;
        }
        let (left, wide) = (EDGE + u32::from(from) * WIDTH, u32::from(x - from) * WIDTH);
        if look.back != ground {
            let back = &look.back;
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{HEIGHT}\" fill=\"{back}\"/>"
            );
        }
        if look.line {
            let (fore, under) = (&look.fore, top + HEIGHT - 2);
            let _ = writeln!(
                svg,
                "<rect x=\"{left}\" y=\"{under}\" width=\"{wide}\" height=\"1\" fill=\"{fore}\"/>"
            );
        }
        match kind {
            Kind::Drawn => drawn(&words, left, top, &look, svg),
            _ => written(&words, left, top, &look, svg),
        }
    }
}

/// How the cells of a run are made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Drawn,
    Other,
}

impl Kind {
    fn of(symbol: &str) -> Self {
        match symbol.chars().next() {
            Some('\u{2500}'..='\u{259f}') => Self::Drawn,
            Some(' '..='~' | '·' | '°' | '…') => Self::Plain,
            _ => Self::Other,
        }
    }
}

/// Letters: what stands apart is placed apart, as not every program heeds the width of a text.
fn written(words: &str, left: u32, top: u32, look: &Look, svg: &mut String) {
    let cells = |words: &str| ratatui::text::Span::raw(words).width() as u32;
    let bold = if look.bold { " font-weight=\"bold\"" } else { "" };
    let dim = if look.dim { " opacity=\"0.8\"" } else { "" };
    let (base, fore) = (top + BASE, &look.fore);
    let mut left = left;
    for part in words.split("  ") {
        let text = part.trim_start();
        let at = left + cells(&part[..part.len() - text.len()]) * WIDTH;
        left += (cells(part) + 2) * WIDTH;
        let text = text.trim_end();
        if text.is_empty() {
            continue;
        }
        let (wide, text) = (cells(text) * WIDTH, escape(text));
        let _ = writeln!(
            svg,
            "<text x=\"{at}\" y=\"{base}\" textLength=\"{wide}\" \
             lengthAdjust=\"spacingAndGlyphs\" fill=\"{fore}\"{bold}{dim}>{text}</text>"
        );
    }
}

/// Blocks and lines, which fill their cells. Neighbours that look alike are one shape.
fn drawn(words: &str, left: u32, top: u32, look: &Look, svg: &mut String) {
    let mut shapes: Vec<(Shape, u32, u32)> = Vec::new();
    for (place, symbol) in (0..).zip(words.chars()) {
        let left = left + place * WIDTH;
        for shape in Shape::of(symbol) {
            let from = left + shape.left;
            match shapes.iter_mut().find(|(one, x, width)| {
                (one.top, one.height) == (shape.top, shape.height) && x + *width == from
            }) {
                Some((_, _, width)) => *width += shape.width,
                None => shapes.push((shape, from, shape.width)),
            }
        }
    }
    for (shape, x, width) in shapes {
        let (y, height, fore) = (top + shape.top, shape.height, &look.fore);
        let dim = if look.dim { " opacity=\"0.8\"" } else { "" };
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fore}\"{dim}/>"
        );
    }
}

/// A rectangle of a cell, in points.
#[derive(Clone, Copy)]
struct Shape {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Shape {
    fn of(symbol: char) -> Vec<Self> {
        let shape = |left, top, width, height| Self { left, top, width, height };
        let (mid, half) = (HEIGHT / 2, WIDTH / 2);
        let across = |left, width| shape(left, mid, width, 1);
        match symbol {
            // Eighths from below, and from the left.
            '▁'..='█' => {
                let height = (symbol as u32 - 0x2580) * HEIGHT / 8;
                vec![shape(0, HEIGHT - height, WIDTH, height)]
            }
            '▉'..='▏' => vec![shape(0, 2, (0x2590 - symbol as u32) * WIDTH / 8, HEIGHT - 4)],
            '━' => vec![shape(0, mid - 1, WIDTH, 3)],
            '╸' => vec![shape(0, mid - 1, half, 3)],
            '├' => vec![shape(half, 0, 1, HEIGHT), across(half + 1, half - 1)],
            '└' => vec![shape(half, 0, 1, mid + 1), across(half + 1, half - 1)],
            '│' => vec![shape(half, 0, 1, HEIGHT)],
            _ => vec![across(0, WIDTH)],
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
