//! Projects, tokens and runners: rows that change seldom.

use super::rows::{blob, id, id_maybe, json, time, time_maybe, to_json};
use crate::store::{CommitError, StoredRunner, StoredToken, TokenScope};
use anyhow::{Context, bail};
use sidings_proto::api::ProjectView;
use sidings_proto::fleet::Drained;
use sidings_proto::runner::Hello;
use sidings_proto::{Role, RunnerId, Timestamp, TokenId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};
use std::collections::BTreeMap;

pub(super) async fn put_project(db: &mut AnyConnection, project: &ProjectView) -> anyhow::Result<()> {
    let sql = "INSERT INTO projects (name, repo_url, default_branch, created) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (name) DO UPDATE SET repo_url = excluded.repo_url, default_branch = excluded.default_branch";
    let insert = query(sql).bind(project.name.as_str()).bind(project.repo_url.as_str());
    insert.bind(project.default_branch.as_str()).bind(project.created.0).execute(db).await?;
    Ok(())
}

pub(super) async fn project(db: &mut AnyConnection, name: &str) -> anyhow::Result<Option<ProjectView>> {
    let sql = "SELECT name, repo_url, default_branch, created FROM projects WHERE name = $1";
    query(sql).bind(name).fetch_optional(db).await?.as_ref().map(project_view).transpose()
}

pub(super) async fn projects(db: &mut AnyConnection) -> anyhow::Result<Vec<ProjectView>> {
    let sql = "SELECT name, repo_url, default_branch, created FROM projects ORDER BY name";
    query(sql).fetch_all(db).await?.iter().map(project_view).collect()
}

fn project_view(row: &AnyRow) -> anyhow::Result<ProjectView> {
    let (name, repo_url, default_branch) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(ProjectView { name, repo_url, default_branch, created: time(row, 3)? })
}

pub(super) async fn add_token(db: &mut AnyConnection, token: &StoredToken) -> anyhow::Result<()> {
    let role = match &token.scope {
        TokenScope::Api(role) => Some(role.as_str()),
        TokenScope::Push { .. } | TokenScope::Registration { .. } | TokenScope::Runner(_) => None,
    };
    let (kind, project, runner, single_use) = match &token.scope {
        TokenScope::Api(_) => ("api", None, None, 0),
        TokenScope::Push { project } => ("push", Some(project.as_str()), None, 0),
        TokenScope::Registration { single_use } => ("registration", None, None, i64::from(*single_use)),
        TokenScope::Runner(runner) => ("runner", None, Some(blob(runner.0)), 0),
    };
    let sql = "INSERT INTO tokens (id, kind, name, project, runner, hash, created, expires, single_use, role) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let insert = query(sql).bind(blob(token.id.0)).bind(kind).bind(token.name.as_str()).bind(project).bind(runner);
    let insert = insert.bind(token.hash.to_vec()).bind(token.created.0).bind(token.expires.map(|at| at.0));
    insert.bind(single_use).bind(role).execute(db).await?;
    Ok(())
}

pub(super) async fn remove_token(db: &mut AnyConnection, token: TokenId) -> anyhow::Result<bool> {
    let deleted = query("DELETE FROM tokens WHERE id = $1").bind(blob(token.0)).execute(db).await?;
    Ok(deleted.rows_affected() == 1)
}

pub(super) async fn token_used(db: &mut AnyConnection, token: TokenId, at: Timestamp) -> anyhow::Result<()> {
    query("UPDATE tokens SET used = $1 WHERE id = $2").bind(at.0).bind(blob(token.0)).execute(db).await?;
    Ok(())
}

