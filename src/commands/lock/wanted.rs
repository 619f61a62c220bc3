//! What a project's lock file is to hold: the references of all its pipelines that are written without a digest.

use crate::commands::lint;
use crate::exit::Refusal;
use crate::worktree::{self, Project};
use sidings_pipeline::lock::{apart, references};
use sidings_pipeline::place;
use std::collections::{BTreeMap, BTreeSet};

/// One reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Where it stands first, `file:line`.
    pub(super) place: String,
    /// The digest that the same name is written with elsewhere: a name means one image.
    pub(super) written: Option<String>,
}

pub(super) fn of_project(project: &Project) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let names = worktree::pipelines(&project.root).map_err(Refusal::configuration)?;
    let names = if names.is_empty() { vec![None] } else { names };
    let files = lint::Tree::of(&project.root);
    let mut mentions = Vec::new();
    for name in names {
        let file = place::path_of(name.as_deref());
        let text = lint::read_of(project, &file)?;
        let named = references(&file, &text, &files).map_err(|found| Refusal::configuration(found.render(false)))?;
        mentions.extend(named.into_iter().map(|it| (it.reference, format!("{}:{}", it.place.file, it.place.line))));
    }
    of_mentions(&mentions)
}

/// From references and where they stand.
pub(super) fn of_mentions(mentions: &[(String, String)]) -> anyhow::Result<BTreeMap<String, Wanted>> {
    let mut written: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, digest) in mentions.iter().map(|(reference, _)| apart(reference)) {
        written.entry(name).or_default().extend(digest);
    }
    let mut wanted = BTreeMap::new();
    for (name, place) in mentions.iter().filter(|(reference, _)| apart(reference).1.is_none()) {
        let digests = &written[name.as_str()];
        if digests.len() > 1 {
            let all: Vec<&str> = digests.iter().copied().collect();
            return Err(Refusal::configuration(format!(
                "{place}: {name} stands here without a digest, and elsewhere with {}: write the one that is meant",
                all.join(" and with ")
            )));
        }
        let written = digests.first().map(|digest| (*digest).to_owned());
        wanted.entry(name.clone()).or_insert_with(|| Wanted { place: place.clone(), written });
    }
    Ok(wanted)
}
