//! The files of a commit that were looked up so far. The compiler asks for files by name and cannot wait; what it
//! asks for and is not here yet is noted, fetched, and the text compiled again.

use sidings_pipeline::{Changed, Files};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// More files than this are not looked up for one pipeline.
const FILES_MAX: usize = 1000;

/// Files by path; `None` for those that are not there.
#[derive(Debug, Default)]
pub(super) struct Found {
    files: BTreeMap<String, Option<String>>,
    missed: Mutex<Vec<String>>,
    /// None until it was looked up.
    changed: Option<Changed>,
    missed_changed: AtomicBool,
}

impl Found {
    /// A file's text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.files.get(path).cloned().flatten()
    }

    /// Adds a file, or that there is none.
    pub(super) fn add(&mut self, path: String, bytes: Option<Vec<u8>>) {
        self.files.insert(path, bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()));
    }

    /// Adds many.
    pub(super) fn add_all(&mut self, files: BTreeMap<String, Option<Vec<u8>>>) {
        files.into_iter().for_each(|(path, bytes)| self.add(path, bytes));
    }

    /// What was asked for and not looked up yet.
    pub(super) fn wanted(&self) -> Vec<String> {
        let mut wanted = std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner));
        wanted.sort_unstable();
        wanted.dedup();
        wanted.truncate(FILES_MAX.saturating_sub(self.files.len()));
        wanted
    }
}

impl Found {
    /// Adds which files the commit changed.
    pub(super) fn add_changed(&mut self, changed: Changed) {
        self.changed = Some(changed);
    }

    /// Whether that was asked for and is not here yet.
    pub(super) fn wants_changed(&self) -> bool {
        self.missed_changed.load(Ordering::Relaxed)
    }
}

impl Clone for Found {
    fn clone(&self) -> Self {
        Self { files: self.files.clone(), changed: self.changed.clone(), ..Self::default() }
    }
}

impl Files for Found {
    fn read(&self, path: &str) -> Option<String> {
        if let Some(known) = self.files.get(path) {
            return known.clone();
        }
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        None
    }

    fn changed(&self) -> Changed {
        self.changed.clone().unwrap_or_else(|| {
            self.missed_changed.store(true, Ordering::Relaxed);
            Changed::All
        })
    }
}
