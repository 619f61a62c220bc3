//! Each page has a command that shows the same, and the book of the page says which.

use super::command;
use std::collections::BTreeSet;

const BOOK: &str = include_str!("../../docs/page.md");

/// The two first cells of each row between these two, whose first is a page.
fn rows(from: &str, to: &str) -> Vec<(&'static str, &'static str)> {
    let (_, after) = BOOK.split_once(from).unwrap();
    let (table, _) = after.split_once(to).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.filter(|(page, _)| page.starts_with("`/")).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_page_has_its_command() {
    let pages: BTreeSet<_> =
        rows("## What is where", "Each has its command").into_iter().map(|(page, _)| page).collect();
    let told: BTreeSet<_> = rows("Each has its command", "A badge needs")
        .into_iter()
        .map(|(page, _)| page)
        .chain(["`/badge/PROJECT.svg`"])
        .collect();
    assert_eq!(pages, told, "a badge is a picture for other pages; all others have a command");
}

#[test]
fn the_commands_of_pages_are_commands() {
    for (page, commands) in rows("Each has its command", "A badge needs") {
        assert!(quoted(commands).next().is_some(), "{page} has none");
        for line in quoted(commands) {
            let root = command();
            let mut found = &root;
            for word in line.split(' ') {
                let Some(inner) = found.find_subcommand(word) else { break };
                found = inner;
            }
            assert!(found.get_name() != root.get_name(), "{page}: there is no `{line}`");
            assert!(!found.is_subcommand_required_set(), "{page}: `{line}` is not whole");
        }
    }
}
