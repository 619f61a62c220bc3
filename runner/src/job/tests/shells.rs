use super::bench::{Bench, in_order, of_stages, step};
use crate::attendant::{Attendant, HeldStep};
use crate::engine::TerminalSize;
use crate::job::hold::shells;
use async_trait::async_trait;
use expect_test::expect;
use futures::StreamExt;
use sidings_proto::runner::Assignment;
use sidings_proto::{RunsOn, Stage, Step};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// Somebody who types a line in each shell and leaves after some time.
#[derive(Debug, Default)]
struct Person {
    stays: Duration,
    saw: Mutex<Vec<String>>,
}

#[async_trait]
impl Attendant for Person {
    async fn step_failed(&self, held: HeldStep) {
        let size = TerminalSize { columns: 80, rows: 24 };
        let mut session = held.enter(BTreeMap::new(), size).await.unwrap();
        session.size.send_replace(TerminalSize { columns: 100, rows: 30 });
        session.typed.write_all(b"ls\rexit\r").await.unwrap();
        let mut shown = Vec::new();
        while let Some(bytes) = session.shown.next().await {
            shown.extend_from_slice(&bytes.unwrap());
        }
        let shown = String::from_utf8(shown).unwrap();
        self.saw.lock().unwrap().push(format!("{} / {}: {}: {shown:?}", held.job, held.name, held.failure));
        tokio::time::sleep(self.stays).await;
    }
}

fn attended(stays: Duration) -> (Bench, Arc<Person>) {
    let (mut bench, person) = (Bench::new(), Arc::new(Person { stays, ..Person::default() }));
    bench.tools.attendant = Some(person.clone());
    (bench, person)
}

/// Longer than a job may take.
const LONG: Duration = Duration::from_secs(300);

fn job(steps: impl IntoIterator<Item = Step>) -> Assignment {
    let mut job = in_order(steps);
    job.spec.timeout_ms = 100_000;
    job
}

#[tokio::test(start_paused = true)]
async fn a_failed_step_is_held_while_somebody_looks_round_and_the_job_goes_on_as_it_would() {
    let last = Step { runs_on: RunsOn::Failure, ..step(3, "sleep 10") };
    let (mut bench, person) = attended(LONG);
    let told = bench.dialogue(&job([step(1, "exit 4"), step(2, "true"), last])).await;
    expect![[r#"
        phase Image
        image debian:bookworm-slim
        phase Steps
        step 1 started
        step 1 step_failed, code 4, log ""
        step 3 started
        step 3 passed, code 0, log ""
        phase Teardown
        finish: step_failed: step "s1" exited with code 4
          step 1: step_failed: step "s1" exited with code 4
          step 2: skipped: step "s1" exited with code 4
          step 3: passed
    "#]]
    .assert_eq(&told);
    let saw = person.saw.lock().unwrap().join("\n");
    expect![[r#"test / s1: step "s1" exited with code 4: "100 x 30\r\nls\r\n""#]].assert_eq(&saw);
}

#[tokio::test(start_paused = true)]
async fn a_step_whose_time_is_over_is_held_too() {
    let (mut bench, person) = attended(LONG);
    let told = bench.dialogue(&job([Step { timeout_ms: Some(1000), ..step(1, "sleep 60") }])).await;
    assert!(told.contains("finish: timed_out: step \"s1\" took longer than 1 s\n"), "{told}");
    assert_eq!(person.saw.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_out_of_the_jobs_time_is_held_too() {
    let (mut bench, person) = attended(LONG);
    let told = bench.dialogue(&job([step(1, "sleep 600")])).await;
    assert!(told.contains("finish: timed_out: the job took longer than 100 s\n"), "{told}");
    assert_eq!(person.saw.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_jobs_clock_stands_still_for_its_siblings_as_well() {
    let (mut bench, person) = attended(LONG);
    let siblings = vec![step(1, "exit 1"), step(2, "sleep 290\nexit 2")];
    let mut job = of_stages(vec![Stage { steps: siblings, parallel: true, ..Stage::default() }]);
    job.spec.timeout_ms = 100_000;
    let told = bench.dialogue(&job).await;
    assert!(told.contains("step 2 step_failed, code 2"), "{told}");
    assert_eq!(person.saw.lock().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_job_waits_for_the_one_who_looks_round_and_keeps_its_verdict() {
    let (mut bench, person) = attended(LONG);
    bench.after(50, |orders| orders.cancel.cancel());
    let begun = tokio::time::Instant::now();
    let told = bench.dialogue(&job([step(1, "exit 4"), step(2, "true")])).await;
    assert!(told.contains("finish: step_failed: step \"s1\" exited with code 4\n"), "{told}");
    assert!(begun.elapsed() >= LONG);
    assert_eq!(person.saw.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_no_longer_ours_is_taken_away_at_once() {
    let (mut bench, _person) = attended(LONG);
    bench.after(50, |orders| orders.drop.cancel());
    let begun = tokio::time::Instant::now();
    let told = bench.dialogue(&job([step(1, "exit 4")])).await;
    assert!(told.ends_with("nothing to report\n"), "{told}");
    assert!(begun.elapsed() < LONG);
}

#[tokio::test(start_paused = true)]
async fn what_was_cancelled_passed_or_may_fail_is_not_held() {
    let (mut bench, person) = attended(LONG);
    bench.after(50, |orders| orders.cancel.cancel());
    let allowed = Step { allow_failure: true, ..step(2, "exit 1") };
    let told = bench.dialogue(&job([step(1, "true"), allowed, step(3, "sleep 100")])).await;
    assert!(told.contains("finish: cancelled\n"), "{told}");
    assert_eq!(*person.saw.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn the_steps_own_shell_comes_first_where_a_person_can_work_in_it() {
    let of = |words: &[&str]| shells(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()).join(" ");
    assert_eq!(of(&[]), "bash sh");
    assert_eq!(of(&["/usr/bin/zsh", "-e", "-c"]), "/usr/bin/zsh bash sh");
    assert_eq!(of(&["sh", "-e", "-c"]), "sh bash sh");
    assert_eq!(of(&["python3", "-c"]), "bash sh");
}
