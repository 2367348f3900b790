//! The screen in ASCII alone: the one place that knows what stands for bars, twigs and arrows.
//!
//! A picture is drawn as always, and each cell that ASCII does not have is put into other words
//! after. So nothing can be forgotten: not even a name that a process gave itself.

use ratatui::buffer::Buffer;

/// Puts a whole picture into ASCII.
pub(super) fn to_ascii(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let plain = cell.symbol().is_ascii();
        if !plain {
            let ascii = cell.symbol().chars().next().map_or(" ", ascii);
            cell.set_symbol(ascii);
        }
    }
}

/// What stands for a letter or a mark, one cell wide.
fn ascii(letter: char) -> &'static str {
    match letter {
        '━' | '▄' => "=",
        '─' | '╸' | '–' | '—' | '▃' => "-",
        '█' | '▋' | '▊' | '▉' => "#",
        '▏' | '▎' | '▍' | '▌' | '│' | '├' => "|",
        '└' => "`",
        '▁' => "_",
        '▂' | '·' => ".",
        '▅' => "+",
        '▆' => "*",
        '▇' => "%",
        '▲' | '↑' => "^",
        '▼' | '↓' => "v",
        '←' => "<",
        '→' | '…' => ">",
        'µ' | 'μ' => "u",
        '×' => "x",
        '°' | '\u{a0}' => " ",
        '‘' | '’' => "'",
        '“' | '”' => "\"",
        _ => "?",
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn a_wide_letter_leaves_no_hole_and_a_name_no_letter_beyond_ascii() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "├─日本é ▅…x°", ratatui::style::Style::new());
        to_ascii(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "|-? ? ? +>x ");
    }
}
