//! Images that a Dockerfile builds upon: their versions, digests and registries.

use crate::dockerfile::is_dockers;
use crate::lock::Lock;
use crate::policy::{Build, Finding, Policy, Rule};
use crate::source::Span;
use crate::suggest::quoted;
use parse_dockerfile::Dockerfile;
use std::collections::{BTreeMap, BTreeSet};

/// What is to be said of a reference. One that is locked means one image, whatever its tag.
pub(in crate::policy) fn look(policy: &Policy, lock: &Lock, reference: &str, span: Span) -> Vec<Finding> {
    let shown = quoted(reference);
    if reference.contains('$') {
        let message = format!("which image {shown} is cannot be told from the file");
        return elsewhere(policy, span, message).into_iter().collect();
    }
    let (name, digest) = reference.split_once('@').map_or((reference, false), |(name, _)| (name, true));
    let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    let digest = digest || lock.digests.contains_key(reference);
    let mut found = Vec::new();
    if !digest && matches!(tag, None | Some("latest")) {
        found.push(Finding {
            rule: Rule::LatestTag,
            span: span.clone(),
            message: format!("the base image {shown} has no version"),
            why: "another image tomorrow, with nothing changed here",
            help: format!("name a version, such as `{}:1.2`", without_tag(name)),
        });
    }
    if !digest {
        found.push(Finding {
            rule: Rule::UndigestedBase,
            span: span.clone(),
            message: format!("the base image {shown} has no digest"),
            why: "a tag can be moved to another image",
            help: format!("`sidings lock` writes down which image it is; or name it here, `{name}@sha256:…`"),
        });
    }
    let is_named = |all: &Vec<String>| all.iter().any(|one| is_within(&full(name), one));
    if !policy.registries.as_ref().is_none_or(is_named) {
        let message = format!("the base image {shown} is from a registry that the policy does not name");
        found.extend(elsewhere(policy, span, message));
    }
    found
}

/// Another frontend than Docker's may begin from any image, whatever the text says.
pub(in crate::policy) fn frontend(policy: &Policy, file: &Dockerfile<'_>, builds: &BTreeSet<Build>) -> Vec<Finding> {
    let named = file.parser_directives.syntax.as_ref().map(|syntax| (syntax.value.value, syntax.value.span.clone()));
    let given = builds.iter().find_map(|build| Some((build.args.get("BUILDKIT_SYNTAX")?.as_str(), 0..0)));
    let foreign = named.into_iter().chain(given).find(|(name, _)| !is_dockers(name));
    let told =
        |(name, span)| elsewhere(policy, span, format!("the frontend {} may begin from any image", quoted(name)));
    foreign.and_then(told).into_iter().collect()
}

/// Where registries are named, what is not known to be from one of them is not.
fn elsewhere(policy: &Policy, span: Span, message: String) -> Option<Finding> {
    let registries = policy.registries.as_ref()?;
    Some(Finding {
        rule: Rule::ForeignRegistry,
        span,
        message,
        why: "not known to be from a registry of the policy",
        help: format!("begin from an image of: {}", registries.join(", ")),
    })
}

/// A reference with the arguments in it whose values are known.
pub(in crate::policy) fn expanded(reference: &str, globals: &BTreeMap<String, String>) -> String {
    let known = globals.iter().filter(|(_, value)| !value.is_empty());
    known.fold(reference.to_owned(), |text, (name, value)| match text.strip_prefix('$') {
        Some(bare) if bare == name => value.clone(),
        _ => text.replace(&format!("${{{name}}}"), value),
    })
}

/// Whether a reference in full is the place, or below it.
pub(in crate::policy) fn is_within(reference: &str, place: &str) -> bool {
    let place = place.trim_end_matches('/');
    reference.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '@']))
}

/// With the registry and folder that engines add: `docker.io/library/debian:12`.
fn full(name: &str) -> String {
    match name.split_once('/') {
        None => format!("docker.io/library/{name}"),
        Some((host, _)) if host.contains(['.', ':']) || host == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
    }
}

fn without_tag(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    }
}
