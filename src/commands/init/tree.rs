//! The project's files, as far as they tell how it is tested.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// No file that describes a project is longer.
const MAX_BYTES: u64 = 1024 * 1024;
/// So many folders deep tests are looked for.
const DEPTH: usize = 4;
/// So many files are looked at.
const MOST: usize = 5000;
/// Folders whose files are others' or made.
const PASSED_OVER: [&str; 8] = ["node_modules", "vendor", "target", "build", "dist", "out", "venv", "__pycache__"];

/// A project's folder.
pub(super) struct Tree {
    root: PathBuf,
    /// Paths from the root, in order.
    files: Vec<String>,
}

impl Tree {
    pub(super) fn of(root: &Path) -> Tree {
        let mut files = Vec::new();
        collect(root, "", DEPTH, &mut files);
        files.sort();
        Tree { root: root.to_owned(), files }
    }

    /// Whether the file is there, at the top.
    pub(super) fn has(&self, name: &str) -> bool {
        self.root.join(name).is_file()
    }

    pub(super) fn has_folder(&self, name: &str) -> bool {
        self.root.join(name).is_dir()
    }

    /// The first of these files that is there.
    pub(super) fn first(&self, names: &[&'static str]) -> Option<&'static str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// A file's text, empty if there is none.
    pub(super) fn text(&self, name: &str) -> String {
        let mut bytes = Vec::new();
        let read = fs::File::open(self.root.join(name)).map(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
        if read.is_ok() { String::from_utf8_lossy(&bytes).into_owned() } else { String::new() }
    }

    /// Files with this ending.
    pub(super) fn ending(&self, ending: &str) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str).filter(move |path| path.ends_with(ending))
    }
}

fn collect(folder: &Path, path: &str, depth: usize, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if files.len() >= MOST || name.starts_with('.') {
            continue;
        }
        let inner = format!("{path}{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_dir() && depth > 1 && !PASSED_OVER.contains(&name.as_str()) => {
                collect(&entry.path(), &format!("{inner}/"), depth - 1, files);
            }
            Ok(kind) if kind.is_file() => files.push(inner),
            Ok(_) | Err(_) => {}
        }
    }
}
