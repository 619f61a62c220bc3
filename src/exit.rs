//! What the program's exit code says. Scripts rely on these numbers: they are in `--help` and in `docs/cli.md`.

use sidings_proto::Verdict;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It did what was asked; the run that was followed passed.
    Passed,
    /// The run that was followed failed, or a check of `doctor` did.
    Failed,
    /// The command line is wrong, or names something that is not there.
    Usage,
    /// The run that was followed was cancelled.
    Cancelled,
    /// The pipeline, a setting or a token is wrong.
    Configuration,
    /// The controller or the container engine cannot be reached.
    Unreachable,
    /// Sidings itself failed.
    Internal,
    /// Ctrl-C.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Cancelled => 3,
            Exit::Configuration => 64,
            Exit::Unreachable => 69,
            Exit::Internal => 70,
            Exit::Interrupted => 130,
        }
    }

    /// What a followed run's verdict makes of the program's end.
    pub(crate) fn of(verdict: Option<&Verdict>) -> Exit {
        match verdict {
            Some(Verdict::Passed | Verdict::Skipped { .. }) => Exit::Passed,
            Some(Verdict::Cancelled) => Exit::Cancelled,
            Some(Verdict::Failed(failure)) if failure.class == sidings_proto::FailureClass::InvalidPipeline => {
                Exit::Configuration
            }
            Some(Verdict::Failed(_)) => Exit::Failed,
            None => Exit::Internal,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error that says how the program ends; any other error ends it as [`Exit::Internal`].
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The exit code.
    pub(crate) exit: Exit,
    message: String,
}

impl Refusal {
    /// The command line is wrong, or names something that is not there.
    pub(crate) fn usage(message: impl Into<String>) -> anyhow::Error {
        Refusal { exit: Exit::Usage, message: message.into() }.into()
    }

    /// A file or setting is wrong.
    pub(crate) fn configuration(message: impl Into<String>) -> anyhow::Error {
        Refusal { exit: Exit::Configuration, message: message.into() }.into()
    }

    /// Something outside cannot be reached.
    pub(crate) fn unreachable(message: impl Into<String>) -> anyhow::Error {
        Refusal { exit: Exit::Unreachable, message: message.into() }.into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Refusal {}

/// The exit code for an error, wherever in its chain the reason is.
pub(crate) fn exit_of(error: &anyhow::Error) -> Exit {
    error
        .chain()
        .find_map(|cause| {
            let refusal = cause.downcast_ref::<Refusal>().map(|refusal| refusal.exit);
            let refusal =
                refusal.or_else(|| cause.downcast_ref::<crate::client::Error>().map(crate::client::Error::exit));
            let refusal = refusal.or_else(|| cause.is::<sidings_runner::NotEnrolled>().then_some(Exit::Configuration));
            let refusal =
                refusal.or_else(|| cause.is::<sidings_controller::BadKeyFile>().then_some(Exit::Configuration));
            refusal.or_else(|| cause.downcast_ref::<io::Error>().and_then(exit_of_io))
        })
        .unwrap_or(Exit::Internal)
}

/// An address that is taken, or not this machine's, is a wrong setting.
fn exit_of_io(error: &io::Error) -> Option<Exit> {
    let wrong = [io::ErrorKind::AddrInUse, io::ErrorKind::AddrNotAvailable].contains(&error.kind());
    wrong.then_some(Exit::Configuration)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use sidings_proto::{Failure, FailureClass};

    fn failed(class: FailureClass) -> Verdict {
        Verdict::Failed(Failure { class, message: String::new() })
    }

    #[test]
    fn a_verdict_decides_the_exit_code() {
        assert_eq!(Exit::of(Some(&Verdict::Passed)).code(), 0);
        assert_eq!(Exit::of(Some(&failed(FailureClass::StepFailed))).code(), 1);
        assert_eq!(Exit::of(Some(&failed(FailureClass::InvalidPipeline))).code(), 64);
        assert_eq!(Exit::of(Some(&Verdict::Cancelled)).code(), 3);
    }

    #[test]
    fn a_refusal_keeps_its_code_under_any_context() {
        let error = Err::<(), _>(Refusal::unreachable("no engine")).context("looking for the engine").unwrap_err();
        assert_eq!(exit_of(&error).code(), 69);
        assert_eq!(exit_of(&anyhow::anyhow!("disk is on fire")).code(), 70);
    }
}
