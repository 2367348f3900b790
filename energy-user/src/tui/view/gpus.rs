//! A line for each GPU: power against its limit, use, memory, and what is to be remarked.
//!
//! On a smaller screen two GPUs share a line, and on a small one there is one line for all of
//! them: that something is held and not used is said on each.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::strip::{self, Piece};
use crate::{
    frame::{Confidence, Frame, Quality},
    ledger::Tick,
    present::{
        device::{self, Device, Mark},
        figure, text,
    },
    tui::{app::App, column::marked},
    units::{Microjoules, Watts},
};

/// Narrower than this, two GPUs have no room on a line.
const PAIRS_NEED: u16 = 72;
/// Cells between two GPUs on a line.
const BETWEEN: u16 = 2;
/// Cells of a figure with its mark.
const FIGURE: usize = 7;
/// Cells of a percentage.
const USE: usize = 4;
/// Cells between columns.
const GAP: usize = 2;
/// A name is cut to this before anything else goes.
const SHORT_NAME: usize = 10;

/// Lines that GPUs take: the best of what is allowed, and fits.
pub(super) fn lines(count: usize, area: Rect, fits: impl Fn(u16) -> bool) -> u16 {
    let one_each = u16::try_from(count).unwrap_or(u16::MAX);
    let pairs = if area.width < PAIRS_NEED { one_each } else { one_each.div_ceil(2) };
    let few = |lines: &u16| *lines <= (area.height / 4).max(1);
    [one_each, pairs, one_each.min(1)].into_iter().filter(few).find(|&few| fits(few)).unwrap_or(0)
}

pub(super) fn draw(app: &App, tick: &Tick, area: Rect, buffer: &mut Buffer) {
    let devices: Vec<Device> = Device::all(&tick.frame).collect();
    let (count, height) = (devices.len(), usize::from(area.height));
    if area.is_empty() || count == 0 {
        return;
    }
    let columns = match height {
        _ if count <= height => 1,
        _ if count <= 2 * height && area.width >= PAIRS_NEED => 2,
        _ => return summary(app, &devices, area, buffer),
    };
    let width = (area.width - (columns - 1) * BETWEEN) / columns;
    let all: Vec<Cells> =
        devices.iter().map(|device| Cells::of(app, &tick.frame, device)).collect();
    let layout = Layout::fitting(&all, width.into());
    for (index, cells) in all.iter().enumerate() {
        // Down the left column, then down the right one.
        let rows = count.div_ceil(usize::from(columns));
        let (column, y) = ((index / rows) as u16, area.y + (index % rows) as u16);
        let x = area.x + column * (width + BETWEEN);
        buffer.set_line(x, y, &cells.line(app, &layout), width);
    }
}

/// The texts of one device.
struct Cells {
    id: String,
    name: String,
    /// The part of its limit that it draws.
    part: Option<f64>,
    power: String,
    /// It is little known who used it.
    low: bool,
    limit: String,
    used: String,
    memory: String,
    temperature: String,
    marks: Vec<Mark>,
    /// Why it shows nothing.
    silence: Option<String>,
}

impl Cells {
    fn of(app: &App, frame: &Frame, device: &Device) -> Self {
        let units = app.units();
        let quality = device.meter.map_or(Quality::Absent, |meter| meter.quality);
        let low = frame.pool(&device.gpu.gpu.id).is_some_and(|pool| {
            let held = pool.tenancy.is_some_and(|tenancy| tenancy.held_idle || tenancy.free);
            pool.confidence() == Confidence::Low && !held
        });
        let (watts, limit) = (device.watts(), device.limit());
        let figure = marked(quality, units.power(watts));
        let known = watts.is_some();
        Self {
            id: device.id(),
            name: device.name(),
            part: watts.zip(limit).map(|(watts, limit)| (watts.0 / limit.0).clamp(0.0, 1.0)),
            power: format!("{figure} {}", if known { units.power_symbol() } else { " " }),
            limit: limit.map_or_else(String::new, |limit| {
                format!("of {:.0} {}", scaled(app, limit), units.power_symbol())
            }),
            used: device.busy().map_or_else(|| figure::ABSENT.into(), device::percent),
            memory: device.memory().unwrap_or_default(),
            temperature: device.temperature().unwrap_or_default(),
            low,
            // Why it shows nothing is all there is to say then.
            marks: if device.silence().is_some() { Vec::new() } else { device.marks() },
            silence: device.silence(),
        }
    }

