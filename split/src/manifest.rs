//! The tests of a job, in order, each with the id that it is run and reported by; and whether two lists are the same.
//!
//! A manifest is valid once made. Refused: no test at all, an id twice, an empty or over-long id or one with a NUL in
//! it, and more tests than anybody could watch.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Tests that one job may have.
pub const ATOMS_MAX: usize = 200_000;
/// Bytes that a test's id may have.
pub const ID_MAX: usize = 2_000;
/// Tests that a message names before it only counts.
pub const NAMED_MAX: usize = 20;

/// The smallest thing that is handed out: a test, or a file of tests, as discovery printed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Atom {
    /// What its runner calls it.
    pub id: String,
    /// How large the file is that it stands in, where somebody looked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_bytes: Option<u64>,
}

/// An atom's place in the manifest, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AtomNo(pub u32);

impl AtomNo {
    /// As an index of the manifest's atoms.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Every test of the job, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    atoms: Vec<Atom>,
    by_id: BTreeMap<String, AtomNo>,
    hash: String,
}

/// Why a list of tests is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Red, for a job that tests nothing must not be green.
    #[error("discovery found no test")]
    NoTests,
    /// Past [`ATOMS_MAX`].
    #[error("discovery found {found} tests; {ATOMS_MAX} are the most that one job may have")]
    TooMany {
        /// How many there were.
        found: usize,
    },
    /// Results could not be told apart.
    #[error("discovery printed the same test more than once: {}", Named(.ids))]
    Duplicates {
        /// Which, each once.
        ids: Vec<String>,
    },
    /// They were asked for by name, and discovery found no such test.
    #[error("discovery found no test of this name: {}", Named(.ids))]
    Unknown {
        /// Which.
        ids: Vec<String>,
    },
    /// Empty, over-long, or with a NUL, which could not be passed on.
    #[error("test {place} has an id that {why}: {}", short(.id))]
    BadId {
        /// Its place in the list, from 1.
        place: usize,
        /// What is wrong with it.
        why: &'static str,
        /// The id.
        id: String,
    },
}

impl Manifest {
    /// Takes what discovery found.
    ///
    /// # Errors
    /// When it is no list of tests that could be run once each.
    pub fn new(atoms: Vec<Atom>) -> Result<Manifest, Refusal> {
        match atoms.len() {
            0 => return Err(Refusal::NoTests),
            found if found > ATOMS_MAX => return Err(Refusal::TooMany { found }),
            _ => {}
        }
        if let Some(refusal) = atoms.iter().enumerate().find_map(|(index, atom)| bad_id(index, &atom.id)) {
            return Err(refusal);
        }
        let by_id = numbered(&atoms)?;
        let hash = hash(&atoms);
        Ok(Manifest { atoms, by_id, hash })
    }

    /// The atoms, in the order of discovery.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Each atom's number, in order.
    pub fn numbers(&self) -> impl Iterator<Item = AtomNo> + use<> {
        (0..self.atoms.len() as u32).map(AtomNo)
    }

    /// How many atoms there are, never 0.
    pub fn count(&self) -> usize {
        self.atoms.len()
    }

    /// The id of an atom; empty when the number is of another manifest.
    pub fn id(&self, atom: AtomNo) -> &str {
        self.atoms.get(atom.index()).map_or("", |atom| &atom.id)
    }

    /// The atom of this id.
    pub fn find(&self, id: &str) -> Option<AtomNo> {
        self.by_id.get(id).copied()
    }

    /// A BLAKE3 of the ids in their order, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// What another list has that this has not, and the other way about. None when both have the same tests: their
    /// order may differ, because some runners discover in parallel.
    pub fn differences(&self, other: &Manifest) -> Option<Differences> {
        if self.hash == other.hash {
            return None;
        }
        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (self.by_id.keys().collect(), other.by_id.keys().collect());
        let missing: Vec<_> = ours.difference(&theirs).map(|id| (*id).clone()).collect();
        let added: Vec<_> = theirs.difference(&ours).map(|id| (*id).clone()).collect();
        (!missing.is_empty() || !added.is_empty()).then(|| Differences::new(missing, added))
    }
}

fn bad_id(index: usize, id: &str) -> Option<Refusal> {
    let why = match id {
        "" => "is empty",
        id if id.len() > ID_MAX => "is too long",
        id if id.contains('\0') => "has a NUL in it",
        _ => return None,
    };
    Some(Refusal::BadId { place: index + 1, why, id: id.to_owned() })
}

fn numbered(atoms: &[Atom]) -> Result<BTreeMap<String, AtomNo>, Refusal> {
    let mut by_id = BTreeMap::new();
    let mut twice = BTreeSet::new();
    for (number, atom) in (0..).map(AtomNo).zip(atoms) {
        if by_id.insert(atom.id.clone(), number).is_some() {
            twice.insert(atom.id.clone());
        }
    }
    if twice.is_empty() { Ok(by_id) } else { Err(Refusal::Duplicates { ids: twice.into_iter().collect() }) }
}

/// Each id goes in behind its length, so that no two lists have the same bytes.
fn hash(atoms: &[Atom]) -> String {
    let mut hasher = blake3::Hasher::new();
    for atom in atoms {
        hasher.update(&(atom.id.len() as u64).to_le_bytes());
        hasher.update(atom.id.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// How a worker's list differs from the manifest. The first of each are named, all are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Differences {
    /// In the manifest only.
    pub missing: Vec<String>,
    /// How many there are of them.
    pub missing_count: usize,
    /// In the worker's list only.
    pub added: Vec<String>,
    /// How many there are of them.
    pub added_count: usize,
}

impl Differences {
    fn new(mut missing: Vec<String>, mut added: Vec<String>) -> Differences {
        let (missing_count, added_count) = (missing.len(), added.len());
        missing.truncate(NAMED_MAX);
        added.truncate(NAMED_MAX);
        Differences { missing, missing_count, added, added_count }
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it lacks {} and has {} others", self.missing_count, self.added_count)?;
        for (sign, ids) in [('-', &self.missing), ('+', &self.added)] {
            for id in ids {
                write!(f, "\n{sign} {}", short(id))?;
            }
        }
        Ok(())
    }
}

/// Some ids in one line.
pub(crate) struct Named<'a>(pub(crate) &'a [String]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.0.iter().take(NAMED_MAX).map(|id| short(id)).collect();
        write!(f, "{}", named.join(", "))?;
        match self.0.len().saturating_sub(NAMED_MAX) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// An id in one line, whatever is in it, and not longer than a line.
pub fn short(id: &str) -> String {
    let shown: String = id.chars().take(100).flat_map(char::escape_debug).collect();
    if id.chars().nth(100).is_some() { format!("{shown}…") } else { shown }
}
