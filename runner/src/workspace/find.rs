//! Files of a workspace by patterns: what a job left there for somebody to read.
//!
//! Whoever wrote the tree may have put anything into it: nothing is followed out of it, nothing waits, and how much is
//! looked at is bounded. A part of a pattern is `**`, any number of folders, or itself a pattern, of one name.

use super::tree::{Folder, Kind};
use sidings_proto::pattern::Pattern;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Names that are looked at for all patterns of a job.
const NAMES: usize = 500_000;
/// Files that are found.
const FILES: usize = 10_000;
/// Folders in one another.
const DEPTH: usize = 64;

/// What is no file though it has a wanted name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAFile {
    #[error("it is a link")]
    Link,
    #[error("it is not a regular file")]
    Strange,
}

/// What was found, by path.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The files, and what has the name of one.
    pub(crate) files: BTreeMap<PathBuf, Result<(), NotAFile>>,
    /// Patterns that nothing was found by.
    pub(crate) without: Vec<String>,
    /// The tree is larger than may be looked at: there may be more files.
    pub(crate) too_large: bool,
}

/// Looks for files in one tree.
#[derive(Debug)]
pub(crate) struct Search {
    found: Found,
    names: usize,
}

impl Search {
    /// All files beneath a folder of ours that some pattern is of.
    pub(crate) fn of(root: &Path, patterns: &[String]) -> io::Result<Found> {
        let root = Folder::root(root)?;
        let mut search = Search { found: Found::default(), names: 0 };
        for pattern in patterns {
            let before = search.found.files.len();
            let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
            // Nobody upstream lets such a pattern pass; nothing is left to that here.
            if !parts.contains(&"..") {
                search.walk(&root, Path::new(""), &parts);
            }
            let known = search.found.files.keys().any(|path| path.as_os_str() == pattern.as_str());
            if search.found.files.len() == before && !known {
                search.found.without.push(pattern.clone());
            }
        }
        Ok(search.found)
    }

    /// Folders that cannot be read, or are no longer there, have nothing in them.
    fn walk(&mut self, folder: &Folder, at: &Path, parts: &[&str]) {
        match parts {
            [] => {}
            ["**"] => self.walk(folder, at, &["**", "*"]),
            ["**", rest @ ..] => {
                self.walk(folder, at, rest);
                for name in self.names(folder, |_| true) {
                    self.enter(folder, at, &name, parts);
                }
            }
            [name] if is_plain(name) => self.take(folder, at, OsStr::new(name)),
            [pattern] => {
                for name in self.matching(folder, pattern) {
                    self.take(folder, at, &name);
                }
            }
            [name, rest @ ..] if is_plain(name) => self.enter(folder, at, OsStr::new(name), rest),
            [pattern, rest @ ..] => {
                for name in self.matching(folder, pattern) {
                    self.enter(folder, at, &name, rest);
                }
            }
        }
    }

    fn matching(&mut self, folder: &Folder, pattern: &str) -> Vec<OsString> {
        match Pattern::parse(pattern) {
            Ok(pattern) => self.names(folder, |name| pattern.matches(&name.to_string_lossy())),
            // Nobody upstream lets such a one pass.
            Err(_) => Vec::new(),
        }
    }

    /// The wanted names of a folder, in order.
    fn names(&mut self, folder: &Folder, wanted: impl Fn(&OsStr) -> bool) -> Vec<OsString> {
        let mut names = Vec::new();
        let (looked_at, found) = (&mut self.names, &mut self.found);
        let read = folder.each(|name| {
            *looked_at += 1;
            found.too_large |= *looked_at > NAMES;
            if wanted(name) {
                names.push(name.to_owned());
            }
            !found.too_large
        });
        if let Err(error) = read {
            tracing::debug!(%error, "a folder of a workspace cannot be read");
        }
        names.sort();
        names
    }

    fn enter(&mut self, folder: &Folder, at: &Path, name: &OsStr, parts: &[&str]) {
        let path = at.join(name);
        if path.components().count() > DEPTH {
            self.found.too_large = true;
            return;
        }
        if !matches!(folder.entry(name), Ok(Some(entry)) if entry.kind == Kind::Folder) {
            return;
        }
        if let Ok(inner) = folder.folder(name) {
            self.walk(&inner, &path, parts);
        }
    }

    fn take(&mut self, folder: &Folder, at: &Path, name: &OsStr) {
        let Ok(Some(entry)) = folder.entry(name) else { return };
        let what = match entry.kind {
            Kind::File => Ok(()),
            // Something else may be meant by the pattern, such as the files in it.
            Kind::Folder => return,
            Kind::Link => Err(NotAFile::Link),
            Kind::Pipe | Kind::Socket | Kind::Nothing | Kind::Device => Err(NotAFile::Strange),
        };
        if self.found.files.len() >= FILES {
            self.found.too_large = true;
            return;
        }
        self.found.files.insert(at.join(name), what);
    }
}

