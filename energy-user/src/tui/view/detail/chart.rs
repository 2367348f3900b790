//! Power over time, a graph for each pool: its name and figures in words, and its bars below.
//!
//! Pools have graphs of their own, so that they are told apart without colours. The newest
//! interval is at the right. Where there are more intervals than columns, a column is the mean
//! of several. A gap is a dot, and never a bar of nothing.

use std::time::Duration;

use ratatui::text::Line;

use crate::{
    frame::Quality,
    present::{figure::Units, text},
    tui::{
        app::{History, POOLS, Point},
        column::marked,
        small::{GAP, HEIGHTS},
        theme::Theme,
    },
    units::{Microjoules, Watts},
};

/// How it is drawn.
pub(super) struct Chart {
    pub units: Units,
    /// How good the figures are.
    pub quality: Quality,
    /// Cells of a line.
    pub room: usize,
    /// Lines of the place that it stands in.
    pub height: u16,
}

/// What a column shows.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Column {
    Before,
    Gap,
    Power(f64),
}

impl Chart {
    /// The lines of all pools.
    pub fn lines(&self, history: &History, theme: Theme) -> Vec<Line<'static>> {
        let mut lines = Vec::new();
        for (pool, points) in &history.pools {
            let power = history.intervals.iter().zip(points).filter_map(|(interval, point)| {
                let Point::Energy(energy) = point else { return None };
                energy.over(*interval)
            });
            let most = power.map(|watts| watts.0).fold(0.0, f64::max);
            let words = self.words(history, points, most);
            let name = POOLS.get(*pool).copied().unwrap_or_default();
            let mut all = words.iter().map(|words| format!("{name}  {words}"));
            let fits = all.clone().find(|words| text::width(words) <= self.room);
            let words = fits.or_else(|| all.next_back()).unwrap_or_default();
            lines.push(Line::raw(text::cut(&words, self.room)));
            if most > 0.0 {
                let columns = columns(history, points, self.room);
                let bars = bars(&columns, most, self.rows());
                lines.extend(bars.into_iter().map(|line| Line::styled(line, theme.bar())));
            }
        }
        lines
    }

    /// Lines of a graph.
    fn rows(&self) -> usize {
        match self.height {
            0..16 => 1,
            16..35 => 2,
            _ => 3,
        }
    }

    /// Now, on the mean, and the most, which is the full height; in full, and shorter.
    fn words(&self, history: &History, points: &[Point], most: f64) -> Vec<String> {
        let symbol = self.units.power_symbol();
        let power = |watts| marked(self.quality, self.units.power(watts));
        if most <= 0.0 {
            let known = points.iter().any(|point| matches!(point, Point::Energy(_)));
            let words = if known { format!("0 {symbol} all along") } else { "not known".into() };
            return vec![words];
        }
        let now = match (history.intervals.last(), points.last()) {
            (Some(interval), Some(Point::Energy(energy))) => energy.over(*interval),
            _ => None,
        };
        let mean = mean(history.intervals.iter().copied().zip(points.iter().copied()));
        let (now, mean, most) = (power(now), power(mean), power(Some(Watts(most))));
        vec![
            format!("now {now}, mean {mean}, most {most} {symbol}"),
            format!("now {now}, most {most} {symbol}"),
            format!("{now} {symbol}"),
        ]
    }
}

/// The mean of what is known.
fn mean(points: impl Iterator<Item = (Duration, Point)>) -> Option<Watts> {
    let known = points.filter_map(|(interval, point)| match point {
        Point::Energy(energy) => Some((interval, energy)),
        Point::Before | Point::Gap => None,
    });
    let add =
        |(time, sum): (Duration, Microjoules), (interval, energy)| (time + interval, sum + energy);
    let (time, energy) = known.fold((Duration::ZERO, Microjoules::ZERO), add);
    energy.over(time)
}

/// At most so many columns, the newest last; a column with a gap in it is one.
fn columns(history: &History, points: &[Point], room: usize) -> Vec<Column> {
    let each = points.len().div_ceil(room.max(1)).max(1);
    // Columns keep their intervals while time passes.
    let skip = (history.first % each as u64) as usize;
    let first = if skip == 0 { 0 } else { each - skip };
    let all: Vec<_> = history.intervals.iter().copied().zip(points.iter().copied()).collect();
    let (head, rest) = all.split_at(first.min(all.len()));
    let chunks = std::iter::once(head).chain(rest.chunks(each)).filter(|chunk| !chunk.is_empty());
    let mut columns: Vec<Column> = chunks
        .map(|chunk| {
            if chunk.iter().any(|(_, point)| *point == Point::Gap) {
                return Column::Gap;
            }
            let mean = mean(chunk.iter().copied());
            mean.map_or(Column::Before, |watts| Column::Power(watts.0))
        })
        .collect();
    columns.drain(..columns.len().saturating_sub(room));
    columns
}

/// The bars as lines from the top; the most fills the height.
fn bars(columns: &[Column], most: f64, rows: usize) -> Vec<String> {
    let level = |column: &Column| match column {
        Column::Power(watts) => {
            let steps = (watts / most * (8 * rows) as f64).ceil();
            // A measured point is never invisible.
            (steps as usize).clamp(1, 8 * rows)
        }
        Column::Before | Column::Gap => 0,
    };
    let line = |row: usize| {
        let below = 8 * (rows - 1 - row);
        let cell = |column: &Column| match column {
            Column::Gap if below == 0 => GAP,
            _ => HEIGHTS[level(column).saturating_sub(below).min(8)],
        };
        columns.iter().map(cell).collect()
    };
    (0..rows).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(first: u64, points: Vec<Point>) -> History {
        let intervals = vec![Duration::from_secs(1); points.len()];
        History { first, intervals, pools: vec![(0, points)] }
    }

    fn joules(joules: u64) -> Point {
        Point::Energy(Microjoules(joules * 1_000_000))
    }

    #[test]
    fn bars_fill_their_height_and_a_gap_is_a_dot() {
        let all = [Column::Before, Column::Power(0.0), Column::Gap, Column::Power(8.0)];
        assert_eq!(bars(&all, 8.0, 1), [" ▁·█"]);
        assert_eq!(bars(&all, 8.0, 2), ["   █", " ▁·█"]);
        assert_eq!(bars(&[Column::Power(9.0)], 16.0, 2), ["▁", "█"]);
    }

    #[test]
    fn a_column_is_the_mean_of_its_intervals_and_keeps_them() {
        let points = vec![joules(2), joules(4), Point::Gap, joules(1), joules(5)];
        let of = |first, room| columns(&history(first, points.clone()), &points, room);
        let power = Column::Power;
        let singly = [power(2.0), power(4.0), Column::Gap, power(1.0), power(5.0)];
        assert_eq!(of(0, 5), singly);
        assert_eq!(of(0, 3), [power(3.0), Column::Gap, power(5.0)]);
        assert_eq!(of(1, 3), [power(2.0), Column::Gap, power(3.0)]);
        assert_eq!(of(1, 1), [power(5.0)]);
        assert_eq!(of(0, 0), []);
    }
}
