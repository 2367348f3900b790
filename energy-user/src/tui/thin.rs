//! What a frame is in bytes: only the cells that changed, and nothing for a frame like the last.
//!
//! They are collected here and written elsewhere, so that no terminal can keep the loop waiting.
//! ratatui's own backend hides the cursor and resets colours with every frame, also an empty one.

use std::io::{self, Write};

use crossterm::{cursor::MoveTo, queue, terminal};
use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

/// A terminal that knows synchronized output (mode 2026) shows what is between these at once, so
/// that nothing tears; one that does not leaves them alone.
const BEGIN: &[u8] = b"\x1b[?2026h";
pub(super) const END: &[u8] = b"\x1b[?2026l";

/// The bytes that are to be written next.
#[derive(Debug, Default)]
pub(super) struct Thin {
    bytes: Vec<u8>,
}

impl Thin {
    /// Takes what there is to write as one frame; none where that is nothing.
    pub fn frame(&mut self) -> Option<Vec<u8>> {
        let bytes = std::mem::take(&mut self.bytes);
        (!bytes.is_empty()).then(|| [BEGIN, &bytes, END].concat())
    }
}

impl Write for Thin {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Backend for Thin {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        CrosstermBackend::new(&mut self.bytes).draw(content)
    }

    /// It is hidden as long as the terminal is ours.
    fn hide_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Nobody asks: the answer would go to the event stream.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        queue!(self.bytes, MoveTo(x, y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        CrosstermBackend::new(&mut self.bytes).clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        terminal::size().map(Size::from)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        let pixels = Size::default();
        Ok(WindowSize { columns_rows: self.size()?, pixels })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_change_is_no_frame_and_what_did_is_one() {
        let mut thin = Thin::default();
        thin.draw(std::iter::empty()).unwrap();
        thin.hide_cursor().unwrap();
        Backend::flush(&mut thin).unwrap();
        assert_eq!(thin.frame(), None);
        let cell = Cell::new("x");
        thin.draw([(3, 1, &cell)].into_iter()).unwrap();
        let frame = String::from_utf8(thin.frame().unwrap()).unwrap();
        assert!(frame.starts_with("\x1b[?2026h\x1b[2;4Hx") && frame.ends_with("\x1b[?2026l"));
        assert!(frame.len() < 50, "{frame:?}");
        assert_eq!(thin.frame(), None, "each is taken once");
    }
}