/// Opens a file that was found, and says when anything of it was changed last, which no program can set.
pub(crate) fn open(root: &Path, path: &Path) -> io::Result<(File, (i64, u64))> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let folder = Folder::root(root)?.beneath(folder)?;
    let gone = || io::Error::new(io::ErrorKind::NotFound, "it is gone");
    let changed = folder.entry(name)?.ok_or_else(gone)?.changed;
    Ok((folder.file(name)?, changed))
}

fn is_plain(part: &str) -> bool {
    !part.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn found(patterns: &[&str], put: impl FnOnce(&Path)) -> String {
        let root = tempfile::tempdir().unwrap();
        put(root.path());
        let patterns: Vec<String> = patterns.iter().map(ToString::to_string).collect();
        let found = Search::of(root.path(), &patterns).unwrap();
        let file = |(path, what): (&PathBuf, &Result<(), NotAFile>)| match what {
            Ok(()) => path.display().to_string(),
            Err(not) => format!("{}: {not}", path.display()),
        };
        let without = found.without.iter().map(|pattern| format!("nothing by {pattern}"));
        found.files.iter().map(file).chain(without).collect::<Vec<_>>().join(", ")
    }

    fn tree(root: &Path) {
        for path in ["a/one.xml", "a/b/two.xml", "a/b/c/three.xml", "three.xml", "a/note.txt"] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    #[test]
    fn files_are_found_by_name_and_by_pattern() {
        assert_eq!(found(&["three.xml"], tree), "three.xml");
        assert_eq!(found(&["a/b/two.xml", "./three.xml"], tree), "a/b/two.xml, three.xml");
        assert_eq!(found(&["*.xml"], tree), "three.xml");
        assert_eq!(found(&["a/*.xml", "a/?/*.xml"], tree), "a/b/two.xml, a/one.xml");
        assert_eq!(found(&["**/*.xml"], tree), "a/b/c/three.xml, a/b/two.xml, a/one.xml, three.xml");
        assert_eq!(found(&["a/**/three.xml"], tree), "a/b/c/three.xml");
        assert_eq!(found(&["a/b/**"], tree), "a/b/c/three.xml, a/b/two.xml");
        assert_eq!(found(&["**/b/*.xml", "a/b/two.xml"], tree), "a/b/two.xml");
        assert_eq!(
            found(&["a", "nowhere/*.xml", "x.xml"], tree),
            "nothing by a, nothing by nowhere/*.xml, nothing by x.xml"
        );
    }

    #[test]
    fn nothing_is_followed_out_of_the_tree() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("secret.xml"), "x").unwrap();
        let put = |root: &Path| {
            symlink("/etc/passwd", root.join("passwd.xml")).unwrap();
            symlink(elsewhere.path(), root.join("out")).unwrap();
            symlink(".", root.join("loop")).unwrap();
            rustix::fs::mknodat(
                rustix::fs::CWD,
                root.join("pipe.xml"),
                rustix::fs::FileType::Fifo,
                rustix::fs::Mode::RWXU,
                0,
            )
            .unwrap();
        };
        let all = "passwd.xml: it is a link, pipe.xml: it is not a regular file";
        assert_eq!(found(&["**/*.xml"], put), all);
        let put = |root: &Path| symlink(elsewhere.path(), root.join("out")).unwrap();
        assert_eq!(found(&["out/secret.xml", "../*"], put), "nothing by out/secret.xml, nothing by ../*");
    }

    #[test]
    fn what_was_swapped_for_a_link_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        symlink("/etc/passwd", root.path().join("report.xml")).unwrap();
        fs::create_dir(root.path().join("a")).unwrap();
        symlink("/etc", root.path().join("a/etc")).unwrap();
        assert!(open(root.path(), Path::new("report.xml")).is_err());
        assert!(open(root.path(), Path::new("a/etc/passwd")).is_err());
        assert!(open(root.path(), Path::new("../passwd")).is_err());
    }

    #[test]
    fn a_tree_without_end_is_not_looked_at_for_ever() {
        let deep = |root: &Path| fs::create_dir_all(root.join("d/".repeat(DEPTH + 5))).unwrap();
        let root = tempfile::tempdir().unwrap();
        deep(root.path());
        assert!(Search::of(root.path(), &["**/x".to_owned()]).unwrap().too_large);
    }
}
