//! Every line of every file of the suite, the examples and the reference, changed in each of some ways: more than ten
//! thousand files. Each is answered by a plan or by diagnostics that have a place.

use crate::{Tree, files_of, push};
use sidings_pipeline::{Diagnostics, FILE, Input};
use std::path::Path;
use std::thread;

/// So many files are made.
const ENOUGH: usize = 10_000;
/// What is put in place of a value.
const VALUES: [&str; 10] = ["", "~", "[]", "{}", "x", "-1", "true", "\"${matrix.x}\"", "*x", "[{ a: [b] }]"];

fn texts() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut paths: Vec<_> = files_of("good", "yml").into_iter().chain(files_of("bad", "yml")).collect();
    for example in std::fs::read_dir(root.join("examples")).unwrap() {
        paths.push(example.unwrap().path().join(FILE));
    }
    let mut texts: Vec<String> = paths.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let book = std::fs::read_to_string(root.join("docs/pipeline.md")).unwrap();
    texts.extend(book.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned));
    texts
}

/// The line in other forms; none for a line that is not there any more.
fn forms(line: &str) -> Vec<Option<String>> {
    let indent = line.len() - line.trim_start().len();
    let mut forms = vec![
        None,
        Some(format!("{line}\n{line}")),
        Some(format!("  {line}")),
        Some(line.get(2.min(indent)..).unwrap_or(line).to_owned()),
        Some(format!("{}- {}", &line[..indent], line.trim_start())),
        Some(format!("{line} # {line}")),
    ];
    if let Some((key, _)) = line.split_once(": ").or_else(|| line.trim_end().strip_suffix(':').map(|key| (key, ""))) {
        forms.extend(VALUES.iter().map(|value| Some(format!("{key}: {value}"))));
        forms.push(Some(line.replacen(key, &format!("{key}x"), 1)));
        forms.push(Some(line.replacen(key, key.get(..key.len() - 1).unwrap_or(key), 1)));
    }
    forms
}

fn changed(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate().take(120).filter(|(_, line)| !line.trim().is_empty() && line.len() < 500)
    {
        for form in forms(line) {
            let before = lines[..at].iter().map(|line| (*line).to_owned());
            let after = lines[at + 1..].iter().map(|line| (*line).to_owned());
            let new: Vec<String> = before.chain(form).chain(after).collect();
            all.push(new.join("\n") + "\n");
        }
    }
    all
}

fn answer(text: &str) {
    let context = push();
    let input = Input { file: FILE, text, context: &context, files: &Tree::usual(), policy: &Default::default() };
    let Err(found) = sidings_pipeline::compile(&input) else { return };
    assert!(found.has_errors() && has_places(&found, text), "{found}\nof\n{text}");
}

fn has_places(found: &Diagnostics, text: &str) -> bool {
    let lines = text.lines().count() + 1;
    found.0.iter().all(|one| one.place.file == FILE && (1..=lines).contains(&one.place.line) && one.place.column >= 1)
}

#[test]
fn ten_thousand_changed_files_are_answered() {
    let every: Vec<String> = texts().iter().flat_map(|text| changed(text)).collect();
    assert!(every.len() >= ENOUGH, "{}", every.len());
    // Spread over all files; more would tell little that is new and take longer.
    let all: Vec<&String> = (0..ENOUGH).map(|at| &every[at * every.len() / ENOUGH]).collect();
    thread::scope(|scope| {
        for part in all.chunks(all.len().div_ceil(4)) {
            scope.spawn(move || part.iter().for_each(|text| answer(text)));
        }
    });
}
