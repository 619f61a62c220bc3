//! Two images of a job beside each other, and what they were made from. Pure.

use sidings_proto::compared::{ComparedImage, EnvironmentCause};
use sidings_proto::runner::ImageUse;
use sidings_proto::{Environment, PlannedJob};
use std::collections::{BTreeMap, BTreeSet};

/// Paths that are named.
const NAMED: usize = 10;

/// What one run knows of a job's images.
pub(super) struct Side<'s> {
    pub(super) planned: &'s PlannedJob,
    pub(super) digests: &'s BTreeMap<String, String>,
}

/// Each image with the one that had its place before: of the same repository, or built as it is, in the same order.
pub(super) fn in_pairs<'i>(now: &'i [ImageUse], before: &'i [ImageUse]) -> Vec<(&'i ImageUse, Option<&'i ImageUse>)> {
    let mut left: Vec<&ImageUse> = before.iter().collect();
    let pair = |image: &'i ImageUse| {
        let place = left.iter().position(|before| kind(before) == kind(image));
        (image, place.map(|place| left.remove(place)))
    };
    now.iter().map(pair).collect()
}

/// The repository that it is named by; nothing for one that is built here.
fn kind(image: &ImageUse) -> &str {
    if image.key.is_some() {
        return "";
    }
    let name = image.reference.split('@').next().unwrap_or_default();
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        Some(_) | None => name,
    }
}

/// What the plans and the digests say.
pub(super) fn causes(image: &ComparedImage, before: &Side<'_>, now: &Side<'_>) -> Vec<EnvironmentCause> {
    if image.now.key.is_none() {
        return digest(&image.now.reference, before, now).into_iter().collect();
    }
    let mut causes = Vec::new();
    if let (Some(was), Some(is)) = (build(before.planned), build(now.planned)) {
        causes.extend(place(was, is));
        causes.extend(arguments(was, is));
    }
    // What a job names itself is told of that image, and is nobody's base.
    let named = by_name(now.planned);
    let bases = now.digests.keys().filter(|reference| !named.contains(reference.as_str()));
    causes.extend(bases.filter_map(|reference| digest(reference, before, now)));
    causes
}

/// What the commits say of the Dockerfile and the context of an image that was built. `paths`: what differs between them.
pub(super) fn add_paths(image: &mut ComparedImage, planned: &PlannedJob, paths: Option<&[String]>) {
    let built = image.now.key.is_some() && image.before.as_ref().is_some_and(|before| before.key.is_some());
    let (true, Some(paths), Some(Environment::Build { context, dockerfile, .. })) = (built, paths, build(planned))
    else {
        return;
    };
    if paths.contains(dockerfile) {
        image.causes.push(EnvironmentCause::Dockerfile { path: dockerfile.clone() });
    }
    let below =
        |path: &&String| context == "." || path.strip_prefix(context.as_str()).is_some_and(|it| it.starts_with('/'));
    let within: Vec<_> = paths.iter().filter(below).filter(|path| *path != dockerfile).cloned().collect();
    if !within.is_empty() {
        let count = within.len() as u64;
        image.causes.push(EnvironmentCause::Context { paths: within.into_iter().take(NAMED).collect(), count });
    }
}

/// The one build of a job; where it has several it is not known which image is whose.
fn build(planned: &PlannedJob) -> Option<&Environment> {
    let builds = planned.spec.environments().filter(|it| matches!(it, Environment::Build { .. }));
    let builds: BTreeSet<_> = builds.collect();
    builds.first().copied().filter(|_| builds.len() == 1)
}

fn by_name(planned: &PlannedJob) -> BTreeSet<&str> {
    planned.spec.environments().filter_map(reference).collect()
}

fn reference(environment: &Environment) -> Option<&str> {
    match environment {
        Environment::Image { reference } => Some(reference.as_str()),
        Environment::Build { .. } => None,
    }
}

fn place(was: &Environment, is: &Environment) -> Option<EnvironmentCause> {
    let (before, now) = (told(was), told(is));
    (before != now).then_some(EnvironmentCause::Place { before, now })
}

/// `docker/Dockerfile in . as far as test`.
fn told(environment: &Environment) -> String {
    match environment {
        Environment::Build { context, dockerfile, target, .. } => {
            let target = target.as_ref().map(|target| format!(", as far as {target}")).unwrap_or_default();
            format!("{dockerfile} in {context}{target}")
        }
        Environment::Image { reference } => reference.clone(),
    }
}

fn arguments(was: &Environment, is: &Environment) -> Vec<EnvironmentCause> {
    let (Environment::Build { args: was, .. }, Environment::Build { args: is, .. }) = (was, is) else {
        return Vec::new();
    };
    let names: BTreeSet<_> = was.keys().chain(is.keys()).filter(|name| was.get(*name) != is.get(*name)).collect();
    let cause = |name: &String| EnvironmentCause::Argument {
        name: name.clone(),
        before: was.get(name).cloned(),
        now: is.get(name).cloned(),
    };
    names.into_iter().map(cause).collect()
}

fn digest(reference: &str, before: &Side<'_>, now: &Side<'_>) -> Option<EnvironmentCause> {
    let (was, is) = (before.digests.get(reference)?, now.digests.get(reference)?);
    let reference = reference.to_owned();
    (was != is).then(|| EnvironmentCause::Digest { reference, before: was.clone(), now: is.clone() })
}

#[cfg(test)]
mod tests;
