//! The settings, and the list of columns: what is so, who said it, and what a key would save.
//!
//! The list scrolls with the choice; below it, what the chosen one does and what is saved. Where it
//! is low, the words go before the list, what is saved stays.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Clear, Widget as _},
};

use crate::{
    config::{Origin, key},
    present::{figure::printable, text},
    tui::{action::Action, app::App, scene::Scene, setting::Setting},
};

/// Cells of a name, and of the marks before it.
const NAME: usize = 13;
const MARKS: usize = 4;
/// The most cells of a value.
const VALUE: usize = 30;
/// A list is at least so high before words get lines.
const ROWS: usize = 5;
/// Narrower than this there is no room for who said a value beside it.
const FROM_NEEDS: usize = 60;

/// A list, what is to be said below it, and who is chosen.
struct Page {
    head: String,
    rows: Vec<(String, Style)>,
    index: usize,
    words: String,
    state: (String, Style),
}

pub(super) fn draw(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    lay(&settings(app, index, width), app, area, buffer);
}

pub(super) fn columns(app: &App, index: usize, area: Rect, buffer: &mut Buffer) {
    let rows = app.listed().iter().enumerate().map(|(at, one)| {
        let mark = if one.on { "[x]" } else { "[ ]" };
        let row = format!("{} {mark} {}", here(at == index), one.column.name());
        (row, style(app, at == index, false))
    });
    let chosen = app.settings().columns.chosen().len();
    let words = match chosen {
        0 => "The screen chooses columns by what fits; the first change makes the choice yours.",
        _ => "Columns from left to right, as far as they fit; without any, the screen chooses.",
    };
    let page = Page {
        head: format!("COLUMNS  {}", if chosen == 0 { "the screen's choice" } else { "yours" }),
        rows: rows.collect(),
        index,
        words: words.into(),
        state: state(app),
    };
    lay(&page, app, area, buffer);
}

fn settings(app: &App, index: usize, width: usize) -> Page {
    let looks = app.looks();
    let all: Vec<Setting> = Setting::all().collect();
    let value = (width.saturating_sub(MARKS + NAME + 1) / 2).min(VALUE);
    let line = |(at, setting): (usize, &Setting)| {
        let changed = app.is_changed(*setting);
        let mark = if changed { "*" } else { " " };
        let name = text::left(setting.short(), NAME);
        let words = text::left(&text::cut(&printable(&setting.words(&looks)), value), value);
        let row = format!("{} {mark} {name} {words} {}", here(at == index), from(app, *setting));
        (text::cut(&row, width), style(app, at == index, changed))
    };
    let rows = all.iter().enumerate().map(line).collect();
    let chosen = all.get(index).copied();
    let what = chosen.and_then(|it| key::find(it.name())).map_or("", |key| key.on_screen());
    let later = if app.has_hands() && chosen.is_some_and(Setting::is_of_the_start) {
        " What is changed here holds from the next start on."
    } else {
        ""
    };
    let origin = match chosen {
        Some(chosen) if width < FROM_NEEDS => format!("From: {}. ", from(app, chosen)),
        _ => String::new(),
    };
    Page {
        head: format!(
            "{}{} {} FROM",
            " ".repeat(MARKS),
            text::left("SETTINGS", NAME),
            text::left("NOW", value)
        ),
        rows,
        index,
        words: format!("{origin}{what}{later}"),
        state: state(app),
    }
}

/// Who said what a setting is; of a changed one, what it was.
fn from(app: &App, setting: Setting) -> String {
    if let Some(before) = app.before(setting) {
        return format!("changed, was {}", printable(&before));
    }
    if app.is_played(setting) {
        return "the recording".into();
    }
    match app.origin(setting) {
        // Its own file is named below.
        Origin::File(path, line) if Some(path.as_path()) == app.settings_file() => {
            format!("your file, line {line}")
        }
        origin => origin.to_string(),
    }
}

fn here(here: bool) -> &'static str {
    if here { "▸" } else { " " }
}

fn style(app: &App, here: bool, changed: bool) -> Style {
    match (here, changed) {
        (true, _) => app.theme().selected(),
        (false, true) => app.theme().strong(),
        (false, false) => Style::new(),
    }
}

/// What a key would save, or what came of it.
fn state(app: &App) -> (String, Style) {
    let theme = app.theme();
    if let Some(told) = app.told_of_saving() {
        let style = if told.bad { theme.error() } else { theme.strong() };
        return (printable(&told.words), style);
    }
    let file = app.settings_file().map(|path| printable(&path.display().to_string()));
    let changed = Setting::all().filter(|setting| app.is_changed(*setting)).count();
    let save = app.settings().keys.label(Action::Save, Scene::Settings);
    let words = match (changed, file) {
        _ if !app.has_hands() => "this screen only looks (readonly), so it saves nothing".into(),
        (_, None) => "no HOME, so nothing is saved; name a file with --config".into(),
        (0, Some(file)) => format!("nothing to save yet; it goes to {file}"),
        (count, Some(file)) => {
            let what =
                if count == 1 { "1 change (*)".into() } else { format!("{count} changes (*)") };
            let how = save.map_or_else(String::new, |key| format!("; {key} saves to {file}"));
            format!("{what} not saved{how}")
        }
    };
    (words, theme.dim())
}

fn lay(page: &Page, app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    Clear.render(area, buffer);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let wrap = |words: &str, most: usize| text::wrap(words, width.saturating_sub(1), most);
    let mut free = height.saturating_sub(1);
    let mut take = |lines: Vec<String>, rows: usize| {
        let taken = lines.len().min(free.saturating_sub(rows));
        free -= taken;
        lines.into_iter().take(taken).collect::<Vec<_>>()
    };
    let state = take(wrap(&page.state.0, 3), 1);
    let words = take(wrap(&page.words, 2), ROWS);
    let gap = usize::from(free > page.rows.len());
    let room = free - gap;
    let from = (page.index + 1).saturating_sub(room);
    let mut lines = vec![Line::styled(text::cut(&page.head, width), app.theme().title())];
    if height == 1 {
        // Nobody changes what is not to be seen.
        let row = page.rows.get(page.index);
        lines = row
            .map(|(row, style)| Line::styled(text::cut(row, width), *style))
            .into_iter()
            .collect();
    }
    for (row, style) in page.rows.iter().skip(from).take(room) {
        lines.push(Line::styled(text::cut(row, width), *style));
    }
    lines.extend((0..gap).map(|_| Line::default()));
    lines.extend(words.into_iter().map(|line| Line::from(Span::raw(format!(" {line}")))));
    lines.extend(state.into_iter().map(|line| Line::styled(format!(" {line}"), page.state.1)));
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        buffer.set_line(area.x, y, line, area.width);
    }
}
