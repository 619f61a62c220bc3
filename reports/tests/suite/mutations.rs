//! The corpus, broken by chance: whatever comes of it, reading ends, and what it says adds up.

use super::{corpus, read};
use proptest::prelude::*;
use sidings_proto::TestCounts;
use sidings_proto::tested::{TEST_MESSAGE_MAX, TEST_NAME_MAX, TEST_OUTPUT_MAX};

/// What is put in at a place, beside what other files have there.
const TRAPS: [&str; 18] = [
    "<",
    ">",
    "&",
    "\"",
    "]]>",
    "<![CDATA[",
    "<!--",
    "-->",
    "<?",
    "?>",
    "</testcase>",
    "<testcase name='t'>",
    "<failure>",
    "&#x110000;",
    "&#xD800;",
    "<!DOCTYPE a [",
    "\u{0}",
    "\u{FEFF}",
];

#[derive(Clone, Debug)]
enum Change {
    Cut { at: usize },
    Remove { at: usize, many: usize },
    Trap { at: usize, which: usize },
    Byte { at: usize, to: u8 },
    Splice { at: usize, file: usize, from: usize, many: usize },
}

fn change() -> impl Strategy<Value = Change> {
    let at = || any::<u16>().prop_map(usize::from);
    prop_oneof![
        at().prop_map(|at| Change::Cut { at }),
        (at(), 1..200usize).prop_map(|(at, many)| Change::Remove { at, many }),
        (at(), 0..TRAPS.len()).prop_map(|(at, which)| Change::Trap { at, which }),
        (at(), any::<u8>()).prop_map(|(at, to)| Change::Byte { at, to }),
        (at(), at(), at(), 1..400usize).prop_map(|(at, file, from, many)| Change::Splice { at, file, from, many }),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change, files: &[Vec<u8>]) {
    let place = |at: usize, len: usize| if len == 0 { 0 } else { at % len };
    match *change {
        Change::Cut { at } => bytes.truncate(place(at, bytes.len())),
        Change::Remove { at, many } => {
            let at = place(at, bytes.len());
            bytes.drain(at..(at + many).min(bytes.len()));
        }
        Change::Trap { at, which } => {
            let at = place(at, bytes.len());
            bytes.splice(at..at, TRAPS[which].bytes());
        }
        Change::Byte { at, to } => {
            let at = place(at, bytes.len());
            bytes.splice(at..(at + 1).min(bytes.len()), [to]);
        }
        Change::Splice { at, file, from, many } => {
            let other = &files[file % files.len()];
            let from = place(from, other.len());
            let piece = other[from..(from + many).min(other.len())].to_vec();
            let at = place(at, bytes.len());
            bytes.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_broken_file_panics_and_its_cases_add_up(
        which in any::<u16>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let files = originals();
        let mut bytes = files[usize::from(which) % files.len()].clone();
        changes.iter().for_each(|change| apply(&mut bytes, change, files));
        let (found, cases) = read(&bytes);
        let mut counts = TestCounts::default();
        for case in &cases {
            counts.add(case.outcome);
            let texts = [&case.suite, &case.name, &case.message, &case.output];
            for (text, most) in texts.into_iter().zip([TEST_NAME_MAX, TEST_NAME_MAX, TEST_MESSAGE_MAX, TEST_OUTPUT_MAX]) {
                prop_assert!(text.chars().count() <= most);
                prop_assert!(!text.chars().any(|char| char.is_control() && char != '\n' && char != '\t'));
            }
        }
        prop_assert_eq!(counts, found.counts);
        prop_assert!(found.remarks.len() <= 26);
        prop_assert!(counts.total() > 0 || !found.remarks.is_empty());
    }
}

fn originals() -> &'static [Vec<u8>] {
    static FILES: std::sync::OnceLock<Vec<Vec<u8>>> = std::sync::OnceLock::new();
    FILES.get_or_init(|| corpus().iter().map(|file| std::fs::read(file).unwrap()).collect())
}
