//! Files that are too much: what is read of them, and that it is never held whole.

use super::{read, words};
use sidings_reports::{Found, Room};
use std::io::{self, Read};

/// Reads without end in sight, and remembers how far.
struct Endless<'a> {
    head: &'a [u8],
    body: &'a [u8],
    left: u64,
}

impl Read for Endless<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.head.is_empty() {
            return self.head.read(buffer);
        }
        let mut filled = 0;
        while filled + self.body.len() <= buffer.len() && self.left > 0 {
            let many = self.body.len().min(usize::try_from(self.left).unwrap());
            buffer[filled..filled + many].copy_from_slice(&self.body[..many]);
            filled += many;
            self.left -= many as u64;
        }
        Ok(filled)
    }
}

fn endless(head: &str, body: &str, bytes: u64) -> (Found, u64) {
    let input = Endless { head: head.as_bytes(), body: body.as_bytes(), left: bytes };
    let mut kept = 0;
    let found = sidings_reports::read(input, &mut Room::default(), &mut |_| kept += 1);
    (found, kept)
}

#[test]
fn a_million_nested_elements_end_at_the_hundredth() {
    let bomb = "<a>".repeat(1_000_000);
    let (found, _) = read(format!("<testsuite><testcase name='one'/>{bomb}").as_bytes());
    assert_eq!(words(found.counts), "1 passed");
    assert_eq!(found.remarks, ["its elements are nested more than 100 deep"]);
}

#[test]
fn more_cases_than_are_kept_are_counted() {
    let (found, kept) = endless("<testsuite>", "<testcase name='a' classname='b'/>\n", 35 * 120_000);
    assert_eq!((words(found.counts), kept), ("120000 passed".to_owned(), 100_000));
    let remarks = ["20000 of its cases are counted and not kept: there are too many".to_owned()];
    assert_eq!(found.remarks.iter().filter(|remark| remarks.contains(remark)).count(), 1, "{:?}", found.remarks);
}

/// What a reader holds at once, as the sum of what it asked for and did not give back, is not measured here: the
/// pieces that it is handed are bounded, which the lengths of what is kept show.
#[test]
fn a_long_text_is_kept_in_part() {
    for (open, close) in [("", ""), ("<![CDATA[", "]]>"), ("<!--", "-->"), ("<system-out>", "</system-out>")] {
        let text = "0123456789 äöü\n".repeat(150_000);
        let file = format!(
            "<testsuite><testcase name='a'><failure message='m'/>{open}{text}{close}</testcase><testcase name='b'/></testsuite>"
        );
        let (found, cases) = read(file.as_bytes());
        assert_eq!(words(found.counts), "1 failed, 1 passed");
        assert_eq!(found.remarks, [""; 0]);
        assert!(cases[0].output.len() < 10_000, "{}", cases[0].output.len());
    }
}

#[test]
fn long_names_values_and_tags_are_cut_or_refused() {
    let long = "n".repeat(3_000_000);
    let (found, cases) =
        read(format!("<testsuite><testcase name='{long}' classname='{long}'/></testsuite>").as_bytes());
    assert_eq!((words(found.counts).as_str(), cases[0].name.chars().count()), ("1 passed", 500));
    let (found, _) = read(format!("<testsuite><testcase {long}='x'/></testsuite>").as_bytes());
    assert_eq!(found.remarks, ["a tag in it is longer than 65536 bytes"]);
    let (found, _) = read(format!("<!DOCTYPE {long}><testsuite/>").as_bytes());
    assert_eq!(found.remarks[0], "its document type is longer than 65536 bytes");
    let references = "&amp;".repeat(100_000);
    let (found, cases) =
        read(format!("<testcase name='{references}'><failure>&{long}</failure></testcase>").as_bytes());
    assert_eq!(words(found.counts), "1 failed");
    assert_eq!(cases[0].name.chars().count(), 500);
}

#[test]
fn the_texts_of_all_cases_have_one_room() {
    let mut cases = Vec::new();
    let mut room = Room { cases: 10, text: 1000 };
    let case = format!("<testcase name='a'><failure message='{}'>trace</failure></testcase>", "m".repeat(600));
    let file = format!("<testsuite>{case}{case}</testsuite>");
    sidings_reports::read(file.as_bytes(), &mut room, &mut |case| cases.push(case));
    assert_eq!((cases[0].message.len(), cases[0].output.as_str()), (600, "trace"));
    assert_eq!((cases[1].message.chars().count(), cases[1].output.as_str()), (200, ""));
}

#[test]
fn many_remarks_are_counted() {
    let suites = "<testsuite name='x' tests='3'/>".repeat(1000);
    let (found, _) = read(format!("<testsuites>{suites}</testsuites>").as_bytes());
    assert_eq!(found.remarks.len(), 22);
    assert_eq!(found.remarks[21], "and 980 more");
}

#[test]
fn a_disk_that_fails_is_remarked_on() {
    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let found = sidings_reports::read(Failing, &mut Room::default(), &mut |_| ());
    assert_eq!(found.remarks, ["the disk is gone"]);
}
