//! Caches: missed, saved, hit, fetched again, and never saved by a job that failed.

use super::{submit, verdicts};
use crate::support::{Fleet, job_of, tree};
use sidings_proto::Verdict;
use sidings_proto::api::RunView;

fn pipeline(step: &str) -> String {
    format!(
        "\
image: debian:bookworm-slim
jobs:
  test:
    cache:
      - key: \"deps-${{checksum(deps.lock)}}\"
        restore_keys: [deps-]
        paths: [/root/.cache/deps, modules]
    steps:
      - {{ name: see, run: 'cat /root/.cache/deps/one modules/two 2>/dev/null || echo cold' }}
      - {{ name: fill, run: '{step}' }}
"
    )
}

const FILL: &str = "mkdir -p modules; echo $(cat deps.lock) > /root/.cache/deps/one; echo two > modules/two; ln -sf /etc/passwd modules/l";

struct Ran {
    seen: String,
    setup: String,
}

async fn run(fleet: &Fleet, lock: &str, step: &str) -> Ran {
    let work = tree(fleet.path("work"), &[(".sidings.yml", &pipeline(step)), ("deps.lock", lock)]);
    let view: RunView = fleet.client.until_ended(submit(fleet, &work)).await;
    let passes = !step.contains("exit 1");
    assert_eq!(view.summary.verdict == Some(Verdict::Passed), passes, "{}", verdicts(&view));
    let job = job_of(&view, "test");
    Ran { seen: fleet.client.log(job, 1).await, setup: fleet.client.log(job, 0).await }
}

#[tokio::test]
async fn a_cache_is_missed_saved_hit_fetched_and_restored_from() {
    let fleet = Fleet::start().await;
    let runner = fleet.runner("a", 1).await;
    let failed = run(&fleet, "1", &format!("{FILL}; exit 1")).await;
    assert!(failed.seen == "cold\n" && failed.setup.contains(": miss"), "{}", failed.setup);

    let first = run(&fleet, "1", FILL).await;
    assert!(first.seen == "cold\n" && first.setup.contains(": miss"), "a failed job saved something: {}", first.setup);
    assert!(first.setup.contains(": saved, "), "{}", first.setup);

    let second = run(&fleet, "1", FILL).await;
    assert_eq!(second.seen, "1\ntwo\n", "{}", second.setup);
    assert!(second.setup.contains(": hit, ") && second.setup.contains(" from this host in "), "{}", second.setup);
    assert!(!second.setup.contains("saved"), "a key that is there is not written again: {}", second.setup);

    std::fs::remove_dir_all(runner.data.join("caches")).unwrap();
    std::fs::create_dir(runner.data.join("caches")).unwrap();
    let third = run(&fleet, "1", FILL).await;
    assert_eq!(third.seen, "1\ntwo\n", "{}", third.setup);
    assert!(third.setup.contains(" from the controller in "), "{}", third.setup);

    let other = run(&fleet, "2", FILL).await;
    assert_eq!(other.seen, "1\ntwo\n", "{}", other.setup);
    assert!(other.setup.contains(": restored from deps-") && other.setup.contains(": saved, "), "{}", other.setup);
    let again = run(&fleet, "2", FILL).await;
    assert!(again.seen == "2\ntwo\n" && again.setup.contains(": hit, "), "{}", again.setup);
}
