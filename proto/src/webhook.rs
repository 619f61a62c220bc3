//! Webhooks: who is told of which events, what a delivery holds, and what became of it.
//!
//! | call | body → answer |
//! | --- | --- |
//! | `POST /api/v1/webhooks` | [`PutWebhook`] → [`MadeWebhook`] |
//! | `GET /api/v1/webhooks` | → [`Webhooks`] |
//! | `DELETE /api/v1/webhooks/{name}` | → 204 |
//! | `POST /api/v1/webhooks/{name}/test` | → [`DeliveryView`], once it was tried |
//! | `GET /api/v1/webhooks/{name}/deliveries?limit=` | → [`Deliveries`] |
//! | `POST /api/v1/deliveries/{id}/redeliver` | → 202 [`DeliveryView`] |

use crate::api::RunSummary;
use crate::{Commit, DeliveryId, FailureClass, JobId, RunId, Secret, Timestamp, Verdict};
use serde::{Deserialize, Serialize};

/// The version of [`WebhookBody`]: fields are added to it; nothing is changed or taken away.
pub const BODY_VERSION: u32 = 1;

/// What is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum WebhookEvent {
    /// A run was accepted.
    #[serde(rename = "run.queued")]
    RunQueued,
    /// A run's first job was handed to a runner.
    #[serde(rename = "run.started")]
    RunStarted,
    /// A run has its verdict.
    #[serde(rename = "run.ended")]
    RunEnded,
    /// A job waits for a person to agree.
    #[serde(rename = "approval.needed")]
    ApprovalNeeded,
    /// Somebody wants to know whether it works.
    #[serde(rename = "test")]
    Test,
}

impl WebhookEvent {
    /// Those that a webhook may ask for.
    pub const ASKED: [WebhookEvent; 4] =
        [WebhookEvent::RunQueued, WebhookEvent::RunStarted, WebhookEvent::RunEnded, WebhookEvent::ApprovalNeeded];

    /// As it stands in `Sidings-Event`.
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookEvent::RunQueued => "run.queued",
            WebhookEvent::RunStarted => "run.started",
            WebhookEvent::RunEnded => "run.ended",
            WebhookEvent::ApprovalNeeded => "approval.needed",
            WebhookEvent::Test => "test",
        }
    }
}

/// How a run ended, as a webhook chooses by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WebhookVerdict {
    /// Everything that had to pass did.
    Passed,
    /// It did not pass.
    Failed,
    /// Somebody stopped it.
    Cancelled,
    /// Nothing was to run.
    Skipped,
}

impl WebhookVerdict {
    /// The word alone.
    pub fn as_str(self) -> &'static str {
        match self {
            WebhookVerdict::Passed => "passed",
            WebhookVerdict::Failed => "failed",
            WebhookVerdict::Cancelled => "cancelled",
            WebhookVerdict::Skipped => "skipped",
        }
    }
}

/// Which events a webhook is told of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookRules {
    /// These; when there are none, `run.ended` and `approval.needed`.
    #[serde(default)]
    pub events: Vec<WebhookEvent>,
    /// Of `run.ended` only runs that ended so; all when there are none.
    #[serde(default)]
    pub verdicts: Vec<WebhookVerdict>,
    /// Only of a branch that matches one of these patterns; of anything when there are none.
    #[serde(default)]
    pub branches: Vec<String>,
}

impl WebhookRules {
    /// Whether an event is told. `verdict`: how the run ended, for `run.ended`. `matches`: whether a branch has a
    /// pattern.
    pub fn wants(
        &self,
        event: WebhookEvent,
        verdict: Option<&Verdict>,
        commit: &Commit,
        matches: impl Fn(&str, &str) -> bool,
    ) -> bool {
        let usual = || matches!(event, WebhookEvent::RunEnded | WebhookEvent::ApprovalNeeded);
        let asked = if self.events.is_empty() { usual() } else { self.events.contains(&event) };
        let ended_so = |verdict: &Verdict| self.verdicts.iter().any(|wanted| wanted.as_str() == verdict.word());
        let of_branch = |branch: &str| self.branches.iter().any(|pattern| matches(pattern, branch));
        asked
            && (self.verdicts.is_empty() || verdict.is_none_or(ended_so))
            && (self.branches.is_empty() || commit.branch().is_some_and(of_branch))
    }
}

/// What the body of a delivery looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum WebhookFormat {
    /// [`WebhookBody`].
    #[default]
    Json,
    /// `{"text": "…"}`, as the incoming webhooks of Slack and Mattermost take it.
    Chat,
    /// A template of the receiver's own, in the language of Jinja, filled in with [`WebhookBody`].
    Template {
        /// At most 64 KiB.
        text: String,
        /// What the result is, such as `application/json`.
        content_type: String,
    },
}

impl WebhookFormat {
    /// The word alone.
    pub fn as_str(&self) -> &'static str {
        match self {
            WebhookFormat::Json => "json",
            WebhookFormat::Chat => "chat",
            WebhookFormat::Template { .. } => "template",
        }
    }
}

