//! Looks for the files that patterns name.

use crate::workspace::tree::{Folder, Kind, shown};
use anyhow::{Context, bail};
use sidings_proto::artifact::{BYTES_MAX, DEPTH_MAX, ENTRIES_MAX, PATH_MAX, stays_inside};
use sidings_proto::pattern::Pattern;
use std::ffi::OsStr;
use std::path::Path;

/// Names that are looked at, at most: more is no tree that anybody wants to be searched.
const LOOKED_AT_MAX: u64 = 2_000_000;
/// Said of links that could lead out, whatever is there now.
pub(super) const LEADS_OUT: &str = "it is a link that leads out of the workspace, or down before it leads up";
/// Of what is left out, so many are named.
const NAMED: usize = 10;

/// What an entry of `artifacts` asks for.
#[derive(Debug)]
pub(crate) struct Wanted {
    these: Vec<Pattern>,
    others: Vec<Pattern>,
}

/// A file, or a link that stays in the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    File { path: String, bytes: u64, executable: bool },
    Link { path: String, target: String },
}

impl Found {
    pub(crate) fn path(&self) -> &str {
        match self {
            Found::File { path, .. } | Found::Link { path, .. } => path,
        }
    }
}

/// All that was found, by path, and what was left out, as sentences.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    pub(crate) found: Vec<Found>,
    pub(crate) left_out: Vec<String>,
    bytes: u64,
    looked_at: u64,
    unnamed: u64,
}

impl Wanted {
    pub(crate) fn parse(paths: &[String]) -> anyhow::Result<Wanted> {
        let mut wanted = Wanted { these: Vec::new(), others: Vec::new() };
        for path in paths {
            let (list, bare) = match path.strip_prefix('!') {
                Some(bare) => (&mut wanted.others, bare),
                None => (&mut wanted.these, path.as_str()),
            };
            match Pattern::parse(bare) {
                Ok(pattern) => list.push(pattern),
                Err(not) => bail!("{path:?} is no pattern: {not:?}"),
            }
        }
        Ok(wanted)
    }

    fn takes(&self, path: &str) -> bool {
        self.these.iter().any(|pattern| pattern.matches(path))
    }

    fn leaves(&self, path: &str) -> bool {
        self.others.iter().any(|pattern| pattern.matches(path))
    }

    fn may_be_in(&self, folder: &str) -> bool {
        let inside = format!("{folder}/");
        self.these.iter().any(|pattern| pattern.may_match_in(&inside))
    }
}

/// Looks through a workspace in which no step is at work any more.
pub(crate) fn find(workspace: &Path, wanted: &Wanted) -> anyhow::Result<Finding> {
    let mut finding = Finding::default();
    let root = Folder::root(workspace).context("open the workspace")?;
    finding.look(&root, "", false, wanted)?;
    finding.found.sort_by(|one, other| one.path().cmp(other.path()));
    if finding.unnamed > 0 {
        finding.left_out.push(format!("{} more were left out", finding.unnamed));
    }
    Ok(finding)
}

impl Finding {
    /// `whole`: the folder was asked for, and so is all in it.
    fn look(&mut self, folder: &Folder, path: &str, whole: bool, wanted: &Wanted) -> anyhow::Result<()> {
        let names = folder.names().with_context(|| format!("list {path:?}"))?;
        self.looked_at += names.len() as u64;
        if self.looked_at > LOOKED_AT_MAX {
            bail!("there are more than {LOOKED_AT_MAX} files to look through; patterns that begin with a folder help");
        }
        for name in &names {
            let Some(text) = name.to_str() else {
                let shown = Path::new(path).join(name).to_string_lossy().into_owned();
                if whole || wanted.takes(&shown) {
                    self.leave_out(Path::new(path).join(name).as_path(), "its name is not UTF-8")?;
                }
                continue;
            };
            let path = if path.is_empty() { text.to_owned() } else { format!("{path}/{text}") };
            if !wanted.leaves(&path) {
                self.one(folder, name, path, whole, wanted)?;
            }
        }
        Ok(())
    }

    fn one(&mut self, folder: &Folder, name: &OsStr, path: String, whole: bool, wanted: &Wanted) -> anyhow::Result<()> {
        let Some(entry) = folder.entry(name).with_context(|| format!("look at {path:?}"))? else { return Ok(()) };
        let taken = whole || wanted.takes(&path);
        match entry.kind {
            Kind::Folder if taken || wanted.may_be_in(&path) => self.go_into(folder, name, &path, taken, wanted),
            Kind::Folder => Ok(()),
            _ if !taken => Ok(()),
            _ if path.len() > PATH_MAX => self.leave_out(Path::new(&path), "its path is too long"),
            Kind::File => {
                self.bytes = self.bytes.saturating_add(entry.size);
                self.add(Found::File { path, bytes: entry.size, executable: entry.mode & 0o111 != 0 })
            }
            Kind::Link => match String::from_utf8(folder.target(name).with_context(|| format!("read {path:?}"))?) {
                Ok(target) if stays_inside(&path, &target) => self.add(Found::Link { path, target }),
                Ok(_) | Err(_) => self.leave_out(Path::new(&path), LEADS_OUT),
            },
            Kind::Pipe | Kind::Socket | Kind::Nothing | Kind::Device => {
                self.leave_out(Path::new(&path), "it is neither a file nor a link")
            }
        }
    }

    fn go_into(
        &mut self,
        folder: &Folder,
        name: &OsStr,
        path: &str,
        whole: bool,
        wanted: &Wanted,
    ) -> anyhow::Result<()> {
        if path.split('/').count() >= DEPTH_MAX {
            return self.leave_out(Path::new(path), "it lies too deep");
        }
        let inner = folder.folder(name).with_context(|| format!("open {path:?}"))?;
        self.look(&inner, path, whole, wanted)
    }

    fn add(&mut self, found: Found) -> anyhow::Result<()> {
        self.found.push(found);
        if self.found.len() as u64 > ENTRIES_MAX {
            bail!("they are more than {ENTRIES_MAX} files; pack them into one archive");
        }
        if self.bytes > BYTES_MAX {
            bail!("they have more than {} GiB", BYTES_MAX >> 30);
        }
        Ok(())
    }

    fn leave_out(&mut self, path: &Path, why: &str) -> anyhow::Result<()> {
        if self.left_out.len() < NAMED {
            self.left_out.push(format!("{} is left out: {why}", shown(path)));
        } else {
            self.unnamed += 1;
        }
        Ok(())
    }
}
