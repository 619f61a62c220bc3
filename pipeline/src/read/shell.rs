//! `shell`: the program that a step's script is given to, as its last argument.

use super::Reader;
use super::fields::{At, Fields};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::suggest::quoted;
use sidings_proto::Command;
use std::rc::Rc;

/// Shells that know `-e`, `-c` and `printf`.
const SHELLS: [&str; 6] = ["sh", "ash", "dash", "bash", "ksh", "zsh"];
/// How other programs take a script as an argument.
const OTHERS: [(&str, &str); 6] =
    [("python", "-c"), ("node", "-e"), ("perl", "-e"), ("ruby", "-e"), ("php", "-r"), ("pwsh", "-Command")];

/// A program and the arguments before the script; empty for the usual shell.
pub(super) type Shell = Rc<Vec<String>>;

impl Reader<'_> {
    /// A shell's name alone stands for `sh -e -c` of its kind.
    pub(super) fn shell(&mut self, at: &At<'_, '_>) -> Option<Shell> {
        let mut words = self.program(at)?;
        if let [alone] = words.as_slice() {
            if !is_shell(alone) {
                let message = format!("{} alone does not say how it is given a script", quoted(alone));
                let help = format!("add what stands before the script: `{alone} {}`", takes_a_script_by(alone));
                let expected = "a shell's name, or a program and its arguments; the script comes last";
                self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(expected).help(help));
                return None;
            }
            words.extend(["-e", "-c"].map(str::to_owned));
        }
        Some(Rc::new(words))
    }

    /// What is printed and run one by one needs a shell; and a shell needs something to run.
    pub(super) fn fits_shell(&mut self, fields: &Fields<'_, '_>, shell: &Shell, command: &Command) {
        let program = shell.first().filter(|program| !is_shell(program));
        if let (Some(program), Some(commands)) = (program, fields.entry("commands")) {
            let message = format!("`commands` are for a shell, and {} is none", quoted(program));
            let help = "put them into one script, under `run`; or give the step another `shell`";
            self.error(Code::ConflictingKeys, &commands.key.span, message, help);
        }
        if let (Some(own), Command::Image) = (fields.entry("shell"), command)
            && !fields.has_or_meant("run")
            && !fields.has_or_meant("commands")
        {
            let help = "add `run`, or take `shell` out: the image's own command needs none";
            self.error(Code::ConflictingKeys, &own.key.span, "this `shell` has nothing to run", help);
        }
    }
}

fn is_shell(program: &str) -> bool {
    SHELLS.contains(&program.rsplit('/').next().unwrap_or(program))
}

fn takes_a_script_by(program: &str) -> &'static str {
    OTHERS.iter().find(|(name, _)| program.contains(name)).map_or("-c", |(_, argument)| argument)
}
