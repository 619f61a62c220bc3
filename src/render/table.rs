//! Columns: as wide as their widest cell, two blanks apart, nothing behind the last.

use super::style::{DIM, paint};
use console::measure_text_width;

/// Rows under a dimmed head. Cells may be coloured.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| measure_text_width(&row[column]));
        cells.chain([measure_text_width(head[column])]).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let head = head.map(|name| paint(DIM, name));
    let lines = std::iter::once(&head).chain(rows).map(|row| line(row, &widths));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn line<const N: usize>(row: &[String; N], widths: &[usize; N]) -> String {
    let mut out = String::new();
    for (cell, width) in row.iter().zip(widths) {
        out.push_str(cell);
        out.push_str(&" ".repeat(width.saturating_sub(measure_text_width(cell)) + 2));
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::GOOD;

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        let rows = [["日本".into(), paint(GOOD, "ok")], ["x".into(), String::new()]];
        let text = table(["name", "state"], &rows);
        assert_eq!(anstream::adapter::strip_str(&text).to_string(), "name  state\n日本  ok\nx\n");
    }
}
