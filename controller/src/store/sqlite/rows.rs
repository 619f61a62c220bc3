//! Single values between rows and the domain: ids, times, verdicts, and what is kept as JSON.

use crate::core::event::{RunContent, RunSpec};
use anyhow::Context;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sidings_proto::{BlobId, Choice, Commit, JobId, Plan, RunId, Source, Timestamp, Trigger, Verdict};
use sqlx::Row;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use uuid::Uuid;

/// What `runs.head` holds: what a list shows, and where the files are.
#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) trigger: Trigger,
    pub(super) commit: Commit,
    source: Source,
    repo_url: String,
    default_branch: String,
    retry_of: Option<RunId>,
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) choice: Choice,
}

/// What `runs.content` holds.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Content {
    Plan { plan: Plan, job_ids: Vec<JobId> },
    Invalid { diagnostics: String },
}

/// A run's two JSON columns.
pub(super) fn spec_to_columns(spec: &RunSpec) -> anyhow::Result<(String, String)> {
    let head = Head {
        trigger: spec.trigger,
        commit: spec.commit.clone(),
        source: spec.source.clone(),
        repo_url: spec.repo_url.clone(),
        default_branch: spec.default_branch.clone(),
        retry_of: spec.retry_of,
        inputs: spec.inputs.clone(),
        choice: spec.choice.clone(),
    };
    let content = match &spec.content {
        RunContent::Plan { plan, job_ids } => Content::Plan { plan: plan.clone(), job_ids: job_ids.clone() },
        RunContent::Invalid { diagnostics } => Content::Invalid { diagnostics: diagnostics.clone() },
    };
    Ok((to_json(&head)?, to_json(&content)?))
}

/// The reverse of [`spec_to_columns`]. The row has `id, project, number, head, content` first.
pub(super) fn spec(row: &AnyRow) -> anyhow::Result<RunSpec> {
    let head: Head = json(row, 3)?;
    let content = match json(row, 4)? {
        Content::Plan { plan, job_ids } => RunContent::Plan { plan, job_ids },
        Content::Invalid { diagnostics } => RunContent::Invalid { diagnostics },
    };
    Ok(RunSpec {
        id: RunId(id(row, 0)?),
        project: row.try_get(1)?,
        number: number(row, 2)?,
        trigger: head.trigger,
        commit: head.commit,
        source: head.source,
        repo_url: head.repo_url,
        default_branch: head.default_branch,
        retry_of: head.retry_of,
        inputs: head.inputs,
        choice: head.choice,
        content,
    })
}

pub(super) fn blob(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

pub(super) fn id(row: &AnyRow, column: usize) -> anyhow::Result<Uuid> {
    let bytes: Vec<u8> = row.try_get(column)?;
    Uuid::from_slice(&bytes).context("reading an id")
}

pub(super) fn id_maybe(row: &AnyRow, column: usize) -> anyhow::Result<Option<Uuid>> {
    let bytes: Option<Vec<u8>> = row.try_get(column)?;
    bytes.map(|bytes| Uuid::from_slice(&bytes).context("reading an id")).transpose()
}

/// The name of a blob.
pub(super) fn blob_name(row: &AnyRow, column: usize) -> anyhow::Result<BlobId> {
    let name: String = row.try_get(column)?;
    Ok(name.try_into()?)
}

pub(super) fn number(row: &AnyRow, column: usize) -> anyhow::Result<u64> {
    u64::try_from(row.try_get::<i64, _>(column)?).context("reading a number")
}

pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn time(row: &AnyRow, column: usize) -> anyhow::Result<Timestamp> {
    Ok(Timestamp(row.try_get(column)?))
}

pub(super) fn time_maybe(row: &AnyRow, column: usize) -> anyhow::Result<Option<Timestamp>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(Timestamp))
}

/// A time and a verdict, both or neither.
pub(super) fn end(row: &AnyRow, at: usize, verdict: usize) -> anyhow::Result<Option<(Timestamp, Verdict)>> {
    match time_maybe(row, at)? {
        Some(at) => Ok(Some((at, json(row, verdict)?))),
        None => Ok(None),
    }
}

pub(super) fn json<T: DeserializeOwned>(row: &AnyRow, column: usize) -> anyhow::Result<T> {
    let text: String = row.try_get(column)?;
    serde_json::from_str(&text).context("reading what was stored as JSON")
}

pub(super) fn json_maybe<T: DeserializeOwned>(row: &AnyRow, column: usize) -> anyhow::Result<Option<T>> {
    match row.try_get::<Option<String>, _>(column)? {
        Some(_) => json(row, column).map(Some),
        None => Ok(None),
    }
}

pub(super) fn to_json<T: Serialize>(value: &T) -> anyhow::Result<String> {
    serde_json::to_string(value).context("writing JSON")
}
