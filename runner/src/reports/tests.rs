use super::*;
use sidings_proto::TestOutcome;
use sidings_proto::runner::TestBatch;
use std::fmt::Write;
use std::fs::{self, File};
use std::os::unix::fs::symlink;

struct Left {
    root: tempfile::TempDir,
}

/// A workspace as a job left it.
fn left(put: impl FnOnce(&Path)) -> Left {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("workspace")).unwrap();
    put(&root.path().join("workspace"));
    Left { root }
}

impl Left {
    fn asked(&self, patterns: &[&str]) -> Asked {
        Asked {
            workspace: self.root.path().join("workspace"),
            patterns: patterns.iter().map(ToString::to_string).collect(),
            since: (0, 0),
            spool: self.root.path().join("tests"),
            secrets: None,
            give_up: CancellationToken::new(),
        }
    }

    fn told(&self, patterns: &[&str]) -> String {
        told(&collect(&self.asked(patterns)).unwrap())
    }
}

fn told(collected: &Collected) -> String {
    let mut told = String::new();
    for TestReport { path, counts, remarks } in &collected.reports {
        writeln!(told, "{path}: {} of {} bad; {}", counts.bad(), counts.total(), remarks.join("; ")).unwrap();
    }
    collected.without.iter().for_each(|pattern| writeln!(told, "nothing at {pattern}").unwrap());
    told
}

fn batches(collected: &Collected) -> Vec<TestBatch> {
    collected.spooled.batches().unwrap().collect::<Result<_, _>>().unwrap()
}

const TWO: &str = "<testsuite name='x' tests='2'><testcase name='a' classname='x'/>\
    <testcase name='b' classname='x'><failure message='bad'/></testcase></testsuite>";

#[test]
fn all_files_of_all_patterns_are_read_once() {
    let left = left(|root| {
        fs::write(root.join("one.xml"), TWO).unwrap();
        fs::create_dir(root.join("more")).unwrap();
        fs::write(root.join("more/two.xml"), TWO).unwrap();
    });
    let collected = collect(&left.asked(&["**/*.xml", "one.xml", "three.xml"])).unwrap();
    assert_eq!(told(&collected), "more/two.xml: 1 of 2 bad; \none.xml: 1 of 2 bad; \nnothing at three.xml\n");
    let batches = batches(&collected);
    let cases: Vec<_> = batches.iter().flat_map(|batch| &batch.cases).collect();
    assert_eq!(cases.iter().map(|case| case.name.as_str()).collect::<Vec<_>>(), ["a", "b", "a", "b"]);
    assert_eq!(cases[1].outcome, TestOutcome::Failed);
    assert_eq!(batches.last().unwrap().reports.as_deref(), Some(&collected.reports[..]));
}

#[test]
fn what_is_no_file_is_told_and_not_read() {
    let left = left(|root| {
        symlink("/etc/passwd", root.join("passwd.xml")).unwrap();
        let pipe = root.join("pipe.xml");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
        fs::write(root.join("bomb.xml"), format!("<testsuite>{}", "<testsuite>".repeat(1_000_000))).unwrap();
        File::create(root.join("huge.xml")).unwrap().set_len(FILE_MAX + 1).unwrap();
        fs::create_dir(root.join("folder.xml")).unwrap();
    });
    let expected = "bomb.xml: 0 of 0 bad; its elements are nested more than 100 deep\n\
        huge.xml: 0 of 0 bad; it is longer than 200 MB and is not read\n\
        passwd.xml: 0 of 0 bad; it is a link\n\
        pipe.xml: 0 of 0 bad; it is not a regular file\n";
    assert_eq!(left.told(&["*.xml"]), expected);
}

#[test]
fn a_file_that_was_there_before_the_first_step_does_not_count() {
    let left = left(|root| fs::write(root.join("old.xml"), TWO).unwrap());
    let asked = Asked { since: (i64::MAX, 0), ..left.asked(&["old.xml"]) };
    let expected = "old.xml: 0 of 0 bad; it was there before the first step, and is not of this job\n";
    assert_eq!(told(&collect(&asked).unwrap()), expected);
    std::fs::remove_file(left.root.path().join("tests")).unwrap();
    let by_pattern = Asked { patterns: vec!["*.xml".to_owned()], ..asked };
    let expected = ": 0 of 0 bad; the only file was there before the first step: none is of this job\n";
    assert_eq!(told(&collect(&by_pattern).unwrap()), expected);
}

