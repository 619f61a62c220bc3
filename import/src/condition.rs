//! Conditions as this language has them: a list of terms of which any holds, each with keys of which all hold.

use crate::out::{Map, Out, one_or_list};

/// So many terms a person still reads.
const MOST: usize = 12;

/// All of it holds. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Term {
    pub(crate) event: Vec<String>,
    pub(crate) branch: Vec<String>,
    pub(crate) tag: Vec<String>,
    pub(crate) path: Vec<String>,
    pub(crate) matrix: Vec<(String, Vec<String>)>,
    pub(crate) status: Vec<String>,
    /// None of these hold.
    pub(crate) not: Vec<Term>,
}

/// Any of them holds. None at all never does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Any(pub(crate) Vec<Term>);

fn texts(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

impl Term {
    pub(crate) fn event(events: &[&str]) -> Term {
        Term { event: texts(events), ..Term::default() }
    }

    /// A branch, but not one that asks to be merged: there others had no branch.
    pub(crate) fn branch(branches: Vec<String>) -> Term {
        Term { branch: branches, not: vec![Term::event(&["pull_request"])], ..Term::default() }
    }

    pub(crate) fn tag(tags: Vec<String>) -> Term {
        Term { tag: tags, ..Term::default() }
    }

    pub(crate) fn status(status: &str) -> Term {
        Term { status: texts(&[status]), ..Term::default() }
    }

    pub(crate) fn asks_nothing(&self) -> bool {
        *self == Term::default()
    }

    /// Both; none if no condition can say it, as two different states of what came before.
    fn and(&self, other: &Term) -> Option<Term> {
        let mut both = self.clone();
        both.not.extend(other.not.iter().filter(|term| !self.not.contains(term)).cloned());
        if both.status.is_empty() {
            both.status.clone_from(&other.status);
        } else if !other.status.is_empty() && other.status != both.status {
            return None;
        }
        both.event = meet(&self.event, &other.event, |event| Term { event, ..Term::default() }, &mut both.not);
        both.branch = meet(&self.branch, &other.branch, |branch| Term { branch, ..Term::default() }, &mut both.not);
        both.tag = meet(&self.tag, &other.tag, |tag| Term { tag, ..Term::default() }, &mut both.not);
        both.path = meet(&self.path, &other.path, |path| Term { path, ..Term::default() }, &mut both.not);
        both.matrix.extend(other.matrix.iter().filter(|axis| !self.matrix.contains(axis)).cloned());
        let axes: std::collections::BTreeSet<_> = both.matrix.iter().map(|(axis, _)| axis).collect();
        (axes.len() == both.matrix.len()).then(|| both.simplified())
    }

    /// What an event that is asked for excludes anyhow is not said again.
    fn simplified(mut self) -> Term {
        let kept = self.event.clone();
        if !kept.is_empty() {
            self.not.retain(|term| !term.is_only_events() || kept.iter().any(|event| term.event.contains(event)));
        }
        let out: Vec<String> =
            self.not.iter().filter(|term| term.is_only_events()).flat_map(|term| term.event.clone()).collect();
        // What is not there anyhow need not be left out of what is left out.
        for term in &mut self.not {
            term.not.retain(|inner| !inner.is_only_events() || inner.event.iter().any(|event| !out.contains(event)));
        }
        let is_in = |inner: &Term| inner.is_only_events() && kept.iter().all(|event| inner.event.contains(event));
        self.not.retain(|term| kept.is_empty() || !term.not.iter().any(is_in));
        self
    }

    fn is_only_events(&self) -> bool {
        !self.event.is_empty() && *self == Term { event: self.event.clone(), ..Term::default() }
    }

    fn into_map(self) -> Map {
        let mut map = Map::default();
        let mut set = |key: &str, texts: Vec<String>| {
            if !texts.is_empty() {
                map.set(key, one_or_list(texts));
            }
        };
        set("event", self.event);
        set("branch", self.branch);
        set("tag", self.tag);
        set("path", self.path);
        set("status", self.status);
        let axes =
            self.matrix.into_iter().fold(Map::default(), |map, (axis, values)| map.with(&axis, one_or_list(values)));
        map.set_map("matrix", axes);
        if !self.not.is_empty() {
            map.set("not", Any(self.not).into_out());
        }
        map
    }
}

/// What both ask for. Where that is no list, the second is said by what it is not: not one that is not.
fn meet(one: &[String], other: &[String], as_term: impl Fn(Vec<String>) -> Term, not: &mut Vec<Term>) -> Vec<String> {
    if one.is_empty() || one == other {
        return other.to_vec();
    }
    if other.is_empty() {
        return one.to_vec();
    }
    not.push(Term { not: vec![as_term(other.to_vec())], ..Term::default() });
    one.to_vec()
}

impl Any {
    pub(crate) fn always() -> Any {
        Any(vec![Term::default()])
    }

    pub(crate) fn one(term: Term) -> Any {
        Any(vec![term])
    }

    pub(crate) fn is_always(&self) -> bool {
        self.0.iter().any(Term::asks_nothing)
    }

    pub(crate) fn is_never(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn and(&self, other: &Any) -> Option<Any> {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |other| one.and(other)));
        let all = pairs.collect::<Option<Vec<_>>>()?;
        (all.len() <= MOST).then_some(Any(all))
    }

    pub(crate) fn or(mut self, other: Any) -> Option<Any> {
        for term in other.0 {
            if !self.0.contains(&term) {
                self.0.push(term);
            }
        }
        (self.0.len() <= MOST).then_some(self)
    }

    pub(crate) fn negated(self) -> Option<Any> {
        if self.is_always() {
            return Some(Any(Vec::new()));
        }
        if self.0.is_empty() {
            return Some(Any::always());
        }
        // What came before is asked for in the positive only.
        if self.0.iter().any(|term| !term.status.is_empty()) {
            return None;
        }
        match self.0.as_slice() {
            [Term { not, .. }] if self.0[0] == (Term { not: not.clone(), ..Term::default() }) => Some(Any(not.clone())),
            _ => Some(Any::one(Term { not: self.0, ..Term::default() })),
        }
    }

    pub(crate) fn asks_status(&self) -> bool {
        self.0.iter().any(|term| !term.status.is_empty())
    }

    /// The same where nothing comes before that could have failed.
    pub(crate) fn without_status(self) -> Any {
        let possible = self.0.into_iter().filter(|term| term.status != ["failure"]);
        Any(possible.map(|term| Term { status: Vec::new(), ..term }).collect())
    }

    pub(crate) fn into_out(self) -> Out {
        let mut maps: Vec<Out> = self.0.into_iter().map(|term| Out::Map(term.into_map())).collect();
        if maps.len() == 1 { maps.remove(0) } else { Out::Lines(maps) }
    }
}
