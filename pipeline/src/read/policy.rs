//! A policy's own file: levels for rules, registries, how large images may be, and how bad their flaws.

use super::Reader;
use super::fields::At;
use super::shape;
use crate::diagnostic::Code;
use crate::policy::{Level, Policy, Rule, Sizes};
use crate::suggest::{did_you_mean, nearest, one_of, quoted};

const LEVELS: [(&str, Level); 3] = [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)];

impl Reader<'_> {
    pub(super) fn policy(&mut self, at: &At<'_, '_>) -> Option<Policy> {
        let fields = self.fields(at, &shape::POLICY)?;
        let mut policy = Policy::default();
        if let Some(rules) = fields.get("rules").and_then(|at| self.fields(&at, &shape::RULES)) {
            for (rule, name, _) in Rule::ALL {
                let level = rules.get(name).and_then(|at| self.level(&at));
                policy.levels.extend(level.map(|level| (rule, level)));
            }
        }
        if let Some(at) = fields.get("registries") {
            let expected = "a registry, or a folder of one, such as `registry.example.org/team`";
            let places = self.texts(&at, expected).unwrap_or_default();
            policy.registries = Some(places.into_iter().map(|place| place.text).collect());
        }
        if let Some(sizes) = fields.get("image_size").and_then(|at| self.fields(&at, &shape::IMAGE_SIZE)) {
            let mut size = |key| sizes.get(key).and_then(|at| self.size(&at));
            policy.image_size = Sizes { warn: size("warn"), deny: size("deny") };
        }
        policy.flaws = fields.get("flaws").and_then(|at| self.flaw_limits(&at)).into_iter().collect();
        Some(policy)
    }

    fn level(&mut self, at: &At<'_, '_>) -> Option<Level> {
        let words = LEVELS.map(|(word, _)| word);
        let text = self.text_of(at, &one_of(&words))?;
        let level = LEVELS.iter().find(|(word, _)| *word == text).map(|(_, level)| *level);
        if level.is_none() {
            let help = nearest(&text, words).map_or_else(|| format!("write {}", one_of(&words)), did_you_mean);
            self.error(Code::BadValue, &at.span, format!("{} is no level of a rule", quoted(&text)), &help);
        }
        level
    }
}
