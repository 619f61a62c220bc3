//! Who the steps of a job are.

use crate::policy::reach::Reach;
use crate::policy::{Finding, Rule};
use parse_dockerfile::{Instruction, Stage};

/// What is to be said of the image's user.
pub(in crate::policy) fn look(stages: &[Stage<'_, '_>], reach: &Reach) -> Option<Finding> {
    let target = &stages[*reach.kept().first()?];
    // The last one that was said, in the target or in what it begins from.
    let said = reach.kept().iter().find_map(|stage| {
        stages[*stage].instructions.iter().rev().find_map(|instruction| {
            let Instruction::User(it) = instruction else { return None };
            Some((it.arguments.value.trim().to_owned(), it.arguments.span.clone()))
        })
    });
    let (message, span) = match said {
        None => (
            "no `USER` is named, so that steps run as what the base image says, mostly root",
            target.from.image.span.clone(),
        ),
        Some((user, span)) if is_root(&user) => ("steps run as root", span),
        Some(_) => return None,
    };
    Some(Finding {
        rule: Rule::RootUser,
        span,
        message: message.to_owned(),
        why: "what breaks out of a program is root in its container",
        help: "make a user and name it: `RUN useradd --create-home app` and `USER app`".to_owned(),
    })
}

fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("root" | "0"))
}
