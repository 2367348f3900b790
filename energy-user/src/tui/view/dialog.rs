//! A question over the foot of the table: what is asked, to whom, and what there is to choose.
//!
//! Where it is low, the list shows what lies around the choice, then the members go, then what is
//! typed; the question stays to the last.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::{Clear, Widget as _},
};

use crate::{
    present::{figure, text},
    tui::{action::Action, app::App, scene::Scene, spots::Spots},
};

/// Lines that the names of members may take.
const MOST_MEMBERS: usize = 2;

/// What a question is made of.
struct Question {
    title: String,
    members: Option<String>,
    list: Vec<String>,
    chosen: Option<usize>,
    /// What can be typed, and what has been.
    typed: Option<String>,
}

impl Question {
    fn of(app: &App) -> Option<Self> {
        if let Some(dialog) = app.asks() {
            let (list, chosen) = dialog.list();
            let typed = if app.asks_nice() {
                let keys = [Action::Nice(-1), Action::Nice(1), Action::Up, Action::Down];
                let keys = keys
                    .into_iter()
                    .filter_map(|action| app.settings().keys.label(action, Scene::Act));
                format!("{} change it", keys.take(2).collect::<Vec<_>>().join(" "))
            } else {
                format!("or type it: {}▏", figure::printable(dialog.typed()))
            };
            return Some(Self {
                title: dialog.question(),
                members: dialog.members(),
                list,
                chosen,
                typed: Some(typed),
            });
        }
        let draft = app.draft()?;
        let (list, chosen) = draft.list();
        let what = if draft.is_of_card() { "the measurement" } else { "what is shown" };
        Some(Self {
            title: format!("export {what}?"),
            members: None,
            list: list.into_iter().map(String::from).collect(),
            chosen: Some(chosen),
            typed: draft.file().map(|name| format!("file: {}▏", figure::printable(name))),
        })
    }
}

pub(super) fn draw(app: &App, area: Rect, buffer: &mut Buffer, spots: &mut Spots) {
    let Some(question) = Question::of(app) else { return };
    let (theme, room) = (app.theme(), usize::from(area.width));
    let mut left = usize::from(area.height);
    let mut take = |lines: usize| {
        let taken = lines.min(left);
        left -= taken;
        taken
    };
    let titles = text::wrap(&question.title, room, 2);
    let titles = &titles[..take(titles.len())];
    let typed = question.typed.filter(|_| take(1) > 0);
    let around = take(question.list.len().min(3));
    let members = question
        .members
        .map_or_else(Vec::new, |all| text::wrap(&all, room.saturating_sub(1), MOST_MEMBERS));
    let members = &members[..take(members.len())];
    let window = around + take(question.list.len() - around);

    let bar = |line: &String| Line::styled(text::left(line, room), theme.chip());
    let mut lines: Vec<Line> = titles.iter().map(bar).collect();
    lines.extend(members.iter().map(|line| Line::styled(format!(" {line}"), theme.dim())));
    let from = question.chosen.unwrap_or(0).saturating_sub(window / 2);
    let from = from.min(question.list.len() - window);
    let above = lines.len();
    for (index, line) in question.list.iter().enumerate().skip(from).take(window) {
        let here = question.chosen == Some(index);
        let (mark, style) = if here { ("▸", theme.strong()) } else { (" ", Style::new()) };
        lines.push(Line::styled(text::cut(&format!(" {mark} {line}"), room), style));
    }
    if let Some(typed) = typed {
        // What is typed last is what one wants to see.
        let most = room.saturating_sub(1);
        let skip = text::width(&typed).saturating_sub(most);
        let tail: String = typed.chars().skip(skip).collect();
        lines.push(Line::from(vec![Span::raw(" "), Span::styled(tail, theme.key())]));
    }
    let height = lines.len() as u16;
    let place = Rect { y: area.bottom() - height, height, ..area };
    Clear.render(place, buffer);
    for (y, line) in (place.y..place.bottom()).zip(&lines) {
        buffer.set_line(place.x, y, line, place.width);
    }
    spots.wheel(place, Action::Up, Action::Down);
    let entries = (place.y..place.bottom()).skip(above).take(window);
    for (y, entry) in entries.zip(from..) {
        spots.click(Rect { y, height: 1, ..place }, Action::Choose(entry));
    }
}
