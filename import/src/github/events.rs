//! `on`: which events make a run.

use super::expression;
use crate::condition::{Any, Term};
use crate::fields::{Field, Fields};
use crate::glob;
use crate::notes::Notes;
use crate::out::{Map, Out};

pub(super) fn when(field: Field, notes: &mut Notes) -> Option<Any> {
    let mut any = Some(Any(Vec::new()));
    let events = match field.entries() {
        Some(entries) => entries,
        None => field.clone().items().into_iter().map(named).collect(),
    };
    for event in events {
        any = any.zip(one(event, notes)).and_then(|(any, more)| any.or(more));
    }
    let any = any.filter(|any| !any.is_never());
    if any.is_none() {
        notes.changed(&field, "none of its events could be carried over, so only a person makes a run");
    }
    Some(any.unwrap_or_else(|| Any::one(Term::event(&["manual"]))))
}

/// The inputs of a run by hand, which stand apart here.
pub(super) fn take_inputs(on: &Field) -> Option<Field> {
    let by_hand = on.entries()?.into_iter().find(|event| event.key == "workflow_dispatch")?;
    by_hand.entries()?.into_iter().find(|field| field.key == "inputs")
}

/// The times of `schedule`, which stand apart here. Who asks for a value in each run cannot be run by a clock.
pub(super) fn schedules(on: &Field, asks_values: bool, notes: &mut Notes) -> Option<Out> {
    let schedule = on.entries()?.into_iter().find(|event| event.key == "schedule")?;
    let mut all = Vec::new();
    for item in schedule.items().into_iter().filter(|item| !item.node.is_nothing()) {
        let Some(mut fields) = notes.fields(item) else { continue };
        if let Some(field) = fields.take("cron")
            && let Some(cron) = notes.text(&field)
        {
            match is_cron(&cron) && !asks_values {
                true => all.push(Out::Map(Map::default().with("cron", cron))),
                false => notes.list(&field, &format!("`{cron}`: see `schedule` in the reference")),
            }
        }
        notes.rest(fields, |_| "there is nothing like it here");
    }
    (!all.is_empty()).then_some(Out::Lines(all))
}

/// Five fields of numbers within their bounds, with `*`, `/`, `,` and `-`.
fn is_cron(text: &str) -> bool {
    let bounds = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];
    let fields: Vec<&str> = text.split_whitespace().collect();
    let is_right = |(field, (least, most)): (&&str, (u32, u32))| {
        let mut parts = field.split(['/', ',', '-']);
        parts.all(|part| part == "*" || part.parse::<u32>().is_ok_and(|number| (least..=most).contains(&number)))
    };
    fields.len() == 5 && fields.iter().zip(bounds).all(is_right)
}

/// An item of a list as a key without a value.
fn named(item: Field) -> Field {
    let key = item.node.text().unwrap_or_default().to_owned();
    let nothing = crate::yaml::Node::new(item.line, crate::yaml::Value::Nothing);
    Field { key, ..item.with(std::rc::Rc::new(nothing)) }
}

fn one(field: Field, notes: &mut Notes) -> Option<Any> {
    let Some(term) = expression::event(&field.key) else {
        notes.list(
            &field,
            &format!(
                "`{}` is no event here; others are `push`, `tag`, `pull_request`, `manual`, `schedule`, `api`",
                field.key
            ),
        );
        return Some(Any(Vec::new()));
    };
    // Its times stand at the top of the file: `schedules`.
    if field.key == "schedule" {
        return Some(Any::one(term));
    }
    if field.node.is_nothing() {
        return Some(Any::one(term));
    }
    let fields = notes.fields(field.clone())?;
    match field.key.as_str() {
        "push" => Some(push(fields, notes)),
        "pull_request" | "pull_request_target" => Some(pull_request(fields, notes)),
        _ => {
            let mut fields = fields;
            if field.key == "workflow_dispatch" {
                // They stand at the top of the file: `take_inputs`.
                drop(fields.take("inputs"));
            }
            notes.rest(fields, |_| "there is nothing like it here");
            Some(Any::one(term))
        }
    }
}

