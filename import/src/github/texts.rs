//! `${{ … }}` in texts: what Sidings or the shell can replace is written so, the rest is told.

use super::expression::variable;
use super::matrix::Axes;
use super::quotes::{Place, Quotes};
use crate::fields::Field;
use crate::names;
use crate::notes::Notes;
use crate::out::{Map, Out};
use std::collections::BTreeMap;

/// What is known where a text stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts {
    pub(super) workflow: String,
    pub(super) axes: Axes,
    pub(super) env: BTreeMap<String, String>,
}

/// Those variables whose values are texts.
pub(super) fn known(environment: &Map) -> BTreeMap<String, String> {
    let text = |(name, value): &(String, Out)| match value {
        Out::Text(text) => Some((name.clone(), text.clone())),
        Out::Word(_) | Out::List(_) | Out::Lines(_) | Out::Map(_) => None,
    };
    environment.entries.iter().filter_map(text).collect()
}

/// A text in parts: as it is, or what stands in `${{ }}`.
enum Part<'t> {
    Plain(&'t str),
    Expression(&'t str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        let Some((inner, after)) = after.split_once("}}") else { break };
        all.extend([Part::Plain(before), Part::Expression(inner.trim())]);
        rest = after;
    }
    all.push(Part::Plain(rest));
    all
}

impl Texts {
    fn replaced(&self, text: &str, one: impl Fn(&str) -> Option<String>) -> Result<String, String> {
        let mut out = String::new();
        for part in parts(text) {
            match part {
                Part::Plain(plain) => out.push_str(plain),
                Part::Expression(inner) => out.push_str(&one(inner).ok_or_else(|| inner.to_owned())?),
            }
        }
        Ok(out)
    }

    /// What is known while the file is written, or of a matrix.
    fn fixed(&self, inner: &str) -> Option<String> {
        if let Some(axis) = inner.strip_prefix("matrix.") {
            return self.axes.iter().any(|(known, _)| known == axis).then(|| format!("${{matrix.{axis}}}"));
        }
        if let Some(name) = inner.strip_prefix("env.") {
            return self.env.get(name).cloned();
        }
        Some(match inner {
            "github.workspace" => "/workspace".to_owned(),
            "github.workflow" => self.workflow.clone(),
            "runner.os" => "Linux".to_owned(),
            "runner.temp" => "/tmp".to_owned(),
            _ => return None,
        })
    }

    /// A text that Sidings itself reads: an image, a name, a variable's value.
    pub(super) fn plain(&self, field: &Field, notes: &mut Notes) -> Option<String> {
        let text = notes.text(field)?;
        match self.replaced(&text, |inner| self.fixed(inner)) {
            Ok(text) => Some(text),
            Err(inner) => {
                notes.list(field, &unknown(&inner));
                None
            }
        }
    }

    /// Whether all of a text is known while the file is written.
    pub(super) fn is_known(&self, text: &str) -> bool {
        self.replaced(text, |inner| self.fixed(inner)).is_ok()
    }

    /// The same where a part that is not known may stay as it is: a name.
    pub(super) fn shown(&self, text: &str) -> String {
        let one = |inner: &str| Some(self.fixed(inner).unwrap_or_else(|| inner.to_owned()));
        self.replaced(text, one).unwrap_or_else(|_| text.to_owned())
    }

    /// The name of a group, in which some variables are replaced.
    pub(super) fn group(&self, text: &str) -> Option<String> {
        let one = |inner: &str| match inner {
            // `a || b` is the first of them that is not empty.
            "github.head_ref || github.ref" | "github.event.pull_request.number || github.ref" => {
                Some("${CI_COMMIT_REF}".to_owned())
            }
            "github.head_ref || github.ref_name" => Some("${CI_COMMIT_REF_NAME}".to_owned()),
            "github.head_ref || github.run_id" => Some("${CI_COMMIT_REF}".to_owned()),
            "github.job" => Some("${CI_JOB_NAME}".to_owned()),
            inner => self.fixed(inner).filter(|text| !text.contains("${matrix")).or_else(|| {
                let name = variable(inner)?;
                let replaced = [
                    "CI_REPO",
                    "CI_COMMIT_BRANCH",
                    "CI_COMMIT_REF",
                    "CI_COMMIT_REF_NAME",
                    "CI_COMMIT_SHA",
                    "CI_PIPELINE_EVENT",
                ];
                replaced.contains(&name).then(|| format!("${{{name}}}"))
            }),
        };
        self.replaced(text, one).ok()
    }

