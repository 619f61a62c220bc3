//! Names, images and durations as this language has them.

use crate::fields::Field;
use crate::notes::Notes;
use std::collections::BTreeSet;

/// What stands for a version that was not written.
const NO_VERSION: &str = "choose-a-version";

/// A job's name: another one if the language has no such names, or it is taken.
pub(crate) fn job(name: &str, taken: &BTreeSet<String>) -> String {
    let allowed = |char: char| if char.is_ascii_alphanumeric() || "._- ".contains(char) { char } else { '-' };
    let name: String = name.chars().map(allowed).collect();
    let name = name.trim_start_matches(|char: char| !char.is_ascii_alphanumeric()).trim_end();
    let name: String = if name.is_empty() { "job".to_owned() } else { name.chars().take(60).collect() };
    let name = name.trim_end().to_owned();
    let again = (2..).map(|count| format!("{name} {count}"));
    std::iter::once(name.clone()).chain(again).find(|name| !taken.contains(name)).unwrap_or(name)
}

/// A service's name: lower-case letters, digits and `-` between them.
pub(crate) fn service(name: &str) -> String {
    let allowed = |char: char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' };
    let name: String = name.chars().map(allowed).take(63).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "service".to_owned() } else { name.to_owned() }
}

/// A step's name: one line.
pub(crate) fn step(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").chars().filter(|char| !char.is_control()).take(100).collect()
}

/// Whether a variable may be set under this name; if not, that is listed.
pub(crate) fn is_variable(field: &Field, notes: &mut Notes) -> bool {
    let name = field.key.as_str();
    let inner = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
    if !inner || name.is_empty() || name.starts_with(|char: char| char.is_ascii_digit()) {
        notes.list(field, "a variable's name has letters, digits and `_`, no digit first");
        return false;
    }
    if name == "CI" || name.starts_with("CI_") {
        notes.list(field, "names that begin with `CI_` are set by Sidings itself");
        return false;
    }
    true
}

/// A word as a label: `gpu` is `gpu: "true"`, `arch=arm64` is `arch: arm64`.
pub(crate) fn label(word: &str) -> Option<(String, String)> {
    let (name, value) = word.split_once(['=', ':']).unwrap_or((word, "true"));
    let (name, value) = (name.trim(), value.trim());
    let inner = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte));
    let right = inner && name.starts_with(|char: char| char.is_ascii_alphanumeric()) && name.len() <= 100;
    let one_line = !value.is_empty() && value.len() <= 100 && !value.contains(char::is_control);
    (right && one_line).then(|| (name.to_owned(), value.to_owned()))
}

/// An image's reference with a version; none, and listed, if it cannot be one.
pub(crate) fn image(field: &Field, text: &str, notes: &mut Notes) -> Option<String> {
    let bare = without_matrix(text);
    if bare.contains('$') {
        notes.list(
            field,
            "variables are not replaced in an image's name, but for those of `matrix`; write the image out",
        );
        return None;
    }
    let (name, version) = match bare.rsplit_once('@') {
        Some((name, _)) => (name, Some("")),
        None => tag_of(&bare),
    };
    let is_name = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "._-/:".contains(char);
    if name.is_empty() || !name.chars().all(is_name) || !name.starts_with(|char: char| char.is_ascii_alphanumeric()) {
        notes.list(field, "this is not the reference of an image");
        return None;
    }
    match version {
        Some("latest") => {
            notes.changed(field, "`latest` may be another image tomorrow; choose a version");
            Some(format!("{}:{NO_VERSION}", text.trim_end_matches(":latest")))
        }
        None => {
            notes.changed(field, "the image has no version, and may be another one tomorrow; choose one");
            Some(format!("{text}:{NO_VERSION}"))
        }
        Some(_) => Some(text.to_owned()),
    }
}

fn tag_of(reference: &str) -> (&str, Option<&str>) {
    let last = reference.rfind('/').map_or(0, |slash| slash + 1);
    match reference[last..].find(':') {
        Some(colon) => (&reference[..last + colon], Some(&reference[last + colon + 1..])),
        None => (reference, None),
    }
}

