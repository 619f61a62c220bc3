//! Which entries of a context an instruction sees. Links are followed as the builder follows them, within the context,
//! and count themselves on the way.

use crate::ignore::clean;
use crate::listing::{Listing, Sort};
use crate::wildcard;
use std::collections::VecDeque;
use std::os::unix::ffi::OsStrExt;

/// As many links as a path may lead over.
const LINKS_MOST: usize = 255;

/// What was seen so far: for each entry the line that saw it first.
#[derive(Debug)]
pub(crate) struct Sight<'l> {
    listing: &'l Listing,
    seen: Vec<Option<usize>>,
}

impl<'l> Sight<'l> {
    pub(crate) fn new(listing: &'l Listing) -> Sight<'l> {
        Sight { listing, seen: vec![None; listing.entries().len()] }
    }

    /// What was seen, in the listing's order, each with its line.
    pub(crate) fn seen(&self) -> impl Iterator<Item = (usize, usize)> {
        self.seen.iter().enumerate().filter_map(|(at, line)| Some((at, (*line)?)))
    }

    pub(crate) fn everything(&mut self, line: usize) {
        self.below(b"", line);
    }

    /// A path that means itself, and all below it.
    pub(crate) fn path(&mut self, path: &str, line: usize) {
        let parts = parts(path);
        self.follow(parts, line);
    }

    /// A source of `COPY`, whose parts may be patterns. With `parents` patterns mean more, so that all that they could
    /// match is seen.
    pub(crate) fn source(&mut self, source: &str, parents: bool, line: usize) {
        let parts = parts(source);
        let fixed = parts.iter().position(|part| wildcard::is_wild(part)).unwrap_or(parts.len());
        let (fixed, wild) = parts.split_at(fixed);
        if wild.is_empty() || parents || source.contains("**") {
            self.follow(fixed.to_vec(), line);
            return;
        }
        if let Some(folder) = self.resolve(fixed.to_vec(), line) {
            self.matching(&folder, &wild.join(&b'/'), line);
        }
    }

    fn matching(&mut self, folder: &[u8], pattern: &[u8], line: usize) {
        let cut = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let depth = pattern.iter().filter(|byte| **byte == b'/').count();
        for at in self.listing.below(folder) {
            let name = &self.listing.entries()[at].name;
            let name = name.strip_suffix(b"/").unwrap_or(name);
            let within = &name[cut..];
            // A class may match a slash, so that a name may lie deeper than its pattern; never less deep by itself.
            if within.iter().filter(|byte| **byte == b'/').count() < depth {
                continue;
            }
            match wildcard::matches(pattern, within) {
                Some(true) => self.follow(name.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect(), line),
                Some(false) => {}
                None => return self.below(folder, line),
            }
        }
    }

    fn follow(&mut self, parts: Vec<Vec<u8>>, line: usize) {
        if let Some(place) = self.resolve(parts, line) {
            if let Some(at) = self.listing.find(&place) {
                self.mark(at, line);
            }
            self.below(&place, line);
        }
    }

    fn below(&mut self, folder: &[u8], line: usize) {
        for at in self.listing.below(folder) {
            self.mark(at, line);
        }
    }

    fn mark(&mut self, at: usize, line: usize) {
        self.seen[at].get_or_insert(line);
    }

    /// Where a path leads, links followed; none where there is nothing.
    fn resolve(&mut self, parts: Vec<Vec<u8>>, line: usize) -> Option<Vec<u8>> {
        let mut open = VecDeque::from(parts);
        let mut place: Vec<u8> = Vec::new();
        let mut links = 0;
        while let Some(part) = open.pop_front() {
            if part.is_empty() || part == b"." {
                continue;
            }
            let parent = place.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
            if part == b".." {
                place.truncate(parent);
                continue;
            }
            let next = if place.is_empty() { part } else { [&place, b"/".as_slice(), &part].concat() };
            let at = self.listing.find(&next)?;
            let Sort::Link { target } = &self.listing.entries()[at].sort else {
                place = next;
                continue;
            };
            self.mark(at, line);
            links += 1;
            if links > LINKS_MOST {
                return None;
            }
            let target = target.as_os_str().as_bytes();
            if target.starts_with(b"/") {
                place.clear();
            }
            for part in target.split(|byte| *byte == b'/').rev() {
                open.push_front(part.to_vec());
            }
        }
        Some(place)
    }
}

/// The parts of a path from the context's root, which nothing leads out of.
fn parts(path: &str) -> Vec<Vec<u8>> {
    let clean = clean(&format!("/{path}"));
    clean.split('/').filter(|part| !part.is_empty()).map(|part| part.as_bytes().to_vec()).collect()
}

#[cfg(test)]
mod tests;
