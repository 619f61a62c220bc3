//! rpm's `Packages.db`: a table of slots, each of which says where a package's header lies.

use crate::bounds::broken;
use crate::evidence::at;
use std::io::{self, Read, Seek};

const PAGE: usize = 4096;
const SLOT: usize = 16;
const BLOCK: u64 = 16;
const MOST_PAGES: usize = 4096;
const MOST_BLOB: usize = 32 << 20;

/// Calls `each` with every header.
pub(super) fn blobs(file: &mut (impl Read + Seek), mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let start = at(file, 0, 32, 32)?;
    if !start.starts_with(b"RpmP") {
        return Err(broken("it does not begin as rpm's database does"));
    }
    let pages = word(&start, 12);
    let slots = at(file, 0, (pages as usize).saturating_mul(PAGE), MOST_PAGES * PAGE)?;
    for slot in slots.chunks_exact(SLOT).skip(2).filter(|slot| slot.starts_with(b"Slot")) {
        let offset = word(slot, 8);
        if offset == 0 {
            continue;
        }
        let offset = u64::from(offset) * BLOCK;
        let head = at(file, offset, 16, 16)?;
        if !head.starts_with(b"BlbS") || head[4..8] != slot[4..8] {
            return Err(broken("a slot of it names no package"));
        }
        each(&at(file, offset + BLOCK, word(&head, 12) as usize, MOST_BLOB)?);
    }
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
