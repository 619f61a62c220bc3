//! What people and programs see of a key: what it is made of, what no commit pins, what differs.

use crate::client::pretty;
use crate::render::safe::flat;
use crate::render::style::{BAD, DIM, GOOD, paint};
use crate::render::table::table;
use serde::Serialize;
use sidings_environment::{Account, Change, Input, Unpinned, Value};

/// So much of a hash is shown; all of it in JSON.
const DIGITS: usize = 16;
/// So much of a text.
const LETTERS: usize = 60;

/// A key, of which files and for what.
#[derive(Debug)]
pub(super) struct Weighed {
    pub(super) revision: Option<String>,
    pub(super) dockerfile: String,
    pub(super) target: Option<String>,
    pub(super) platform: String,
    /// Base images that are not on the local engine.
    pub(super) unknown: Vec<String>,
    pub(super) no_engine: Option<String>,
    pub(super) account: Account,
}

/// Two keys.
#[derive(Debug)]
pub(super) struct Compared {
    pub(super) before: Weighed,
    pub(super) after: Weighed,
    pub(super) changes: Vec<Change>,
}

impl Weighed {
    /// Says on stderr when a runner's key may be another one.
    pub(super) fn warn(&self) {
        if self.unknown.is_empty() {
            return;
        }
        let why = match &self.no_engine {
            Some(error) => format!("no engine answers ({error})"),
            None => "the local engine does not have it".to_owned(),
        };
        let names = self.unknown.join(", ");
        anstream::eprintln!("note: it is not known which image {names} is: {why}. A runner's key is another one.");
    }
}

/// The whole account.
pub(super) fn explained(weighed: &Weighed) -> String {
    let target = weighed.target.as_ref().map(|target| format!(", target {target}")).unwrap_or_default();
    let head = format!(
        "key {}\n{}{target}, for {}\n\n",
        weighed.account.key,
        flat(weighed.dockerfile.as_bytes()),
        weighed.platform
    );
    let rows: Vec<[String; 4]> = weighed.account.inputs.iter().map(row).collect();
    head + &table(["line", "what", "name", "value"], &rows) + &unpinned(&weighed.account.unpinned)
}

fn row(input: &Input) -> [String; 4] {
    [line_of(input), input.kind.as_str().to_owned(), flat(input.name.as_bytes()), shown(&input.value)]
}

fn line_of(input: &Input) -> String {
    input.line.map(|line| line.to_string()).unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::Hash(_) => value.shown()[..DIGITS].to_owned(),
        Value::Text(text) => {
            let text = flat(text.as_bytes());
            let short: String = text.chars().take(LETTERS).collect();
            if short.len() < text.len() { format!("{short}…") } else { short }
        }
    }
}

fn unpinned(unpinned: &[Unpinned]) -> String {
    let line = |it: &Unpinned| {
        let line = it.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("  {line}{}\n", flat(it.what.as_bytes()))
    };
    if unpinned.is_empty() {
        return String::new();
    }
    let lines: String = unpinned.iter().map(line).collect();
    format!("\nnot pinned, and so not a part of the key:\n{lines}")
}

/// What differs between two commits.
pub(super) fn compared(compared: &Compared) -> String {
    let Compared { before, after, changes } = compared;
    let of = |weighed: &Weighed| {
        format!("{}  {}\n", &weighed.account.key, flat(weighed.revision.as_deref().unwrap_or("now").as_bytes()))
    };
    let head = format!("{}{}", of(before), of(after));
    if before.account.key == after.account.key {
        return format!("{head}{}\n", paint(GOOD, "the same key: nothing is built"));
    }
    let mut text = format!("{head}\n");
    for change in changes {
        for (sign, style, input) in [("-", BAD, &change.before), ("+", GOOD, &change.after)] {
            let Some(input) = input else { continue };
            let line = input.line.map(|line| format!("  (line {line})")).unwrap_or_default();
            let name = if input.name.is_empty() { String::new() } else { format!(" {}", flat(input.name.as_bytes())) };
            let kind = input.kind.as_str();
            text.push_str(&paint(style, format!("{sign} {kind}{name}: {}", shown(&input.value))));
            text.push_str(&format!("{}\n", paint(DIM, line)));
        }
    }
    text
}

/// A key in JSON.
#[derive(Serialize)]
struct KeyView<'w> {
    key: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<&'w str>,
    dockerfile: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'w str>,
    platform: &'w str,
    inputs: Vec<InputView<'w>>,
    not_pinned: Vec<UnpinnedView<'w>>,
    /// Base images of which it is not known what they are: a runner's key is another one.
    unknown_bases: &'w [String],
}

#[derive(Serialize)]
struct InputView<'w> {
    kind: &'static str,
    name: &'w str,
    value: String,
    line: Option<usize>,
}

#[derive(Serialize)]
struct UnpinnedView<'w> {
    line: Option<usize>,
    what: &'w str,
}

