//! Where a Dockerfile, its context and its ignore file lie in a project. Links are followed as long as they stay in the
//! project; of one that does not, nothing is told but that.

use crate::ignore::Patterns;
use crate::listing::Listing;
use sidings_proto::plan::DOCKERFILE_MAX;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A Dockerfile and its context, found and read.
#[derive(Clone, Debug)]
pub struct Place {
    /// The project's root, as the system calls it.
    pub root: PathBuf,
    /// The context's folder, likewise.
    pub context: PathBuf,
    /// The Dockerfile's path in the context; none when it lies elsewhere.
    pub in_context: Option<String>,
    /// Its text.
    pub text: String,
    /// What the context leaves out.
    pub patterns: Patterns,
}

/// Why there is nothing to build from.
#[derive(Debug, thiserror::Error)]
pub enum NoPlace {
    /// The project is wrong; in words for its people.
    #[error("{0}")]
    Project(String),
    /// The project's own folder cannot be read.
    #[error("finding the project")]
    Unreadable(#[source] io::Error),
}

impl Place {
    /// Finds both; their paths are relative to `root`.
    pub fn find(root: &Path, context: &str, dockerfile: &str) -> Result<Place, NoPlace> {
        let root = fs::canonicalize(root).map_err(NoPlace::Unreadable)?;
        let folder = within(&root, context, "build context")?;
        if !folder.is_dir() {
            return Err(NoPlace::Project(format!("the build context {context:?} is not a folder")));
        }
        let file = within(&root, dockerfile, "Dockerfile")?;
        let text = text(&file, dockerfile)?;
        let in_context = file.strip_prefix(&folder).ok().and_then(Path::to_str).map(str::to_owned);
        let patterns = patterns(&file, &folder, dockerfile)?;
        Ok(Place { root, context: folder, in_context, text, patterns })
    }

    /// The files of the context. `checked_out`: git made the project's folder and nobody touched it since.
    pub fn listing(&self, checked_out: bool) -> io::Result<Listing> {
        if checked_out && let Some(listing) = Listing::of_checkout(&self.root, &self.context, &self.patterns)? {
            return Ok(listing);
        }
        Listing::of_folder(&self.context, &self.patterns)
    }
}

fn within(root: &Path, path: &str, what: &str) -> Result<PathBuf, NoPlace> {
    let place = fs::canonicalize(root.join(path)).ok().filter(|place| place.starts_with(root));
    place.ok_or_else(|| NoPlace::Project(format!("the {what} {path:?} is not in the project")))
}

fn text(place: &Path, name: &str) -> Result<String, NoPlace> {
    let refuse = |reason: String| NoPlace::Project(format!("{name}: {reason}"));
    let metadata = fs::metadata(place).map_err(|error| refuse(error.to_string()))?;
    if !metadata.is_file() {
        return Err(refuse("is not a file".to_owned()));
    }
    if metadata.len() > DOCKERFILE_MAX {
        return Err(refuse(format!("is longer than {DOCKERFILE_MAX} bytes")));
    }
    fs::read_to_string(place).map_err(|error| refuse(error.to_string()))
}

/// `<Dockerfile>.dockerignore` beside the Dockerfile, else `.dockerignore` in the context, else nothing.
fn patterns(file: &Path, context: &Path, dockerfile: &str) -> Result<Patterns, NoPlace> {
    let mut own = file.as_os_str().to_owned();
    own.push(".dockerignore");
    for file in [PathBuf::from(own), context.join(".dockerignore")] {
        // A link is not followed: it could lead anywhere.
        if fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let patterns = Patterns::parse(&text(&file, &name)?);
            return patterns.map_err(|error| NoPlace::Project(format!("{name} of {dockerfile}: {error}")));
        }
    }
    Ok(Patterns::default())
}
