use crate::out::{Map, Out};
use crate::yaml::{Entry, Node, Read, Value};
use crate::{Kind, Note, Origin, of_tree, out, yaml};
use sidings_pipeline::{Context, Files, Input};
use sidings_proto::{Commit, Trigger};
use std::path::PathBuf;
use std::rc::Rc;

/// A word that is in no file.
const MARK: &str = "zq7x";

struct Dockerfile;

impl Files for Dockerfile {
    fn read(&self, path: &str) -> Option<String> {
        path.ends_with("Dockerfile").then(|| "FROM debian:bookworm-slim\n".to_owned())
    }
}

fn errors(text: &str) -> Option<String> {
    let context = Context {
        trigger: Trigger::Push,
        commit: Commit::default(),
        default_branch: "main".to_owned(),
        project: "demo".to_owned(),
        inputs: std::collections::BTreeMap::new(),
    };
    let input = Input {
        file: sidings_pipeline::FILE,
        text,
        context: &context,
        files: &Dockerfile,
        policy: &Default::default(),
    };
    let found = sidings_pipeline::lint(&input);
    found.has_errors().then(|| found.to_string())
}

fn corpus() -> Vec<(String, Origin, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut all: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    let files = all.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "yml"));
    let all: Vec<_> = files
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let origin = match name.split('-').next().unwrap() {
                "gitlab" => Origin::Gitlab,
                "github" => Origin::Github,
                _ => Origin::Woodpecker,
            };
            (name, origin, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(all.len() >= 15, "the corpus is where this test looks for it");
    all
}

/// Where a part of a tree is.
#[derive(Clone, Copy)]
enum Way<'w> {
    Key(&'w str),
    Item(usize),
}

/// Every changed tree: each scalar once another word, each map once with a key that nobody knows.
fn changes(node: &Rc<Node>, path: &str, change: &mut dyn FnMut(&str, Rc<Node>)) {
    let mark = || Rc::new(Node::new(node.line, Value::Text(MARK.to_owned())));
    match &node.value {
        Value::Nothing => {}
        Value::Text(_) => change(path, mark()),
        Value::List(items) => {
            for (at, item) in items.iter().enumerate() {
                changes(item, &joined(path, Way::Item(at)), &mut |path, new| {
                    let mut items = items.clone();
                    items[at] = new;
                    change(path, tagged(node, Value::List(items)));
                });
            }
        }
        Value::Map(entries) => {
            for (at, entry) in entries.iter().enumerate() {
                changes(&entry.value, &joined(path, Way::Key(&entry.key)), &mut |path, new| {
                    let mut entries = entries.clone();
                    entries[at].value = new;
                    change(path, tagged(node, Value::Map(entries)));
                });
            }
            let new = Entry { key: MARK.to_owned(), line: node.line, value: mark() };
            let all = entries.iter().cloned().chain([new]).collect();
            change(&joined(path, Way::Key(MARK)), tagged(node, Value::Map(all)));
        }
    }
}

fn tagged(node: &Node, value: Value) -> Rc<Node> {
    let mut new = Node::new(node.line, value);
    new.tag.clone_from(&node.tag);
    Rc::new(new)
}

fn joined(path: &str, way: Way<'_>) -> String {
    match way {
        Way::Key(key) if path.is_empty() => key.to_owned(),
        Way::Key(key) => format!("{path}.{key}"),
        Way::Item(at) => format!("{path}[{at}]"),
    }
}

/// Whether the note is about the place: what is left out is left out with all in it.
fn is_about(note: &Note, path: &str) -> bool {
    let rest = path.strip_prefix(&note.path);
    match note.kind {
        _ if note.advice.contains(MARK) => true,
        Kind::Left => rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '['])),
        Kind::Changed => rest == Some(""),
    }
}

#[test]
fn nothing_is_dropped_silently_whatever_stands_there() {
    let mut dropped = Vec::new();
    let mut tried = 0;
    for (name, origin, text) in corpus() {
        let read = yaml::read(&text).unwrap();
        changes(&read.root, "", &mut |path, root| {
            tried += 1;
            let Ok(imported) = of_tree(origin, &Read { root, oddities: Vec::new() }) else {
                return dropped.push(format!("{name}: {path}: unreadable"));
            };
            let is_told = imported.notes.iter().any(|note| is_about(note, path));
            if !is_told && !imported.text.contains(MARK) {
                dropped.push(format!("{name}: {path}"));
            }
        });
    }
    assert!(tried > 500, "{tried}");
    assert!(dropped.is_empty(), "{} of {tried}:\n{}", dropped.len(), dropped.join("\n"));
}

#[test]
fn what_comes_out_is_right_whatever_goes_in() {
    let mut wrong = Vec::new();
    for (name, origin, text) in corpus() {
        let read = yaml::read(&text).unwrap();
        changes(&read.root, "", &mut |path, root| {
            let Ok(imported) = of_tree(origin, &Read { root, oddities: Vec::new() }) else { return };
            if let Some(errors) = errors(&imported.text) {
                wrong.push(format!("{name}: {path}\n{errors}"));
            }
        });
    }
    assert!(wrong.is_empty(), "{} files:\n{}", wrong.len(), wrong.join("\n"));
}

/// A word of a few characters that mean something in YAML, the same for the same number.
fn odd_word(number: u64) -> String {
    let alphabet: Vec<char> = " :#'\"\\\n\t{}[],&*!|>%@`-?~$a0.eñ\u{feff}\u{7f}\u{85}".chars().collect();
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let length = next() % 7 + 1;
    (0..length).map(|_| alphabet[next() % alphabet.len()]).collect()
}

#[test]
fn every_text_is_read_as_it_was_written() {
    let words = [
        "on",
        "yes",
        "0x1f",
        "1.10",
        "~",
        "null",
        "- a",
        "a: b",
        "a #b",
        "---",
        "1e5",
        "${matrix.x}",
        "\n",
        " a\n b\n",
    ];
    let words = words.map(str::to_owned).into_iter().chain((0..5000).map(odd_word));
    for word in words {
        let list = Out::List(vec![Out::Text(word.clone())]);
        let map = Map::default().with("in", word.as_str());
        let mut top = Map::tall().with("tall", word.as_str()).with("list", list.clone()).with("map", map);
        top.set("lines", Out::Lines(vec![Out::Text(word.clone())]));
        let text = out::document(&top);
        let read = yaml::read(&text).unwrap_or_else(|error| panic!("{word:?}: {error}\n{text}"));
        let first = |node: Option<&Rc<Node>>| node.unwrap().items().unwrap()[0].text().map(str::to_owned);
        assert_eq!(read.root.get("tall").unwrap().text(), Some(word.as_str()), "{text}");
        assert_eq!(first(read.root.get("list")).as_deref(), Some(word.as_str()), "{text}");
        assert_eq!(first(read.root.get("lines")).as_deref(), Some(word.as_str()), "{text}");
        assert_eq!(read.root.get("map").unwrap().get("in").unwrap().text(), Some(word.as_str()), "{text}");
    }
}
