//! A lock file: its version, and digests by reference.

use super::Reader;
use super::fields::At;
use super::shape;
use crate::diagnostic::Code;
use crate::lock::{Lock, VERSION, apart};
use crate::reference::{self, Refused};
use crate::report::Problem;
use crate::suggest::quoted;
use crate::yaml::Entry;

const A_DIGEST: &str = "`sha256:` and 64 hex digits in lower case";
const AGAIN: &str = "take the line out; `sidings lock` writes what is missing";

impl Reader<'_> {
    pub(super) fn lock(&mut self, at: &At<'_, '_>) -> Option<Lock> {
        let at = At { node: at.node, what: "a lock file".to_owned(), span: at.span.clone() };
        let fields = self.fields(&at, &shape::LOCK)?;
        match fields.get("version") {
            Some(at) => self.lock_version(&at),
            None if fields.has_or_meant("version") => {}
            None => {
                let help = format!("write `version: {VERSION}` at its top; is this a lock file of Sidings?");
                self.error(Code::MissingKey, fields.span(), "the lock file has no `version`", help);
            }
        }
        let mut lock = Lock::default();
        let entries = fields.get("images").and_then(|at| self.map(&at)).unwrap_or_default();
        for entry in entries {
            lock.digests.extend(self.locked(entry));
        }
        Some(lock)
    }

    fn lock_version(&mut self, at: &At<'_, '_>) {
        let Some(version) = self.text_of(at, VERSION) else { return };
        if version != VERSION {
            let message = format!("this lock file is of version {}, which is not known here", quoted(&version));
            let problem = Problem::new(Code::BadValue, &at.span, message).expected(format!("`{VERSION}`"));
            self.report.add(problem.help("a newer `sidings` may know it"));
        }
    }

    fn locked(&mut self, entry: &Entry<'_>) -> Option<(String, String)> {
        let name = entry.key.text.to_string();
        if apart(&name).1.is_some() {
            let message = format!("{} has a digest, so there is nothing to lock", quoted(&name));
            self.error(Code::BadImage, &entry.key.span, message, AGAIN);
            return None;
        }
        // A Dockerfile may begin from what a pipeline may not name.
        if let Err(Refused::Malformed { why, .. }) = reference::check(&name) {
            let message = format!("{} is not an image's reference: {why}", quoted(&name));
            self.error(Code::BadImage, &entry.key.span, message, AGAIN);
            return None;
        }
        let at = At::value_of(entry);
        let digest = self.text_of(&at, A_DIGEST)?;
        if reference::check_digest(&digest).is_err() {
            let message = format!("{} is no digest", quoted(&digest));
            self.report.add(Problem::new(Code::BadValue, &at.span, message).expected(A_DIGEST).help(AGAIN));
            return None;
        }
        Some((name, digest))
    }
}
