//! How the environments of a run's jobs differ from those of an earlier run: `GET /api/v1/runs/{run}/environment`.

use crate::RunId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The jobs of a run that used an image, in the order of the file, each beside the run before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedEnvironments {
    /// In the order of the file.
    pub jobs: Vec<ComparedJob>,
}

/// The images of a job, and what is different from those it had before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedJob {
    /// The job's name.
    pub job: String,
    /// The run it is compared with: the newest earlier one of the same ref in which a job of this name had an image,
    /// else of the default branch; none where there is none.
    pub with: Option<ComparedRun>,
    /// Its images; each that is not as it was says how.
    pub images: Vec<ComparedImage>,
}

/// An earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedRun {
    /// Its id.
    pub id: RunId,
    /// Its number in the project.
    pub number: u64,
    /// Of which branch, tag or ref.
    pub of: String,
    /// Of which commit; zeros for a tree without one.
    pub sha: String,
}

/// An image as a job used it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SeenImage {
    /// As it was named.
    pub reference: String,
    /// The key, when it was built from a Dockerfile.
    pub key: Option<String>,
    /// The registry's digest where it is known, else the engine's id.
    pub digest: String,
}

/// An image, and what it was before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ComparedImage {
    /// It.
    pub now: SeenImage,
    /// What took its place in the earlier run; none where nothing did.
    pub before: Option<SeenImage>,
    /// What is known to be different of what it is made from; empty where nothing is, or nothing is known.
    pub causes: Vec<EnvironmentCause>,
    /// How the packages in it differ, where it is known what is in both.
    pub packages: Option<PackageChanges>,
}

impl ComparedImage {
    /// Whether it is as it was: by its key where it has one, else by its digest.
    pub fn is_same(&self) -> bool {
        self.before.as_ref().is_some_and(|before| match (&self.now.key, &before.key) {
            (Some(now), Some(before)) => now == before,
            (None, None) => self.now.reference == before.reference && self.now.digest == before.digest,
            (Some(_), None) | (None, Some(_)) => false,
        })
    }
}

/// Something that an image is made from and that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EnvironmentCause {
    /// It is built from another Dockerfile, context or stage.
    Place {
        /// As the earlier pipeline said it.
        before: String,
        /// As this one does.
        now: String,
    },
    /// The text of its Dockerfile differs.
    Dockerfile {
        /// Which, relative to the project's root.
        path: String,
    },
    /// Files of its context differ between the commits. One that no instruction copies does not count for the key.
    Context {
        /// Some of them, by name.
        paths: Vec<String>,
        /// How many in all.
        count: u64,
    },
    /// A build argument has another value.
    Argument {
        /// Its name.
        name: String,
        /// What it was, if it was given.
        before: Option<String>,
        /// What it is, if it is given.
        now: Option<String>,
    },
    /// The same reference means another image than it did.
    Digest {
        /// The reference: of a base image, or of this one.
        reference: String,
        /// What it meant.
        before: String,
        /// What it means.
        now: String,
    },
}

impl fmt::Display for EnvironmentCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given =
            |value: &Option<String>| value.as_ref().map_or("not given".to_owned(), |value| format!("\"{value}\""));
        match self {
            EnvironmentCause::Place { before, now } => write!(f, "built from {now}, before from {before}"),
            EnvironmentCause::Dockerfile { path } => write!(f, "{path} was changed"),
            EnvironmentCause::Context { paths, count } => {
                write!(f, "files of its context were changed: {}", paths.join(", "))?;
                match count.saturating_sub(paths.len() as u64) {
                    0 => Ok(()),
                    more => write!(f, " and {more} more"),
                }
            }
            EnvironmentCause::Argument { name, before, now } => {
                write!(f, "build argument {name}: {}, before {}", given(now), given(before))
            }
            EnvironmentCause::Digest { reference, before, now } => {
                write!(f, "{reference} means {}, before {}", short(now), short(before))
            }
        }
    }
}

/// As people tell digests apart.
fn short(digest: &str) -> String {
    digest.chars().take(19).collect()
}

/// How the packages of two images differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageChanges {
    /// Packages that are new.
    pub added: u64,
    /// Packages that are gone.
    pub removed: u64,
    /// Packages that have another version.
    pub changed: u64,
    /// The first of them.
    pub first: Vec<PackageChange>,
}

/// A package that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PackageChange {
    /// Who packs it, such as `deb`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The versions before; none if it is new.
    pub before: Vec<String>,
    /// The versions now; none if it is gone.
    pub now: Vec<String>,
}

impl fmt::Display for PackageChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions = |all: &[String]| if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        write!(f, "{} {} → {}", self.name, versions(&self.before), versions(&self.now))
    }
}