    fn words(&self, long: bool) -> impl Iterator<Item = (&str, bool)> {
        let word = move |mark: &'_ Mark| usize::from(!long).min(mark.words.len() - 1);
        let words =
            self.marks.iter().map(move |mark| (mark.words[word(mark)].as_str(), mark.warns));
        words.filter(|(word, _)| !word.is_empty())
    }

    fn line(&self, app: &App, layout: &Layout) -> Line<'static> {
        let theme = app.theme();
        let mut line = Line::raw(text::left(&self.id, layout.id));
        let mut push = |text: String, style: Style, gap: usize| {
            line.push_span(" ".repeat(gap));
            line.push_span(Span::styled(text, style));
        };
        if layout.name > 0 {
            push(text::left(&text::words(&self.name, layout.name), layout.name), theme.dim(), 1);
        }
        if let Some(silence) = &self.silence {
            let room = layout.room.saturating_sub(layout.id + layout.name + 2);
            push(text::words(&format!("- {silence}"), room), theme.warning(), 1);
            return line;
        }
        if layout.bar > 0 {
            let halves = (self.part.unwrap_or(0.0) * (2 * layout.bar) as f64).round() as usize;
            let half = if halves % 2 == 1 { "╸" } else { "" };
            push(format!("{}{half}", "━".repeat(halves / 2)), theme.bar(), 1);
            let rest = layout.bar.saturating_sub(halves.div_ceil(2));
            // Without a limit there is nothing that could be full.
            let rest = if self.part.is_some() { "─" } else { " " }.repeat(rest);
            push(rest, theme.dim(), 0);
        }
        push(text::right(&self.power, layout.power), Style::new(), 1);
        if layout.low > 0 {
            push(if self.low { "?" } else { " " }.into(), theme.dim(), 1);
        }
        if layout.limit > 0 {
            push(text::left(&self.limit, layout.limit), theme.dim(), 1);
        }
        if layout.used > 0 {
            push(text::right(&self.used, layout.used), Style::new(), GAP);
        }
        if layout.memory > 0 {
            push(text::right(&self.memory, layout.memory), Style::new(), GAP);
        }
        if layout.temperature > 0 {
            push(text::right(&self.temperature, layout.temperature), Style::new(), GAP);
        }
        for (index, (word, warns)) in self.words(layout.long).enumerate() {
            let style = if warns { theme.warning() } else { theme.dim() };
            let (comma, gap) = if index > 0 { (", ", 0) } else { ("", GAP) };
            push(format!("{comma}{word}"), style, gap);
        }
        line
    }
}

/// Cells of each column; none of those that there is no room for.
#[derive(Clone, Copy, Debug, Default)]
struct Layout {
    room: usize,
    id: usize,
    name: usize,
    bar: usize,
    power: usize,
    low: usize,
    limit: usize,
    used: usize,
    memory: usize,
    temperature: usize,
    marks: usize,
    long: bool,
}

