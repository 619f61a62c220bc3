//! 2 GB that one job leaves and another needs, and what controller and runner need in memory for it.

use crate::memory::peak_mb;
use crate::report::Report;
use crate::submit::{time_to_verdict, upload};
use crate::support::Fleet;

/// Four files, of bytes that do not pack.
const PIPELINE: &str = "\
image: debian:bookworm-slim
jobs:
  make:
    steps:
      - run: mkdir out && for n in 1 2 3 4; do head -c 500000000 /dev/urandom > out/$n; done
    artifacts: { paths: out }
  use:
    needs: make
    steps:
      - run: test $(cat out/* | wc -c) = 2000000000
";

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let runner = fleet.warm_runner("bench", 1).await;
    let tree = upload(&fleet.client, PIPELINE).await;
    let (took, _) = time_to_verdict(&fleet.client, &tree).await;
    let detail = format!("VmHWM; {:.1} s for both jobs", took.as_secs_f64());
    report.at_most(
        "controller's peak memory for 2 GB of artifacts",
        peak_mb(fleet.controller_pid()).unwrap(),
        64.0,
        "MB",
        &detail,
    );
    report.at_most("runner's peak memory for it", peak_mb(runner.process.pid()).unwrap(), 64.0, "MB", &detail);
}
