//! What discovery printed, as a list of tests: one a line, or, where there is a NUL, between NULs, so that an id may
//! have line ends. Empty ones are none. What is wrong with the list is the queue's to say.

use sidings_proto::split::SplitTest;
use sidings_proto::split::desk::{Sizes, files_of};

pub(super) fn read(printed: &[u8], sizes: &Sizes) -> Vec<SplitTest> {
    let text = String::from_utf8_lossy(printed);
    let ids: Vec<&str> = match text.contains('\0') {
        true => text.split('\0').collect(),
        false => text.lines().map(|line| line.trim_end_matches('\r')).collect(),
    };
    let ids = ids.into_iter().filter(|id| !id.is_empty());
    let size = |id| files_of(id).find_map(|file| sizes.get(file).copied());
    ids.map(|id| SplitTest { id: id.to_owned(), file_bytes: size(id) }).collect()
}
