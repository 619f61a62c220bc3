//! What is promised of `--json` is written down for each command that has it, in shapes that there are.

use super::command;
use clap::Command;
use std::collections::{BTreeMap, BTreeSet};

const BOOK: &str = include_str!("../../docs/json.md");
const INTERFACE: &str = include_str!("../../docs/openapi.json");

/// The words of every command that takes `--json`.
fn with_json(command: &Command, words: &str, found: &mut BTreeSet<String>) {
    if command.get_arguments().any(|argument| argument.get_long() == Some("json")) {
        found.insert(words.to_owned());
    }
    for inner in command.get_subcommands() {
        with_json(inner, format!("{words} {}", inner.get_name()).trim(), found);
    }
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the book: what is said of each command.
fn told() -> BTreeMap<&'static str, &'static str> {
    let rows = BOOK.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.flat_map(|(commands, shape)| quoted(commands).map(move |words| (words, shape))).collect()
}

#[test]
fn every_command_that_prints_json_says_in_which_shape() {
    let mut found = BTreeSet::new();
    with_json(&command(), "", &mut found);
    assert!(found.contains("runs") && found.contains("webhook list"), "{found:?}");
    let told: BTreeSet<String> = told().into_keys().map(str::to_owned).collect();
    assert_eq!(found, told);
}

#[test]
fn the_shapes_that_have_a_name_are_those_of_the_interface() {
    let interface: serde_json::Value = serde_json::from_str(INTERFACE).unwrap();
    let schemas = interface["components"]["schemas"].as_object().unwrap();
    let shapes: BTreeSet<&str> = told().into_values().flat_map(quoted).collect();
    let named: Vec<_> = shapes.into_iter().filter(|shape| shape.starts_with(char::is_uppercase)).collect();
    assert!(named.len() > 15, "{named:?}");
    for shape in named {
        assert!(schemas.contains_key(shape), "the interface has no {shape}");
    }
}
