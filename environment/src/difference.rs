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

/// What differs, in the order of the inputs. Instructions of a stage are compared as what they are, a set of texts: one
/// that moved is no change of its own.
pub fn differences(before: &Account, after: &Account) -> Vec<Change> {
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
