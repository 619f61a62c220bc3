use crate::{Finder, MASK, Masker};
use proptest::prelude::*;

const VALUE: &str = "p4ss/wörd \"+<q>\\&";
const KEY: &str = "-----BEGIN KEY-----\nMIIEowIBAAKCAQEA7v\n  dXp3nD0qzzrtYQ==\nabc\n-----END KEY-----\n";

fn finder(values: &[&str]) -> Finder {
    Finder::of(values.iter().copied()).unwrap()
}

/// What comes out when the bytes come in pieces that end at these places.
fn in_pieces(finder: &Finder, bytes: &[u8], cuts: &[usize]) -> Vec<u8> {
    let (mut masker, mut out, mut from) = (Masker::default(), Vec::new(), 0);
    for cut in cuts {
        out.extend(masker.push(finder, &bytes[from..*cut]));
        from = *cut;
    }
    out.extend(masker.end_of(finder, &bytes[from..]));
    out
}

#[track_caller]
fn masked(value: &str, text: &str, expected: &str) {
    assert_eq!(finder(&[value]).masked(text), expected);
}

#[test]
fn a_value_is_masked_as_it_is() {
    masked("hunter22", "before hunter22, hunter22after hunter2", "before ***, ***after hunter2");
}

#[test]
fn a_value_is_masked_as_json_writes_it() {
    let written = [
        r#"p4ss/wörd \"+<q>\\&"#,
        r#"p4ss\/wörd \"+<q>\\&"#,
        r#"p4ss/w\u00f6rd \"+<q>\\&"#,
        r#"p4ss/wörd \"+\u003cq\u003e\\\u0026"#,
    ];
    for text in written {
        masked(VALUE, &format!("{{\"token\":\"{text}\"}}"), "{\"token\":\"***\"}");
    }
}

#[test]
fn a_value_is_masked_as_urls_write_it() {
    let written = [
        "p4ss%2Fw%C3%B6rd%20%22%2B%3Cq%3E%5C%26",
        "p4ss%2fw%c3%b6rd%20%22%2b%3cq%3e%5c%26",
        "p4ss%2Fw%C3%B6rd+%22%2B%3Cq%3E%5C%26",
        "p4ss/w%C3%B6rd%20%22%2B%3Cq%3E%5C%26",
    ];
    for text in written {
        masked(VALUE, &format!("https://x/?t={text}&a"), "https://x/?t=***&a");
    }
}

#[test]
fn a_value_is_masked_in_hex_of_both_cases() {
    masked("hunter22", "68756e7465723232 68756E7465723232", "*** ***");
}

/// `printf %s hunter22? | base64`, with none, one and two bytes before it, and after it what changes its last character.
#[test]
fn a_value_is_masked_in_base64_wherever_it_begins() {
    masked("hunter22", "aHVudGVyMjI= aHVudGVyMjIK", "***I= ***IK");
    masked("hunter22", "eGh1bnRlcjIy", "eG***");
    masked("hunter22", "eHhodW50ZXIyMg==", "eHh***g==");
    masked("~~~???~~~", "fn5-Pz8_fn5- fn5+Pz8/fn5+", "*** ***");
}

#[test]
fn every_line_of_a_value_is_masked_by_itself() {
    masked(KEY, "key:\n    dXp3nD0qzzrtYQ==\nMIIEowIBAAKCAQEA7v!", "key:\n    ***\n***!");
    masked(KEY, "abc is too short to be looked for", "abc is too short to be looked for");
    masked(KEY, &format!("<{KEY}>"), "<***>");
}

/// `base64` breaks after 76 characters, PEM after 64, `xxd -p` after 60.
#[test]
fn a_long_value_is_masked_in_encodings_of_several_lines() {
    let value: String = ('!'..='~').collect();
    let finder = finder(&[&value]);
    let encoded = [
        "ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZ\nWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fg==",
        "2122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e\n3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c\n5d5e5f606162636465666768696a6b6c6d6e6f707172737475767778797a\n7b7c7d7e",
    ];
    let shown = encoded.map(|text| finder.masked(text));
    assert_eq!(shown[0], "***\n***g==");
    assert_eq!(shown[1], "***\n***\n***\n***");
}

#[test]
fn secrets_that_overlap_are_masked_together() {
    assert_eq!(finder(&["abcdefgh", "efghijkl"]).masked("-abcdefghijkl-"), "-***-");
    assert_eq!(finder(&["secret-one", "secret-one-two"]).masked("secret-one-two!"), "***!");
}

#[test]
fn what_could_be_a_beginning_is_held_back_and_nothing_else_is() {
    let finder = finder(&["hunter22"]);
    let mut masker = Masker::default();
    assert_eq!(masker.push(&finder, b"password: hun"), b"password: ");
    assert_eq!(masker.push(&finder, b"ger\n"), b"hunger\n");
    assert_eq!(masker.push(&finder, b"hunter2"), b"");
    assert_eq!(masker.push(&finder, b"2"), MASK.as_bytes());
    assert_eq!(masker.push(&finder, b"hunter"), b"");
    assert_eq!(masker.end(&finder), b"hunter");
}

#[test]
fn values_that_are_too_short_are_not_looked_for() {
    assert!(Finder::of(["short", "", "\n\n\n\n\n\n\n"]).is_none());
}

#[test]
fn a_finder_tells_nothing_of_what_it_looks_for() {
    assert_eq!(format!("{:?}", finder(&["hunter22"])), "Finder { .. }");
}

proptest! {
    /// A small alphabet makes beginnings, overlaps and repetitions frequent.
    #[test]
    fn where_a_stream_is_cut_does_not_matter(
        text in "[ab]{0,60}", one in "[ab]{6,9}", other in "[ab]{6,20}", cuts in prop::collection::vec(0usize..60, 0..9),
    ) {
        let finder = finder(&[&one, &other]);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        let whole = in_pieces(&finder, text.as_bytes(), &[]);
        prop_assert_eq!(in_pieces(&finder, text.as_bytes(), &cuts), whole);
    }

    #[test]
    fn exactly_the_bytes_of_occurrences_are_masked(text in "[ab]{0,60}", value in "[ab]{6,9}") {
        let finder = finder(&[&value]);
        let mut covered = vec![false; text.len()];
        for begin in (0..text.len()).filter(|begin| text[*begin..].starts_with(&value)) {
            covered[begin..begin + value.len()].fill(true);
        }
        let kept: String = text.chars().zip(&covered).filter(|(_, covered)| !**covered).map(|(char, _)| char).collect();
        prop_assert_eq!(finder.masked(&text).replace('*', ""), kept);
    }
}
