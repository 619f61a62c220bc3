//! The names of a job's steps: those that were given, and the beginnings of their commands for the others.

use crate::pipeline::{Job, Step};
use crate::suggest::shortened;
use sidings_proto::Command;
use std::collections::BTreeMap;

/// Characters of a command that make a name.
const LENGTH: usize = 40;

/// One for each step, in order, no two alike. They do not depend on conditions.
pub(super) fn of_steps(job: &Job) -> Vec<String> {
    let steps = || job.stages.iter().flat_map(|stage| &stage.steps);
    let given = steps().filter_map(|step| step.name.as_ref()).map(|name| (name.text.clone(), 1));
    let mut used: BTreeMap<String, usize> = given.collect();
    steps()
        .map(|step| match &step.name {
            Some(name) => name.text.clone(),
            None => unique(by_command(step), &mut used),
        })
        .collect()
}

/// `make test`, then `make test (2)`. What is used keeps the last number that was given out for it, so that a
/// thousand steps alike do not ask for each other's names again.
fn unique(name: String, used: &mut BTreeMap<String, usize>) -> String {
    let Some(last) = used.get(&name).copied() else {
        used.insert(name.clone(), 1);
        return name;
    };
    let numbered = (last + 1..).map(|number| (number, format!("{name} ({number})")));
    let (number, free) = numbered.into_iter().find(|(_, free)| !used.contains_key(free)).expect("numbers do not end");
    used.insert(name, number);
    used.insert(free.clone(), 1);
    free
}

fn by_command(step: &Step) -> String {
    let line = match &step.command {
        Command::Run { script } => first_line(script),
        Command::Commands { commands } => commands.first().and_then(|command| first_line(command)),
        Command::Image => None,
        Command::Tests => Some("tests"),
    };
    line.map_or_else(|| "the image's command".to_owned(), |line| shortened(line, LENGTH))
}

/// The first that does something.
fn first_line(script: &str) -> Option<&str> {
    let lines = || script.lines().map(str::trim).filter(|line| !line.is_empty());
    lines().find(|line| !line.starts_with('#')).or_else(|| lines().next())
}