#[derive(Serialize)]
struct ComparedView<'w> {
    same: bool,
    before: KeyView<'w>,
    after: KeyView<'w>,
    changes: Vec<ChangeView<'w>>,
}

#[derive(Serialize)]
struct ChangeView<'w> {
    before: Option<InputView<'w>>,
    after: Option<InputView<'w>>,
}

impl<'w> From<&'w Input> for InputView<'w> {
    fn from(input: &'w Input) -> InputView<'w> {
        InputView { kind: input.kind.as_str(), name: &input.name, value: input.value.shown(), line: input.line }
    }
}

impl<'w> From<&'w Change> for ChangeView<'w> {
    fn from(Change { before, after }: &'w Change) -> ChangeView<'w> {
        ChangeView { before: before.as_ref().map(InputView::from), after: after.as_ref().map(InputView::from) }
    }
}

impl<'w> From<&'w Weighed> for KeyView<'w> {
    fn from(weighed: &'w Weighed) -> KeyView<'w> {
        let unpinned = weighed.account.unpinned.iter();
        KeyView {
            key: &weighed.account.key,
            revision: weighed.revision.as_deref(),
            dockerfile: &weighed.dockerfile,
            target: weighed.target.as_deref(),
            platform: &weighed.platform,
            inputs: weighed.account.inputs.iter().map(InputView::from).collect(),
            not_pinned: unpinned.map(|it| UnpinnedView { line: it.line, what: &it.what }).collect(),
            unknown_bases: &weighed.unknown,
        }
    }
}

pub(super) fn as_json(weighed: &Weighed) -> anyhow::Result<String> {
    pretty(&KeyView::from(weighed))
}

pub(super) fn compared_as_json(compared: &Compared) -> anyhow::Result<String> {
    let Compared { before, after, changes } = compared;
    pretty(&ComparedView {
        same: before.account.key == after.account.key,
        before: before.into(),
        after: after.into(),
        changes: changes.iter().map(ChangeView::from).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn weighed(value: &str) -> Weighed {
        let input = Input {
            kind: sidings_environment::Kind::Argument,
            name: "RELEASE".to_owned(),
            value: Value::Text(value.to_owned()),
            line: Some(3),
        };
        let unpinned = vec![Unpinned { line: Some(5), what: "packages of apt-get".to_owned() }];
        Weighed {
            revision: Some("HEAD".to_owned()),
            dockerfile: "Dockerfile".to_owned(),
            target: None,
            platform: "linux/amd64".to_owned(),
            unknown: vec!["debian:12".to_owned()],
            no_engine: None,
            account: Account { key: format!("key of {value}"), inputs: vec![input], unpinned },
        }
    }

    #[test]
    fn programs_are_told_what_a_key_is_made_of_and_what_differs() {
        expect![[r#"
            {
              "key": "key of 1",
              "revision": "HEAD",
              "dockerfile": "Dockerfile",
              "platform": "linux/amd64",
              "inputs": [
                {
                  "kind": "argument",
                  "name": "RELEASE",
                  "value": "1",
                  "line": 3
                }
              ],
              "not_pinned": [
                {
                  "line": 5,
                  "what": "packages of apt-get"
                }
              ],
              "unknown_bases": [
                "debian:12"
              ]
            }
        "#]]
        .assert_eq(&as_json(&weighed("1")).unwrap());
        let (before, after) = (weighed("1"), weighed("2"));
        let change =
            Change { before: before.account.inputs.first().cloned(), after: after.account.inputs.first().cloned() };
        expect![[r#"
            {
              "same": false,
              "before": {
                "key": "key of 1",
                "revision": "HEAD",
                "dockerfile": "Dockerfile",
                "platform": "linux/amd64",
                "inputs": [
                  {
                    "kind": "argument",
                    "name": "RELEASE",
                    "value": "1",
                    "line": 3
                  }
                ],
                "not_pinned": [
                  {
                    "line": 5,
                    "what": "packages of apt-get"
                  }
                ],
                "unknown_bases": [
                  "debian:12"
                ]
              },
              "after": {
                "key": "key of 2",
                "revision": "HEAD",
                "dockerfile": "Dockerfile",
                "platform": "linux/amd64",
                "inputs": [
                  {
                    "kind": "argument",
                    "name": "RELEASE",
                    "value": "2",
                    "line": 3
                  }
                ],
                "not_pinned": [
                  {
                    "line": 5,
                    "what": "packages of apt-get"
                  }
                ],
                "unknown_bases": [
                  "debian:12"
                ]
              },
              "changes": [
                {
                  "before": {
                    "kind": "argument",
                    "name": "RELEASE",
                    "value": "1",
                    "line": 3
                  },
                  "after": {
                    "kind": "argument",
                    "name": "RELEASE",
                    "value": "2",
                    "line": 3
                  }
                }
              ]
            }
        "#]]
        .assert_eq(&compared_as_json(&Compared { before, after, changes: vec![change] }).unwrap());
    }
}
