//! What clients of a controller say and see: the command line, the page, programs.
//!
//! | call | body → answer |
//! | --- | --- |
//! | `POST /api/v1/projects` | [`NewProject`] → [`ProjectView`] |
//! | `GET /api/v1/projects` | → [`Projects`] |
//! | `PUT /api/v1/blobs/{id}` | a snapshot's bytes → 201, or 200 when it was there |
//! | `HEAD /api/v1/blobs/{id}` | → 200 or 404 |
//! | `POST /api/v1/runs` | [`SubmitRun`] → 201 [`RunView`] |
//! | `GET /api/v1/runs?…` | [`RunsAsked`] → [`Runs`], newest first |
//! | `GET /api/v1/runs/{run}` | → [`RunView`]; `{run}` is an id, `project@number` (percent-encoded), or a job's id |
//! | `GET /api/v1/runs/{run}/environment` | → [`ComparedEnvironments`](crate::compared::ComparedEnvironments) |
//! | `GET /api/v1/runs/{run}/events` | → server-sent events `run`, each a whole [`RunView`], the last one ended |
//! | `POST /api/v1/runs/{run}/cancel` | → 202 [`RunView`] |
//! | `POST /api/v1/jobs/{job}/approval` | → [`RunView`]: the job waits for a person, and the caller is one who may |
//! | `POST /api/v1/runs/{run}/retry` | [`RetryRun`] → 201 [`RunView`] of the new run |
//! | `GET /api/v1/jobs/{job}/logs/{step}?attempt=&offset=&follow=&format=frames\|text` | → the log; follows to its end if asked |
//! | `GET /api/v1/runs/{run}/tests?job=&bad=&order=slowest&limit=` | → [`RunTests`](crate::tested::RunTests): what bad ones say first |
//! | `GET /api/v1/projects/{project}/tests?name=&limit=` | → [`TestHistory`](crate::tested::TestHistory) |
//! | `GET /api/v1/jobs/{job}/artifacts` | → [`ArtifactList`] of its newest attempt that ended |
//! | `GET /api/v1/jobs/{job}/artifacts/file?path=` | → the bytes of one file |
//! | `GET /api/v1/jobs/{job}/artifacts/tar` | → all of them as tar |
//! | `POST /api/v1/projects/{project}/pushes` | [`Push`] → 202 [`PushAnswer`] |
//! | `GET /api/v1/runners` | → [`Runners`] |
//! | `GET /api/v1/queue` | → [`QueueView`](crate::fleet::QueueView) |
//! | `POST /api/v1/runners/{name}/drain`, `…/resume` | → [`Runners`] of that name: they get nothing new, or jobs again |
//! | `POST /api/v1/tokens`, `GET`, `DELETE /api/v1/tokens/{id}` | [`NewToken`] → [`MadeToken`]; [`Tokens`]; 204 |
//! | `GET /api/v1/audit?before=&since=&limit=` | → [`AuditLog`](crate::audit::AuditLog), newest first |
//! | `POST /api/v1/secrets` | [`PutSecret`](crate::secret::PutSecret) → [`SecretView`](crate::secret::SecretView) |
//! | `GET /api/v1/secrets?project=` | → [`Secrets`](crate::secret::Secrets): all, or those that a project may get |
//! | `DELETE /api/v1/secrets/{name}?project=\|group=` | → 204; without either: that of all projects |
//! | `/api/v1/webhooks`, `/api/v1/deliveries` | [`webhook`](crate::webhook) |
//!
//! All need an API token as `Authorization: Bearer …`, of a role that may do it; what only reads takes the session of
//! somebody signed in at the page as well. Errors are [`ErrorBody`].

mod asked;
mod projects;
mod run;
mod runners;
mod runs;
mod tokens;

pub use asked::*;
pub use projects::*;
pub use run::*;
pub use runners::*;
pub use runs::*;
pub use tokens::*;

use serde::{Deserialize, Serialize};

/// The version in the paths.
pub const PREFIX: &str = "/api/v1";

/// The body of every error answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, for programs and for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorDetail {
    /// A word for programs: `not_found`, `unauthorized`, `stale_attempt`, `bad_request`, `conflict`, `internal`, …
    pub code: String,
    /// A sentence for people, which says what to do where something can be done.
    pub message: String,
}
