//! `sidings logs`: what a run, a job or a step wrote.

use super::output::{Show, follow_to_the_end, print};
use crate::args::LogsArgs;
use crate::client::{Client, LogQuery};
use crate::exit::{Exit, Refusal};
use crate::follow::{Followed, Line, Lines, OnInterrupt, Plain, Scope, follow, prefix, shown};
use crate::reference;
use anyhow::Context;
use futures::StreamExt;
use jiff::tz::TimeZone;
use sidings_proto::api::{JobView, RunView, State};
use sidings_proto::log::{Next, next_frame};
use sidings_proto::split::is_copy;
use sidings_proto::{JobId, StepNo};
use std::io::{BufWriter, IsTerminal, Write};

pub(super) async fn logs(args: LogsArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let subject = Subject::find(&client, &args).await?;
    let zone = args.timestamps.then(TimeZone::system);
    args.attempt.map_or(Ok(()), |attempt| subject.had(attempt))?;
    // Of a try that is over nothing more comes.
    if args.follow && !args.attempt.is_some_and(|attempt| subject.is_over(attempt)) {
        return subject.follow(&client, args.attempt, zone).await;
    }
    let mut printer = Printer { client: &client, attempt: args.attempt, zone, out: BufWriter::new(anstream::stdout()) };
    subject.print(&mut printer).await?;
    printer.out.flush()?;
    Ok(Exit::Passed)
}

/// What is to be shown of which run.
#[derive(Debug)]
struct Subject {
    run: RunView,
    scope: Scope,
}

impl Subject {
    async fn find(client: &Client, args: &LogsArgs) -> anyhow::Result<Subject> {
        let words: Vec<&str> = args.job.iter().chain(&args.step).map(String::as_str).collect();
        let of_job = match args.subject.parse::<JobId>() {
            Ok(id) => run_of_job(client, id).await?.map(|run| (run, id)),
            Err(_) => None,
        };
        match of_job {
            Some((run, job)) => Subject::of(run, vec![job], words.first().copied()),
            None => {
                let run = reference::find(client, &args.subject, &args.project).await?;
                let jobs = words.first().map(|name| jobs_named(&run, name)).transpose()?.unwrap_or_default();
                Subject::of(run, jobs, words.get(1).copied())
            }
        }
    }

    /// Jobs of one name have the same steps.
    fn of(run: RunView, jobs: Vec<JobId>, step: Option<&str>) -> anyhow::Result<Subject> {
        let view = run.jobs.iter().find(|view| jobs.contains(&view.id));
        let step = view.zip(step).map(|(job, step)| step_named(job, step)).transpose()?;
        Ok(Subject { run, scope: Scope { jobs, step, attempt: None } })
    }

    fn jobs(&self) -> impl Iterator<Item = &JobView> {
        self.run.jobs.iter().filter(|job| self.scope.takes_job(job.id))
    }

    /// Refuses a try that no job in question had. Where some had it, the others are empty.
    fn had(&self, attempt: u64) -> anyhow::Result<()> {
        let newest = self.jobs().filter_map(|job| job.attempts.last()).map(|last| last.fence).max();
        match newest {
            Some(newest) if (1..=newest).contains(&attempt) => Ok(()),
            Some(newest) => Err(Refusal::usage(format!("there is no attempt {attempt}: the newest is {newest}"))),
            None => Err(Refusal::usage(format!("there is no attempt {attempt}: none has begun"))),
        }
    }

    /// Whether none of the jobs in question can write any more in this try.
    fn is_over(&self, attempt: u64) -> bool {
        self.jobs().all(|job| match job.attempts.iter().find(|tried| tried.fence == attempt) {
            Some(tried) => tried.ended.is_some(),
            None => job.state == State::Ended || job.attempts.last().is_some_and(|last| last.fence > attempt),
        })
    }

    fn is_one_log(&self) -> bool {
        self.scope.step.is_some() && self.scope.jobs.len() == 1
    }

    /// A whole run is followed as by `submit --follow`, and ends with its exit code; a part of it is only its lines.
    async fn follow(self, client: &Client, attempt: Option<u64>, zone: Option<TimeZone>) -> anyhow::Result<Exit> {
        let is_whole = self.scope.is_whole();
        if is_whole && attempt.is_none() && zone.is_none() {
            return follow_to_the_end(client, self.run, Show { plain: false, json: false }).await;
        }
        let out = BufWriter::new(anstream::stdout());
        let mut screen = if self.is_one_log() { Plain::bare(out, zone) } else { Plain::new(out, zone) };
        let scope = Scope { attempt, ..self.scope };
        let followed = follow(client, self.run, scope, OnInterrupt::Leave, &mut screen).await?;
        Ok(end_of(&followed, is_whole))
    }

