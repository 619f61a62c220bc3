//! Which stages of a Dockerfile a build needs, and which of them end up in the image.

use crate::source::Span;
use parse_dockerfile::{Flag, Instruction, Stage};
use std::collections::BTreeSet;

/// Stages by their numbers.
#[derive(Debug, Default)]
pub(super) struct Reach {
    built: BTreeSet<usize>,
    /// The target, and what it begins from, the target first.
    kept: Vec<usize>,
}

impl Reach {
    /// What is needed for a stage; for the last one where none is named.
    pub(super) fn of(stages: &[Stage<'_, '_>], target: Option<&str>) -> Reach {
        let mut reach = Reach::default();
        let Some(last) = stages.len().checked_sub(1) else { return reach };
        let target = target.and_then(|name| number(stages, name)).unwrap_or(last);
        let mut next = Some(target);
        while let Some(at) = next {
            reach.kept.push(at);
            // A stage begins from an earlier one only, so this ends.
            next = number(&stages[..at], &stages[at].from.image.value);
        }
        let mut open = vec![target];
        while let Some(next) = open.pop() {
            if reach.built.insert(next) {
                open.extend(needed(stages, next));
            }
        }
        reach
    }

    /// Whether the stage is built.
    pub(super) fn builds(&self, stage: usize) -> bool {
        self.built.contains(&stage)
    }

    /// Whether the image has the stage's layers.
    pub(super) fn keeps(&self, stage: usize) -> bool {
        self.kept.contains(&stage)
    }

    /// The stages whose layers the image has, the target first.
    pub(super) fn kept(&self) -> &[usize] {
        &self.kept
    }
}

/// The stages that one begins from or copies from.
fn needed(stages: &[Stage<'_, '_>], at: usize) -> Vec<usize> {
    let copied = stages[at].instructions.iter().flat_map(sources).map(|(name, _)| name);
    let all = std::iter::once(stages[at].from.image.value.to_string()).chain(copied);
    all.filter_map(|name| number(&stages[..at], &name)).collect()
}

/// What `--from` of a `COPY` names, and `from=` of a `RUN`'s mounts.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other instructions, and those to come, say nothing of it")]
pub(super) fn sources(instruction: &Instruction<'_>) -> Vec<(String, Span)> {
    match instruction {
        Instruction::Copy(it) => {
            let from = it.options.iter().filter(|flag| flag.name.value == "from");
            from.filter_map(|flag| Some((flag.value.as_ref()?.value.to_string(), flag.span()))).collect()
        }
        Instruction::Run(it) => {
            let mounts = it.options.iter().filter(|flag| flag.name.value == "mount");
            mounts.filter_map(|flag| Some((mounted(&flag.value.as_ref()?.value)?, flag.span()))).collect()
        }
        _ => Vec::new(),
    }
}

fn mounted(mount: &str) -> Option<String> {
    mount.split(',').find_map(|part| Some(part.strip_prefix("from=")?.to_owned()))
}

/// The values of all flags of a name.
pub(super) fn values(flags: &[Flag<'_>], name: &str) -> Vec<String> {
    let named = flags.iter().filter(|flag| flag.name.value == name);
    named.filter_map(|flag| Some(flag.value.as_ref()?.value.to_string())).collect()
}

/// The stage of a name, in any case, or of a number.
pub(super) fn number(stages: &[Stage<'_, '_>], name: &str) -> Option<usize> {
    let is_it = |stage: &Stage<'_, '_>| {
        stage.from.as_.as_ref().is_some_and(|(_, known)| known.value.eq_ignore_ascii_case(name))
    };
    let by_number = || name.parse().ok().filter(|number| *number < stages.len());
    stages.iter().rposition(is_it).or_else(by_number)
}