/// Branches or tags that are named leave out the others.
fn push(mut fields: Fields, notes: &mut Notes) -> Any {
    let asks_tags = fields.has("tags") || fields.has("tags-ignore");
    let asks_branches = fields.has("branches") || fields.has("branches-ignore");
    let branch = |branch: Vec<String>| Term { branch, ..Term::default() };
    let branches = filter(&mut fields, "branches", branch, notes);
    let tags = filter(&mut fields, "tags", Term::tag, notes);
    if asks_tags && !asks_branches {
        for key in ["paths", "paths-ignore"] {
            fields.take(key).iter().for_each(|field| notes.list(field, "a tag has no changed paths"));
        }
    }
    let path = paths(&mut fields, notes);
    notes.rest(fields, |_| "there is nothing like it here");
    let pushed = branches.map(|(branch, not)| Term { branch, not, path, ..Term::event(&["push"]) });
    let tagged = tags.map(|(tag, not)| Term { tag, not, ..Term::event(&["tag"]) });
    if pushed == Some(Term::event(&["push"])) && tagged == Some(Term::event(&["tag"])) && !asks_branches && !asks_tags {
        return Any::one(Term::event(&["push", "tag"]));
    }
    let pushed = pushed.filter(|_| asks_branches || !asks_tags);
    let tagged = tagged.filter(|_| asks_tags || !asks_branches);
    Any(pushed.into_iter().chain(tagged).collect())
}

fn pull_request(mut fields: Fields, notes: &mut Notes) -> Any {
    let mut term = Term::event(&["pull_request"]);
    term.path = paths(&mut fields, notes);
    notes.rest(fields, |key| match key {
        "branches" | "branches-ignore" => "`branch` is the one that is to be merged, not the one it goes into",
        "types" => "every change of a pull request is the same event",
        _ => "there is nothing like it here",
    });
    Any::one(term)
}

/// `paths` with its negations, of which Sidings has the same, and `paths-ignore`.
fn paths(fields: &mut Fields, notes: &mut Notes) -> Vec<String> {
    let mut paths = Vec::new();
    for item in fields.take("paths").map(Field::items).unwrap_or_default() {
        let Some(text) = notes.text(&item) else { continue };
        let (mark, bare) = text.strip_prefix('!').map_or(("", text.as_str()), |bare| ("!", bare));
        paths.extend(glob(&item, bare, mark.is_empty(), notes).map(|glob| format!("{mark}{glob}")));
    }
    // A push that changed an ignored path and another one makes a run all the same.
    for item in fields.take("paths-ignore").map(Field::items).unwrap_or_default() {
        let Some(text) = notes.text(&item) else { continue };
        paths.extend(glob(&item, &text, false, notes).map(|glob| format!("!{glob}")));
    }
    paths
}

/// `branches` and `branches-ignore`, or the same of tags: what is to match, and what is not. None if what is left of
/// them would match more than they did.
fn filter(
    fields: &mut Fields,
    key: &str,
    term: impl Fn(Vec<String>) -> Term,
    notes: &mut Notes,
) -> Option<(Vec<String>, Vec<Term>)> {
    let (mut wanted, mut unwanted) = (Vec::new(), Vec::new());
    let items = fields.take(key).map(Field::items).unwrap_or_default();
    for item in &items {
        match item.node.text().and_then(|text| text.strip_prefix('!')) {
            Some(bare) => unwanted.push(glob(item, bare, false, notes)?),
            None => wanted.extend(notes.text(item).and_then(|text| glob(item, &text, true, notes))),
        }
    }
    for item in fields.take(&format!("{key}-ignore")).map(Field::items).unwrap_or_default() {
        let text = notes.text(&item)?;
        unwanted.push(glob(&item, &text, false, notes)?);
    }
    if wanted.is_empty() && !items.is_empty() {
        return None;
    }
    Some((wanted, if unwanted.is_empty() { Vec::new() } else { vec![term(unwanted)] }))
}

/// A pattern; what is left out must not be more than it was.
fn glob(item: &Field, text: &str, may_be_wider: bool, notes: &mut Notes) -> Option<String> {
    match glob::of_github(text).filter(|globs| may_be_wider || !globs.wider) {
        Some(globs) => {
            let glob = globs.any.into_iter().next()?;
            if globs.wider {
                notes.changed(item, &format!("`{glob}` matches more than `{text}`"));
            }
            Some(glob)
        }
        None => {
            notes.list(item, "patterns know `*`, `**` and `?`");
            None
        }
    }
}
