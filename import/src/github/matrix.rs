//! `strategy`: axes, combinations taken out, and combinations added or given more keys.

use crate::fields::Field;
use crate::notes::Notes;
use crate::out::{Map, Out};

/// One combination: values by axis, in order.
type Combination = Vec<(String, String)>;

/// A matrix as it is here, and the names of its axes.
#[derive(Default)]
pub(super) struct Matrix {
    pub(super) map: Option<Map>,
    pub(super) axes: Axes,
}

/// The names of axes, each with its values.
pub(super) type Axes = Vec<(String, Vec<String>)>;

pub(super) fn strategy(field: Field, notes: &mut Notes) -> Matrix {
    let Some(mut inner) = notes.fields(field) else { return Matrix::default() };
    let matrix = inner.take("matrix").map(|field| matrix(field, notes)).unwrap_or_default();
    if let Some(field) = inner.take("fail-fast") {
        match notes.truth(&field) {
            Some(false) => {}
            Some(true) | None => {
                notes.list(&field, "see `fail_fast` at the top of the file, which is for the whole run")
            }
        }
    }
    notes.rest(inner, |key| match key {
        "max-parallel" => "see `concurrency: { group: …, limit: … }`",
        _ => "there is nothing like it here",
    });
    matrix
}

fn matrix(field: Field, notes: &mut Notes) -> Matrix {
    let Some(mut inner) = notes.fields(field.clone()) else { return Matrix::default() };
    let (include, exclude) = (inner.take("include"), inner.take("exclude"));
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    for axis in inner.into_left() {
        if !is_axis(&axis.key) {
            notes.list(&axis, "an axis has letters, digits, `_` and `-`, and is not called `when`");
            continue;
        }
        let values = values(&axis, notes);
        if !values.is_empty() {
            axes.push((axis.key.clone(), values));
        }
    }
    let excluded = exclude.map(|field| excluded(field, &axes, notes)).unwrap_or_default();
    let Some(include) = include else { return written(&axes, &excluded, &[]) };
    let included: Vec<_> = combinations(include.clone(), notes).into_iter().map(|(_, one)| one).collect();
    let names = |one: &Combination| one.iter().map(|(axis, _)| axis.clone()).collect::<Vec<_>>();
    let is_whole = |one: &Combination| {
        one.len() == axes.len() && one.iter().all(|(axis, _)| axes.iter().any(|(own, _)| own == axis))
    };
    let product = product(&axes, &excluded);
    if !axes.is_empty() && included.iter().all(|one| is_whole(one) && !product.contains(&sorted(one, &axes))) {
        return written(&axes, &excluded, &included);
    }
    let all = extended(product, &included, &axes);
    let first = all.first().map(&names).unwrap_or_default();
    if all.iter().all(|one| one.len() == first.len() && one.iter().all(|(axis, _)| first.contains(axis))) {
        let axes = first.iter().map(|axis| (axis.clone(), values_in(&all, axis))).collect();
        return Matrix { map: Some(Map::default().with("include", lines(&all))), axes };
    }
    notes.list(&include, "here every combination has a value for each axis: write those that are missing");
    let axes_alone = written(&axes, &excluded, &[]);
    if axes.is_empty() { Matrix::default() } else { axes_alone }
}

fn values_in(all: &[Combination], axis: &str) -> Vec<String> {
    all.iter().flatten().filter(|(own, _)| own == axis).map(|(_, value)| value.clone()).collect()
}

fn is_axis(name: &str) -> bool {
    let inner = name.chars().all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    inner && name.starts_with(|char: char| char.is_ascii_alphabetic() || char == '_') && name != "when"
}

fn values(axis: &Field, notes: &mut Notes) -> Vec<String> {
    let mut all = Vec::new();
    for item in axis.clone().items() {
        match notes.text(&item) {
            Some(text) if text.contains("${{") => notes.list(&item, "the values of an axis are written in the file"),
            Some(text) => all.push(text),
            None => {}
        }
    }
    all
}

