//! What a workspace of 20,000 files and 200 MB adds to a group of four parallel steps, against the same group over an
//! empty one: from the end of the step before it to the start of the step after it, on overlays and on copies.

use crate::report::{Report, median};
use crate::submit::{time_to_verdict, upload};
use crate::support::Fleet;
use sidings_proto::api::RunView;

/// 200 folders of 100 files of 10 kB.
const FILL: &str = r#"perl -e 'for $d (1..200) { mkdir "d$d"; for $f (1..100) { open(F, ">d$d/f$f"); print F "$d $f " x 1250; close F } }'"#;
const CHANGE: &str = "for f in dN*/f1*; do echo x >> $f; done";

fn pipeline(before: &str, sibling: &str) -> String {
    let siblings: String =
        (1..=4).map(|n| format!("          - run: {}\n", sibling.replace('N', &n.to_string()))).collect();
    format!(
        "image: debian:bookworm-slim\njobs:\n  one:\n    steps:\n      - run: |\n          {before}\n      - parallel:\n{siblings}      - run: 'true'\n"
    )
}

/// From the end of the first step to the start of the last, in seconds.
fn between(view: &RunView) -> f64 {
    let steps = &view.jobs[0].steps;
    let (first, last) = (steps.first().unwrap(), steps.last().unwrap());
    (last.started.unwrap().0 - first.ended.unwrap().0) as f64 / 1e3
}

pub(crate) async fn measure(report: &mut Report) {
    let what = "20,000 files, 200 MB, add to four parallel steps";
    // A comma in the data folder's path keeps a runner from overlays.
    for (runner, how, rounds, bar) in [("bench", "", 5, 1.0), ("with,comma", ", on copies", 1, 20.0)] {
        let fleet = Fleet::start().await;
        let _runner = fleet.warm_runner(runner, 4).await;
        let mut took = [const { Vec::new() }; 3];
        for _ in 0..rounds {
            for (figures, (before, sibling)) in
                took.iter_mut().zip([("true", "'true'"), (FILL, "'true'"), (FILL, CHANGE)])
            {
                let tree = upload(&fleet.client, &pipeline(before, sibling)).await;
                fleet.settle().await;
                figures.push(between(&time_to_verdict(&fleet.client, &tree).await.1));
            }
        }
        let [empty, filled, changed] = took.each_mut().map(|figures| median(figures));
        let detail = format!(
            "{empty:.2} s over an empty one, {filled:.2} s over this, {changed:.2} s where they change 2,400 files"
        );
        report.at_most(&format!("{what}{how}"), filled - empty, bar, "s", &detail);
    }
}