    /// Commands: the shell has the variables. Secrets that they name become variables of the step. Where the shell
    /// does not replace a variable, the script ends with a message before it does anything.
    pub(super) fn script(
        &self,
        field: &Field,
        shell: Option<&str>,
        environment: &mut Map,
        notes: &mut Notes,
    ) -> Option<String> {
        let text = notes.text(field)?;
        names::tell_unset(field, &text, notes);
        let is_shell = shell.is_none_or(|shell| shell.starts_with("bash") || shell.starts_with("sh"));
        let (mut out, mut quotes, mut dead) = (String::new(), Quotes::default(), Vec::new());
        for part in parts(&text) {
            let inner = match part {
                Part::Plain(plain) => {
                    quotes.read(plain);
                    out.push_str(plain);
                    continue;
                }
                Part::Expression(inner) => inner,
            };
            let written = self.written(field, inner, environment, notes);
            let is_variable = written.starts_with("${") && !written.starts_with("${matrix.");
            match quotes.place() {
                Place::Quoted if is_variable && is_shell => out.push_str(&format!("'\"{written}\"'")),
                place @ (Place::Open | Place::Quoted | Place::Dead) => {
                    let is_dead = is_variable && (!is_shell || place == Place::Dead);
                    if is_dead {
                        dead.push(inner);
                        notes.changed(
                            field,
                            &format!(
                                "`{inner}`: no variable is replaced there; the step fails until it is written otherwise"
                            ),
                        );
                    }
                    out.push_str(&written);
                }
            }
        }
        if !dead.is_empty() {
            out.insert_str(0, &guard(shell, &dead));
        }
        Some(out)
    }

    /// What stands for an expression in a script.
    fn written(&self, field: &Field, inner: &str, environment: &mut Map, notes: &mut Notes) -> String {
        if let Some(name) = inner.strip_prefix("secrets.").filter(|name| *name != "GITHUB_TOKEN") {
            environment.set(name, secret(name));
            return format!("${{{name}}}");
        }
        let own = inner.strip_prefix("env.").map(|name| format!("${{{name}}}"));
        let own = own.or_else(|| super::inputs::variable(inner).map(|name| format!("${{{name}}}")));
        match own.or_else(|| self.fixed(inner)).or_else(|| variable(inner).map(|name| format!("${{{name}}}"))) {
            Some(known) => known,
            None => {
                notes.list(field, &unknown(inner));
                to_be_written(inner)
            }
        }
    }

    /// `env`, what is not known listed.
    pub(super) fn variables(&self, field: Field, notes: &mut Notes) -> Map {
        let mut map = Map::default();
        let Some(fields) = notes.fields(field) else { return map };
        for field in fields.into_left() {
            if !names::is_variable(&field, notes) {
                continue;
            }
            if field.node.is_nothing() {
                map.set(&field.key, "");
            } else if let Some(value) = self.value(&field, notes) {
                map.set(&field.key, value);
            }
        }
        map
    }

    fn value(&self, field: &Field, notes: &mut Notes) -> Option<Out> {
        let text = field.node.text().unwrap_or_default();
        if let [Part::Plain(""), Part::Expression(inner), Part::Plain("")] = parts(text).as_slice()
            && let Some(name) = inner.strip_prefix("secrets.").filter(|name| *name != "GITHUB_TOKEN")
        {
            return Some(secret(name).into());
        }
        // Commands name the variable: an empty one would be used as if it were right.
        let text = self.plain(field, notes);
        (text.is_some() || !field.is_map()).then(|| text.unwrap_or_else(|| "TO_BE_WRITTEN".to_owned()).into())
    }
}

/// What ends a script with a message where a value is missing, instead of going on without it.
fn to_be_written(inner: &str) -> String {
    let safe = |char: char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { ' ' };
    format!("${{TO_BE_WRITTEN:?{}}}", inner.chars().map(safe).collect::<String>().trim())
}

/// The first line of a script that is to fail.
fn guard(shell: Option<&str>, dead: &[&str]) -> String {
    let safe = |char: char| if char.is_ascii_alphanumeric() || "._- ,".contains(char) { char } else { ' ' };
    let names: String = dead.join(", ").chars().map(safe).collect();
    if shell.is_some_and(|shell| shell.starts_with("python")) {
        return format!("raise SystemExit('to be written: {names}')\n");
    }
    format!("echo 'to be written: {names}' >&2; exit 1\n")
}

fn secret(name: &str) -> Map {
    Map::default().with("from_secret", name)
}

fn unknown(inner: &str) -> String {
    if inner.contains("secrets.GITHUB_TOKEN") || inner == "github.token" {
        return "jobs have no token of a forge".to_owned();
    }
    if inner.contains("secrets.") {
        return format!("`{inner}`: a secret is a whole value here, not a part of one");
    }
    match variable(inner) {
        Some(name) => format!("`{inner}` is not replaced here; in commands it is `${name}`"),
        None => format!("`{inner}` is not known here"),
    }
}
