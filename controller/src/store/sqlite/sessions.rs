//! Who is signed in at the page: rows that go with the token they were opened with.

use super::rows::{blob, id, time};
use crate::store::StoredSession;
use anyhow::Context;
use sidings_proto::TokenId;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn add(db: &mut AnyConnection, session: &StoredSession) -> anyhow::Result<()> {
    query("DELETE FROM sessions WHERE expires <= $1").bind(session.created.0).execute(&mut *db).await?;
    let insert = query("INSERT INTO sessions (hash, token, created, expires) VALUES ($1, $2, $3, $4)");
    let insert = insert.bind(session.hash.to_vec()).bind(blob(session.token.0));
    insert.bind(session.created.0).bind(session.expires.0).execute(db).await?;
    Ok(())
}

pub(super) async fn remove(db: &mut AnyConnection, hash: &[u8; 32]) -> anyhow::Result<()> {
    query("DELETE FROM sessions WHERE hash = $1").bind(hash.to_vec()).execute(db).await?;
    Ok(())
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredSession>> {
    let select = query("SELECT hash, token, created, expires FROM sessions ORDER BY hash");
    select.fetch_all(db).await?.iter().map(session).collect()
}

fn session(row: &AnyRow) -> anyhow::Result<StoredSession> {
    let hash: Vec<u8> = row.try_get(0)?;
    let hash = hash.try_into().ok().context("a session's hash of a wrong length")?;
    Ok(StoredSession { hash, token: TokenId(id(row, 1)?), created: time(row, 2)?, expires: time(row, 3)? })
}