/// Keeps a webhook, in place of an earlier one of this name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutWebhook {
    /// Letters, digits, `_`, `-` and `.`, a letter or `_` first; at most 100 characters.
    pub name: String,
    /// Only of this project; of all when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// Where deliveries go, http or https. Kept sealed, for many receivers know their callers by it alone.
    pub url: Secret,
    /// Which events.
    #[serde(default)]
    pub rules: WebhookRules,
    /// What deliveries look like.
    #[serde(default)]
    pub format: WebhookFormat,
    /// What deliveries are signed with, at least 16 bytes; the earlier one's, else a new one, when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
}

/// A webhook that is kept from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MadeWebhook {
    /// It.
    pub webhook: WebhookView,
    /// The signing key, when it was made here. It is shown this once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
}

/// A webhook, without its key and the path of its address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookView {
    /// Its name.
    pub name: String,
    /// Only of this project; of all when there is none.
    pub project: Option<String>,
    /// Where deliveries go, as far as the host: `https://hooks.example.com`.
    pub host: String,
    /// Which events.
    pub rules: WebhookRules,
    /// What deliveries look like.
    pub format: WebhookFormat,
    /// When it was made.
    pub created: Timestamp,
    /// Deliveries that are on their way or tried again.
    pub waiting: u64,
    /// The newest delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<DeliveryView>,
}

/// Webhooks, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Webhooks {
    /// By name.
    pub webhooks: Vec<WebhookView>,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It is on its way, or tried again.
    Waiting,
    /// The receiver took it: it answered with 2xx.
    Delivered,
    /// It is not tried any more, unless somebody asks.
    GivenUp,
}

impl DeliveryState {
    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::GivenUp => "given up",
        }
    }
}

/// One event, told to one webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DeliveryView {
    /// As in `Sidings-Delivery`: the same however often it is tried.
    pub id: DeliveryId,
    /// To which webhook.
    pub webhook: String,
    /// Of what.
    pub event: WebhookEvent,
    /// Of which run; none of a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it happened.
    pub at: Timestamp,
    /// What became of it.
    pub state: DeliveryState,
    /// How often it was tried since it happened, or since somebody asked for it again.
    pub tries: u32,
    /// When it was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Timestamp>,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Timestamp>,
    /// What the receiver answered last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How that answer began, or why there was none: at most 1 KiB.
    pub answer: String,
}

/// Deliveries, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deliveries {
    /// Newest first.
    pub deliveries: Vec<DeliveryView>,
}

/// What a delivery tells: the body of [`WebhookFormat::Json`], and what templates are filled in with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookBody {
    /// [`BODY_VERSION`].
    pub version: u32,
    /// What happened.
    pub event: WebhookEvent,
    /// The delivery's id.
    pub delivery: DeliveryId,
    /// When it happened.
    pub at: Timestamp,
    /// All of it in one line for people, the cause first where something failed.
    pub text: String,
    /// The run as it was when this was first sent; none in a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunSummary>,
    /// The run's address for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The job that waits for a person, of `approval.needed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<WebhookJob>,
    /// Why the run failed: its first failed jobs, 10 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<WebhookCause>,
}

/// A job that is told of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookJob {
    /// Its id.
    pub id: JobId,
    /// Its name.
    pub name: String,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WebhookCause {
    /// The job's name.
    pub job: String,
    /// The step that failed; none where it did not come so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Whose failure it is.
    pub class: FailureClass,
    /// What happened.
    pub message: String,
    /// The address of the step's log.
    pub log: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Failure;

    fn wants(rules: &WebhookRules, event: WebhookEvent, verdict: Option<&Verdict>, reference: &str) -> bool {
        let commit = Commit { reference: reference.to_owned(), ..Commit::default() };
        rules.wants(event, verdict, &commit, |pattern, branch| pattern == branch)
    }

    #[test]
    fn without_rules_the_end_of_a_run_and_a_question_to_people_are_told() {
        let rules = WebhookRules::default();
        for (event, told) in [
            (WebhookEvent::RunQueued, false),
            (WebhookEvent::RunStarted, false),
            (WebhookEvent::RunEnded, true),
            (WebhookEvent::ApprovalNeeded, true),
        ] {
            assert_eq!(wants(&rules, event, None, "refs/tags/v1"), told, "{event:?}");
        }
    }

    #[test]
    fn verdicts_narrow_ends_alone_and_branches_everything() {
        let rules = WebhookRules {
            events: vec![WebhookEvent::RunQueued, WebhookEvent::RunEnded],
            verdicts: vec![WebhookVerdict::Failed],
            branches: vec!["main".to_owned()],
        };
        let failed =
            Verdict::Failed(Failure { class: FailureClass::StepFailed, message: "it exited with code 1".to_owned() });
        assert!(wants(&rules, WebhookEvent::RunEnded, Some(&failed), "refs/heads/main"));
        assert!(!wants(&rules, WebhookEvent::RunEnded, Some(&Verdict::Passed), "refs/heads/main"));
        assert!(wants(&rules, WebhookEvent::RunQueued, None, "refs/heads/main"));
        assert!(!wants(&rules, WebhookEvent::RunQueued, None, "refs/heads/other"));
        assert!(!wants(&rules, WebhookEvent::RunQueued, None, "refs/tags/main"));
    }
}