    async fn print(&self, printer: &mut Printer<'_>) -> anyhow::Result<()> {
        if let Some(diagnostics) = &self.run.diagnostics {
            print(diagnostics)?;
        }
        for job in self.jobs() {
            for (no, name) in logs_of(job).into_iter().filter(|(no, _)| self.scope.shows(*no)) {
                let how = match self.is_one_log() {
                    true if printer.zone.is_none() && !std::io::stdout().is_terminal() => How::AsItIs,
                    true => How::Lines(String::new()),
                    false => How::Lines(prefix(&[&job.name, &name]) + " "),
                };
                printer.log(job, no, how).await?;
            }
        }
        Ok(())
    }
}

/// The verdict is a whole run's; of a part only the lines were wanted.
fn end_of(followed: &Followed, is_whole: bool) -> Exit {
    match followed.interrupted {
        true => Exit::Interrupted,
        false if is_whole => Exit::of(followed.run.summary.verdict.as_ref()),
        false => Exit::Passed,
    }
}

/// How a log is written.
enum How {
    /// Each byte, for a program that reads it.
    AsItIs,
    /// Safe lines, each behind this.
    Lines(String),
}

struct Printer<'a> {
    client: &'a Client,
    attempt: Option<u64>,
    zone: Option<TimeZone>,
    out: BufWriter<anstream::AutoStream<std::io::Stdout>>,
}

impl Printer<'_> {
    /// Writes one log as far as it is; one that is not there is empty.
    async fn log(&mut self, job: &JobView, step: StepNo, how: How) -> anyhow::Result<()> {
        let query = LogQuery { attempt: self.attempt, ..LogQuery::default() };
        let bytes = match self.client.log(job.id, step, query).await {
            Err(error) if error.is_not_found() => return Ok(()),
            bytes => bytes?,
        };
        let mut bytes = std::pin::pin!(bytes);
        let (mut lines, mut unframed) = (Lines::default(), Vec::new());
        while let Some(piece) = bytes.next().await {
            match &how {
                How::AsItIs => write_payloads(&piece?, &mut unframed)?,
                How::Lines(prefix) => self.lines(prefix, &lines.push(&piece?).context("reading the log")?)?,
            }
        }
        if let How::Lines(prefix) = &how {
            self.lines(prefix, &lines.end())?;
        }
        Ok(())
    }

    fn lines(&mut self, prefix: &str, lines: &[Line]) -> std::io::Result<()> {
        lines.iter().try_for_each(|line| writeln!(self.out, "{prefix}{}", shown(line, self.zone.as_ref())))
    }
}

/// Past the stream that strips colours: a program gets the bytes of the log.
fn write_payloads(bytes: &[u8], unframed: &mut Vec<u8>) -> anyhow::Result<()> {
    unframed.extend_from_slice(bytes);
    let mut out = std::io::stdout().lock();
    let mut at = 0;
    loop {
        match next_frame(&unframed[at..]) {
            Next::Frame(_, payload, taken) => {
                out.write_all(payload)?;
                at += taken;
            }
            Next::Partial => break,
            Next::Corrupt => anyhow::bail!("the log's bytes are damaged"),
        }
    }
    unframed.drain(..at);
    Ok(out.flush()?)
}

/// Every log that a job may have, in order.
fn logs_of(job: &JobView) -> Vec<(StepNo, String)> {
    let steps = job.steps.iter().map(|step| (step.no, step.name.clone()));
    let services = job.services.iter().map(|service| (service.no, service.name.clone()));
    std::iter::once((StepNo::SETUP, "setup".to_owned())).chain(steps).chain(services).collect()
}

/// The job of that name or id, else all that are copies of it.
fn jobs_named(run: &RunView, name: &str) -> anyhow::Result<Vec<JobId>> {
    if let Some(job) = run.jobs.iter().find(|job| job.name == name || job.id.to_string() == name) {
        return Ok(vec![job.id]);
    }
    let copies: Vec<JobId> = run.jobs.iter().filter(|job| is_copy(&job.name, name)).map(|job| job.id).collect();
    let names = || run.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>().join(", ");
    if copies.is_empty() {
        return Err(Refusal::usage(format!("the run has no job `{name}`: it has {}", names())));
    }
    Ok(copies)
}

