//! What a variable is worth at one place of a Dockerfile: `ARG` before the first stage, which a stage has to take up
//! again; `ARG` of the stage; and above all `ENV`, its own and that of what it begins from.

use crate::words::{self, Worth};
use std::collections::{BTreeMap, BTreeSet};

/// The variables at one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    env: BTreeMap<String, Worth>,
    args: BTreeMap<String, Worth>,
    /// `ARG` of an earlier stage that this one begins from: frontends differ in whether it is known here.
    inherited: BTreeSet<String>,
    /// The image that the stage begins from may set any variable.
    open: bool,
    /// An instruction was not understood: nothing is sure any more.
    lost: bool,
}

/// What the whole file may use: given arguments, those of the platform, `ARG` before the first stage.
#[derive(Clone, Debug)]
pub(crate) struct Globals {
    given: BTreeMap<String, String>,
    platform: BTreeMap<String, Worth>,
    declared: Scope,
}

impl Globals {
    pub(crate) fn new(given: &BTreeMap<String, String>, platform: &str) -> Globals {
        let platform = platform_args(platform);
        let declared = Scope { args: platform.clone(), ..Scope::default() };
        Globals { given: given.clone(), platform, declared }
    }

    /// Takes up an `ARG` that stands before the first stage.
    pub(crate) fn declare(&mut self, text: &str) {
        let Some(pairs) = words::pairs(text) else {
            self.declared.lost = true;
            return;
        };
        for (name, default) in pairs {
            let worth = match (self.given.get(&name), default) {
                (Some(value), _) => Some(Some(value.clone())),
                (None, Some(_)) if self.platform.contains_key(&name) => None,
                (None, Some(default)) => self.declared.expand(&default).map(Some),
                (None, None) => self.platform.get(&name).cloned().unwrap_or(Some(None)),
            };
            self.declared.args.insert(name, worth);
        }
    }

    /// A word of `FROM`.
    pub(crate) fn expand(&self, text: &str) -> Option<String> {
        self.declared.expand(text)
    }
}

impl Scope {
    /// The start of a stage from an image; without what the image sets, when nobody knows it.
    pub(crate) fn of_image(env: Option<&BTreeMap<String, String>>) -> Scope {
        let known = env.into_iter().flatten().map(|(name, value)| (name.clone(), Some(Some(value.clone()))));
        Scope { env: known.collect(), open: env.is_none(), ..Scope::default() }
    }

    /// The start of a stage from the end of another.
    pub(crate) fn of_stage(end: &Scope) -> Scope {
        let inherited = end.inherited.iter().chain(end.args.keys()).cloned().collect();
        Scope { args: BTreeMap::new(), inherited, ..end.clone() }
    }

    pub(crate) fn expand(&self, text: &str) -> Option<String> {
        words::expand(text, &|name| self.worth(name))
    }

    fn worth(&self, name: &str) -> Worth {
        if self.lost {
            return None;
        }
        if let Some(worth) = self.env.get(name) {
            return worth.clone();
        }
        if self.open {
            return None;
        }
        match self.args.get(name) {
            Some(worth) => worth.clone(),
            None if self.inherited.contains(name) => None,
            None => Some(None),
        }
    }

    /// Takes up an `ARG`; gives what each of its variables is worth from here on. None: not understood.
    pub(crate) fn declare(&mut self, text: &str, globals: &Globals) -> Option<Vec<(String, Worth)>> {
        let Some(pairs) = words::pairs(text) else {
            self.lost = true;
            return None;
        };
        let mut declared = Vec::new();
        for (name, default) in pairs {
            let worth = match (globals.given.get(&name), default) {
                (Some(value), _) => Some(Some(value.clone())),
                (None, Some(_)) if globals.platform.contains_key(&name) => None,
                (None, Some(default)) => self.expand(&default).map(Some),
                (None, None) => globals.declared.worth(&name),
            };
            self.args.insert(name.clone(), worth.clone());
            declared.push((name, worth));
        }
        Some(declared)
    }

    /// Takes up an `ENV`.
    pub(crate) fn set(&mut self, text: &str) {
        let old_form = text.split_whitespace().next().is_some_and(|word| !word.contains('='));
        let pairs = match (old_form, words::old_pair(text), words::pairs(text)) {
            (true, Some(pair), _) => vec![pair],
            (false, _, Some(pairs)) if pairs.iter().all(|(_, value)| value.is_some()) => {
                pairs.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
            }
            _ => {
                self.lost = true;
                return;
            }
        };
        // All of one instruction see what was before it.
        let set: Vec<_> = pairs.into_iter().map(|(name, value)| (name, self.expand(&value).map(Some))).collect();
        self.env.extend(set);
    }
}

/// The arguments that every builder knows: those of the platform that is built for, which is also the one built on.
fn platform_args(platform: &str) -> BTreeMap<String, Worth> {
    let mut parts = platform.splitn(3, '/');
    let [os, arch, variant] = [(); 3].map(|()| parts.next().unwrap_or_default());
    // Some engines give a variant that nobody asked for.
    let variant = Some(Some(variant.to_owned())).filter(|_| !arch.starts_with("arm") || !variant.is_empty());
    let mut known = BTreeMap::new();
    for side in ["BUILD", "TARGET"] {
        known.insert(format!("{side}PLATFORM"), Some(Some(platform.to_owned())));
        known.insert(format!("{side}OS"), Some(Some(os.to_owned())));
        known.insert(format!("{side}ARCH"), Some(Some(arch.to_owned())));
        known.insert(format!("{side}VARIANT"), variant.clone());
    }
    known.insert("TARGETSTAGE".to_owned(), None);
    known
}