/// What takes out nothing is listed.
fn excluded(field: Field, axes: &[(String, Vec<String>)], notes: &mut Notes) -> Vec<Combination> {
    let mut all = Vec::new();
    for (item, one) in combinations(field, notes) {
        let has = |(axis, value): &(String, String)| axes.iter().any(|(own, all)| own == axis && all.contains(value));
        if one.iter().all(has) {
            all.push(one);
        } else {
            notes.list(&item, "no combination has these values");
        }
    }
    all
}

fn combinations(field: Field, notes: &mut Notes) -> Vec<(Field, Combination)> {
    let mut all = Vec::new();
    for item in field.items() {
        let Some(fields) = notes.fields(item.clone()) else { continue };
        let mut one = Vec::new();
        for field in fields.into_left() {
            match notes.text(&field) {
                Some(text) if is_axis(&field.key) => one.push((field.key, text)),
                Some(_) => notes.list(&field, "it cannot be the name of an axis"),
                None => {}
            }
        }
        if !one.is_empty() {
            all.push((item, one));
        }
    }
    all
}

fn product(axes: &[(String, Vec<String>)], excluded: &[Combination]) -> Vec<Combination> {
    if axes.is_empty() {
        return Vec::new();
    }
    let all = axes.iter().fold(vec![Combination::new()], |all, (axis, values)| {
        let with = |one: &Combination, value: &String| [one.clone(), vec![(axis.clone(), value.clone())]].concat();
        all.iter().flat_map(|one| values.iter().map(|value| with(one, value)).collect::<Vec<_>>()).take(1024).collect()
    });
    all.into_iter().filter(|one| !excluded.iter().any(|out| out.iter().all(|pair| one.contains(pair)))).collect()
}

fn sorted(one: &Combination, axes: &[(String, Vec<String>)]) -> Combination {
    let value = |axis: &String| one.iter().find(|(name, _)| name == axis).cloned();
    axes.iter().filter_map(|(axis, _)| value(axis)).collect()
}

/// As GitHub does: an entry is added to each combination whose own values it keeps, and is one of its own if there is
/// none.
fn extended(mut all: Vec<Combination>, included: &[Combination], axes: &[(String, Vec<String>)]) -> Vec<Combination> {
    let originals = all.len();
    for entry in included {
        let is_own = |axis: &String| axes.iter().any(|(own, _)| own == axis);
        let mut fits_one = false;
        for one in all.iter_mut().take(originals) {
            let fits = entry.iter().filter(|(axis, _)| is_own(axis)).all(|pair| one.contains(pair));
            if fits {
                fits_one = true;
                for (axis, value) in entry.iter().filter(|(axis, _)| !is_own(axis)) {
                    one.retain(|(name, _)| name != axis);
                    one.push((axis.clone(), value.clone()));
                }
            }
        }
        if !fits_one {
            all.push(entry.clone());
        }
    }
    all
}

fn lines(all: &[Combination]) -> Out {
    let map = |one: &Combination| one.iter().fold(Map::default(), |map, (axis, value)| map.with(axis, value.as_str()));
    Out::Lines(all.iter().map(|one| Out::Map(map(one))).collect())
}

fn written(axes: &[(String, Vec<String>)], excluded: &[Combination], included: &[Combination]) -> Matrix {
    let mut map = axes.iter().fold(Map::default(), |map, (axis, values)| map.with(axis, values.clone()));
    if axes.is_empty() {
        return Matrix::default();
    }
    if !excluded.is_empty() {
        map.set("exclude", lines(excluded));
    }
    if !included.is_empty() {
        map.set("include", lines(included));
    }
    map.tall = !excluded.is_empty() || !included.is_empty();
    let all = |(axis, values): &(String, Vec<String>)| [values.clone(), values_in(included, axis)].concat();
    let axes = axes.iter().map(|axis| (axis.0.clone(), all(axis))).collect();
    Matrix { map: Some(map), axes }
}
