//! What a Dockerfile builds upon, and the text that the engine is given: the user's own, with an instruction after it
//! that puts the Dockerfile itself into the image.
//!
//! A file that cannot be read here is left as it is; the builder says what is wrong with it.

use super::prepared::Order;
use parse_dockerfile::{Dockerfile, Flag, Instruction};
use std::collections::{BTreeMap, BTreeSet};

/// Where an image holds the Dockerfile that it was built from.
const IN_IMAGE: &str = "/usr/share/sidings/Dockerfile";
/// The stage that is added after a target which is not the last one.
const ADDED_STAGE: &str = "sidings-image";

/// A Dockerfile, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// What the engine builds.
    pub(super) text: String,
    /// The stage that the engine builds.
    pub(super) target: Option<String>,
    /// The images that the target's stages begin from or copy from.
    pub(super) bases: BTreeSet<String>,
    /// Those whose name depends on an argument without a value.
    pub(super) unknown_bases: BTreeSet<String>,
    /// The image that the target's own file system begins from.
    pub(super) final_base: Option<String>,
}

/// What a stage begins from or copies from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Stage(usize),
    Image(String),
    Unknown(String),
    Scratch,
}

struct Stage {
    name: Option<String>,
    from: Origin,
    others: Vec<Origin>,
}

impl Recipe {
    /// Reads a Dockerfile. `place` is its path in the context. The error is for the user: there is no such target.
    pub(super) fn read(source: &str, place: &str, order: &Order) -> Result<Recipe, String> {
        let plain = Recipe { text: source.to_owned(), target: order.target.clone(), ..Recipe::default() };
        let Ok(file) = parse_dockerfile::parse(source) else { return Ok(plain) };
        let stages = stages(&file, &arguments(&file, order));
        let Some(target) = target(&stages, order)? else { return Ok(plain) };
        let mut recipe = Recipe { final_base: final_base(&stages, target), ..plain };
        for origin in reached(&stages, target) {
            match origin {
                Origin::Image(reference) => recipe.bases.insert(reference),
                Origin::Unknown(name) => recipe.unknown_bases.insert(name),
                Origin::Stage(_) | Origin::Scratch => continue,
            };
        }
        if let Some((text, added)) = with_itself(source, place, &stages, target) {
            (recipe.text, recipe.target) = (text, added.or(recipe.target));
        }
        Ok(recipe)
    }
}

/// The target's place among the stages; none when there are no stages.
fn target(stages: &[Stage], order: &Order) -> Result<Option<usize>, String> {
    let Some(name) = &order.target else { return Ok(stages.len().checked_sub(1)) };
    let by_name = stages.iter().rposition(|stage| is_called(stage, name));
    let by_number = || name.parse().ok().filter(|number| *number < stages.len());
    if let Some(index) = by_name.or_else(by_number) {
        return Ok(Some(index));
    }
    let names: Vec<&str> = stages.iter().filter_map(|stage| stage.name.as_deref()).collect();
    let known = if names.is_empty() { "none of its stages has a name".to_owned() } else { names.join(", ") };
    Err(format!("{}: there is no stage {name:?} to build (known: {known})", order.dockerfile))
}

fn is_called(stage: &Stage, name: &str) -> bool {
    stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name))
}

fn stages(file: &Dockerfile<'_>, arguments: &BTreeMap<String, String>) -> Vec<Stage> {
    let mut stages: Vec<Stage> = Vec::new();
    for stage in file.stages() {
        let image = &stage.from.image.value;
        let from = match expand(image, arguments) {
            Some(name) => origin(&name, &stages, false),
            None => Origin::Unknown(image.to_string()),
        };
        let others = stage.instructions.iter().flat_map(copies_from).map(|name| origin(&name, &stages, true)).collect();
        let name = stage.from.as_.as_ref().map(|(_, name)| name.value.to_string());
        stages.push(Stage { name, from, others });
    }
    stages
}

/// A name is that of an earlier stage first, and only then of an image; `COPY --from` also knows stages by number.
fn origin(name: &str, earlier: &[Stage], numbers: bool) -> Origin {
    let by_name = earlier.iter().rposition(|stage| is_called(stage, name));
    let by_number = name.parse().ok().filter(|number| numbers && *number < earlier.len());
    match by_name.or(by_number) {
        Some(index) => Origin::Stage(index),
        None if name.eq_ignore_ascii_case("scratch") && !numbers => Origin::Scratch,
        None if name.contains('$') => Origin::Unknown(name.to_owned()),
        None => Origin::Image(name.to_owned()),
    }
}

