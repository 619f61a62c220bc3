//! Every file of the corpus against what stands beside it: its first line, the counts, was written by hand.
//!
//! `UPDATE_EXPECT=1` renews the other lines, never the first one.

use super::{corpus, read, words};
use sidings_proto::TestCase;
use std::fmt::Write;

#[test]
fn every_file_of_the_corpus_has_the_counts_that_stand_beside_it() {
    let mut wrong = String::new();
    for file in corpus() {
        let (found, cases) = read(&std::fs::read(&file).unwrap());
        let expected = file.with_extension("expect");
        let text = std::fs::read_to_string(&expected).unwrap();
        let (counts, rest) = text.split_once('\n').unwrap();
        if counts != words(found.counts) {
            writeln!(wrong, "{}: {} and not {counts}", file.display(), words(found.counts)).unwrap();
        }
        let shown = shown(&found.remarks, &cases);
        if rest != shown && std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expected, format!("{counts}\n{shown}")).unwrap();
        } else if rest != shown {
            writeln!(wrong, "{}:\n{shown}", file.display()).unwrap();
        }
    }
    assert_eq!(wrong, "");
}

fn shown(remarks: &[String], cases: &[TestCase]) -> String {
    let mut shown = String::new();
    for remark in remarks {
        writeln!(shown, "remark: {remark}").unwrap();
    }
    for TestCase { suite, name, file, outcome, took_ms, message, output } in cases {
        let took = took_ms.map(|ms| format!(" {ms} ms")).unwrap_or_default();
        let file = file.as_ref().map(|file| format!(" @{file}")).unwrap_or_default();
        writeln!(shown, "{} [{suite}] {name}{file}{took}", outcome.as_str()).unwrap();
        for (mark, text) in [("!", message), ("|", output)] {
            for line in text.lines() {
                writeln!(shown, "  {mark} {line}").unwrap();
            }
        }
    }
    shown
}

#[test]
fn the_corpus_is_of_many_tools() {
    let files = corpus();
    let tools: std::collections::BTreeSet<_> = files.iter().map(|file| file.parent().unwrap()).collect();
    assert!(files.len() >= 40 && tools.len() >= 10, "{} files of {} tools", files.len(), tools.len());
}
