//! Who changed what: a line for each change that was asked for through the API or the page, done or refused, kept for a
//! while and never changed. It holds names, never a secret's value nor a token's text.
//!
//! A request's deed is noted while it is answered: whoever finds out who calls says so by [`by`], whoever knows more of
//! what it is about than the address says, by [`about`]. The line is written before the answer is sent. Refusals are
//! bounded by time, so that nobody who guesses can fill the disk.

use crate::store::Store;
use sidings_proto::Timestamp;
use sidings_proto::audit::{AuditEntry, Outcome};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The longest word of a line, in characters.
const WORD_MAX: usize = 200;
/// So many refusals are written at once …
const REFUSALS: u32 = 60;
/// … and one more after each of these.
const ANOTHER_AFTER: Duration = Duration::from_secs(10);

/// Who is told where nobody was let in.
const NOBODY: &str = "unknown";
/// Who is told of what a controller's own start does.
pub(crate) const BOOTSTRAP: &str = "bootstrap";

tokio::task_local! {
    static NOTE: RefCell<Note>;
}

/// What is found out about a request while it is answered.
#[derive(Clone, Debug, Default)]
struct Note {
    by: Option<String>,
    about: Option<String>,
}

/// The log of changes.
pub(crate) struct Audit {
    store: Arc<dyn Store>,
    keep: Duration,
    refusals: Mutex<Refusals>,
}

/// How many refusals may still be written.
#[derive(Debug, Default)]
struct Refusals {
    written: u32,
    since: Option<Timestamp>,
    left_out: u64,
}

/// This token's holder asked for it.
pub(crate) fn by(who: &str) {
    note(|note| note.by = Some(who.to_owned()));
}

/// It is about this.
pub(crate) fn about(what: impl Into<String>) {
    let what = what.into();
    note(|note| note.about = Some(what));
}

/// Nothing happens where nobody listens: what only reads is not noted.
fn note(change: impl FnOnce(&mut Note)) {
    let _ = NOTE.try_with(|note| change(&mut note.borrow_mut()));
}

impl Audit {
    pub(crate) fn new(store: Arc<dyn Store>, keep: Duration) -> Self {
        Self { store, keep, refusals: Mutex::default() }
    }

    /// Answers a request, and writes down what came of it. `what` is the deed, `of` what its address names.
    pub(crate) async fn watched<T>(
        &self,
        now: impl Fn() -> Timestamp,
        (what, of): (String, String),
        answer: impl Future<Output = T>,
        outcome: impl FnOnce(&T, bool) -> Outcome,
    ) -> T {
        let (answered, note) = NOTE.scope(RefCell::default(), async { (answer.await, NOTE.with(RefCell::take)) }).await;
        let outcome = outcome(&answered, note.by.is_some());
        let by = note.by.unwrap_or_else(|| NOBODY.to_owned());
        self.write(now(), &by, &what, &note.about.unwrap_or(of), outcome).await;
        answered
    }

    /// Writes a line. It is told where that fails: what was done is done.
    pub(crate) async fn write(&self, now: Timestamp, by: &str, what: &str, about: &str, outcome: Outcome) {
        let mut about = word(about);
        if outcome == Outcome::Refused {
            let Some(left_out) = self.may_refuse(now) else { return };
            if left_out > 0 {
                about = format!("{about} (and {left_out} more refused before)").trim_start().to_owned();
            }
        }
        let entry = AuditEntry { no: 0, at: now, by: word(by), what: word(what), about, outcome };
        if let Err(error) = self.store.add_audit(&entry).await {
            tracing::error!(
                by = entry.by,
                what = entry.what,
                about = entry.about,
                "this is in no audit log: {error:#}"
            );
        }
    }

    /// Whether another refusal is written, and how many were not since the last one.
    fn may_refuse(&self, now: Timestamp) -> Option<u64> {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let since = *refusals.since.get_or_insert(now);
        let given_back = now.since(since).as_secs() / ANOTHER_AFTER.as_secs();
        if given_back > 0 {
            refusals.written = refusals.written.saturating_sub(u32::try_from(given_back).unwrap_or(u32::MAX));
            refusals.since = Some(since + ANOTHER_AFTER * u32::try_from(given_back).unwrap_or(u32::MAX));
        }
        if refusals.written >= REFUSALS {
            refusals.left_out += 1;
            return None;
        }
        refusals.written += 1;
        Some(std::mem::take(&mut refusals.left_out))
    }

    /// Lines, the newest first: those below a number, not older than a moment.
    pub(crate) async fn read(
        &self,
        before: Option<u64>,
        since: Option<Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Vec<AuditEntry>> {
        self.store.audit(before, since, limit).await
    }

    /// Forgets old lines.
    pub(crate) async fn expire(&self, now: Timestamp) -> anyhow::Result<()> {
        let keep = i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX);
        self.store.expire_audit(Timestamp(now.0.saturating_sub(keep))).await.map(drop)
    }
}

/// One line of bounded length.
fn word(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(WORD_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::in_memory::MemoryStore;

    fn audit() -> Audit {
        Audit::new(Arc::new(MemoryStore::default()), Duration::from_secs(60))
    }

    #[tokio::test]
    async fn who_guesses_does_not_fill_the_disk_and_what_is_left_out_is_counted() {
        let audit = audit();
        for _ in 0..1_000 {
            audit.write(Timestamp(1_000), NOBODY, "session.begin", "", Outcome::Refused).await;
        }
        audit.write(Timestamp(1_000), "ann", "run.cancel", "r1", Outcome::Done).await;
        audit.write(Timestamp(11_000), NOBODY, "session.begin", "", Outcome::Refused).await;
        audit.write(Timestamp(12_000), NOBODY, "session.begin", "", Outcome::Refused).await;
        let read = audit.read(None, None, 1_000).await.unwrap();
        assert_eq!(read.len(), 62);
        let told = read.iter().take(3).map(|entry| (entry.by.as_str(), entry.about.as_str())).collect::<Vec<_>>();
        assert_eq!(told, [(NOBODY, "(and 940 more refused before)"), ("ann", "r1"), (NOBODY, "")]);
    }

    #[tokio::test]
    async fn a_line_is_one_line_and_has_an_end() {
        let audit = audit();
        audit.write(Timestamp(1), "a\nb", "run.cancel", &"x".repeat(1_000), Outcome::Done).await;
        let entry = audit.read(None, None, 1).await.unwrap().remove(0);
        assert_eq!((entry.by.as_str(), entry.about.len()), ("a b", WORD_MAX));
    }
}
