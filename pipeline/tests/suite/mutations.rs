//! Good and bad files, cut, doubled and stirred: the compiler answers every text, and never panics.

use crate::{Tree, files_of, push};
use proptest::prelude::*;
use proptest::sample::Index;
use sidings_pipeline::{FILE, Input, Severity};
use std::sync::LazyLock;

/// What is put into a text: what YAML and this language give a meaning to.
const PIECES: [&str; 40] = [
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\n      - ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "<<: ",
    "*",
    "|\n",
    ">\n",
    "'",
    "\"",
    "#",
    "!!str ",
    "!x ",
    "? ",
    "---\n",
    "...\n",
    "~",
    "null",
    "true",
    "jobs:",
    "needs: [a]",
    "run: x",
    "parallel:",
    "when:",
    "build: .",
    "image: a:1",
    "ü",
    "\u{feff}",
    "\r\n",
    "\0",
];

#[derive(Clone, Debug)]
enum Change {
    Cut(Index, Index),
    Insert(Index, usize),
    Copy(Index, Index, Index),
    Line(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = || any::<Index>();
    prop_oneof![
        (index(), index()).prop_map(|(from, to)| Change::Cut(from, to)),
        (index(), 0..PIECES.len()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (index(), index(), index()).prop_map(|(from, to, at)| Change::Copy(from, to, at)),
        (index(), index()).prop_map(|(from, to)| Change::Line(from, to)),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let chars: Vec<char> = text.chars().collect();
    let places = chars.len() + 1;
    match change {
        Change::Cut(from, to) => {
            let (from, to) = short(from.index(places), to.index(places));
            chars[..from].iter().chain(&chars[to..]).collect()
        }
        Change::Insert(at, piece) => {
            let at = at.index(places);
            chars[..at].iter().copied().chain(PIECES[*piece].chars()).chain(chars[at..].iter().copied()).collect()
        }
        Change::Copy(from, to, at) => {
            let (from, to) = short(from.index(places), to.index(places));
            let at = at.index(places);
            chars[..at].iter().chain(&chars[from..to]).chain(&chars[at..]).collect()
        }
        Change::Line(from, to) => {
            let mut lines: Vec<&str> = text.lines().collect();
            if !lines.is_empty() {
                let line = lines.remove(from.index(lines.len()));
                lines.insert(to.index(lines.len() + 1), line);
            }
            lines.join("\n")
        }
    }
}

/// In order, and not far apart, so that most of the text stays.
fn short(one: usize, other: usize) -> (usize, usize) {
    let from = one.min(other);
    (from, one.max(other).min(from + 40))
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let paths = files_of("good", "yml").into_iter().chain(files_of("bad", "yml"));
    paths.map(|path| std::fs::read_to_string(path).unwrap()).collect()
});

/// Compiles, and holds the answer against what is promised of every answer.
fn answer(text: &str) {
    let context = push();
    let input = Input { file: FILE, text, context: &context, files: &Tree::usual(), policy: &Default::default() };
    let found = sidings_pipeline::lint(&input);
    for one in &found.0 {
        assert!(!one.message.is_empty());
        assert!(one.place.line >= 1 && one.place.column >= 1);
        assert!((one.place.line, one.place.column) <= (one.place.end_line, one.place.end_column));
    }
    assert_eq!(found.render(false).is_empty(), found.0.is_empty());
    match sidings_pipeline::compile(&input) {
        Ok(_) => assert!(found.0.iter().all(|one| one.severity == Severity::Warning)),
        Err(again) => assert!(again.has_errors() && again == found),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_file_is_answered(file in any::<Index>(), changes in prop::collection::vec(change(), 1..6)) {
        let start = file.get(&TEXTS).clone();
        answer(&changes.iter().fold(start, |text, change| changed(&text, change)));
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in "\\PC{0,200}") {
        answer(&text);
    }

    #[test]
    fn pieces_in_any_order_are_answered(pieces in prop::collection::vec(0..PIECES.len(), 0..60)) {
        answer(&pieces.iter().map(|piece| PIECES[*piece]).collect::<String>());
    }

    #[test]
    fn any_dockerfile_is_answered(
        lines in prop::collection::vec("(FROM |RUN |COPY |ARG |ONBUILD |ENV |# syntax=|HEALTHCHECK |<<EOF|\\\\|\"|\\[|AS ){0,4}\\PC{0,20}", 0..8),
    ) {
        let files = Tree([("Dockerfile".to_owned(), lines.join("\n"))].into());
        let text = "build: { context: ., target: x }\njobs: { a: { steps: [run: x] } }\n";
        let input = Input { file: FILE, text, context: &push(), files: &files, policy: &Default::default() };
        let found = sidings_pipeline::lint(&input);
        prop_assert!(found.0.len() <= 1, "{found}");
    }
}
