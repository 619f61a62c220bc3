//! As much of SQLite's file format as reading every row of one table takes: pages, b-trees of tables, overflow.
//! <https://www.sqlite.org/fileformat2.html>

use crate::bounds::broken;
use crate::evidence::at;
use std::io::{self, Read, Seek};

const LARGEST_PAGE: usize = 65_536;
const MOST_BLOB: usize = 32 << 20;
/// No table of packages is as deep.
const DEEPEST: usize = 20;
const INTERIOR: u8 = 5;
const LEAF: u8 = 13;

/// Calls `each` with every blob of that table, which may hold no other blobs.
pub(super) fn blobs(file: &mut (impl Read + Seek), table: &str, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut pages = Pages::open(file)?;
    let mut root = None;
    pages.rows(1, &mut |row| {
        let columns = columns(row);
        let is_wanted =
            columns.first() == Some(&Column::Text(b"table")) && columns.get(1) == Some(&Column::Text(table.as_bytes()));
        if let (true, Some(Column::Number(page))) = (is_wanted, columns.get(3)) {
            root = u32::try_from(*page).ok();
        }
    })?;
    let root = root.ok_or_else(|| broken(format!("it has no table {table}")))?;
    pages.rows(root, &mut |row| {
        for column in columns(row) {
            if let Column::Blob(blob) = column {
                each(blob);
            }
        }
    })
}

struct Pages<'f, F> {
    file: &'f mut F,
    size: usize,
    /// Without what extensions keep for themselves at the end.
    usable: usize,
    /// Pages that may still be read: a tree that goes in circles ends here.
    left: u64,
}

impl<'f, F: Read + Seek> Pages<'f, F> {
    fn open(file: &'f mut F) -> io::Result<Pages<'f, F>> {
        let header = at(file, 0, 100, 100)?;
        if !header.starts_with(b"SQLite format 3\0") {
            return Err(broken("it does not begin as a database of SQLite does"));
        }
        let size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => LARGEST_PAGE,
            size => usize::from(size),
        };
        let usable = size.saturating_sub(usize::from(header[20]));
        if size < 512 || usable < 480 {
            return Err(broken("its pages have no sensible size"));
        }
        let length = file.seek(io::SeekFrom::End(0))?;
        Ok(Pages { file, size, usable, left: 2 * (length / size as u64 + 1) })
    }

    fn page(&mut self, number: u32) -> io::Result<Vec<u8>> {
        self.left = self.left.checked_sub(1).ok_or_else(|| broken("its pages go in circles"))?;
        let number = number.checked_sub(1).ok_or_else(|| broken("it names a page 0"))?;
        at(self.file, u64::from(number) * self.size as u64, self.size, self.size)
    }

    fn rows(&mut self, root: u32, each: &mut impl FnMut(&[u8])) -> io::Result<()> {
        let mut waiting = vec![(root, 0)];
        while let Some((number, depth)) = waiting.pop() {
            if depth > DEEPEST {
                return Err(broken("it is too deep"));
            }
            let page = self.page(number)?;
            let node =
                Node::of(&page, number).ok_or_else(|| broken(format!("its page {number} is no part of a table")))?;
            match node.sort {
                LEAF => {
                    for cell in node.cells() {
                        if let Some(row) = self.row(cell)? {
                            each(&row);
                        }
                    }
                }
                _ => {
                    // Last in, first out: the rows come in their order.
                    waiting.push((node.right, depth + 1));
                    waiting.extend(
                        node.cells()
                            .filter_map(|cell| word(cell, 0))
                            .map(|child| (child, depth + 1))
                            .collect::<Vec<_>>()
                            .into_iter()
                            .rev(),
                    );
                }
            }
        }
        Ok(())
    }

    /// A row, with what of it lies on other pages.
    fn row(&mut self, cell: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some((length, rest)) = varint(cell) else { return Ok(None) };
        let Some((_, rest)) = varint(rest) else { return Ok(None) };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > MOST_BLOB {
            return Err(broken("a row of it is larger than it may be"));
        }
        let here = self.local(length);
        let Some(start) = rest.get(..here) else { return Ok(None) };
        let mut row = start.to_vec();
        let mut next = if here < length { word(rest, here).unwrap_or(0) } else { 0 };
        while row.len() < length && next != 0 {
            let page = self.page(next)?;
            next = word(&page, 0).unwrap_or(0);
            row.extend_from_slice(&page[4..self.usable.min(4 + length - row.len())]);
        }
        Ok((row.len() == length).then_some(row))
    }

    /// How much of a row of that length is on the table's own page.
    fn local(&self, length: usize) -> usize {
        if length <= self.usable - 35 {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (self.usable - 4);
        if fitting <= self.usable - 35 { fitting } else { least }
    }
}

/// A page of a table's tree.
struct Node<'p> {
    page: &'p [u8],
    sort: u8,
    right: u32,
    pointers: &'p [u8],
}

impl<'p> Node<'p> {
    fn of(page: &'p [u8], number: u32) -> Option<Node<'p>> {
        let head = page.get(if number == 1 { 100 } else { 0 }..)?;
        let sort = *head.first()?;
        let length = match sort {
            INTERIOR => 12,
            LEAF => 8,
            _ => return None,
        };
        let cells = usize::from(u16::from_be_bytes([*head.get(3)?, *head.get(4)?]));
        let pointers = head.get(length..length + 2 * cells)?;
        Some(Node { page, sort, right: word(head, 8).filter(|_| sort == INTERIOR).unwrap_or(0), pointers })
    }

    fn cells(&self) -> impl Iterator<Item = &'p [u8]> + use<'p> {
        let page = self.page;
        self.pointers.chunks_exact(2).filter_map(move |at| page.get(usize::from(u16::from_be_bytes([at[0], at[1]]))..))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Column<'r> {
    Number(u64),
    Text(&'r [u8]),
    Blob(&'r [u8]),
    Other,
}

fn columns(row: &[u8]) -> Vec<Column<'_>> {
    let mut columns = Vec::new();
    let Some((header, rest)) = varint(row) else { return columns };
    let consumed = row.len() - rest.len();
    let Ok(header) = usize::try_from(header) else { return columns };
    let (Some(mut types), Some(mut values)) = (row.get(consumed..header), row.get(header..)) else { return columns };
    while let Some((sort, rest)) = varint(types) {
        types = rest;
        let Some((column, rest)) = column(sort, values) else { return columns };
        columns.push(column);
        values = rest;
    }
    columns
}

fn column(sort: u64, values: &[u8]) -> Option<(Column<'_>, &[u8])> {
    let length = match sort {
        0 | 8 | 9 => 0,
        1..=4 => sort,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => (sort - 12) / 2,
    };
    let (value, rest) = values.split_at_checked(usize::try_from(length).ok()?)?;
    let column = match sort {
        1..=6 => Column::Number(value.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte))),
        9 => Column::Number(1),
        12.. if sort.is_multiple_of(2) => Column::Blob(value),
        13.. => Column::Text(value),
        _ => Column::Other,
    };
    Some((column, rest))
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut number = 0u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Some(((number << 8) | u64::from(*byte), &bytes[9..]));
        }
        number = (number << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((number, &bytes[index + 1..]));
        }
    }
    None
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}
