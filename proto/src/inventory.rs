//! Images that were built, and what is in them: what the controller keeps of each key, and tells of it.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// Bytes of an inventory as a runner sends it, JSON in zstd, at most.
pub const INVENTORY_MAX: usize = 16 * 1024 * 1024;
/// Packages of an image that are found by their names, at most; the inventory itself has all of them.
pub const PACKAGES_FOUND_MAX: usize = 50_000;
/// Images or packages in one answer, at most.
pub const INVENTORY_ROWS_MAX: usize = 10_000;

/// An image that was built for a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BuiltImage {
    /// Whose environment it is.
    pub project: String,
    /// The image key.
    pub key: String,
    /// Whether a pull request's run built it: only such runs use it.
    pub of_pull_request: bool,
    /// The digest of its configuration, as `sha256:…`.
    pub image: String,
    /// What the packages of its distribution are of, as `debian 12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution: Option<String>,
    /// Bytes of the files of all its layers.
    pub bytes: u64,
    /// Packages in it.
    pub packages: u64,
    /// When it was built; of one that a runner found on its host, when what is in it was first told.
    pub built: Timestamp,
    /// When a job ran in it last, within a minute.
    pub used: Timestamp,
}

/// Whether a runner is to tell what is in an image that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InventoryWanted {
    /// Nothing is known of it yet, and it would be kept.
    pub wanted: bool,
}

/// `GET /api/v1/images`: the images of all projects, or of one; those used last come first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BuiltImages {
    /// At most [`INVENTORY_ROWS_MAX`].
    pub images: Vec<BuiltImage>,
}

/// A package, and an image that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundPackage {
    /// The image.
    pub image: BuiltImage,
    /// What is in it.
    pub package: ListedPackage,
}

/// `GET /api/v1/images/packages`: who has a package; by project, images used last first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundPackages {
    /// At most [`INVENTORY_ROWS_MAX`].
    pub packages: Vec<FoundPackage>,
}

/// A package of an image, in short.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ListedPackage {
    /// Who packs it: `deb`, `python`, …
    pub kind: String,
    /// As its ecosystem calls it.
    pub name: String,
    /// What it was built from, where that has its own name; empty where it has not.
    #[serde(default)]
    pub source: String,
    /// Empty where the package does not say.
    pub version: String,
    /// The layer that brought it, from 1.
    pub layer: u32,
    /// The line of the Dockerfile that made the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
}
