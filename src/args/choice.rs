//! What is given to a run that somebody asks for: values of its inputs, and which part of it is wanted.

use clap::Args;
use sidings_proto::api::SubmitRun;
use sidings_proto::choice::TIMES_MAX;
use sidings_proto::{Choice, StepChoice, TestChoice};

/// Flags of `run` and `submit`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Wanted {
    /// Which pipeline of the folder `.sidings`, by its file's name without `.yml`.
    #[arg(long, value_name = "NAME")]
    pub(crate) pipeline: Option<String>,
    /// Only this job and those it needs; may be given several times.
    #[arg(long = "job", value_name = "JOB")]
    jobs: Vec<String>,
    /// With --job, --step or --from: leave out the jobs it needs.
    #[arg(long)]
    alone: bool,
    /// Only this step, by its name or number, of the jobs that have it.
    #[arg(long, value_name = "STEP", conflicts_with = "from")]
    step: Option<String>,
    /// Only this step and those after it.
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// Only this test of a job's `tests`, as its runner calls it; may be given several times.
    #[arg(long = "test", value_name = "TEST")]
    tests: Vec<String>,
    /// With --test: so often, one time after the other.
    #[arg(long, value_name = "NUMBER", default_value_t = 1,
        value_parser = clap::value_parser!(u32).range(1..=i64::from(TIMES_MAX)), hide_default_value = true)]
    times: u32,
    /// A value for an input of the pipeline; may be given several times.
    #[arg(long = "input", value_name = "NAME=VALUE", value_parser = named_value)]
    inputs: Vec<(String, String)>,
    #[arg(skip)]
    together: bool,
    #[arg(skip)]
    sample: u32,
}

impl Wanted {
    /// One test, as often as `--times` says.
    pub(crate) fn only_test(&mut self, test: String) {
        self.tests = vec![test];
    }

    /// A batch of a job's tests as it was.
    pub(crate) fn only_batch(&mut self, job: String, tests: Vec<String>) {
        (self.jobs, self.tests, self.sample, self.together) = (vec![job], tests, 0, true);
    }

    /// So many tests of a job, or of the only one that has any, at once.
    pub(crate) fn some_tests(&mut self, job: Option<String>, sample: u32) {
        (self.jobs, self.sample, self.together) = (job.into_iter().collect(), sample, true);
    }

    /// The same request with what the flags say.
    pub(crate) fn of(&self, request: SubmitRun) -> SubmitRun {
        let only = self.step.clone().map(StepChoice::Only);
        let steps = only.or_else(|| self.from.clone().map(StepChoice::From));
        let pipeline = self.pipeline.clone().or(request.choice.pipeline);
        let (only, sample) = (self.tests.clone(), self.sample);
        let any = !only.is_empty() || sample > 0;
        let tests = any.then_some(TestChoice { only, sample, times: self.times, together: self.together });
        let choice = Choice { pipeline, jobs: self.jobs.clone(), alone: self.alone, steps, tests };
        SubmitRun { choice, inputs: self.inputs.iter().cloned().collect(), ..request }
    }
}

fn named_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
