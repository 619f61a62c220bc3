//! Hashes of what is in files: of the bytes on disk, whatever git calls them. What git itself checked out and nobody
//! touched is known by git's id once it was read, so that the next commit reads only what is new in it.
//!
//! Such ids are never made here from bytes that somebody sent: git compared each with its content when it fetched it.

use crate::listing::{Blob, Entry, Listing, Sort};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many hashes are kept, some 150 bytes each; then the collection begins anew.
const KEPT_MOST: usize = 1_000_000;
/// A thread more is worth it for so many files.
const FILES_A_THREAD: usize = 500;
const THREADS_MOST: usize = 8;

type Hash = [u8; 32];

/// The hashes that are known of one repository. What one project's repository holds never speaks for another's.
#[derive(Debug, Default)]
pub struct Contents {
    known: Mutex<Known>,
}

/// In the order in which they were read first, which is mostly that in which they are asked for again: so a tree of
/// which little changed is found by going from one to the next, and only what is elsewhere is looked up.
#[derive(Debug, Default)]
struct Known {
    hashes: Vec<(Blob, Hash)>,
    places: HashMap<Blob, usize>,
}

impl Known {
    /// Where the hash of a content is; `expected` is a guess.
    fn find(&self, blob: &Blob, expected: usize) -> Option<usize> {
        match self.hashes.get(expected) {
            Some((known, _)) if known == blob => Some(expected),
            Some(_) | None => self.places.get(blob).copied(),
        }
    }

    fn add(&mut self, blob: Blob, hash: Hash) {
        self.places.entry(blob).or_insert_with(|| {
            self.hashes.push((blob, hash));
            self.hashes.len() - 1
        });
    }
}

impl Contents {
    /// The hash of each of these files of a listing, in their order.
    pub(crate) fn hashes(&self, listing: &Listing, files: &[usize]) -> io::Result<Vec<Hash>> {
        let mut hashes = vec![None; files.len()];
        self.recall(listing, files, &mut hashes);
        let missing: Vec<usize> = (0..files.len()).filter(|at| hashes[*at].is_none()).collect();
        let entries: Vec<&Entry> = missing.iter().map(|at| &listing.entries()[files[*at]]).collect();
        let read = read_all(listing, &entries)?;
        self.remember(&entries, &read);
        for (at, hash) in missing.into_iter().zip(read) {
            hashes[at] = Some(hash);
        }
        Ok(hashes.into_iter().flatten().collect())
    }

    fn recall(&self, listing: &Listing, files: &[usize], hashes: &mut [Option<Hash>]) {
        let known = self.known();
        let mut expected = 0;
        for (file, hash) in files.iter().zip(hashes) {
            let place = listing.entries()[*file].blob.as_ref().and_then(|blob| known.find(blob, expected));
            *hash = place.map(|at| known.hashes[at].1);
            expected = place.map_or(expected, |at| at + 1);
        }
    }

    fn remember(&self, entries: &[&Entry], hashes: &[Hash]) {
        let mut known = self.known();
        if known.hashes.len() + entries.len() > KEPT_MOST {
            *known = Known::default();
        }
        for (entry, hash) in entries.iter().zip(hashes) {
            entry.blob.into_iter().for_each(|blob| known.add(blob, *hash));
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read_all(listing: &Listing, entries: &[&Entry]) -> io::Result<Vec<Hash>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MOST);
    let threads = (entries.len() / FILES_A_THREAD).clamp(1, cores);
    if threads == 1 {
        return read_some(listing, entries);
    }
    let parts = entries.chunks(entries.len().div_ceil(threads));
    let read = std::thread::scope(|scope| {
        let threads: Vec<_> = parts.map(|part| scope.spawn(move || read_some(listing, part))).collect();
        let joined =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.collect::<io::Result<Vec<_>>>()
    })?;
    Ok(read.concat())
}

fn read_some(listing: &Listing, entries: &[&Entry]) -> io::Result<Vec<Hash>> {
    let mut buffer = vec![0; 1 << 16];
    entries.iter().map(|entry| hash(File::open(listing.root().join(entry.path()))?, &mut buffer)).collect()
}

fn hash(mut file: File, buffer: &mut [u8]) -> io::Result<Hash> {
    let mut hasher = blake3::Hasher::new();
    loop {
        let count = match file.read(buffer) {
            Ok(0) => return Ok(*hasher.finalize().as_bytes()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(&buffer[..count]);
    }
}

/// Whether an entry has content of its own.
pub(crate) fn is_file(entry: &Entry) -> bool {
    matches!(entry.sort, Sort::File { .. })
}

#[cfg(test)]
mod tests;