#[test]
fn a_workspace_that_is_no_longer_ours_has_no_reports() {
    let left = left(|root| fs::remove_dir(root).unwrap());
    let told = left.told(&["a.xml"]);
    assert!(told.contains("the workspace cannot be searched") && told.ends_with("nothing at a.xml\n"), "{told}");
}

#[test]
fn nothing_is_read_on_once_it_is_given_up_or_takes_too_long() {
    let left = left(|root| fs::write(root.join("a.xml"), TWO).unwrap());
    let asked = left.asked(&["a.xml"]);
    asked.give_up.cancel();
    let expected = "a.xml: 0 of 0 bad; the attempt was given up while it was read\n";
    assert_eq!(told(&collect(&asked).unwrap()), expected);
    let open = || File::open(left.root.path().join("workspace/a.xml")).unwrap();
    let wanted = CancellationToken::new();
    let read =
        |most, until| std::io::read_to_string(Bounded::new(open(), most, until, &wanted)).map_err(|e| e.to_string());
    let later = Instant::now() + WITHIN;
    assert_eq!(read(1000, later), Ok(TWO.to_owned()));
    assert_eq!(read(1000, Instant::now()), Err("there was no time to read it to its end".to_owned()));
    assert_eq!(read(10, later), Err("it is more than may be read of a job's reports".to_owned()));
}

#[test]
fn cases_are_kept_in_batches_that_a_call_can_carry() {
    let case = |n: usize| format!("<testcase name='{n}'><failure>{}</failure></testcase>", "\"\\\n".repeat(1_000));
    let all: String = (0..620).map(case).collect();
    let left = left(|root| fs::write(root.join("a.xml"), format!("<testsuite>{all}</testsuite>")).unwrap());
    let batches = batches(&collect(&left.asked(&["a.xml"])).unwrap());
    let mut next = 0;
    for batch in &batches {
        assert_eq!(batch.first, next);
        assert!(serde_json::to_vec(batch).unwrap().len() < 1_000_000);
        next += u32::try_from(batch.cases.len()).unwrap();
    }
    assert_eq!(next, 620);
    assert!(batches.iter().rev().skip(1).all(|batch| batch.reports.is_none()));
}

#[test]
fn of_very_many_files_the_last_ones_are_told_together() {
    let left = left(|root| {
        for n in 0..LISTED + 5 {
            fs::write(root.join(format!("{n:05}.xml")), "<testsuite><testcase name='a'/></testsuite>").unwrap();
        }
    });
    let collected = collect(&left.asked(&["*.xml"])).unwrap();
    assert_eq!(collected.counts.passed, 1_005);
    let last = collected.reports.last().unwrap();
    assert_eq!((last.path.as_str(), last.counts.passed), ("(5 more files)", 5));
}

#[test]
fn secrets_are_masked_also_where_a_text_is_cut() {
    const SECRET: &str = "open <&> sesame";
    let long = "x".repeat(TEST_NAME_MAX - 4);
    let left = left(|root| {
        let entities = "&#x6f;pen &lt;&amp;&gt; sesame";
        let report = format!(
            "<testsuite name='x'><testcase name='{long}open &lt;&amp;&gt; sesame' classname='x'>\
             <failure message='said {entities}'>at <![CDATA[{SECRET}]]></failure></testcase></testsuite>"
        );
        fs::write(root.join(format!("{SECRET}.xml")), report).unwrap();
    });
    let collected = collect(&Asked { secrets: Finder::of([SECRET]), ..left.asked(&["*.xml"]) }).unwrap();
    assert_eq!(told(&collected), "***.xml: 1 of 1 bad; \n");
    let told = format!("{:?}", batches(&collected));
    assert!(told.contains("said ***") && told.contains("at ***"), "{told}");
    assert!(!told.contains("xope") && !told.contains("sesame"), "{told}");
}
