//! `sidings lock`: the images that a project's pipelines name, each with the digest that its registry has for it.
//!
//! It changes no digest that nobody asked to change, and loses none because a registry does not answer.

mod file;
mod wanted;

use super::output::print;
use crate::args::LockArgs;
use crate::exit::{Exit, Refusal};
use crate::render::style::{BAD, paint};
use crate::worktree;
use sidings_pipeline::Lock;
use sidings_runner::engine::docker::resolve::{Unresolved, resolve};
use std::collections::{BTreeMap, BTreeSet};
use wanted::Wanted;

pub(super) async fn lock(args: LockArgs) -> anyhow::Result<Exit> {
    let project = worktree::project(&args.folder).await?;
    let wanted = wanted::of_project(&project)?;
    let before = file::read(&project.root)?;
    if args.check {
        return check(&wanted, before.as_ref());
    }
    let before = before.unwrap_or_default();
    let asked = asked(&wanted, &before, args.update.as_deref())?;
    let (by_hand, asked): (BTreeSet<_>, BTreeSet<_>) =
        asked.into_iter().partition(|name| wanted[name].written.is_some());
    let answers = match asked.is_empty() {
        true => BTreeMap::new(),
        false => resolve(&args.registry.registries_of_person()?, &asked)
            .await
            .map_err(|error| Refusal::unreachable(format!("{error:#}")))?,
    };
    let (mut found, mut refused) = (BTreeMap::new(), Vec::new());
    found.extend(by_hand.into_iter().filter_map(|name| Some((name.clone(), wanted[&name].written.clone()?))));
    for (name, answer) in answers {
        match answer {
            Ok(digest) => drop(found.insert(name, digest)),
            Err(why) => refused.push((name, why)),
        }
    }
    let after = after(&wanted, &before, found);
    file::write(&project.root, &after)?;
    print(&told(&before, &after))?;
    Ok(tell_refused(&refused, &wanted, &after))
}

/// The references whose digests are to be found: new ones, those that somebody wants anew, and those that are written
/// with another digest elsewhere.
fn asked(
    wanted: &BTreeMap<String, Wanted>,
    before: &Lock,
    update: Option<&[String]>,
) -> anyhow::Result<BTreeSet<String>> {
    let stranger = update.into_iter().flatten().find(|name| !wanted.contains_key(*name));
    if let Some(name) = stranger {
        let known: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        return Err(Refusal::usage(format!("no pipeline of this project names {name:?} without a digest: {known}")));
    }
    let again = |name: &String| update.is_some_and(|names| names.is_empty() || names.contains(name));
    let is_asked = |(name, wanted): &(&String, &Wanted)| {
        let locked = before.digests.get(*name);
        again(name) || locked.is_none() || wanted.written.as_ref().is_some_and(|written| locked != Some(written))
    };
    Ok(wanted.iter().filter(is_asked).map(|(name, _)| name.clone()).collect())
}

/// What nobody names is forgotten; what could not be found stays as it was.
fn after(wanted: &BTreeMap<String, Wanted>, before: &Lock, mut found: BTreeMap<String, String>) -> Lock {
    let kept = |name: &String| found.remove(name).or_else(|| before.digests.get(name).cloned());
    Lock { digests: wanted.keys().cloned().zip(wanted.keys().map(kept)).filter_map(|(n, d)| Some((n, d?))).collect() }
}

fn told(before: &Lock, after: &Lock) -> String {
    let names: BTreeSet<&String> = before.digests.keys().chain(after.digests.keys()).collect();
    let line = |name: &String| match (before.digests.get(name), after.digests.get(name)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => Some(format!("~ {name}  {old} → {new}\n")),
        (Some(_), None) => Some(format!("- {name}\n")),
        (None, new) => Some(format!("+ {name}  {}\n", new.map(String::as_str).unwrap_or_default())),
    };
    let lines: String = names.into_iter().filter_map(line).collect();
    let count = after.digests.len();
    format!("{lines}{}: {count} image{}\n", sidings_pipeline::lock::FILE, if count == 1 { "" } else { "s" })
}

fn tell_refused(refused: &[(String, Unresolved)], wanted: &BTreeMap<String, Wanted>, after: &Lock) -> Exit {
    for (name, why) in refused {
        let rest = if after.digests.contains_key(name) { "; its old digest stays" } else { "" };
        anstream::eprintln!("{} {}: {name} cannot be locked: {why}{rest}", paint(BAD, "error:"), wanted[name].place);
    }
    if refused.is_empty() { Exit::Passed } else { Exit::Failed }
}

/// Whether the file is what the pipelines need; the registries are not asked.
fn check(wanted: &BTreeMap<String, Wanted>, lock: Option<&Lock>) -> anyhow::Result<Exit> {
    let Some(lock) = lock else {
        anstream::eprintln!(
            "{} there is no {}: `sidings lock` writes it",
            paint(BAD, "error:"),
            sidings_pipeline::lock::FILE
        );
        return Ok(Exit::Failed);
    };
    let found = findings(wanted, lock);
    for line in &found {
        anstream::eprintln!("{} {line}", paint(BAD, "error:"));
    }
    if found.is_empty() {
        print(&told(lock, lock))?;
        return Ok(Exit::Passed);
    }
    anstream::eprintln!("`sidings lock` puts it right");
    Ok(Exit::Failed)
}

fn findings(wanted: &BTreeMap<String, Wanted>, lock: &Lock) -> Vec<String> {
    let of_wanted = |(name, wanted): (&String, &Wanted)| match (lock.digests.get(name), &wanted.written) {
        (None, _) => Some(format!("{}: {name} is not locked", wanted.place)),
        (Some(locked), Some(written)) if locked != written => {
            Some(format!("{}: {name} is written with {written}, and locked to {locked}", wanted.place))
        }
        (Some(_), _) => None,
    };
    let superfluous = lock.digests.keys().filter(|name| !wanted.contains_key(*name));
    let superfluous = superfluous.map(|name| format!("{name} is locked, and nothing names it"));
    wanted.iter().filter_map(of_wanted).chain(superfluous).collect()
}

#[cfg(test)]
mod tests;
