//! Ten thousand queued jobs of one step, drained by 64 runners whose engine has no containers and whose folders are in
//! memory: 64 hosts would share no disk, and a file system without a journal passes over every inode that was freed in
//! the last seconds whenever it gives one out.

use crate::report::Report;
use crate::submit::{submit, upload};
use crate::support::Fleet;
use sidings_runner::{Config, EngineKind, LOG_LIMIT_BYTES, Shutdown};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

const RUNS: usize = 40;
const JOBS: usize = 250;
const RUNNERS: usize = 64;

fn pipeline() -> String {
    let mut text = "image: debian:bookworm-slim\njobs:\n".to_owned();
    for job in 0..JOBS {
        text += &format!("  job{job}:\n    steps:\n      - run: 'true'\n");
    }
    text
}

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let tree = upload(&fleet.client, &pipeline()).await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(submit(&fleet.client, &tree).await);
    }
    let shutdown = Shutdown { drain: CancellationToken::new(), stop: CancellationToken::new() };
    let mut runners = tokio::task::JoinSet::new();
    let memory = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap();
    for number in 0..RUNNERS {
        let config = runner(&fleet, memory.path(), number).await;
        runners.spawn(sidings_runner::run(config, shutdown.clone()));
    }
    let mut first = i64::MAX;
    let mut last = 0;
    for run in runs {
        let view = fleet.client.until_ended(run).await;
        assert_eq!(view.summary.verdict, Some(sidings_proto::Verdict::Passed));
        for attempt in view.jobs.iter().flat_map(|job| &job.attempts) {
            first = first.min(attempt.started.0);
            last = last.max(attempt.ended.unwrap().0);
        }
    }
    shutdown.drain.cancel();
    while runners.join_next().await.is_some() {}
    let took = Duration::from_millis(u64::try_from(last - first).unwrap()).as_secs_f64();
    let jobs = (RUNS * JOBS) as f64;
    report.at_least(
        &format!("{jobs} queued jobs, {RUNNERS} dummy runners"),
        jobs / took,
        500.0,
        "jobs/s",
        &format!("{took:.1} s from the first lease to the last end"),
    );
}

async fn runner(fleet: &Fleet, folder: &Path, number: usize) -> Config {
    let token = fleet.client.registration_token().await;
    Config {
        data_dir: folder.join(number.to_string()),
        name: format!("dummy-{number}"),
        controller_url: fleet.client.url().to_owned(),
        registration_token: Some(token.into()),
        slots: 2,
        labels: BTreeMap::new(),
        engine: EngineKind::Dummy,
        warm_networks: None,
        log_limit_bytes: LOG_LIMIT_BYTES,
        least_free_bytes: Some(0),
        cleaning: None,
        registries: Default::default(),
        authorities: None,
        attendant: None,
    }
}
