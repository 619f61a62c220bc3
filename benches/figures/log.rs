//! A step that prints 100 MB, to the stored log, and what controller and runner need in memory for it.

use crate::memory::peak_mb;
use crate::report::Report;
use crate::submit::{time_to_verdict, upload};
use crate::support::Fleet;

const BYTES: u64 = 100_000_000;

pub(crate) async fn measure(report: &mut Report) {
    let fleet = Fleet::start().await;
    let runner = fleet.warm_runner("bench", 1).await;
    let text = format!(
        "image: debian:bookworm-slim\njobs:\n  print:\n    steps:\n      - run: yes 0123456789012345678901234567890123456789 | head -c {BYTES}\n"
    );
    let tree = upload(&fleet.client, &text).await;
    let mut best = f64::MAX;
    for _ in 0..3 {
        let (took, view) = time_to_verdict(&fleet.client, &tree).await;
        best = best.min(took.as_secs_f64());
        let stored = fleet.client.log_length(&view.jobs[0], 1).await;
        assert_eq!(stored, BYTES, "every byte is kept");
    }
    let speed = BYTES as f64 / 1e6 / best;
    report.at_least(
        "100 MB of output, submit to verdict",
        speed,
        50.0,
        "MB/s",
        &format!("{best:.2} s in all, every byte kept"),
    );
    let (controller, runner) = (peak_mb(fleet.controller_pid()).unwrap(), peak_mb(runner.process.pid()).unwrap());
    report.at_most("controller's peak memory for it", controller, 100.0, "MB", "VmHWM");
    report.at_most("runner's peak memory for it", runner, 100.0, "MB", "VmHWM");
}