impl Layout {
    /// The richest that fits; the bar has what is left.
    fn fitting(all: &[Cells], room: usize) -> Self {
        let widest = |of: &dyn Fn(&Cells) -> usize| all.iter().map(of).max().unwrap_or(0);
        let marks = |long: bool| {
            widest(&|cells| {
                let words: Vec<_> = cells.words(long).map(|(word, _)| word).collect();
                text::width(&words.join(", "))
            })
        };
        let bar = all.iter().any(|cells| cells.part.is_some());
        let full = Self {
            room,
            id: widest(&|cells| text::width(&cells.id)),
            name: widest(&|cells| text::width(&cells.name)),
            bar: if bar { 16 } else { 0 },
            power: widest(&|cells| text::width(&cells.power)).max(FIGURE + 2),
            low: widest(&|cells| usize::from(cells.low)),
            limit: widest(&|cells| text::width(&cells.limit)),
            used: USE,
            memory: widest(&|cells| text::width(&cells.memory)),
            temperature: widest(&|cells| text::width(&cells.temperature)),
            marks: marks(true),
            long: true,
        };
        let bar = |least: usize| full.bar.min(least);
        let short = Self { marks: marks(false), long: false, ..full };
        let unlimited = Self { limit: 0, bar: bar(12), ..short };
        let cut = Self { name: full.name.min(SHORT_NAME), bar: bar(10), ..unlimited };
        let nameless = Self { name: 0, bar: bar(8), ..cut };
        let cold = Self { temperature: 0, ..nameless };
        let forgetful = Self { memory: 0, bar: bar(4), ..cold };
        let bare = Self { bar: 0, ..forgetful };
        let least = Self { used: 0, ..bare };
        let forms = [full, short, unlimited, cut, nameless, cold, forgetful, bare];
        let chosen = forms.into_iter().find(|form| form.need() <= room).unwrap_or(least);
        let left = room.saturating_sub(chosen.need());
        Self { bar: if chosen.bar > 0 { chosen.bar + left } else { 0 }, ..chosen }
    }

    fn need(&self) -> usize {
        let Self { id, name, bar, power, low, limit, used, memory, temperature, marks, .. } = *self;
        let near = [name, bar, power, low, limit].map(|width| (width, 1));
        let far = [used, memory, temperature, marks].map(|width| (width, GAP));
        let columns = near.into_iter().chain(far);
        id + columns.filter(|(width, _)| *width > 0).map(|(width, gap)| width + gap).sum::<usize>()
    }
}

/// One line for all: how much, and who is to be looked at.
fn summary(app: &App, devices: &[Device], area: Rect, buffer: &mut Buffer) {
    let (theme, units) = (app.theme(), app.units());
    let energies = devices.iter().filter_map(Device::energy);
    let energy = energies.reduce(|a: Microjoules, b| a + b);
    let interval = app.ledger().latest().map(|tick| tick.frame.interval);
    let watts = energy.zip(interval).and_then(|(energy, interval)| energy.over(interval));
    let qualities = devices.iter().filter_map(|device| device.meter.map(|meter| meter.quality));
    let quality = qualities.filter(|quality| *quality != Quality::Absent).max();
    let power = marked(quality.unwrap_or(Quality::Absent), units.power(watts));
    let power = if watts.is_some() { format!("{power} {}", units.power_symbol()) } else { power };
    let count = device::counted(devices.len(), "GPU");
    let mut left = vec![Piece::new(0, format!("{count} {power}"), Style::new())];
    let busy: Vec<f64> = devices.iter().filter_map(Device::busy).collect();
    if !busy.is_empty() {
        let mean = device::percent(busy.iter().sum::<f64>() / busy.len() as f64);
        left.push(Piece::new(5, format!("{mean} busy"), theme.dim()).or(4, mean));
    }
    let named = |which: &dyn Fn(&Device) -> bool| -> Vec<String> {
        devices.iter().filter(|device| which(device)).map(Device::id).collect()
    };
    let throttled = |device: &Device| device.state().is_some_and(|one| !one.throttle.is_empty());
    let groups = [
        (named(&|device| device.gpu.held_idle), "held idle", 1),
        (named(&|device| device.silence().is_some()), "silent", 2),
        (named(&throttled), "throttled", 3),
    ];
    for (ids, words, rank) in groups {
        if !ids.is_empty() {
            let long = format!("{} {words}", ids.join(", "));
            let short = format!("{} {words}", ids.len());
            left.push(Piece::new(6, long, theme.warning()).or(rank, short));
        }
    }
    strip::draw(left, Vec::new(), area, buffer);
}

/// A limit is a round number.
fn scaled(app: &App, watts: Watts) -> f64 {
    if app.units().power_symbol() == "mW" { watts.0 * 1e3 } else { watts.0 }
}
