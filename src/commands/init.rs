//! `sidings init`: a first pipeline, and a Dockerfile when there is none, for what the folder holds. It writes only
//! what is not there, and says what it found.

mod draft;
mod languages;
mod tree;

use super::output::{print, write_new};
use crate::args::InitArgs;
use crate::exit::{Exit, Refusal};
use draft::{dockerfile, dockerignore, pipeline};
use languages::{Finding, found};
use sidings_pipeline::FILE;
use std::path::Path;
use tree::Tree;

pub(super) fn init(args: &InitArgs) -> anyhow::Result<Exit> {
    let root = &args.path;
    anyhow::ensure!(root.is_dir(), Refusal::usage(format!("there is no folder {}", root.display())));
    if !crate::worktree::pipelines(root).unwrap_or_default().iter().all(Option::is_none) {
        let why = "has pipelines in .sidings/ already; write another one there";
        return Err(Refusal::configuration(format!("{} {why}", root.display())));
    }
    let tree = Tree::of(root);
    let findings = found(&tree);
    if !write_new(&root.join(FILE), &pipeline(&findings))? {
        return Err(Refusal::configuration(format!(
            "{} is there already and stays as it is",
            root.join(FILE).display()
        )));
    }
    let wrote = format!("wrote {}\n", root.join(FILE).display());
    let environment = environment(root, &findings)?;
    let other = other_ci(&tree);
    print(&format!(
        "{}{}{wrote}{environment}{other}look at them, then run it here: sidings run\n",
        told(&findings),
        unread(&tree)
    ))?;
    Ok(Exit::Passed)
}

/// Files that should have told more.
fn unread(tree: &Tree) -> String {
    let wrong = |name: &str| {
        let error = serde_json::from_str::<serde_json::Value>(&tree.text(name)).err()?;
        Some(format!("{name} cannot be read, so that its scripts and packages are not known: {error}\n"))
    };
    ["package.json", "composer.json"].into_iter().filter(|name| tree.has(name)).filter_map(wrong).collect()
}

/// The Dockerfile, and with it what the build may see; gives what there is to say about it.
fn environment(root: &Path, findings: &[Finding]) -> anyhow::Result<String> {
    let file = root.join("Dockerfile");
    if !write_new(&file, &dockerfile(findings))? {
        let mut needed: Vec<&str> = findings.iter().flat_map(|finding| finding.tools.iter().copied()).collect();
        needed.dedup();
        let needed = if needed.is_empty() { String::new() } else { format!("; its image needs {}", needed.join(", ")) };
        let there = if file.is_file() { "is there and stays as it is" } else { "is there, but is no file: replace it" };
        return Ok(format!("{} {there}{needed}\n", file.display()));
    }
    let mut told = format!("wrote {}: the environment of the jobs\n", file.display());
    let ignored = root.join(".dockerignore");
    if write_new(&ignored, &dockerignore(findings))? {
        told.push_str(&format!("wrote {}: the image is built anew only when it has to be\n", ignored.display()));
    }
    Ok(told)
}

/// What was found, a line each.
fn told(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "found nothing that tells how the project is tested: the pipeline has a step to be replaced\n"
            .to_owned();
    }
    let line =
        |finding: &Finding| format!("found {}: {}, tested by `{}`\n", finding.sign, finding.language, finding.test());
    findings.iter().map(line).collect()
}

/// A pipeline of another CI says more of how the project is tested than its files do.
fn other_ci(tree: &Tree) -> &'static str {
    let is_there = tree.first(&[".gitlab-ci.yml", ".woodpecker.yml"]).is_some() || tree.has_folder(".github/workflows");
    if is_there { "there is a pipeline of another CI: `sidings import -o -` shows it as one of Sidings\n" } else { "" }
}

#[cfg(test)]
mod tests;
