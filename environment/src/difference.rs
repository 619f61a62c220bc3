//! Which inputs differ between two keys.

use crate::account::{Account, Input, Kind, Value};
use std::collections::BTreeMap;

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What it was; none for what is new.
    pub before: Option<Input>,
    /// What it is; none for what is gone.
    pub after: Option<Input>,
}

/// What differs. Instructions are told apart by their texts, whatever line they moved to; only when all texts are the same
/// and the keys are not, the first that stands elsewhere is told.
pub fn differences(before: &Account, after: &Account) -> Vec<Change> {
    let changes = of_names(before, after);
    if !changes.is_empty() || before.key == after.key {
        return changes;
    }
    let pairs = before.inputs.iter().zip(&after.inputs);
    let moved = pairs.filter(|(one, other)| (one.kind, &one.value) != (other.kind, &other.value)).take(1);
    moved.map(|(one, other)| Change { before: Some(one.clone()), after: Some(other.clone()) }).collect()
}

fn of_names(before: &Account, after: &Account) -> Vec<Change> {
    let (old, new) = (by_name(before), by_name(after));
    let mut changes = Vec::new();
    for (name, input) in &old {
        match new.get(name) {
            Some(now) if now.value == input.value => {}
            now => changes.push(Change { before: Some((*input).clone()), after: now.map(|now| (*now).clone()) }),
        }
    }
    let added = new.iter().filter(|(name, _)| !old.contains_key(*name));
    changes.extend(added.map(|(_, input)| Change { before: None, after: Some((*input).clone()) }));
    changes
}

/// Files are the same thing whatever sort they are of, instructions are told apart by their texts.
type Name<'i> = (Kind, &'i str, &'i str, usize);

fn by_name(account: &Account) -> BTreeMap<Name<'_>, &Input> {
    let mut named = BTreeMap::new();
    for input in &account.inputs {
        let text = match (&input.value, input.kind) {
            (Value::Text(text), Kind::Instruction | Kind::Origin | Kind::Widened) => text.as_str(),
            _ => "",
        };
        let mut again = 0;
        while named.contains_key(&(input.kind, input.name.as_str(), text, again)) {
            again += 1;
        }
        named.insert((input.kind, input.name.as_str(), text, again), input);
    }
    named
}

#[cfg(test)]
mod tests;
