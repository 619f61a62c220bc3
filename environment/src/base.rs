//! What is known of an image that a Dockerfile begins from.

use crate::dockerfile::{File, Step};
use std::collections::BTreeMap;

/// What a base image is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The digest or the engine's id: a hash of all that is in it.
    pub id: String,
    /// Its `ENV`.
    pub env: BTreeMap<String, String>,
    /// Its `ONBUILD`: instructions that a stage which begins from it carries out first.
    pub on_build: Vec<String>,
}

impl Base {
    /// The instructions that it brings; none when they cannot be read.
    pub(crate) fn brings(&self) -> Option<Vec<Step>> {
        let file = File::read(&format!("FROM scratch\n{}\n", self.on_build.join("\n")))?;
        let steps = file.stages.into_iter().next()?.steps;
        (steps.len() == self.on_build.len()).then(|| steps.into_iter().map(|step| Step { line: 0, ..step }).collect())
    }
}