pub(super) async fn tokens(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredToken>> {
    let sql = "SELECT id, kind, name, project, runner, hash, created, expires, single_use, role, used FROM tokens ORDER BY id";
    query(sql).fetch_all(db).await?.iter().map(token).collect()
}

fn token(row: &AnyRow) -> anyhow::Result<StoredToken> {
    let project = || row.try_get::<Option<String>, _>(3)?.context("a push token without a project");
    let runner = || id_maybe(row, 4)?.context("a runner's token without a runner");
    let scope = match row.try_get::<String, _>(1)?.as_str() {
        "api" => TokenScope::Api(role(row)?),
        "push" => TokenScope::Push { project: project()? },
        "registration" => TokenScope::Registration { single_use: row.try_get::<i64, _>(8)? == 1 },
        "runner" => TokenScope::Runner(RunnerId(runner()?)),
        other => bail!("a token of the unknown kind {other}"),
    };
    let hash: Vec<u8> = row.try_get(5)?;
    Ok(StoredToken {
        id: TokenId(id(row, 0)?),
        name: row.try_get(2)?,
        scope,
        hash: hash.try_into().ok().context("a token's hash of a wrong length")?,
        created: time(row, 6)?,
        expires: time_maybe(row, 7)?,
        used: time_maybe(row, 10)?,
    })
}

/// Tokens from before there were roles may do everything.
fn role(row: &AnyRow) -> anyhow::Result<Role> {
    match row.try_get::<Option<String>, _>(9)? {
        Some(word) => Role::from_word(&word).with_context(|| format!("a token of the unknown role {word}")),
        None => Ok(Role::Admin),
    }
}

pub(super) async fn add_runner(db: &mut AnyConnection, runner: &StoredRunner) -> anyhow::Result<()> {
    let sql = "INSERT INTO runners (id, name, created, hello, seen) VALUES ($1, $2, $3, $4, $5)";
    let hello = runner.hello.as_ref().map(to_json).transpose()?;
    let insert = query(sql).bind(blob(runner.id.0)).bind(runner.name.as_str()).bind(runner.created.0);
    insert.bind(hello).bind(runner.seen.0).execute(db).await?;
    Ok(())
}

pub(super) async fn put_hello(
    db: &mut AnyConnection,
    runner: RunnerId,
    hello: &Hello,
    at: Timestamp,
) -> anyhow::Result<()> {
    let update = query("UPDATE runners SET hello = $1, seen = $2 WHERE id = $3");
    update.bind(to_json(hello)?).bind(at.0).bind(blob(runner.0)).execute(db).await?;
    Ok(())
}

pub(super) async fn drain(db: &mut AnyConnection, name: &str, by: &str, at: Timestamp) -> Result<(), CommitError> {
    let sql = "INSERT INTO drains (name, drained_by, at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    query(sql).bind(name).bind(by).bind(at.0).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

pub(super) async fn resume(db: &mut AnyConnection, name: &str) -> Result<(), CommitError> {
    query("DELETE FROM drains WHERE name = $1").bind(name).execute(db).await.map_err(CommitError::store)?;
    Ok(())
}

pub(super) async fn drains(db: &mut AnyConnection) -> anyhow::Result<BTreeMap<String, Drained>> {
    let rows = query("SELECT name, drained_by, at FROM drains").fetch_all(db).await?;
    let drain = |row: &AnyRow| Ok((row.try_get(0)?, Drained { by: row.try_get(1)?, at: time(row, 2)? }));
    rows.iter().map(drain).collect()
}

pub(super) async fn runners(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredRunner>> {
    let rows = query("SELECT id, name, created, hello, seen FROM runners ORDER BY name, id").fetch_all(db).await?;
    rows.iter().map(runner).collect()
}

fn runner(row: &AnyRow) -> anyhow::Result<StoredRunner> {
    let hello = match row.try_get::<Option<String>, _>(3)? {
        Some(_) => Some(json(row, 3)?),
        None => None,
    };
    Ok(StoredRunner {
        id: RunnerId(id(row, 0)?),
        name: row.try_get(1)?,
        created: time(row, 2)?,
        hello,
        seen: time(row, 4)?,
    })
}
