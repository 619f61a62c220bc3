//! What the view shows: news in, wishes out. What keys do to it is beside this, in `press`.

mod press;

use super::find::Search;
use super::rows::{self, Row};
use super::text::Text;
use crate::follow::{Line, LogId, LogNews, RunNews};
use sidings_proto::api::{RunSummary, RunView, State};
use sidings_proto::{JobId, RunId, StepNo, Timestamp};

/// What comes from the controller.
#[derive(Debug)]
pub(super) enum News {
    /// The newest runs.
    Runs(Vec<RunSummary>),
    /// The run that is followed, after a change.
    Run(Box<RunView>),
    /// More of the log that is read.
    Lines(LogId, Vec<Line>),
    /// That was all of it, and why, where it could not be read to its end.
    LogEnded(LogId, Option<String>),
    /// A sentence for the last row.
    Said(String),
}

impl From<RunNews> for News {
    fn from(news: RunNews) -> News {
        match news {
            RunNews::Seen(run) => News::Run(run),
            RunNews::Away(why) => News::Said(format!("{why}; trying again")),
            RunNews::Lost(error) => News::Said(error.to_string()),
        }
    }
}

impl From<LogNews> for News {
    fn from(news: LogNews) -> News {
        match news {
            LogNews::Lines(log, lines) => News::Lines(log, lines),
            LogNews::Ended(log, broken) => News::LogEnded(log, broken),
        }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// See every change of this run, and of no other.
    Follow(RunId),
    /// Read this log, and no other.
    Read(LogId),
    /// Read none.
    ReadNone,
    /// Change something.
    Do(Deed),
    /// The view is over.
    Leave,
    /// It is over, and was not left by its own key.
    Interrupt,
}

/// What a person asks of the controller, or of the desktop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Stop the run.
    Cancel(RunId),
    /// Run it again, or only what failed of it.
    Retry { run: RunId, failed_only: bool },
    /// Agree that the job runs.
    Approve(JobId),
    /// Show the page at this address.
    Open(String),
}

/// A part of the screen, to which keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pane {
    Runs,
    Jobs,
    Log,
}

/// A job, or one of its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) job: JobId,
    pub(super) step: Option<StepNo>,
}

/// What is asked before something is changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Cancel,
    Retry,
    Approve { job: JobId, name: String },
}

/// All that is seen.
#[derive(Debug)]
pub(super) struct Watching {
    pub(super) runs: Vec<RunSummary>,
    pub(super) chosen: Option<RunId>,
    pub(super) run: Option<RunView>,
    pub(super) place: Option<Place>,
    pub(super) text: Option<Text>,
    pub(super) pane: Pane,
    /// The log has the whole screen.
    pub(super) wide: bool,
    pub(super) help: bool,
    pub(super) question: Option<Question>,
    pub(super) search: Search,
    pub(super) said: String,
    /// Rows that the log has on the screen.
    pub(super) log_rows: usize,
}

impl Watching {
    /// Nothing is known yet but the run to look at first, if there is one.
    pub(super) fn new(first: Option<RunView>) -> Watching {
        Watching {
            runs: Vec::new(),
            chosen: first.as_ref().map(|run| run.summary.id),
            run: first,
            place: None,
            text: None,
            pane: Pane::Runs,
            wide: false,
            help: false,
            question: None,
            search: Search::default(),
            said: String::new(),
            log_rows: 1,
        }
    }

    /// What is to be done before anything is heard.
    pub(super) fn begin(&mut self) -> Vec<Wish> {
        self.chosen.map(Wish::Follow).into_iter().collect()
    }

    /// Something came from the controller.
    pub(super) fn hear(&mut self, news: News) -> Vec<Wish> {
        match news {
            News::Runs(runs) => self.see_runs(runs),
            News::Run(run) => self.see_run(*run),
            News::Lines(log, lines) => {
                self.text.iter_mut().filter(|text| text.log == log).for_each(|text| text.push(&lines));
                Vec::new()
            }
            News::LogEnded(log, broken) => {
                self.text.iter_mut().filter(|text| text.log == log).for_each(|text| text.ended = true);
                self.said = broken.map(|why| format!("the log is not whole: {why}")).unwrap_or_default();
                Vec::new()
            }
            News::Said(text) => {
                self.said = text;
                Vec::new()
            }
        }
    }

    fn see_runs(&mut self, runs: Vec<RunSummary>) -> Vec<Wish> {
        self.runs = runs;
        match (self.chosen, self.runs.first().map(|run| run.id)) {
            (None, Some(newest)) => self.choose(newest),
            (Some(_), _) | (None, None) => Vec::new(),
        }
    }

    fn see_run(&mut self, run: RunView) -> Vec<Wish> {
        if self.chosen != Some(run.summary.id) {
            return Vec::new();
        }
        self.runs.iter_mut().filter(|known| known.id == run.summary.id).for_each(|known| *known = run.summary.clone());
        if self.place.is_none_or(|place| !run.jobs.iter().any(|job| job.id == place.job)) {
            self.place = first_place(&run);
        }
        self.run = Some(run);
        self.look()
    }

    fn choose(&mut self, run: RunId) -> Vec<Wish> {
        if self.chosen == Some(run) && self.run.is_some() {
            return Vec::new();
        }
        (self.chosen, self.run, self.place, self.text) = (Some(run), None, None, None);
        self.search = Search::default();
        vec![Wish::ReadNone, Wish::Follow(run)]
    }

    /// Turns to the log of the place that is looked at. Somebody who reads further up is not torn away from it.
    fn look(&mut self) -> Vec<Wish> {
        let (Some(run), Some(place)) = (&self.run, self.place) else { return Vec::new() };
        let wanted = rows::log_of(run, place);
        let shown = self.text.as_ref().map(|text| text.log);
        let is_reading = self.text.as_ref().is_some_and(|text| !text.follows() && text.log.job == place.job);
        if wanted == shown || (is_reading && place.step.is_none()) {
            return Vec::new();
        }
        self.search = Search::default();
        self.text = wanted.map(Text::of);
        vec![wanted.map_or(Wish::ReadNone, Wish::Read)]
    }

    /// The rows of the run's jobs.
    pub(super) fn rows(&self, now: Timestamp) -> Vec<Row> {
        self.run.as_ref().map(|run| rows::of(run, self.place, now)).unwrap_or_default()
    }

    /// The job that is looked at, or whose step is.
    pub(super) fn job(&self) -> Option<&sidings_proto::api::JobView> {
        let place = self.place?;
        self.run.as_ref()?.jobs.iter().find(|job| job.id == place.job)
    }
}

/// What one would look at first: a job that failed, or one that runs.
fn first_place(run: &RunView) -> Option<Place> {
    let failed = |job: &&sidings_proto::api::JobView| {
        matches!(job.verdict, Some(sidings_proto::Verdict::Failed(_))) && !job.allow_failure
    };
    let running = run.jobs.iter().find(|job| job.state == State::Running);
    let job = run.jobs.iter().find(failed).or(running).or(run.jobs.first())?;
    Some(Place { job: job.id, step: None })
}
