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
        '·' => ".",
        '▂' => ",",
        '▅' => "+",
        '▆' => "*",
        '▇' => "%",
        '▲' | '↑' => "^",
        '▼' | '↓' => "v",
        '←' => "<",
        '→' | '…' | '▸' => ">",
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
    use crate::tui::small;

    /// Every letter beyond ASCII that the screen draws with, as its sources have them.
    fn drawn_with() -> std::collections::BTreeSet<char> {
        fn sources(folder: &std::path::Path, all: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    sources(&path, all);
                } else if name != "tests.rs" && name != "glyph.rs" {
                    all.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut all = Vec::new();
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui");
        sources(&folder, &mut all);
        let code = all.iter().flat_map(|source| {
            let source = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
            source.lines().filter(|line| !line.trim_start().starts_with("//"))
        });
        code.flat_map(str::chars).filter(|letter| !letter.is_ascii()).collect()
    }

    #[test]
    fn nothing_that_is_drawn_is_lost_in_ascii() {
        let drawn = drawn_with();
        assert!(drawn.len() > 25 && drawn.contains(&'▸'), "{drawn:?}");
        for letter in drawn {
            assert_ne!(ascii(letter), "?", "{letter}");
        }
    }

    /// What stands side by side in one graph, bar or column and means another thing.
    #[test]
    fn what_is_told_apart_is_told_apart_in_ascii() {
        let graph: Vec<char> = small::HEIGHTS.into_iter().skip(1).chain([small::GAP]).collect();
        for together in [&graph[..], &['━', '╸'], &['━', '─'], &['▲', '▼'], &['↑', '↓', '←', '→']]
        {
            let ascii: std::collections::BTreeSet<_> =
                together.iter().map(|letter| ascii(*letter)).collect();
            assert_eq!(ascii.len(), together.len(), "{together:?}");
        }
    }

    #[test]
    fn a_wide_letter_leaves_no_hole_and_a_name_no_letter_beyond_ascii() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "├─日本é ▅…x°", ratatui::style::Style::new());
        to_ascii(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "|-? ? ? +>x ");
    }
}