fn step_named(job: &JobView, name: &str) -> anyhow::Result<StepNo> {
    let logs = logs_of(job);
    let named = logs.iter().find(|(_, of)| of == name).or_else(|| logs.iter().find(|(no, _)| no.to_string() == name));
    let names = || logs.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>().join(", ");
    named
        .map(|(no, _)| *no)
        .ok_or_else(|| Refusal::usage(format!("job `{}` has no step `{name}`: it has {}", job.name, names())))
}

/// The run that a job is of; none when the id is a run's.
async fn run_of_job(client: &Client, job: JobId) -> anyhow::Result<Option<RunView>> {
    let run = client.run(&job.to_string()).await?;
    Ok(Some(run).filter(|run| run.jobs.iter().any(|view| view.id == job)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample::half_way;
    use sidings_proto::api::AttemptView;
    use sidings_proto::{Failure, FailureClass, Timestamp, Verdict};

    #[test]
    fn steps_are_named_or_numbered() {
        let job = &half_way().jobs[1];
        assert_eq!(step_named(job, "pytest").unwrap(), StepNo(2));
        assert_eq!(step_named(job, "1").unwrap(), StepNo(1));
        assert_eq!(step_named(job, "setup").unwrap(), StepNo::SETUP);
    }

    #[test]
    fn a_whole_run_ends_with_its_verdict_however_it_is_shown() {
        let failed = Verdict::Failed(Failure { class: FailureClass::StepFailed, message: String::new() });
        let end = |verdict: &Verdict, interrupted, is_whole| {
            let mut run = half_way();
            run.summary.verdict = Some(verdict.clone());
            end_of(&Followed { run, interrupted, complete: !interrupted }, is_whole)
        };
        assert_eq!((end(&failed, false, true), end(&failed, false, false)), (Exit::Failed, Exit::Passed));
        assert_eq!(
            (end(&Verdict::Cancelled, false, true), end(&failed, true, true)),
            (Exit::Cancelled, Exit::Interrupted)
        );
    }

    #[test]
    fn an_attempt_that_never_was_is_refused() {
        let subject = |job: &str| {
            let jobs = jobs_named(&half_way(), job).unwrap();
            Subject::of(half_way(), jobs, None).unwrap()
        };
        assert!(subject("unit").had(1).is_ok());
        let error = subject("unit").had(4).unwrap_err();
        assert_eq!(error.to_string(), "there is no attempt 4: the newest is 1");
        assert!(subject("service").had(1).is_err(), "it has not begun");
    }

    #[test]
    fn a_try_that_is_over_is_not_waited_for() {
        let of_unit = || {
            let mut run = half_way();
            let jobs = jobs_named(&run, "unit").unwrap();
            let view = run.jobs.iter_mut().find(|view| view.id == jobs[0]).unwrap();
            let first = AttemptView { fence: 1, ended: Some(Timestamp(9)), ..view.attempts[0].clone() };
            view.attempts = vec![first.clone(), AttemptView { fence: 2, ended: None, ..first }];
            Subject::of(run, jobs, None).unwrap()
        };
        assert!(of_unit().is_over(1) && !of_unit().is_over(2));
        let whole = Subject { scope: Scope::default(), ..of_unit() };
        assert!(!whole.is_over(1), "another job of the run has not begun its first try");
    }

    #[test]
    fn a_job_of_many_copies_is_all_of_them() {
        let mut run = half_way();
        run.jobs[0].name = "unit 1/2".to_owned();
        run.jobs[1].name = "unit 2/2".to_owned();
        let ids = |name: &str| jobs_named(&run, name).unwrap();
        assert_eq!(ids("unit"), [run.jobs[0].id, run.jobs[1].id]);
        assert_eq!(ids("unit 2/2"), [run.jobs[1].id]);
        let of = |name: &str| Subject::of(run.clone(), ids(name), Some("1")).unwrap();
        assert_eq!((of("unit").is_one_log(), of("unit 1/2").is_one_log()), (false, true), "each line says whose it is");
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let run = half_way();
        let error = jobs_named(&run, "units").unwrap_err();
        assert_eq!(error.to_string(), "the run has no job `units`: it has lint, unit, service");
        let error = step_named(&run.jobs[1], "tests").unwrap_err();
        assert_eq!(error.to_string(), "job `unit` has no step `tests`: it has setup, compile, pytest");
    }
}
