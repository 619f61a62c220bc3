//! A Dockerfile, walked through for the rules: each instruction that counts once, by its stage.

use super::reach::{Reach, sources, values};
use super::rules::{base, files, packages, user, variables};
use super::{Build, Finding, Policy};
use crate::lock::Lock;
use crate::source::{Span, without_bom};
use parse_dockerfile::{Command, Dockerfile, Instruction, RunInstruction, Stage};
use std::collections::{BTreeMap, BTreeSet};

/// What the rules find in a text; nothing in one that cannot be read, which is told elsewhere.
pub(super) fn findings(policy: &Policy, text: &str, builds: &BTreeSet<Build>, lock: &Lock) -> Vec<Finding> {
    let text = without_bom(text);
    let Ok(file) = parse_dockerfile::parse(text) else { return Vec::new() };
    let stages: Vec<Stage<'_, '_>> = file.stages().collect();
    let reaches: Vec<Reach> = builds.iter().map(|build| Reach::of(&stages, build.target.as_deref())).collect();
    let mut found = base::frontend(policy, &file, builds);
    for (number, stage) in stages.iter().enumerate().filter(|(number, _)| reaches.iter().any(|it| it.builds(*number))) {
        for build in builds.iter().zip(&reaches).filter(|(_, reach)| reach.builds(number)).map(|(build, _)| build) {
            for (reference, span) in images(&stages[..number], stage, &globals(&file, build)) {
                found.extend(base::look(policy, lock, &reference, span));
            }
        }
        // What earlier stages leave behind is in no image.
        if reaches.iter().any(|it| it.keeps(number)) {
            found.extend(stage.instructions.iter().flat_map(|instruction| kept(instruction, text)));
        }
    }
    found.extend(reaches.iter().filter_map(|reach| user::look(&stages, reach)));
    found
}

/// The images that a stage begins from, copies from or mounts, and where they stand.
fn images(earlier: &[Stage<'_, '_>], stage: &Stage<'_, '_>, globals: &BTreeMap<String, String>) -> Vec<(String, Span)> {
    let from = (base::expanded(&stage.from.image.value, globals), stage.from.image.span.clone());
    let all = std::iter::once(from).chain(stage.instructions.iter().flat_map(sources));
    all.filter(|(name, _)| super::reach::number(earlier, name).is_none() && name != "scratch").collect()
}

/// What an instruction leaves in the image.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other instructions, and those to come, say nothing of it")]
fn kept(instruction: &Instruction<'_>, text: &str) -> Vec<Finding> {
    match instruction {
        Instruction::Run(it) => packages::look(text, &command(it), &values(&it.options, "mount"), &it.run.span),
        Instruction::Env(it) => variables::look("ENV", &it.arguments),
        Instruction::Arg(it) => variables::look("ARG", &it.arguments),
        Instruction::Copy(it) if values(&it.options, "from").is_empty() => files::copied(&it.src),
        Instruction::Add(it) => files::copied(&it.src).into_iter().chain(files::downloaded(it, text)).collect(),
        _ => Vec::new(),
    }
}

/// All that a `RUN` gives to its shell.
fn command(run: &RunInstruction<'_>) -> String {
    let command = match &run.arguments {
        Command::Shell(shell) => shell.value.to_owned(),
        Command::Exec(words) => words.value.iter().map(|word| word.value.as_ref()).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let documents = run.here_docs.iter().map(|document| format!("\n{}", document.value));
    command + &documents.collect::<String>()
}

/// Arguments before the first stage, with the values that a build gives them, or else their usual ones.
fn globals(file: &Dockerfile<'_>, build: &Build) -> BTreeMap<String, String> {
    let before = file.instructions.iter().take_while(|it| !matches!(it, Instruction::From(_)));
    let args = before.filter_map(|it| {
        let Instruction::Arg(it) = it else { return None };
        Some(it.arguments.value.split_once('=').unwrap_or((&it.arguments.value, "")))
    });
    let usual = |value: &str| value.trim_matches(['"', '\'']).to_owned();
    let worth =
        |(name, value): (&str, &str)| (name.to_owned(), build.args.get(name).cloned().unwrap_or_else(|| usual(value)));
    args.map(worth).collect()
}
