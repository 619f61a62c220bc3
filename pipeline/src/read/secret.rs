//! `from_secret`, in `environment` and under `secrets` of a `build`.

use super::fields::{At, Fields};
use super::{Reader, shape};
use crate::diagnostic::Code;
use crate::report::Problem;
use crate::source::Span;
use crate::suggest::{did_you_mean, nearest, quoted};
use crate::yaml::{Entry, Kind, Value};
use sidings_proto::secret::is_secret_name;
use sidings_proto::{SecretForm, SecretUse};
use std::collections::BTreeMap;

pub(super) const FORMS: [(&str, SecretForm); 2] =
    [("file", SecretForm::File), ("environment", SecretForm::Environment)];
const AN_ID: &str = "letters, digits, `_`, `-` and `.`, a letter or `_` first";

/// Whether a map was written for a secret, rightly or not.
pub(super) fn is_meant(entries: &[Entry<'_>]) -> bool {
    entries.iter().any(|entry| matches!(entry.key.text.as_ref(), "from_secret" | "secret" | "fromSecret" | "as"))
}

impl Reader<'_> {
    /// A variable's `{ from_secret: NAME, as: file }`.
    pub(super) fn secret_use(&mut self, at: &At<'_, '_>) -> Option<SecretUse> {
        let fields = self.fields(at, &shape::SECRET)?;
        let form = fields.get("as").map_or(Some(SecretForm::Environment), |at| self.secret_form(&at));
        let secret = self.secret_named(at, &fields);
        Some(SecretUse { secret: secret?, form: form? })
    }

    fn secret_form(&mut self, at: &At<'_, '_>) -> Option<SecretForm> {
        let text = self.text_of(at, "`file` or `environment`")?;
        if let Some((_, form)) = FORMS.iter().find(|(word, _)| *word == text) {
            return Some(*form);
        }
        let problem = Problem::new(Code::BadValue, &at.span, format!("{} is no form of a secret", quoted(&text)))
            .expected("`file` or `environment`")
            .maybe_help(nearest(&text, FORMS.iter().map(|(word, _)| *word)).map(did_you_mean));
        self.report.add(problem);
        None
    }

    fn secret_name(&mut self, at: &At<'_, '_>) -> Option<String> {
        let name = self.text_of(at, "the name of a secret")?;
        if is_secret_name(&name) {
            return Some(name);
        }
        let message = format!("{} cannot be the name of a secret", quoted(&name));
        self.error(Code::BadValue, &at.span, message, AN_ID);
        None
    }

    /// A map of ids and `{ from_secret: NAME }`, or a list of names that are their ids as well.
    pub(super) fn build_secrets(&mut self, at: &At<'_, '_>) -> BTreeMap<String, String> {
        if let Value::List(_) = at.node.value {
            let names = self.texts(at, "a map of ids, or a list of names").unwrap_or_default();
            let right = names.into_iter().filter(|name| self.is_id(&name.text, &name.span));
            return right.map(|name| (name.text.clone(), name.text)).collect();
        }
        let mut secrets = BTreeMap::new();
        for entry in self.map(at).unwrap_or_default() {
            let named = self.is_id(&entry.key.text, &entry.key.span);
            let name = self.build_secret(&At::value_of(entry));
            secrets.extend(name.filter(|_| named).map(|name| (entry.key.text.to_string(), name)));
        }
        secrets
    }

    fn build_secret(&mut self, at: &At<'_, '_>) -> Option<String> {
        if let Value::Scalar(scalar) = &at.node.value
            && scalar.kind != Kind::Null
        {
            let help = format!("write `{{ from_secret: {} }}`", scalar.text);
            self.wrong_type(at, "a map with `from_secret`", Some(help));
            return None;
        }
        // It is mounted as a file in any case.
        let fields = self.fields(at, &shape::BUILD_SECRET)?;
        self.secret_named(at, &fields)
    }

    fn secret_named(&mut self, at: &At<'_, '_>, fields: &Fields<'_, '_>) -> Option<String> {
        match fields.get("from_secret") {
            Some(at) => self.secret_name(&at),
            None if fields.has_or_meant("from_secret") => None,
            None => {
                let message = format!("{} is a map without `from_secret`", at.what);
                self.error(Code::MissingKey, fields.span(), message, "name the secret: `{ from_secret: NAME }`");
                None
            }
        }
    }

    fn is_id(&mut self, id: &str, span: &Span) -> bool {
        if !is_secret_name(id) && !id.is_empty() {
            let message = format!("{} cannot be the id of a secret", quoted(id));
            self.error(Code::BadValue, span, message, AN_ID);
        }
        is_secret_name(id)
    }
}
