//! Text of a given width on the screen, where a letter may take no cell or two.
//!
//! What does not fit ends in `…`, so that nothing is cut silently.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Cells that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// As much of a text as fits, with `…` where it was cut.
pub fn cut(text: &str, room: usize) -> String {
    // Most texts fit; their own width is exact, while that of single letters is
    // an upper bound.
    if text.width() <= room {
        return text.into();
    }
    if room == 0 {
        return String::new();
    }
    let mut used = 0;
    let mut kept = String::new();
    for letter in text.chars() {
        used += letter.width().unwrap_or(0);
        if used >= room {
            break;
        }
        kept.push(letter);
    }
    kept.push('…');
    kept
}

/// The same, cut between words where more than the first one fits.
pub fn words(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.into();
    }
    let cut = cut(text, room);
    let whole = cut.strip_suffix('…').unwrap_or(&cut);
    // What was cut just behind a word has lost none of it.
    if text[whole.len()..].starts_with(' ') {
        return format!("{}…", whole.trim_end());
    }
    match whole.rsplit_once(' ') {
        Some((before, _)) if !before.trim().is_empty() => format!("{}…", before.trim_end()),
        _ => cut,
    }
}

/// A text over at most so many lines, broken between words where that is possible.
pub fn wrap(text: &str, room: usize, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while lines.len() + 1 < most && rest.width() > room {
        let mut used = 0;
        let end = rest.char_indices().find_map(|(index, letter)| {
            used += letter.width().unwrap_or(0);
            (used > room).then_some(index)
        });
        // The word that is cut goes to the next line, unless it fills this one.
        let end = end.unwrap_or(rest.len());
        let word = rest[..end].rfind(' ').filter(|_| !rest[end..].starts_with(' '));
        let (line, after) = rest.split_at(word.unwrap_or(end));
        if line.is_empty() {
            break;
        }
        lines.push(line.to_owned());
        rest = after.trim_start();
    }
    lines.push(cut(rest, room));
    lines
}

/// A text at the left of exactly so many cells.
pub fn left(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let pad = room.saturating_sub(text.width());
    format!("{text}{:pad$}", "")
}

/// A text at the right of exactly so many cells.
pub fn right(text: &str, room: usize) -> String {
    let text = cut(text, room);
    let pad = room.saturating_sub(text.width());
    format!("{:pad$}{text}", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_cells_and_says_so() {
        assert_eq!(cut("firefox", 7), "firefox");
        assert_eq!(cut("firefox", 6), "firef…");
        assert_eq!(cut("日本語", 5), "日本…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("firefox", 1), "…");
        assert_eq!(cut("firefox", 0), "");
    }

    #[test]
    fn a_text_is_cut_between_words_where_one_fits() {
        assert_eq!(words("H100 80GB HBM3", 14), "H100 80GB HBM3");
        assert_eq!(words("H100 80GB HBM3", 13), "H100 80GB…");
        assert_eq!(words("H100 80GB HBM3", 10), "H100 80GB…");
        assert_eq!(words("H100 80GB HBM3", 9), "H100…");
        assert_eq!(words("firefox", 4), "fir…");
        assert_eq!(words("日本 語", 4), "日…");
        assert_eq!(words("日本 語", 0), "");
    }

    #[test]
    fn a_text_wraps_between_words_and_says_where_it_was_cut() {
        assert_eq!(wrap("run as root", 20, 2), ["run as root"]);
        assert_eq!(wrap("run it as root", 8, 2), ["run it", "as root"]);
        assert_eq!(wrap("run it as root", 6, 2), ["run it", "as ro…"]);
        assert_eq!(wrap("/sys/class", 5, 3), ["/sys/", "class"]);
        assert_eq!(wrap("日本", 1, 3), ["…"]);
    }

    #[test]
    fn padding_counts_cells_too() {
        assert_eq!(left("日本", 6), "日本  ");
        assert_eq!(right("日本", 6), "  日本");
        assert_eq!(width(&left("日本語の名前", 5)), 5);
    }
}
