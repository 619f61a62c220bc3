//! Draws lines on a terminal again and again in the same place.

use anstream::adapter::strip_str;
use console::measure_text_width;
use std::borrow::Cow;
use std::io::{self, Write};

/// The terminal's columns and rows.
pub(crate) type Size = (usize, usize);

/// What is drawn, and where.
pub(crate) struct InPlace<W: Write> {
    out: W,
    size: fn() -> Size,
    colours: bool,
    drawn: Vec<String>,
    hidden: bool,
}

impl<W: Write> InPlace<W> {
    /// Draws on `out`, which is a terminal of the size that `size` tells each time.
    pub(crate) fn new(out: W, size: fn() -> Size, colours: bool) -> InPlace<W> {
        InPlace { out, size, colours, drawn: Vec::new(), hidden: false }
    }

    pub(crate) fn size(&self) -> Size {
        (self.size)()
    }

    #[cfg(test)]
    pub(crate) fn out(&self) -> &W {
        &self.out
    }

    /// Replaces what is drawn by `above`, which stays, and the new frame under it: in one write, so it does not flicker.
    pub(crate) fn draw(&mut self, above: &str, frame: Vec<String>) -> io::Result<()> {
        if above.is_empty() && frame == self.drawn {
            return Ok(());
        }
        let mut text = if self.hidden { String::new() } else { "\x1b[?25l".to_owned() };
        text.push_str(&self.back_to_top());
        let lines = above.lines().map(str::to_owned).chain(frame.iter().cloned());
        lines.for_each(|line| text.push_str(&format!("{}\x1b[K\r\n", self.coloured(&line))));
        text.push_str("\x1b[J");
        self.hidden = true;
        self.drawn = frame;
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// The same with the frame that is there.
    pub(crate) fn put_above(&mut self, text: &str) -> io::Result<()> {
        let frame = self.drawn.clone();
        self.draw(text, frame)
    }

    /// What is drawn stays, and the cursor is seen again.
    pub(crate) fn leave(&mut self) -> io::Result<()> {
        self.drawn.clear();
        self.show_cursor()
    }

    fn coloured<'a>(&self, line: &'a str) -> Cow<'a, str> {
        if self.colours { Cow::Borrowed(line) } else { Cow::Owned(strip_str(line).to_string()) }
    }

    /// Lines that were drawn for a wider terminal take more rows of it now.
    fn back_to_top(&self) -> String {
        let (width, _) = self.size();
        let rows: usize = self.drawn.iter().map(|line| measure_text_width(line).div_ceil(width.max(1)).max(1)).sum();
        if rows == 0 { "\r".to_owned() } else { format!("\r\x1b[{rows}A") }
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.hidden) {
            self.out.write_all(b"\x1b[?25h")?;
        }
        self.out.flush()
    }
}

impl<W: Write> Drop for InPlace<W> {
    fn drop(&mut self) {
        // The terminal may be gone; there is nobody left to tell.
        let _ = self.show_cursor();
    }
}
