//! Energy and emissions since the start, and the intensity that joins them.

use ratatui::{buffer::Buffer, layout::Rect};

use super::strip::{self, Piece};
use crate::{
    carbon::{Basis, Intensity, Kind},
    ledger::Tick,
    present::figure,
    tui::{app::App, column::marked},
};

pub(super) fn draw(app: &App, tick: &Tick, area: Rect, buffer: &mut Buffer) {
    let (theme, units) = (app.theme(), app.units());
    let (totals, quality) = (app.ledger().totals(), app.ledger().quality());
    let energy = totals.sum.share.energy.total();
    let joules = marked(quality, units.energy(energy));
    let grams = marked(quality, figure::grams(energy.map(|_| totals.sum.grams)));
    let mut left = vec![
        Piece::new(0, format!("{joules} {}", units.energy_symbol()), theme.strong()),
        Piece::new(1, format!("{grams} gCO2e"), theme.strong()),
        Piece::new(5, format!("in {}", figure::duration(totals.elapsed)), theme.dim()),
    ];
    if let (Some(tariff), Some(_)) = (app.tariff(), energy) {
        let money = tariff.of_joules(totals.sum.bought);
        let words = format!("{}{money}", quality.mark());
        left.insert(2, Piece::new(3, words, theme.strong()));
    }
    strip::draw(left, vec![intensity(&tick.intensity, theme.dim())], area, buffer);
}

/// The whole label; without the advice; or only where it is from.
fn intensity(intensity: &Intensity, style: ratatui::style::Style) -> Piece {
    let label = intensity.label();
    let short = label.split(';').next().unwrap_or_default().to_owned();
    let shortest = match (&intensity.basis, &intensity.zone) {
        // What stands in is never shown as what was wanted.
        _ if intensity.fall_back.is_some() => "fall-back".into(),
        (_, Some(zone)) if intensity.kind == Some(Kind::Marginal) => format!("{zone}, marginal"),
        (Basis::WorldAverage { .. }, _) => "world average".into(),
        (_, Some(zone)) => zone.clone(),
        (_, None) => format!("{:.0} g/kWh", intensity.value.0),
    };
    Piece::new(8, figure::printable(&label), style)
        .or(7, figure::printable(&short))
        .or(4, figure::printable(&shortest))
}