/// The `from` of `COPY --from=…` and of `RUN --mount=…,from=…`.
fn copies_from(instruction: &Instruction<'_>) -> Vec<String> {
    let of = |flags: &[Flag<'_>], name: &str| -> Vec<String> {
        let named = flags.iter().filter(|flag| flag.name.value == name);
        named.filter_map(|flag| Some(flag.value.as_ref()?.value.to_string())).collect()
    };
    if let Instruction::Copy(copy) = instruction {
        return of(&copy.options, "from");
    }
    if let Instruction::Run(run) = instruction {
        let mounts = of(&run.options, "mount");
        let from = |mount: &String| mount.split(',').find_map(|part| part.strip_prefix("from=").map(str::to_owned));
        return mounts.iter().filter_map(from).collect();
    }
    Vec::new()
}

/// The origins of the target and of every stage that it needs.
fn reached(stages: &[Stage], target: usize) -> Vec<Origin> {
    let (mut seen, mut open, mut found) = (BTreeSet::new(), vec![target], Vec::new());
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        let stage = &stages[index];
        for origin in std::iter::once(&stage.from).chain(&stage.others) {
            if let Origin::Stage(index) = origin {
                open.push(*index);
            }
            found.push(origin.clone());
        }
    }
    found
}

fn final_base(stages: &[Stage], target: usize) -> Option<String> {
    let mut index = target;
    loop {
        match &stages[index].from {
            // A stage only begins from an earlier one, so this ends.
            Origin::Stage(earlier) => index = *earlier,
            Origin::Image(reference) => return Some(reference.clone()),
            Origin::Unknown(_) | Origin::Scratch => return None,
        }
    }
}

/// The arguments that `FROM` may name: those before the first one, and the platform's.
fn arguments(file: &Dockerfile<'_>, order: &Order) -> BTreeMap<String, String> {
    let (os, arch) = order.platform.split_once('/').unwrap_or((&order.platform, ""));
    let mut known = BTreeMap::new();
    for side in ["BUILD", "TARGET"] {
        known.insert(format!("{side}PLATFORM"), order.platform.clone());
        known.insert(format!("{side}OS"), os.to_owned());
        known.insert(format!("{side}ARCH"), arch.to_owned());
    }
    for argument in file.global_args().flat_map(|instruction| instruction.arguments.value.split_whitespace()) {
        let (name, default) = argument.split_once('=').map_or((argument, None), |(name, text)| (name, Some(text)));
        let default = default.and_then(|text| expand(text.trim_matches(['"', '\'']), &known));
        if let Some(value) = order.args.get(name).cloned().or(default) {
            known.insert(name.to_owned(), value);
        }
    }
    known
}

/// Replaces `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}`. None when a value is missing.
fn expand(text: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let Some((before, rest)) = text.split_once('$') else { return Some(text.to_owned()) };
    let (value, after) = match rest.strip_prefix('{') {
        Some(braced) => {
            let (inner, after) = braced.split_once('}')?;
            (braced_value(inner, known)?, after)
        }
        None => {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            (known.get(&rest[..end])?.clone(), &rest[end..])
        }
    };
    Some(format!("{before}{value}{}", expand(after, known)?))
}

fn braced_value(inner: &str, known: &BTreeMap<String, String>) -> Option<String> {
    let set = |name: &str| known.get(name).filter(|value| !value.is_empty());
    if let Some((name, default)) = inner.split_once(":-") {
        return set(name).cloned().or_else(|| expand(default, known));
    }
    if let Some((name, other)) = inner.split_once(":+") {
        return if set(name).is_some() { expand(other, known) } else { Some(String::new()) };
    }
    known.get(inner).cloned()
}

/// The text with the instruction that copies the Dockerfile, and the stage that it had to add. None where it would
/// not stand by itself: after a line that goes on, or for a target that has no name to begin from.
fn with_itself(source: &str, place: &str, stages: &[Stage], target: usize) -> Option<(String, Option<String>)> {
    // These mean something else in a source of COPY.
    if place.contains(['*', '?', '[', '\\', '$', '"']) {
        return None;
    }
    let copy = format!("COPY [\"{place}\", \"{IN_IMAGE}\"]\n");
    let is_last = target + 1 == stages.len();
    let (added, count, target) = if is_last {
        (copy, 1, None)
    } else {
        let name = stages[target].name.as_ref()?;
        (format!("FROM {name} AS {ADDED_STAGE}\n{copy}"), 2, Some(ADDED_STAGE.to_owned()))
    };
    let text = format!("{}\n# Added by Sidings:\n{added}", source.trim_end_matches('\n'));
    let count_of = |text: &str| parse_dockerfile::parse(text).ok().map(|file| file.instructions.len());
    (count_of(&text)? == count_of(source)? + count).then_some((text, target))
}

#[cfg(test)]
mod tests;
