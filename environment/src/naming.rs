//! A Dockerfile whose images are named otherwise: with the digests that they are locked to. Everything else, and every
//! line, stays where it is.

use crate::dockerfile::{File, Stage, is_dockers};
use crate::mount::{self, Shows};
use crate::reach::by_name;
use crate::reading::Reading;
use parse_dockerfile::{Flag, Instruction};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What is written where.
type Change<'n> = (Range<usize>, &'n str);

impl Reading {
    /// Whether the builder reads the file as it is read here: names can be put into no other one.
    pub fn can_be_named(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.syntax.as_deref().is_none_or(is_dockers))
    }

    /// The text with other names for images, by the references that they are known by here. None where that cannot be
    /// done without changing what the file means.
    pub fn with_names(&self, names: &BTreeMap<String, String>) -> Option<String> {
        let (text, file) = (&self.order.text, self.file.as_ref()?);
        let parsed = parse_dockerfile::parse(text).ok()?;
        let mut changes: Vec<Change<'_>> = Vec::new();
        let mut begun = 0;
        for instruction in &parsed.instructions {
            if let Instruction::From(from) = instruction {
                changes.extend(
                    self.base(&file.stages[..begun], &from.image.value, names)
                        .map(|name| (from.image.span.clone(), name)),
                );
                begun += 1;
            } else {
                changes.extend(
                    sources(instruction, text)
                        .into_iter()
                        .filter_map(|(span, from)| Some((span, of_source(file, &from, names)?))),
                );
            }
        }
        let text = changed(text, changes);
        self.means_the_same(&text, names).then_some(text)
    }

    fn base<'n>(&self, earlier: &[Stage], written: &str, names: &'n BTreeMap<String, String>) -> Option<&'n str> {
        let name = self.globals.expand(written)?;
        by_name(earlier, &name).is_none().then(|| names.get(&name)).flatten().map(String::as_str)
    }

    /// Read again, the text names what it is to name and nothing else.
    fn means_the_same(&self, text: &str, names: &BTreeMap<String, String>) -> bool {
        let named = |reference: String| names.get(&reference).cloned().unwrap_or(reference);
        let expected: BTreeSet<String> = self.bases().into_iter().map(named).collect();
        let again = Reading::new(crate::Order { text: text.to_owned(), ..self.order.clone() });
        let lines = |text: &str| text.matches('\n').count();
        lines(text) == lines(&self.order.text) && again.is_ok_and(|again| again.bases() == expected)
    }
}

fn of_source<'n>(file: &File, from: &str, names: &'n BTreeMap<String, String>) -> Option<&'n str> {
    let by_number = || from.parse::<usize>().is_ok_and(|number| number < file.stages.len());
    let is_stage = by_name(&file.stages, from).is_some() || by_number();
    if is_stage { None } else { names.get(from).map(String::as_str) }
}

/// What an instruction copies or mounts from, and where that stands.
#[expect(clippy::wildcard_enum_match_arm, reason = "the other instructions, and those to come, name no images")]
fn sources(instruction: &Instruction<'_>, text: &str) -> Vec<(Range<usize>, String)> {
    match instruction {
        Instruction::Copy(copy) => flags(&copy.options, "from").collect(),
        Instruction::Run(run) => {
            flags(&run.options, "mount").filter_map(|(span, mount)| mounted(text, span, &mount)).collect()
        }
        Instruction::Onbuild(on_build) => sources(&on_build.instruction, text),
        _ => Vec::new(),
    }
}

fn flags<'f>(all: &'f [Flag<'_>], name: &'f str) -> impl Iterator<Item = (Range<usize>, String)> + 'f {
    let values = all.iter().filter(move |flag| flag.name.value == name).filter_map(|flag| flag.value.as_ref());
    values.map(|value| (value.span.clone(), value.value.to_string()))
}

/// `from=` of a mount.
fn mounted(text: &str, span: Range<usize>, mount: &str) -> Option<(Range<usize>, String)> {
    let Some(Shows::Other(from)) = mount::shows(mount) else { return None };
    let written = format!("from={from}");
    let at = text.get(span.clone())?.rfind(&written)? + span.start + "from=".len();
    Some((at..at + from.len(), from.to_owned()))
}

/// The places are in order.
fn changed(text: &str, changes: Vec<Change<'_>>) -> String {
    let (mut out, mut from) = (String::with_capacity(text.len() + 80 * changes.len()), 0);
    for (span, name) in changes {
        out.push_str(&text[from..span.start]);
        out.push_str(name);
        from = span.end;
    }
    out + &text[from..]
}

#[cfg(test)]
mod tests;
