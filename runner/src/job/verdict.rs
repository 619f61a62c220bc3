//! How a step ended, from all that is known of it. Pure. Only a sound exit record makes a step pass.

use super::stop::Stop;
use crate::spool::Hostile;
use sidings_proto::runner::LogDigest;
use sidings_proto::step::ExitRecord;
use sidings_proto::time::spoken;
use sidings_proto::{Failure, FailureClass, Verdict};
use std::time::Duration;

/// How watching a step's container came to its end.
#[derive(Debug)]
pub(super) enum Watched {
    /// The container ended by itself; the engine's word for its code, if it knows one.
    Ended(Option<i64>),
    /// It was stopped, for the job's sake.
    Stopped(Stop),
    /// It was stopped: the step took longer than this.
    TimedOut(Duration),
    /// The engine failed.
    Lost(anyhow::Error),
}

impl Watched {
    /// Whether somebody may want to see what the step left: it ended by itself, or its time was over.
    pub(super) fn is_worth_a_look(&self) -> bool {
        match self {
            Watched::Ended(_) | Watched::TimedOut(_) | Watched::Stopped(Stop::JobTimedOut) => true,
            Watched::Stopped(Stop::Cancelled | Stop::Dropped) | Watched::Lost(_) => false,
        }
    }
}

/// All that is known of a step that was started.
#[derive(Debug)]
pub(super) struct Evidence<'a> {
    pub(super) step: &'a str,
    pub(super) job_timeout: Duration,
    pub(super) watched: Watched,
    pub(super) record: Result<Option<ExitRecord>, Hostile>,
    pub(super) log: &'a LogDigest,
    pub(super) log_trouble: Option<&'a Hostile>,
}

/// A failure of a kind.
pub(super) fn failed(class: FailureClass, message: impl Into<String>) -> Verdict {
    Verdict::Failed(Failure { class, message: message.into() })
}

/// The verdict on a job that was stopped.
pub(super) fn of_stopped_job(stop: Stop, timeout: Duration) -> Verdict {
    match stop {
        Stop::Cancelled | Stop::Dropped => Verdict::Cancelled,
        Stop::JobTimedOut => failed(FailureClass::TimedOut, format!("the job took longer than {}", spoken(timeout))),
    }
}

impl Evidence<'_> {
    /// The verdict on the step.
    pub(super) fn verdict(&self) -> Verdict {
        let step = self.step;
        match (&self.watched, &self.record) {
            (Watched::Stopped(stop), _) => of_stopped_job(*stop, self.job_timeout),
            (Watched::TimedOut(limit), _) => {
                failed(FailureClass::TimedOut, format!("step \"{step}\" took longer than {}", spoken(*limit)))
            }
            (_, Ok(Some(record))) => self.by_record(record),
            (_, Err(hostile)) => of_file(hostile, format!("the exit record of step \"{step}\" does not count")),
            (Watched::Lost(error), Ok(None)) => ours(format!("step \"{step}\" was lost: {error:#}")),
            (Watched::Ended(Some(code)), Ok(None)) => {
                ours(format!("step \"{step}\" left no exit record (the engine says code {code})"))
            }
            (Watched::Ended(None), Ok(None)) => {
                ours(format!("step \"{step}\" left no exit record and the engine does not know its container"))
            }
        }
    }

    /// The program's exit code, when it is known.
    pub(super) fn code(&self) -> Option<i32> {
        self.record.as_ref().ok().and_then(|record| record.as_ref()).map(|record| record.code)
    }

    fn by_record(&self, record: &ExitRecord) -> Verdict {
        let step = self.step;
        match record {
            ExitRecord { error: Some(error), .. } => {
                failed(FailureClass::StepFailed, format!("step \"{step}\" could not start: {error}"))
            }
            ExitRecord { signal: Some(signal), .. } => {
                failed(FailureClass::StepFailed, format!("step \"{step}\" was ended by signal {signal}"))
            }
            ExitRecord { code: 0, .. } => self.by_log(record),
            ExitRecord { code, .. } => {
                failed(FailureClass::StepFailed, format!("step \"{step}\" exited with code {code}"))
            }
        }
    }

    /// The verdict on a step that ended well, if its log is whole.
    fn by_log(&self, record: &ExitRecord) -> Verdict {
        let what = format!("the log of step \"{}\" is not what its exit record says", self.step);
        match (self.log_trouble, self.log_differs(record)) {
            (Some(trouble), _) => of_file(trouble, what),
            (None, Some(how)) => ours(format!("{what}: {how}")),
            (None, None) => Verdict::Passed,
        }
    }

    fn log_differs(&self, record: &ExitRecord) -> Option<String> {
        if record.log_bytes != self.log.bytes {
            return Some(format!("{} bytes were read and {} written", self.log.bytes, record.log_bytes));
        }
        (record.log_bytes > 0 && record.log_hash != self.log.hash).then(|| "its hash is another".to_owned())
    }
}

/// The verdict when a file that the helper writes is not one it can have written: nobody but the step can have put it
/// there, and another attempt would do the same. That the disk fails is ours.
fn of_file(hostile: &Hostile, what: String) -> Verdict {
    let message = format!("{what}: {hostile}");
    match hostile {
        Hostile::Strange(_) => failed(FailureClass::StepFailed, message),
        Hostile::Unreadable(_) => ours(message),
    }
}

fn ours(message: String) -> Verdict {
    failed(FailureClass::EngineFailed, message)
}
