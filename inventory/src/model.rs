//! What an inventory says. Everything in it is sorted: the same image gives the same bytes.

use serde::{Deserialize, Serialize};

/// All that was found in an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The image itself.
    pub image: Image,
    /// From the lowest to the topmost.
    pub layers: Vec<Layer>,
    /// What is there when a container starts, by kind, name and version.
    pub packages: Vec<Package>,
    /// What a layer brought and a later one took away or replaced: gone for programs, still in the image's size.
    pub removed: Vec<Removed>,
    /// What could not be read, and what that leaves open.
    pub remarks: Vec<Remark>,
}

/// An image, as its configuration tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The digest of its configuration, as `sha256:…`.
    pub id: String,
    /// The names it was saved under.
    pub names: Vec<String>,
    /// RFC 3339, if it is said.
    pub created: Option<String>,
    /// As `linux/amd64`.
    pub platform: String,
    /// From `os-release`.
    pub distribution: Option<Distribution>,
    /// The Dockerfile that the image carries, where Sidings built it.
    pub dockerfile: Option<String>,
}

/// Whose packages the package database holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// As `debian`.
    pub id: String,
    /// As `12`; empty for one that rolls.
    pub version: String,
}

/// A layer with files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// From 1, the lowest.
    pub number: usize,
    /// The digest of its content, unpacked.
    pub digest: String,
    /// What the history says made it; empty where it says nothing.
    pub created_by: String,
    /// The instruction of the Dockerfile, where it can be told.
    pub made: Option<Made>,
    /// Bytes of its files, whether later layers keep them or not.
    pub bytes: u64,
    /// Files in it.
    pub files: u64,
}

/// Where a layer comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Of the Dockerfile, from 1.
    pub line: usize,
    /// The instruction as written, on one line.
    pub instruction: String,
    /// How that is known.
    pub sure: Sureness,
}

/// How a line is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sureness {
    /// The history holds the instruction's own text.
    Text,
    /// The texts differ, but the instruction is the only one of its sort between two whose texts are the same.
    Order,
}

/// A package that is in the image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Who packs it.
    pub kind: Kind,
    /// As its ecosystem calls it: with its scope, group or module path.
    pub name: String,
    /// Empty where the package does not say.
    pub version: String,
    /// As the package database says.
    pub architecture: Option<String>,
    /// What it was built from, where that has its own name: flaws are listed under it.
    pub source: Option<PackageSource>,
    /// As the package tells them, in its own words.
    pub licences: Vec<String>,
    /// The package URL.
    pub purl: String,
    /// The layer that brought it.
    pub layer: usize,
    /// The files that say so.
    pub paths: Vec<String>,
}

/// A source package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageSource {
    /// As the distribution calls it.
    pub name: String,
    /// Where it differs from the package's.
    pub version: Option<String>,
}

/// Who packs a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Alpine.
    Apk,
    /// Crates in a binary that `cargo auditable` built.
    Cargo,
    /// Debian and its family.
    Deb,
    /// Gems of Ruby.
    Gem,
    /// Modules in a binary of Go.
    Go,
    /// Archives of Java.
    Maven,
    /// Packages of Node.
    Npm,
    /// Packages of Python.
    Python,
    /// Fedora, SUSE and their families.
    Rpm,
}

/// A package that is no longer there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Removed {
    /// Who packed it.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The layer that brought it, where its bytes still are.
    pub layer: usize,
    /// The layer that took it away.
    pub removed_in: usize,
}

/// What could not be read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remark {
    /// The layer it is about.
    pub layer: Option<usize>,
    /// The file it is about.
    pub path: Option<String>,
    /// What is left open, and why.
    pub text: String,
}

impl Kind {
    /// Its name for people and in properties of bills of materials.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Apk => "apk",
            Kind::Cargo => "cargo",
            Kind::Deb => "deb",
            Kind::Gem => "gem",
            Kind::Go => "go",
            Kind::Maven => "maven",
            Kind::Npm => "npm",
            Kind::Python => "python",
            Kind::Rpm => "rpm",
        }
    }
}

impl Inventory {
    /// The bytes of all layers.
    pub fn bytes(&self) -> u64 {
        self.layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.bytes))
    }

    /// The layer of that number.
    pub fn layer(&self, number: usize) -> Option<&Layer> {
        self.layers.get(number.checked_sub(1)?)
    }
}

impl Layer {
    /// The instruction that made it, on one line: of the Dockerfile where it is known, else as the history has it.
    pub fn instruction(&self) -> String {
        match &self.made {
            Some(made) => made.instruction.clone(),
            None => crate::trace::plain(&self.created_by),
        }
    }
}
