//! What a step says of its tests, as the queue hears it.

use super::lease::Names;
use super::{list, results};
use expect_test::{Expect, expect};
use sidings_proto::split::desk::{Form, Sizes};
use std::fmt::Write;

fn names(ids: &[&str]) -> Names {
    ids.iter().zip(0..).map(|(id, no)| ((*id).to_owned(), no)).collect()
}

#[track_caller]
fn check(form: Form, ids: &[&str], text: &str, expect: Expect) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let read = results::read(file.path(), form, &names(ids)).unwrap();
    let mut told = String::new();
    for result in &read.results {
        writeln!(told, "{} {:?} {} ms", ids[result.no as usize], result.outcome, result.ms).unwrap();
    }
    writeln!(told, "{} others, begun {:?}", read.others, read.started).unwrap();
    read.remarks.iter().for_each(|remark| writeln!(told, "{remark}").unwrap());
    expect.assert_eq(&told);
}

#[test]
fn a_list_is_lines_or_stands_between_nuls() {
    let ids = |printed: &[u8]| list::read(printed, &Sizes::new()).into_iter().map(|test| test.id).collect::<Vec<_>>();
    assert_eq!(ids(b"one\r\n\ntwo words\n"), ["one", "two words"]);
    assert_eq!(ids("a\nb\0\0ünï\0".as_bytes()), ["a\nb", "ünï"]);
    assert!(ids(b"\n\n").is_empty());
}

#[test]
fn why_there_is_no_list_is_a_line_that_moves_no_cursor() {
    assert_eq!(list::reason("\u{1b}[1;31mError:\u{1b}[0m no\tmodule\u{7}\r\n"), "Error: no module");
    assert_eq!(list::reason("\u{1b}[").as_str(), "");
    assert_eq!(list::reason(&"ü".repeat(9_999)).chars().count(), 301);
}

#[test]
fn a_test_is_as_large_as_its_file() {
    let sizes = Sizes::from([("a.py".to_owned(), 7), ("b[c].rb".to_owned(), 8), ("d.js".to_owned(), 9)]);
    let listed = list::read(b"a.py::x[y]\nb[c].rb[1:2]\nd.js\ne.js\n", &sizes);
    let bytes: Vec<_> = listed.iter().map(|test| test.file_bytes).collect();
    assert_eq!(bytes, [Some(7), Some(8), Some(9), None]);
}

#[test]
fn a_case_is_the_test_of_its_suite_and_name_or_name_or_file() {
    let text = r#"<testsuites>
        <testcase classname="a" name="one" time="0.5"/>
        <testcase classname="b" name="one" time="1"><failure message="no"/></testcase>
        <testcase name="alone" time="0.25"><skipped/></testcase>
        <testcase classname="c" name="x" file="tests/c.js" time="1"/>
        <testcase classname="c" name="y" file="tests/c.js" time="2"><error/></testcase>
        <testcase classname="d" name="nobody's"/>
    </testsuites>"#;
    check(
        Form::Junit,
        &["a::one", "b.one", "alone", "tests/c.js", "missing"],
        text,
        expect![[r#"
            a::one Passed 500 ms
            b.one Failed 1000 ms
            alone Skipped 250 ms
            tests/c.js Failed 3000 ms
            1 others, begun []
        "#]],
    );
}

#[test]
fn tests_that_look_the_same_in_a_report_have_no_result_from_it() {
    let text = "<testsuite><testcase name=\"a b\"/></testsuite>";
    check(
        Form::Junit,
        &["a\nb", "a b"],
        text,
        expect![[r#"
            1 others, begun []
        "#]],
    );
}

#[test]
fn events_tell_what_began_and_how_it_ended() {
    let text = concat!(
        "{\"start\":\"a\"}\n{\"end\":\"a\",\"outcome\":\"passed\",\"ms\":1.6}\n",
        "{\"start\":\"b\"}\n\n{\"end\":\"c\",\"outcome\":\"failed\"}\n",
        "{\"end\":\"d\"}\nnot json\n{\"end\":\"nobody's\",\"outcome\":\"passed\",\"ms\":-1e300}\n",
    );
    check(
        Form::Events,
        &["a", "b", "c", "d"],
        text,
        expect![[r#"
            a Passed 2 ms
            c Failed 0 ms
            1 others, begun [0, 1]
            line 6 has no outcome
            line 7 is no event: expected ident at line 1 column 2
        "#]],
    );
}
