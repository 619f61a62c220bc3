use super::*;
use crate::commands::doctor::shown;
use crate::render::sample::{half_way, plain};
use insta::assert_snapshot;
use sidings_proto::split::SplitSum;
use sidings_proto::split::told::{ToldBatch, ToldTest};

fn tried(tests: &[(&str, &str, u64)], code: i32) -> Tried {
    let test = |(id, verdict, ms): &(&str, &str, u64)| ToldTest {
        id: (*id).to_owned(),
        verdict: Some((*verdict).to_owned()),
        took_ms: (*verdict != "not run").then_some(*ms),
        ..ToldTest::default()
    };
    let sum = SplitSum { suite: "unit".to_owned(), told: "2 of 2 ran once".to_owned(), ..SplitSum::default() };
    let batches = vec![ToldBatch { code: Some(code), ..ToldBatch::default() }];
    let told = SplitTold { sum, batches, tests: tests.iter().map(test).collect(), ..SplitTold::default() };
    Tried { run: half_way(), told: Some(told) }
}

fn text(findings: &[Finding]) -> String {
    plain(&findings.iter().map(shown).collect::<String>())
}

#[test]
fn a_job_that_can_be_split_is_told_so() {
    let whole = tried(&[("a", "passed", 3), ("b", "failed", 5)], 1);
    let mut findings = of_whole(&whole);
    let parts = [tried(&[("a", "passed", 4)], 0), tried(&[("b", "failed", 5)], 1)];
    findings.push(of_parts(&whole, &parts));
    findings.extend(never_passed(&whole, &parts));
    assert_snapshot!(text(&findings));
}

#[test]
fn of_a_sample_the_whole_list_is_counted() {
    let mut whole = tried(&[("a", "passed", 3), ("z", "passed", 5)], 0);
    whole.told.as_mut().unwrap().listed = Some(9);
    let discovery = text(&of_whole(&whole)[..1]);
    assert!(discovery.contains("9 tests listed, none twice; 2 tried: a, z"), "{discovery}");
}

#[test]
fn each_thing_that_keeps_it_from_that_is_told_with_what_to_do() {
    let whole = tried(&[("collected 2 items", "not run", 0), ("a\u{1b}[2J", "passed", 0)], 7);
    let mut findings = of_whole(&whole);
    let apart = [tried(&[("collected 2 items", "not run", 0)], 0), tried(&[("a\u{1b}[2J", "failed", 0)], 1)];
    findings.push(of_parts(&whole, &apart));
    findings.push(ends(tried(&[("a", "passed", 3)], 7).told.as_ref().unwrap()));
    let mut refused = tried(&[], 0);
    refused.told.as_mut().unwrap().sum.reasons = vec!["the list of tests has a\n  twice".to_owned()];
    findings.extend(of_whole(&refused));
    findings.extend(of_whole(&Tried { told: None, ..refused }));
    assert_snapshot!(text(&findings));
}

#[test]
fn neighbours_are_parted() {
    let whole = tried(&[("a", "passed", 1), ("b", "passed", 1), ("c", "passed", 1)], 0);
    let (job, parts) = halves(whole.told.as_ref().unwrap()).unwrap();
    assert_eq!((job.as_str(), parts), ("unit", [vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()]]));
}