/// The name that a service has after its image: `library/postgres:16` is `postgres`.
pub(crate) fn after_image(image: &str) -> &str {
    let (name, _) = tag_of(image.split('@').next().unwrap_or_default());
    name.rsplit('/').next().unwrap_or_default()
}

/// Every `${matrix.NAME}` as an `x`.
pub(crate) fn without_matrix(text: &str) -> String {
    let mut parts = text.split("${matrix.");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('x');
        out.push_str(part.split_once('}').map_or("", |(_, rest)| rest));
    }
    out
}

/// `90 minutes`, `1h 30m`, `3600`: as this language writes it, within its limits.
pub(crate) fn duration(text: &str) -> Option<String> {
    let mut seconds = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let letters = after.find(|char: char| !char.is_ascii_alphabetic()).unwrap_or(after.len());
        seconds += number * seconds_in(&after[..letters])?;
        rest = after[letters..].trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
    }
    Some(written(seconds.clamp(1.0, 86_400.0) as u64))
}

fn seconds_in(unit: &str) -> Option<f64> {
    Some(match unit {
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "week" | "weeks" => 604_800.0,
        _ => return None,
    })
}

fn written(seconds: u64) -> String {
    let part = |number: u64, unit: &str| if number > 0 { format!("{number}{unit}") } else { String::new() };
    [part(seconds / 3600, "h"), part(seconds / 60 % 60, "m"), part(seconds % 60, "s")].concat()
}

/// How long something is kept, in days, at least one: `1 week` is `7d`.
pub(crate) fn days(text: &str) -> Option<String> {
    let mut seconds = 0.0;
    let mut words = text.split_whitespace().flat_map(split_unit);
    while let Some(number) = words.next() {
        let unit = words.next().unwrap_or_default();
        let unit = match unit.as_str() {
            "month" | "months" | "mos" | "mo" => 2_592_000.0,
            "year" | "years" | "yr" | "yrs" => 31_536_000.0,
            unit => seconds_in(unit)?,
        };
        seconds += number.parse::<f64>().ok()? * unit;
    }
    let days = (seconds / 86_400.0).ceil() as u64;
    (days > 0).then(|| format!("{days}d"))
}

/// `30days` as `30` and `days`.
fn split_unit(word: &str) -> Vec<String> {
    let at = word.find(|char: char| char.is_ascii_alphabetic()).unwrap_or(word.len());
    let (number, unit) = word.split_at(at);
    [number, unit].iter().filter(|part| !part.is_empty()).map(|&part| part.to_owned()).collect()
}

/// What every step has of `CI_…`, as the reference lists it.
const SET: [&str; 25] = [
    "CI_COMMIT_SHA",
    "CI_COMMIT_REF",
    "CI_COMMIT_REF_NAME",
    "CI_COMMIT_BRANCH",
    "CI_COMMIT_TAG",
    "CI_COMMIT_MESSAGE",
    "CI_COMMIT_AUTHOR",
    "CI_COMMIT_BEFORE_SHA",
    "CI_PIPELINE_ID",
    "CI_PIPELINE_NUMBER",
    "CI_PIPELINE_EVENT",
    "CI_PIPELINE_URL",
    "CI_JOB_ID",
    "CI_JOB_NAME",
    "CI_JOB_URL",
    "CI_JOB_ATTEMPT",
    "CI_JOB_IMAGE",
    "CI_STEP_NAME",
    "CI_REPO",
    "CI_REPO_URL",
    "CI_REPO_DEFAULT_BRANCH",
    "CI_WORKSPACE",
    "CI_PROJECT_DIR",
    "CI_NODE_INDEX",
    "CI_NODE_TOTAL",
];

/// Lists variables of commands that were set by the other CI and are not set here.
pub(crate) fn tell_unset(field: &Field, command: &str, notes: &mut Notes) {
    let vendor = ["CI_", "GITLAB_", "GITHUB_", "RUNNER_"];
    let unset: BTreeSet<&str> = command
        .split('$')
        .skip(1)
        .map(|after| after.strip_prefix('{').unwrap_or(after))
        .map(|after| {
            &after[..after.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(after.len())]
        })
        .filter(|name| vendor.iter().any(|vendor| name.starts_with(vendor)) && !SET.contains(name))
        .collect();
    for name in unset {
        notes.changed(field, &format!("`${name}` is not set here"));
    }
}
