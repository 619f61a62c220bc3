//! How large the plan becomes: every step has all variables of its job and its pipeline, so a small file could make a
//! very large plan. And how large a script becomes for the shell, which gets it as one argument.

use super::Reader;
use crate::diagnostic::Code;
use crate::pipeline::{Setting, Variables};
use crate::report::Problem;
use crate::source::Span;
use sidings_proto::split::Tests;
use sidings_proto::{Command, Environment};

/// A plan's size in bytes, about.
const MAX_PLAN: usize = 16 * 1024 * 1024;
/// What an entry of a map or list takes beside its text.
const ENTRY: usize = 64;
/// What a step takes beside its texts: a matrix multiplies small steps as well.
pub(super) const STEP: usize = 256;

impl Reader<'_> {
    /// Takes so many bytes for the plan; false if there are not as many left.
    pub(super) fn spend(&mut self, bytes: usize, place: &Span) -> bool {
        let before = self.spent;
        self.spent = before.saturating_add(bytes);
        if before <= MAX_PLAN && self.spent > MAX_PLAN {
            let message = "the plan of this file has more than 16 MiB; that is the limit";
            let help = "each step has all variables of its job and of the pipeline; give large ones only to the steps that need them";
            self.report.add(Problem::new(Code::Limit, place, message).help(help));
        }
        self.spent <= MAX_PLAN
    }

    /// Whether the limit was passed; then no more steps are read.
    pub(super) fn plan_is_full(&self) -> bool {
        self.spent > MAX_PLAN
    }
}

pub(super) fn of_variables(variables: &Variables) -> usize {
    let of = |setting: &Setting| match setting {
        Setting::Text(text) => text.len(),
        Setting::Secret(used) => used.secret.len(),
    };
    variables.iter().map(|(name, setting)| name.len() + of(setting) + ENTRY).sum()
}

pub(super) fn of_tests(tests: &Tests) -> usize {
    tests.suite.len() + tests.discover.len() + tests.run.len() + tests.junit.as_ref().map_or(0, String::len) + ENTRY
}

pub(super) fn of_command(command: &Command) -> usize {
    match command {
        Command::Run { script } => script.len(),
        Command::Commands { commands } => commands.iter().map(|command| command.len() + ENTRY).sum(),
        Command::Image | Command::Tests => 0,
    }
}

/// What the shell gets for one of several commands: `printf` with the command in quotes, then the command.
pub(super) fn as_printed_and_run(command: &str) -> usize {
    2 * command.len() + 3 * command.matches('\'').count() + ENTRY
}

pub(super) fn of_image(image: &Environment) -> usize {
    match image {
        Environment::Image { reference } => reference.len(),
        Environment::Build { context, dockerfile, target, args, secrets, refresh_ms: _ } => {
            let texts = args.iter().chain(secrets).map(|(name, value)| name.len() + value.len() + ENTRY);
            context.len() + dockerfile.len() + target.as_ref().map_or(0, String::len) + texts.sum::<usize>()
        }
    }
}
