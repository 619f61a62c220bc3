//! Folders that go from run to run: what a plan says of them, and how a runner asks for them.
//!
//! A cache belongs to a project and a ref, and is never changed: what is found under its key stays as it is until it is
//! removed. A ref reads its own caches and those of the default branch, and writes only its own.

use crate::BlobId;
use serde::{Deserialize, Serialize};

/// A key has at most this many bytes, once its checksums are in it.
pub const KEY_MAX: usize = 300;
/// The archive of a cache (tar in zstd) is at most this long.
pub const ARCHIVE_MAX: u64 = 4 * 1024 * 1024 * 1024;

/// An entry of a job's `cache`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Cache {
    /// Under which name it is kept.
    pub key: KeyTemplate,
    /// Beginnings of keys, of which the newest is taken if there is none of that very name; the first that fits.
    pub restore_keys: Vec<KeyTemplate>,
    /// What is in it: absolute paths are folders of every step's container, all others paths of the workspace.
    pub paths: Vec<String>,
}

/// A key before the workspace is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct KeyTemplate {
    /// In order.
    pub parts: Vec<KeyPart>,
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum KeyPart {
    /// As it is.
    Text {
        /// The text.
        text: String,
    },
    /// Stands for the content of files.
    Checksum {
        /// Patterns for paths of the workspace.
        files: Vec<String>,
    },
}

/// Asks for a cache.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CacheWanted {
    /// The one of this very name, …
    pub key: String,
    /// … else the newest that begins so; the first of these that fits.
    pub restore_keys: Vec<String>,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CacheAnswer {
    /// None: there is none that fits.
    pub found: Option<CacheFound>,
    /// Whether what the job leaves in its folders may be kept.
    pub may_save: bool,
}

/// A cache that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CacheFound {
    /// Its whole key.
    pub key: String,
    /// The archive.
    pub blob: BlobId,
    /// How long that is.
    pub bytes: u64,
}

/// A cache that a job leaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SavedCache {
    /// Its key.
    pub key: String,
    /// The archive.
    pub blob: BlobId,
    /// How long that is.
    pub bytes: u64,
}
