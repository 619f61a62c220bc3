//! `sidings image key`: what a runner would find, or build, an image by. No engine is needed; one that answers says what
//! the base images are.

use super::tell::{self, Compared, Weighed};
use super::tree::{Build, Tree};
use crate::args::KeyArgs;
use crate::commands::lint;
use crate::commands::output::print;
use crate::exit::{Exit, Refusal};
use crate::render::duration::now;
use crate::worktree;
use anyhow::Context;
use sidings_environment::{Base, Contents, Listing, NoPlace, Order, Period, Place, Reading, differences};
use sidings_pipeline::{Files, Lock, lock};
use sidings_runner::engine::ImageFacts;
use sidings_runner::engine::docker::look::{Look, look};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) async fn key(args: KeyArgs) -> anyhow::Result<Exit> {
    let folder = args.folder.as_deref().unwrap_or(Path::new("."));
    let project = worktree::project(folder).await?;
    let folder = args.folder.as_deref().map(|folder| within(&project.root, folder)).transpose()?;
    if let Some([one, two]) = args.diff.as_deref() {
        let (before, after) = (Tree::of_commit(&project, one).await?, Tree::of_commit(&project, two).await?);
        let before = weighed(&before, before.build(&args, folder.as_deref())?).await?;
        let after = weighed(&after, after.build(&args, folder.as_deref())?).await?;
        let changes = differences(&before.account, &after.account);
        let compared = Compared { before, after, changes };
        print(&if args.json { tell::compared_as_json(&compared)? } else { tell::compared(&compared) })?;
        compared.before.warn();
        compared.after.warn();
        return Ok(Exit::Passed);
    }
    let tree = Tree::now(&project).await?;
    let weighed = weighed(&tree, tree.build(&args, folder.as_deref())?).await?;
    let text = match (args.json, args.explain) {
        (true, _) => tell::as_json(&weighed)?,
        (false, true) => tell::explained(&weighed),
        (false, false) => format!("{}\n", weighed.account.key),
    };
    print(&text)?;
    weighed.warn();
    Ok(Exit::Passed)
}

/// A folder's path in its project.
fn within(root: &Path, folder: &Path) -> anyhow::Result<PathBuf> {
    let folder = folder.canonicalize().with_context(|| format!("opening {}", folder.display()))?;
    let root = root.canonicalize().context("finding the project")?;
    Ok(folder.strip_prefix(root).context("the folder lies outside of its project")?.to_owned())
}

/// The same as a runner does.
async fn weighed(tree: &Tree, build: Build) -> anyhow::Result<Weighed> {
    let place = Place::find(&tree.root, &build.context, &build.dockerfile).map_err(refused)?;
    let listing = listing(tree, &place).context("listing the build context")?;
    let order = |platform: String| Order {
        dockerfile: build.dockerfile.clone(),
        text: place.text.clone(),
        target: build.target.clone(),
        args: build.args.clone(),
        epoch: Some(Order::epoch_of(tree.time)),
        platform,
        period: build.refresh_ms.map(|every| Period::at(now(), every)),
    };
    let reading = |platform| Reading::new(order(platform)).map_err(|error| Refusal::configuration(error.to_string()));
    // Names of bases may depend on the platform, which an engine tells; most engines are of the machine's own.
    let first = reading(own_platform())?;
    let locked = locked(tree)?;
    let (found, no_engine) = match look(&first.bases().iter().map(|it| name(&first, it, &locked)).collect()).await {
        Ok(found) => (found, None),
        Err(error) => (Look { platform: own_platform(), ..Look::default() }, Some(format!("{error:#}"))),
    };
    let reading = reading(found.platform.clone())?;
    let base = |reference: String| {
        let facts = found.images.get(&name(&reading, &reference, &locked))?;
        let digest = locked.get(&reference).filter(|_| reading.can_be_named()).cloned();
        Some((reference, base(facts, digest, reading.can_be_named())))
    };
    let bases: BTreeMap<String, Base> = reading.bases().into_iter().filter_map(base).collect();
    let unknown = reading.bases().into_iter().filter(|name| !bases.contains_key(name)).collect();
    let account = reading.account(&listing, &bases, &Contents::default()).context("reading the build context")?;
    let (dockerfile, target) = (build.dockerfile, build.target);
    Ok(Weighed {
        revision: tree.revision.clone(),
        dockerfile,
        target,
        platform: found.platform,
        unknown,
        no_engine,
        account,
    })
}

fn listing(tree: &Tree, place: &Place) -> std::io::Result<Listing> {
    let Some(files) = &tree.files else { return place.listing(false) };
    let below = place.context.strip_prefix(&place.root).unwrap_or(Path::new(""));
    let files: Vec<PathBuf> =
        files.iter().filter_map(|file| file.strip_prefix(below).ok().map(Path::to_owned)).collect();
    Listing::of_files(&place.context, &files, &place.patterns)
}

/// What the project's lock file says.
fn locked(tree: &Tree) -> anyhow::Result<BTreeMap<String, String>> {
    let Some(text) = lint::Tree::of(&tree.root).read(lock::FILE) else { return Ok(BTreeMap::new()) };
    let lock = Lock::read(lock::FILE, &text).map_err(|found| Refusal::configuration(found.render(false)))?;
    Ok(lock.digests)
}

/// What the engine knows an image by, as a runner takes it.
fn name(reading: &Reading, reference: &str, locked: &BTreeMap<String, String>) -> String {
    match locked.get(reference).filter(|_| reading.can_be_named()) {
        Some(digest) => format!("{reference}@{digest}"),
        None => reference.to_owned(),
    }
}

/// The digest counts, by the lock file or else as the engine knows it; for what has none, the engine's id.
fn base(facts: &ImageFacts, locked: Option<String>, named: bool) -> Base {
    let known = facts.digests.iter().filter_map(|known| Some(known.split_once('@')?.1.to_owned())).min();
    let id = locked.or(known.filter(|_| named)).unwrap_or_else(|| facts.id.clone());
    Base { id, env: facts.env.clone(), on_build: facts.on_build.clone() }
}

fn own_platform() -> String {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{arch}")
}

fn refused(error: NoPlace) -> anyhow::Error {
    match error {
        NoPlace::Project(message) => Refusal::configuration(message),
        NoPlace::Unreadable(_) => anyhow::Error::new(error),
    }
}
