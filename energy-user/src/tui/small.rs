//! Bars and graphs of a single cell's height, for the table; and the marks of all graphs.

use crate::units::Watts;

/// Eighths of a cell.
const EIGHTHS: [char; 9] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];
/// Heights within a cell, in eighths; what was measured has one at the least.
pub const HEIGHTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// What stands for an interval without a reading.
pub const GAP: char = '·';

/// A part of all power as a bar of so many cells; empty where one of them is not known.
pub fn share(part: Option<Watts>, whole: Option<Watts>, cells: usize) -> String {
    let Some((Watts(part), Watts(whole))) = part.zip(whole) else { return String::new() };
    if !(part > 0.0 && whole > 0.0) {
        return String::new();
    }
    // A part that is there is never invisible.
    let eighths = (part / whole).min(1.0) * (8 * cells) as f64;
    let eighths = (eighths.round() as usize).max(1);
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    bar
}

/// The recent past, the newest at the right, on a scale of its own.
pub fn graph(points: &[Option<f32>]) -> String {
    let highest = points.iter().flatten().fold(0.0_f32, |a, b| a.max(*b));
    let mut seen = false;
    let height = |point: &Option<f32>| {
        seen |= point.is_some();
        match point {
            // Before it came, there was nothing to read.
            None if !seen => ' ',
            None => GAP,
            Some(_) if highest <= 0.0 => HEIGHTS[1],
            Some(point) => {
                let most = HEIGHTS.len() - 1;
                let step = (point.max(0.0) / highest * most as f32).ceil() as usize;
                HEIGHTS[step.clamp(1, most)]
            }
        }
    };
    points.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_as_long_as_the_part_and_never_invisible() {
        let bar = |part: f64| share(Some(Watts(part)), Some(Watts(100.0)), 8);
        assert_eq!(bar(100.0), "████████");
        assert_eq!(bar(50.0), "████");
        assert_eq!(bar(0.001), "▏");
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(200.0), "████████");
        assert_eq!(share(None, Some(Watts(1.0)), 8), "");
        assert_eq!(share(Some(Watts(1.0)), None, 8), "");
    }

    #[test]
    fn a_graph_tells_a_gap_from_what_was_not_there() {
        assert_eq!(graph(&[None, None, Some(1.0), None, Some(8.0), Some(0.0)]), "  ▁·█▁");
        assert_eq!(graph(&[Some(0.0), Some(0.0)]), "▁▁");
        assert_eq!(graph(&[None, None]), "  ");
    }
}
