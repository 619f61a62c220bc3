//! Where any of many texts stands in some bytes.
//!
//! The search skips: a table says for two neighbouring bytes how far the next place is at which they could belong to
//! the beginning of a text that is looked for (Wu and Manber's way). A log without secrets costs a look at every fifth
//! byte or so.

use crate::SHORTEST;
use crate::forms::forms;

/// All texts are at least this long, so that no occurrence begins and ends between two looks.
const WINDOW: usize = SHORTEST;
const PAIRS: usize = 1 << 16;

/// Texts that are looked for. Says nothing of them in its `Debug`.
#[derive(Clone)]
pub struct Finder {
    /// The longest first, so that the first that fits is the longest.
    texts: Vec<Vec<u8>>,
    /// How far to go on when the window ends with this pair.
    skips: Vec<u8>,
    /// The texts by the pair that ends their first window, sorted by it.
    ends: Vec<(u16, u32)>,
    /// The bytes that texts begin with.
    beginnings: [bool; 256],
}

impl std::fmt::Debug for Finder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finder").finish_non_exhaustive()
    }
}

impl Finder {
    /// Looks for these values in all their forms; none: there is nothing to look for.
    pub fn of<'v>(values: impl IntoIterator<Item = &'v str>) -> Option<Finder> {
        let mut texts: Vec<Vec<u8>> = values.into_iter().flat_map(forms).collect();
        texts.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
        texts.dedup();
        (!texts.is_empty()).then(|| Finder::of_texts(texts))
    }

    fn of_texts(texts: Vec<Vec<u8>>) -> Finder {
        let furthest = u8::try_from(WINDOW - 1).unwrap_or(u8::MAX);
        let mut skips = vec![furthest; PAIRS];
        let mut ends = Vec::new();
        let mut beginnings = [false; 256];
        for (index, text) in texts.iter().enumerate() {
            beginnings[usize::from(text[0])] = true;
            for end in 1..WINDOW {
                let skip = &mut skips[usize::from(pair(text, end))];
                *skip = (*skip).min(u8::try_from(WINDOW - 1 - end).unwrap_or(u8::MAX));
            }
            ends.push((pair(text, WINDOW - 1), u32::try_from(index).unwrap_or(u32::MAX)));
        }
        ends.sort_unstable();
        Finder { texts, skips, ends, beginnings }
    }

    /// The next occurrence that begins at `from` or later: its beginning and its end, the longest where several begin.
    pub(crate) fn next(&self, bytes: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut end = from + WINDOW - 1;
        while end < bytes.len() {
            let pair = pair(bytes, end);
            let skip = self.skips[usize::from(pair)];
            if skip == 0 {
                let begin = end + 1 - WINDOW;
                if let Some(length) = self.longest_at(&bytes[begin..], pair) {
                    return Some((begin, begin + length));
                }
            }
            end += usize::from(skip.max(1));
        }
        None
    }

    /// Where the longest end of these bytes begins that more bytes could make an occurrence of.
    pub(crate) fn unfinished(&self, bytes: &[u8]) -> usize {
        let longest = self.texts.first().map_or(0, Vec::len);
        let first = bytes.len().saturating_sub(longest.saturating_sub(1));
        let open = |at: &usize| self.beginnings[usize::from(bytes[*at])] && self.is_begun_by(&bytes[*at..]);
        (first..bytes.len()).find(open).unwrap_or(bytes.len())
    }

    fn longest_at(&self, bytes: &[u8], pair: u16) -> Option<usize> {
        let first = self.ends.partition_point(|(end, _)| *end < pair);
        let candidates = self.ends[first..].iter().take_while(|(end, _)| *end == pair);
        let mut texts = candidates.filter_map(|(_, index)| self.texts.get(*index as usize));
        texts.find(|text| bytes.starts_with(text)).map(Vec::len)
    }

    fn is_begun_by(&self, bytes: &[u8]) -> bool {
        self.texts.iter().any(|text| text.len() > bytes.len() && text.starts_with(bytes))
    }
}

fn pair(bytes: &[u8], end: usize) -> u16 {
    u16::from_le_bytes([bytes[end - 1], bytes[end]])
}
