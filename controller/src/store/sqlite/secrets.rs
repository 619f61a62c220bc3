//! Secrets: sealed rows.

use super::rows::{json, time, to_json};
use crate::store::Sealed;
use crate::store::StoredSecret;
use sidings_proto::SecretScope;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row, query};

pub(super) async fn put(db: &mut AnyConnection, secret: &StoredSecret) -> anyhow::Result<()> {
    let sql = "INSERT INTO secrets (scope, name, rules, sealed, created, changed) VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (scope, name) DO UPDATE SET rules = excluded.rules, sealed = excluded.sealed, \
        changed = excluded.changed";
    let insert = query(sql).bind(to_json(&secret.scope)?).bind(secret.name.as_str()).bind(to_json(&secret.rules)?);
    let insert = insert.bind(secret.sealed.0.clone()).bind(secret.created.0).bind(secret.changed.0);
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn remove(db: &mut AnyConnection, scope: &SecretScope, name: &str) -> anyhow::Result<bool> {
    let delete = query("DELETE FROM secrets WHERE scope = $1 AND name = $2").bind(to_json(scope)?).bind(name);
    Ok(delete.execute(db).await?.rows_affected() == 1)
}

pub(super) async fn all(db: &mut AnyConnection) -> anyhow::Result<Vec<StoredSecret>> {
    let sql = "SELECT scope, name, rules, sealed, created, changed FROM secrets ORDER BY scope, name";
    query(sql).fetch_all(db).await?.iter().map(secret).collect()
}

fn secret(row: &AnyRow) -> anyhow::Result<StoredSecret> {
    Ok(StoredSecret {
        scope: json(row, 0)?,
        name: row.try_get(1)?,
        rules: json(row, 2)?,
        sealed: Sealed(row.try_get(3)?),
        created: time(row, 4)?,
        changed: time(row, 5)?,
    })
}
