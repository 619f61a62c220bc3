//! `extends` and `!reference`, written out.
//!
//! A few lines can ask for more than there is memory, so what is written out is counted: [`Notes::spend`].

use crate::fields::{Field, Fields};
use crate::notes::Notes;
use crate::yaml::{Entry, Node, Value};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Deeper is a circle, or nothing a person follows.
const DEEPEST: usize = 12;

/// All that stands at the top, by name.
pub(super) struct Templates {
    all: BTreeMap<String, Field>,
    /// Those that a job extends.
    used: RefCell<BTreeSet<String>>,
    /// Names and keys of which a `!reference` took something.
    referred: RefCell<BTreeSet<(String, String)>>,
}

impl Templates {
    pub(super) fn of(fields: &Fields) -> Templates {
        let all = fields.clone().into_left().into_iter().map(|field| (field.key.clone(), field)).collect();
        Templates { all, used: RefCell::default(), referred: RefCell::default() }
    }

    /// A job's keys with those of what it extends; paths are those of where a key stands.
    pub(super) fn extended(&self, field: &Field, notes: &mut Notes) -> Fields {
        Fields::new(self.fields(field, notes, 0))
    }

    fn fields(&self, field: &Field, notes: &mut Notes, depth: usize) -> Vec<Field> {
        let mut all: Vec<Field> = Vec::new();
        let own = field.entries().unwrap_or_default();
        if !notes.spend(1 + own.len()) {
            return all;
        }
        for parent in own.iter().filter(|field| field.key == "extends").cloned().flat_map(Field::items) {
            let name = parent.node.text().unwrap_or_default();
            match self.all.get(name).filter(|_| depth < DEEPEST) {
                Some(template) => {
                    self.used.borrow_mut().insert(name.to_owned());
                    for inherited in self.fields(template, notes, depth + 1) {
                        put(&mut all, inherited, notes);
                    }
                }
                None => notes.list(&parent, "what it extends is not in this file"),
            }
        }
        for field in own.into_iter().filter(|field| field.key != "extends") {
            let node = self.resolved(&field, &field.node, notes, depth);
            put(&mut all, field.with(node), notes);
        }
        all
    }

    /// The node with each `!reference` replaced by what it names.
    fn resolved(&self, at: &Field, node: &Rc<Node>, notes: &mut Notes, depth: usize) -> Rc<Node> {
        if !notes.spend(1) {
            return Rc::new(Node::new(node.line, Value::Nothing));
        }
        if node.tag.as_deref() == Some("!reference") {
            return self.referred(at, node, notes, depth);
        }
        if let Some(tag) = &node.tag {
            notes.list(at, &format!("the tag `{tag}` means nothing here"));
        }
        let value = match &node.value {
            Value::Nothing | Value::Text(_) => return Rc::clone(node),
            Value::List(items) => Value::List(items.iter().map(|item| self.resolved(at, item, notes, depth)).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|entry| Entry { value: self.resolved(at, &entry.value, notes, depth), ..entry.clone() })
                    .collect(),
            ),
        };
        Rc::new(Node::new(node.line, value))
    }

    fn referred(&self, at: &Field, node: &Rc<Node>, notes: &mut Notes, depth: usize) -> Rc<Node> {
        let names: Vec<&str> = node.items().unwrap_or_default().iter().filter_map(|item| item.text()).collect();
        let target = names.split_first().and_then(|(job, keys)| {
            let whole = Rc::clone(&self.all.get(*job)?.node);
            keys.iter().try_fold(whole, |node, key| node.get(key).cloned())
        });
        match target.filter(|_| depth < DEEPEST) {
            Some(target) => {
                if let [job, key, ..] = names.as_slice() {
                    self.referred.borrow_mut().insert(((*job).to_owned(), (*key).to_owned()));
                }
                self.resolved(at, &target, notes, depth + 1)
            }
            None => {
                notes.list(at, &format!("`!reference [{}]` names nothing in this file", names.join(", ")));
                Rc::new(Node::new(node.line, Value::List(Vec::new())))
            }
        }
    }

    /// Templates that nothing extends are not carried over.
    pub(super) fn list_unused(&self, notes: &mut Notes) {
        let used = self.used.borrow();
        let referred = self.referred.borrow();
        for (name, field) in self.all.iter().filter(|(name, _)| name.starts_with('.') && !used.contains(*name)) {
            if referred.iter().any(|(other, _)| other == name) {
                let is_left = |key: &Field| !referred.contains(&(name.clone(), key.key.clone()));
                for key in field.entries().unwrap_or_default().iter().filter(|key| is_left(key)) {
                    notes.list(key, "no job takes this of the template");
                }
                continue;
            }
            // Those that are there for their anchors are in the jobs that use them.
            notes.list(
                field,
                &format!("`{name}` is a template that no job extends; what its anchors are used for is there"),
            );
        }
    }
}

/// Puts a key over an inherited one: maps are merged, everything else is replaced.
fn put(all: &mut Vec<Field>, new: Field, notes: &mut Notes) {
    if !notes.spend(1 + all.len() / 16) {
        return;
    }
    match all.iter_mut().find(|old| old.key == new.key) {
        Some(old) => {
            let node = merged(&old.node, &new.node, notes);
            *old = new.with(node);
        }
        None => all.push(new),
    }
}

fn merged(base: &Rc<Node>, over: &Rc<Node>, notes: &mut Notes) -> Rc<Node> {
    let (Some(base), Some(entries)) = (base.entries(), over.entries()) else { return Rc::clone(over) };
    let mut all = base.to_vec();
    for entry in entries {
        if !notes.spend(1 + all.len() / 16) {
            break;
        }
        match all.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => *old = Entry { value: merged(&old.value, &entry.value, notes), ..entry.clone() },
            None => all.push(entry.clone()),
        }
    }
    Rc::new(Node::new(over.line, Value::Map(all)))
}
