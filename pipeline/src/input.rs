//! `inputs:` -> the value of each for one run.
//!
//! Who asks for a run by hand gives them; a schedule's entry does; every other run has their defaults.

use crate::Context;
use crate::pipeline::{Named, Texts};
use crate::suggest::{did_you_mean, nearest, one_of, quoted};
use sidings_proto::Trigger;
use sidings_proto::plan::ARGUMENT_MAX;

/// What can be given to a run.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: Named,
    pub(crate) kind: Kind,
    pub(crate) default: Option<String>,
    pub(crate) description: Option<String>,
}

/// What its values look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
    /// One of these.
    Choice(Vec<String>),
}

impl Kind {
    /// Why a text is no value; none if it is.
    pub(crate) fn why_not(&self, text: &str) -> Option<String> {
        match self {
            Kind::Text => None,
            Kind::Number => text.parse().map_or(true, |number: f64| !number.is_finite()).then(|| "a number".to_owned()),
            Kind::Boolean => (!matches!(text, "true" | "false")).then(|| one_of(&["true", "false"])),
            Kind::Choice(options) => (!options.iter().any(|option| option == text))
                .then(|| one_of(&options.iter().map(String::as_str).collect::<Vec<_>>())),
        }
    }
}

/// The values by the inputs' names.
///
/// # Errors
/// A sentence, where what was given does not fit, or something was to be given.
pub(crate) fn values(inputs: &[Input], context: &Context) -> Result<Texts, String> {
    for (name, value) in &context.inputs {
        let Some(input) = inputs.iter().find(|input| input.name.text == *name) else {
            return Err(unknown(name, inputs));
        };
        if let Some(expected) = input.kind.why_not(value) {
            return Err(format!("the input {} is {}, but must be {expected}", quoted(name), quoted(value)));
        }
    }
    let given = |input: &Input| context.inputs.get(&input.name.text).or(input.default.as_ref()).cloned();
    if let (true, Some(missing)) = (by_hand(context.trigger), inputs.iter().find(|input| given(input).is_none())) {
        let what = missing.description.as_ref().map(|text| format!(" ({text})")).unwrap_or_default();
        let name = &missing.name.text;
        return Err(format!("the input {}{what} has no default: give it with `--input {name}=…`", quoted(name)));
    }
    let values: Texts = inputs.iter().filter_map(|input| Some((input.name.text.clone(), given(input)?))).collect();
    if values.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > ARGUMENT_MAX {
        return Err("the inputs have more than 64 KiB; give the name of a file instead".to_owned());
    }
    Ok(values)
}

fn unknown(name: &str, inputs: &[Input]) -> String {
    let names: Vec<&str> = inputs.iter().map(|input| input.name.text.as_str()).collect();
    let help = match (nearest(name, names.iter().copied()), names.is_empty()) {
        (Some(near), _) => did_you_mean(near),
        (None, true) => "it has none".to_owned(),
        (None, false) => format!("it has {}", crate::suggest::listed(&names, "and")),
    };
    format!("the pipeline has no input {}: {help}", quoted(name))
}

fn by_hand(trigger: Trigger) -> bool {
    match trigger {
        Trigger::Manual | Trigger::Api => true,
        Trigger::Push | Trigger::Tag | Trigger::PullRequest | Trigger::Schedule => false,
    }
}
