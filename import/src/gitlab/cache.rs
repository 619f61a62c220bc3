//! `cache`: there it is written anew after every job, here a key stands for what it was made of.

use super::advice;
use crate::fields::Field;
use crate::glob;
use crate::notes::Notes;
use crate::out::{Map, Out};

pub(super) fn cache(field: Field, notes: &mut Notes) -> Option<Out> {
    let mut inner = notes.fields(field.clone())?;
    let (key, paths) = (inner.take("key"), inner.take("paths"));
    let place = key.clone().unwrap_or(field);
    let key = match key {
        Some(field) if field.is_map() => of_files(field, notes)?,
        Some(field) => of_text(&field, notes)?,
        None => "default".to_owned(),
    };
    if !key.contains("${checksum(") {
        notes.changed(
            &place,
            "under this key the cache is saved once and never renewed: put `${checksum(FILE)}` of what it depends on into it",
        );
    }
    notes.rest(inner, |_| advice("cache"));
    Some(Map::default().with("key", key).with("paths", notes.texts(paths?)).into())
}

fn of_files(field: Field, notes: &mut Notes) -> Option<String> {
    let mut inner = notes.fields(field)?;
    let mut files = Vec::new();
    for item in inner.take("files").map(Field::items).unwrap_or_default() {
        let Some(text) = notes.text(&item) else { continue };
        match glob::of_glob(&text).filter(|glob| !glob.contains([',', '(', ')'])) {
            Some(glob) => files.push(glob),
            None => notes.list(&item, "it is no pattern of files in the workspace"),
        }
    }
    let prefix = inner.take("prefix").and_then(|field| Some((notes.text(&field)?, field)));
    let prefix = prefix.map(|(text, field)| without_variables(&field, &text, notes) + "-");
    notes.rest(inner, |_| advice("cache"));
    let sum = if files.is_empty() { "default".to_owned() } else { format!("${{checksum({})}}", files.join(", ")) };
    Some(prefix.unwrap_or_default() + &sum)
}

fn of_text(field: &Field, notes: &mut Notes) -> Option<String> {
    let text = notes.text(field)?;
    Some(without_variables(field, &text, notes))
}

fn without_variables(field: &Field, text: &str, notes: &mut Notes) -> String {
    if text.contains('$') {
        notes.changed(
            field,
            &format!("variables are not replaced in the key of a cache: `{text}` is the same word in every run; each branch has caches of its own anyway"),
        );
    }
    text.replace(['$', '{', '}'], "")
}
