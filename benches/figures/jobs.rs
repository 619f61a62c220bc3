//! Jobs of `true` steps against `docker run --rm` on the default bridge.

use crate::report::{Report, median};
use crate::submit::{time_to_verdict, upload};
use crate::support::Fleet;
use std::process::{Command, Stdio};
use std::time::Instant;

const ROUNDS: usize = 11;

fn pipeline(jobs: usize, steps: usize) -> String {
    let mut text = "image: debian:bookworm-slim\njobs:\n".to_owned();
    for job in 0..jobs {
        text += &format!("  job{job}:\n    steps:\n");
        text += &"      - run: 'true'\n".repeat(steps);
    }
    text
}

/// A job of one step, beside it one service that is ready as soon as it runs.
const SERVED: &str = "\
image: debian:bookworm-slim
jobs:
  job:
    services:
      idle: { image: 'debian:bookworm-slim', command: sleep 1000 }
    steps: [{ run: 'true' }]
";

/// `docker run` of so many containers at once, in milliseconds.
fn docker_run(count: usize) -> f64 {
    let start = Instant::now();
    let mut children: Vec<_> = (0..count)
        .map(|_| {
            let mut command = Command::new("docker");
            command.args(["run", "--rm", "debian:bookworm-slim", "true"]).stdin(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    start.elapsed().as_secs_f64() * 1e3
}

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let _runner = fleet.warm_runner("bench", 10).await;
    let one = upload(&fleet.client, &pipeline(1, 1)).await;
    let six = upload(&fleet.client, &pipeline(1, 6)).await;
    let served = upload(&fleet.client, SERVED).await;
    let ten = upload(&fleet.client, &pipeline(10, 1)).await;
    time_to_verdict(&fleet.client, &ten).await;
    fleet.settle().await;

    let [mut floor, mut floor10, mut job, mut steps, mut jobs10, mut with_service] = [const { Vec::new() }; 6];
    for _ in 0..ROUNDS {
        floor.push(docker_run(1));
        fleet.settle().await;
        job.push(time_to_verdict(&fleet.client, &one).await.0.as_secs_f64() * 1e3);
        fleet.settle().await;
        steps.push(time_to_verdict(&fleet.client, &six).await.0.as_secs_f64() * 1e3);
        fleet.settle().await;
        with_service.push(time_to_verdict(&fleet.client, &served).await.0.as_secs_f64() * 1e3);
        fleet.settle().await;
        floor10.push(docker_run(10));
        fleet.settle().await;
        jobs10.push(time_to_verdict(&fleet.client, &ten).await.0.as_secs_f64() * 1e3);
        fleet.settle().await;
    }
    let (floor, floor10) = (median(&mut floor), median(&mut floor10));
    let (job, steps, jobs10) = (median(&mut job), median(&mut steps), median(&mut jobs10));
    let step = (steps - job) / 5.0;
    report.at_most(
        "one job of one step, submit to verdict",
        job / floor,
        1.0,
        "× docker run",
        &format!("{job:.0} ms against {floor:.0} ms"),
    );
    report.at_most(
        "each further step",
        step / floor,
        0.5,
        "× docker run",
        &format!("{step:.0} ms against {floor:.0} ms"),
    );
    let service = median(&mut with_service) - job;
    report.at_most(
        "a service that is ready at once",
        service / floor,
        1.0,
        "× docker run",
        &format!("{service:.0} ms more against {floor:.0} ms"),
    );
    report.at_most(
        "ten jobs at once",
        jobs10 / floor10,
        0.8,
        "× ten docker run",
        &format!("{jobs10:.0} ms against {floor10:.0} ms"),
    );
}
