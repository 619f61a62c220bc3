//! The text that the engine is given: the user's own, with an instruction after it that puts the Dockerfile itself into
//! the image.
//!
//! A file that cannot be read here is left as it is; the builder says what is wrong with it.

use super::prepared::Order;
use sidings_environment::Reading;

/// Where an image holds the Dockerfile that it was built from.
const IN_IMAGE: &str = "/usr/share/sidings/Dockerfile";
/// The stage that is added after a target which is not the last one.
const ADDED_STAGE: &str = "sidings-image";

/// What to build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Recipe {
    /// What the engine builds.
    pub(super) text: String,
    /// The stage that the engine builds.
    pub(super) target: Option<String>,
    /// The image that the target's own file system begins from.
    pub(super) final_base: Option<String>,
}

impl Recipe {
    /// For a Dockerfile that was read. `place` is its path in the context.
    pub(super) fn of(reading: &Reading, source: &str, place: &str, order: &Order) -> Recipe {
        let (text, target) = match with_itself(source, place, reading) {
            Some((text, added)) => (text, added.or(order.target.clone())),
            None => (source.to_owned(), order.target.clone()),
        };
        Recipe { text, target, final_base: reading.final_base() }
    }
}

/// The text with the instruction that copies the Dockerfile, and the stage that it had to add. None where it would
/// not stand by itself: after a line that goes on, or for a target that has no name to begin from.
fn with_itself(source: &str, place: &str, reading: &Reading) -> Option<(String, Option<String>)> {
    // These mean something else in a source of COPY.
    if place.contains(['*', '?', '[', '\\', '$', '"']) {
        return None;
    }
    let copy = format!("COPY [\"{place}\", \"{IN_IMAGE}\"]\n");
    let target = reading.target()?;
    let (added, count, target) = if target.is_last {
        (copy, 1, None)
    } else {
        let name = target.name?;
        (format!("FROM {name} AS {ADDED_STAGE}\n{copy}"), 2, Some(ADDED_STAGE.to_owned()))
    };
    let text = format!("{}\n# Added by Sidings:\n{added}", without_open_end(source));
    let count_of = |text: &str| parse_dockerfile::parse(text).ok().map(|file| file.instructions.len());
    (count_of(&text)? == count_of(source)? + count).then_some((text, target))
}

/// A last line that goes on ends with the file; it must not go on with what is added.
fn without_open_end(source: &str) -> &str {
    let says = |line: &str| line.replace([' ', '\t'], "").eq_ignore_ascii_case("#escape=`");
    let backtick = source.lines().take_while(|line| line.starts_with('#')).any(says);
    let end = source.trim_end();
    end.strip_suffix(if backtick { '`' } else { '\\' }).unwrap_or(end)
}

#[cfg(test)]
mod tests;
