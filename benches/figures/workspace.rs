//! What a group of four parallel steps adds to a job whose workspace has 20,000 files and 200 MB: from the end of the
//! step before it to the start of the step after it, on overlays and on copies.

use crate::report::{Report, median};
use crate::submit::{time_to_verdict, upload};
use crate::support::Fleet;
use sidings_proto::api::RunView;

const ROUNDS: usize = 5;
/// 200 folders of 100 files of 10 kB.
const FILL: &str = r#"perl -e 'for $d (1..200) { mkdir "d$d"; for $f (1..100) { open(F, ">d$d/f$f"); print F "$d $f " x 1250; close F } }'"#;

fn pipeline(sibling: &str) -> String {
    let siblings: String =
        (1..=4).map(|n| format!("          - run: {}\n", sibling.replace('N', &n.to_string()))).collect();
    format!(
        "image: debian:bookworm-slim\njobs:\n  one:\n    steps:\n      - run: |\n          {FILL}\n      - parallel:\n{siblings}      - run: 'true'\n"
    )
}

/// From the end of the first step to the start of the last, in seconds.
fn between(view: &RunView) -> f64 {
    let steps = &view.jobs[0].steps;
    let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
    (last.started.unwrap().0 - first.ended.unwrap().0) as f64 / 1e3
}

pub(crate) async fn measure(report: &mut Report) {
    let what = "four parallel steps over 20,000 files, 200 MB";
    // A comma in the data folder's path keeps a runner from overlays.
    for (runner, how, bar) in [("bench", "", 1.0), ("with,comma", ", on copies", 20.0)] {
        let fleet = Fleet::start().await;
        let _runner = fleet.warm_runner(runner, 4).await;
        let idle = upload(&fleet.client, &pipeline("'true'")).await;
        let busy = upload(&fleet.client, &pipeline("for f in dN*/f1*; do echo x >> $f; done")).await;
        let [mut adds, mut merges] = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (tree, figures) in [(&idle, &mut adds), (&busy, &mut merges)] {
                fleet.settle().await;
                figures.push(between(&time_to_verdict(&fleet.client, tree).await.1));
            }
        }
        let changed = format!("{:.2} s where they change 2,400 files", median(&mut merges));
        report.at_most(&format!("{what}{how}"), median(&mut adds), bar, "s", &changed);
    }
}
