//! `matrix:` of a job: axes, `include`, `exclude`.
//!
//! All jobs of a matrix have the same axes, so that `${matrix.x}` is right in all of them or in none.

use super::Reader;
use super::fields::At;
use super::when::Place;
use crate::diagnostic::Code;
use crate::matrix::{self, Axis, Combination, Exclusion, Row};
use crate::pipeline::Named;
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{did_you_mean, listed, nearest, quoted};
use crate::yaml::{Entry, Key, Value};
use std::collections::BTreeMap;

/// Characters of a value.
const MAX_VALUE: usize = 100;
/// Combinations that are looked at before any is excluded.
/// Axes that a message names.
const FACTORS: usize = 6;
const MAX_PRODUCT: usize = 4096;
/// What stands beside axes and is none.
const NO_AXES: [&str; 3] = ["include", "exclude", "when"];

/// A matrix that is right.
pub(super) struct Matrix {
    pub(super) axes: Vec<Axis>,
    pub(super) rows: Vec<Row>,
}

impl Reader<'_> {
    /// None where something is wrong with it, which was told.
    pub(super) fn matrix(&mut self, at: &At<'_, '_>) -> Option<Matrix> {
        if let Value::List(_) | Value::Scalar(_) = at.node.value {
            let help = "for example `matrix: { python: [\"3.11\", \"3.12\"] }`";
            self.wrong_type(at, "a map of axes and their values", Some(help.to_owned()));
            return None;
        }
        let entries = self.map(at)?;
        let named = |name: &str| entries.iter().find(|entry| entry.key.text == name).map(At::value_of);
        let axes = entries.iter().filter(|entry| !matches!(entry.key.text.as_ref(), "include" | "exclude"));
        let axes: Vec<Option<Axis>> = axes.map(|entry| self.axis(entry)).collect();
        let mut axes: Vec<Axis> = axes.into_iter().collect::<Option<_>>()?;
        if matrix::size(&axes) > MAX_PRODUCT {
            self.product_too_large(&axes, &at.span);
            return None;
        }
        let exclusions = named("exclude").map_or(Some(Vec::new()), |at| self.exclusions(&at, &axes))?;
        let mut rows = matrix::rows(&axes, &exclusions);
        if let Some(at) = named("include") {
            rows.extend(self.inclusions(&at, &mut axes, &rows)?);
        }
        if rows.is_empty() {
            let help = "give it an axis: `matrix: { python: [\"3.11\", \"3.12\"] }`";
            let help = if axes.is_empty() { help } else { "`exclude` takes all of them out" };
            self.error(Code::BadValue, &at.span, "the matrix has no combination", help);
            return None;
        }
        Some(Matrix { axes, rows })
    }

    fn product_too_large(&mut self, axes: &[Axis], span: &Span) {
        let size = matrix::size(axes);
        let size = if size == usize::MAX { "countless".to_owned() } else { size.to_string() };
        let message = format!("the matrix has {size} combinations: {}", product(axes));
        let problem = Problem::new(Code::Limit, span, message)
            .expected(format!("at most {MAX_PRODUCT}, before any is excluded"))
            .help("write those that are meant under `include`, without axes");
        self.report.add(problem);
    }

    fn axis(&mut self, entry: &Entry<'_>) -> Option<Axis> {
        let named = self.axis_name(&entry.key);
        let at = At::value_of(entry);
        let values = self.axis_values(&at)?;
        if values.is_empty() {
            let message = format!("the axis {} has no values", quoted(&entry.key.text));
            self.error(Code::BadValue, &at.span, message, "give it at least one, or take it out");
            return None;
        }
        named.then(|| Axis {
            name: entry.key.text.to_string(),
            values: values.into_iter().map(|value| value.text).collect(),
        })
    }

    fn axis_name(&mut self, key: &Key<'_>) -> bool {
        let name = key.text.as_ref();
        let starts = name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_');
        let inner = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let free = !NO_AXES.contains(&name);
        let right = starts && inner && free;
        if !right && !name.is_empty() {
            let message = format!("{} cannot be the name of an axis", quoted(name));
            let help = match free {
                true => "letters, digits, `_` and `-`, a letter or `_` first",
                false => "it stands in an entry of `exclude`; give the axis another name",
            };
            self.error(Code::BadValue, &key.span, message, help);
        }
        right
    }

    /// Different from one another; none where one of them is wrong.
    fn axis_values(&mut self, at: &At<'_, '_>) -> Option<Vec<Named>> {
        let values = self.texts(at, "a value, or a list of them")?;
        let count = match &at.node.value {
            Value::List(items) => items.len(),
            Value::Scalar(_) | Value::Map(_) | Value::Broken => 1,
        };
        let mut right = values.len() == count;
        let mut seen: BTreeMap<&str, &Span> = BTreeMap::new();
        for value in &values {
            right &= self.is_a_value(value);
            if let Some(first) = seen.insert(&value.text, &value.span) {
                let message = format!("{} stands twice in {}", quoted(&value.text), at.what);
                let problem = Problem::new(Code::DuplicateName, &value.span, message).expected("again here");
                self.report.add(problem.related(first, "first here").help("keep one of the two"));
                right = false;
            }
        }
        right.then_some(values)
    }

    fn is_a_value(&mut self, value: &Named) -> bool {
        let right = value.text.chars().count() <= MAX_VALUE && !value.text.contains(char::is_control);
        if !right {
            let message = format!("{} cannot be a value of a matrix", quoted(&value.text));
            self.error(Code::BadValue, &value.span, message, "one line of at most 100 characters");
        }
        right
    }

    fn exclusions(&mut self, at: &At<'_, '_>, axes: &[Axis]) -> Option<Vec<Exclusion>> {
        if axes.is_empty() {
            let help = "leave the combination out of `include`";
            self.error(Code::BadValue, &at.span, "there are no axes to exclude anything from", help);
            return None;
        }
        let items = self.list(at)?;
        let read: Vec<_> =
            items.iter().map(|item| self.exclusion(&At::item(item, "an entry of `exclude`"), axes)).collect();
        read.into_iter().collect()
    }

    fn exclusion(&mut self, at: &At<'_, '_>, axes: &[Axis]) -> Option<Exclusion> {
        let (mut exclusion, mut right) = (Exclusion::default(), true);
        for entry in self.map(at)? {
            let value_at = At::value_of(entry);
            if entry.key.text == "when" {
                exclusion.when = self.when(&value_at, Place::Exclude);
                right &= exclusion.when.is_some();
                continue;
            }
            match self.excluded_values(entry, axes) {
                Some(values) => exclusion.values.push((entry.key.text.to_string(), values)),
                None => right = false,
            }
        }
        if right && exclusion.values.is_empty() {
            let help = "name an axis and the value to leave out: `{ db: \"15\" }`";
            self.error(Code::BadValue, &at.span, "this entry of `exclude` names no axis", help);
            return None;
        }
        right.then_some(exclusion)
    }

    fn excluded_values(&mut self, entry: &Entry<'_>, axes: &[Axis]) -> Option<Vec<String>> {
        let axis = self.axis_of(&entry.key, axes);
        let values = self.axis_values(&At::value_of(entry))?;
        let (axis, mut right) = (axis?, true);
        for value in &values {
            right &= self.is_of_axis(value, axis);
        }
        right.then(|| values.into_iter().map(|value| value.text).collect())
    }

    /// The axis that a key names.
    pub(super) fn axis_of<'a>(&mut self, key: &Key<'_>, axes: &'a [Axis]) -> Option<&'a Axis> {
        if let Some(axis) = axes.iter().find(|axis| axis.name == key.text) {
            return Some(axis);
        }
        let names: Vec<&str> = axes.iter().map(|axis| axis.name.as_str()).collect();
        let help = match nearest(&key.text, names.iter().copied()) {
            Some(near) => did_you_mean(near),
            None => format!("this job's matrix has {}", listed(&names, "and")),
        };
        let message = format!("{} is not an axis of the matrix", quoted(&key.text));
        self.report.add(Problem::new(Code::UnknownAxis, &key.span, message).expected("an axis").help(help));
        None
    }

    /// Whether a value is one of an axis.
    pub(super) fn is_of_axis(&mut self, value: &Named, axis: &Axis) -> bool {
        if axis.values.contains(&value.text) {
            return true;
        }
        let known: Vec<&str> = axis.values.iter().map(String::as_str).collect();
        let help = match nearest(&value.text, known.iter().copied()) {
            Some(near) => did_you_mean(near),
            None => format!("{} has {}", quoted(&axis.name), listed(&known[..known.len().min(8)], "and")),
        };
        let message = format!("{} is not a value of the axis {}", quoted(&value.text), quoted(&axis.name));
        self.report.add(Problem::new(Code::BadValue, &value.span, message).help(help));
        false
    }

    /// Without axes the first entry says which there are.
    fn inclusions(&mut self, at: &At<'_, '_>, axes: &mut Vec<Axis>, rows: &[Row]) -> Option<Vec<Row>> {
        let items = self.list(at)?;
        let (mut added, mut right): (Vec<Row>, bool) = (Vec::new(), true);
        for item in items {
            let at = At::item(item, "an entry of `include`");
            let Some(combination) = self.inclusion(&at, axes) else {
                right = false;
                continue;
            };
            if rows.iter().chain(&added).any(|row| row.combination == combination) {
                let message = format!("the combination `{}` is there already", combination.shown());
                self.error(Code::DuplicateName, &at.span, message, "take this entry out");
                right = false;
            }
            added.push(Row { combination, unless: Vec::new() });
        }
        right.then_some(added)
    }

    fn inclusion(&mut self, at: &At<'_, '_>, axes: &mut Vec<Axis>) -> Option<Combination> {
        let entries = self.map(at)?;
        if axes.is_empty() {
            let named: Vec<bool> = entries.iter().map(|entry| self.axis_name(&entry.key)).collect();
            if named.contains(&false) {
                return None;
            }
            axes.extend(entries.iter().map(|e| Axis { name: e.key.text.to_string(), values: Vec::new() }));
        }
        let known: Vec<Option<()>> = entries.iter().map(|entry| self.axis_of(&entry.key, axes).map(drop)).collect();
        let values: Vec<Option<(String, String)>> = axes.iter().map(|axis| self.included(at, entries, axis)).collect();
        known.into_iter().collect::<Option<()>>()?;
        let values: Vec<(String, String)> = values.into_iter().collect::<Option<_>>()?;
        for (axis, (_, value)) in axes.iter_mut().zip(&values) {
            if !axis.values.contains(value) {
                axis.values.push(value.clone());
            }
        }
        Some(Combination(values))
    }

    fn included(&mut self, at: &At<'_, '_>, entries: &[Entry<'_>], axis: &Axis) -> Option<(String, String)> {
        let Some(entry) = entries.iter().find(|entry| entry.key.text == axis.name) else {
            let message = format!("this entry of `include` has no {}", quoted(&axis.name));
            let help = "each entry is one job and gives a value to every axis";
            self.error(Code::MissingKey, &at.span, message, help);
            return None;
        };
        let value = self.named(&At::value_of(entry))?;
        self.is_a_value(&value).then(|| (axis.name.clone(), value.text))
    }
}

/// `` `db` (2) × `os` (3)``
pub(super) fn product(axes: &[Axis]) -> String {
    let factor = |axis: &Axis| format!("{} ({})", quoted(&axis.name), axis.values.len());
    let mut factors: Vec<String> = axes.iter().take(FACTORS).map(factor).collect();
    if let Some(more) = axes.len().checked_sub(FACTORS).filter(|more| *more > 0) {
        factors.push(format!("{more} more axes"));
    }
    factors.join(" × ")
}
