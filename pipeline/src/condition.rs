//! `when:` -> whether something runs for an event and a commit, and if not, why.

use crate::Context;
use crate::pattern::Pattern;
use sidings_proto::Trigger;

/// True if any of its conditions is.
#[derive(Clone, Debug)]
pub(crate) struct When {
    pub(crate) any: Vec<Condition>,
}

/// True if everything that is given holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub(crate) event: Option<Vec<Trigger>>,
    pub(crate) branch: Option<Vec<Pattern>>,
    pub(crate) tag: Option<Vec<Pattern>>,
    pub(crate) not: Option<When>,
}

impl When {
    /// Why it is false: `branch is dev, not main`. None when it is true.
    pub(crate) fn why_not(&self, context: &Context) -> Option<String> {
        let mut reasons = Vec::new();
        for condition in &self.any {
            let reason = condition.why_not(context)?;
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        Some(reasons.join("; "))
    }
}

impl Condition {
    fn why_not(&self, context: &Context) -> Option<String> {
        let commit = &context.commit;
        let event = self.event.as_deref().and_then(|events| other_event(events, context.trigger));
        let branch = || self.branch.as_deref().and_then(|wanted| mismatch("branch", commit.branch(), wanted));
        let tag = || self.tag.as_deref().and_then(|wanted| mismatch("tag", commit.tag(), wanted));
        let not = || self.not.as_ref().and_then(|not| holds_but_must_not(not, context));
        event.or_else(branch).or_else(tag).or_else(not)
    }
}

fn other_event(wanted: &[Trigger], is: Trigger) -> Option<String> {
    let words: Vec<&str> = wanted.iter().map(|event| event.as_str()).collect();
    (!wanted.contains(&is)).then(|| format!("event is {}, not {}", is.as_str(), words.join(" or ")))
}

fn mismatch(what: &str, is: Option<&str>, wanted: &[Pattern]) -> Option<String> {
    let words: Vec<&str> = wanted.iter().map(Pattern::as_str).collect();
    match is {
        Some(name) if wanted.iter().any(|pattern| pattern.matches(name)) => None,
        Some(name) => Some(format!("{what} is {name}, not {}", words.join(" or "))),
        None => Some(format!("there is no {what}, but {} is asked for", words.join(" or "))),
    }
}

fn holds_but_must_not(not: &When, context: &Context) -> Option<String> {
    not.why_not(context).is_none().then(|| "what stands under `not` holds".to_owned())
}
