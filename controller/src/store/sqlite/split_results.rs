//! What became of the tests of splits, for their history: rows of the newest runs of each suite.

use super::rows::{blob, id, number, signed, time};
use super::tested::{AT_ONCE, forget_names, name, outcome, outcome_no, places, test_id, took_ms};
use crate::store::splits::SplitKey;
use sidings_proto::tested::{PastTest, TEST_ATTEMPTS_KEPT, TestSeries};
use sidings_proto::{RunId, TestCase, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query};

/// Writes them, once, and forgets those of older runs; in a transaction.
pub(super) async fn keep(
    db: &mut AnyConnection,
    key: &SplitKey,
    project: &str,
    cases: &[&TestCase],
    at: Timestamp,
) -> anyhow::Result<()> {
    if cases.is_empty() {
        return Ok(());
    }
    let update = query("UPDATE splits SET told = $3 WHERE run = $1 AND suite = $2");
    update.bind(blob(key.run.0)).bind(key.suite.as_str()).bind(at.0).execute(&mut *db).await?;
    for some in cases.chunks(AT_ONCE) {
        name(db, project, &key.suite, some).await?;
        write(db, key, project, some).await?;
    }
    forget(db, project, &key.suite).await
}

async fn write(db: &mut AnyConnection, key: &SplitKey, project: &str, cases: &[&TestCase]) -> anyhow::Result<()> {
    let places = places(cases.len(), 5);
    let sql = format!("INSERT INTO split_results (test, run, outcome, took_ms, message) VALUES {places}");
    let mut insert = query(AssertSqlSafe(sql));
    for case in cases {
        insert = insert.bind(test_id(project, &key.suite, case)).bind(blob(key.run.0));
        insert = insert.bind(outcome_no(case.outcome)).bind(case.took_ms.map(signed)).bind(case.message.as_str());
    }
    insert.execute(db).await?;
    Ok(())
}

async fn forget(db: &mut AnyConnection, project: &str, suite: &str) -> anyhow::Result<()> {
    // There is at most one too many, unless fewer were kept before.
    let sql = "SELECT run FROM splits WHERE project = $1 AND suite = $2 AND told IS NOT NULL \
        ORDER BY run DESC LIMIT 1000 OFFSET $3";
    let select = query(sql).bind(project).bind(suite).bind(i64::from(TEST_ATTEMPTS_KEPT));
    let old = select.fetch_all(&mut *db).await?;
    for row in &old {
        let run = id(row, 0)?;
        let sql = "DELETE FROM split_results WHERE run = $1 \
            AND test IN (SELECT id FROM tests WHERE project = $2 AND job = $3)";
        query(sql).bind(blob(run)).bind(project).bind(suite).execute(&mut *db).await?;
        let update = query("UPDATE splits SET told = NULL WHERE run = $1 AND suite = $2");
        update.bind(blob(run)).bind(suite).execute(&mut *db).await?;
    }
    if old.is_empty() { Ok(()) } else { forget_names(db, project, suite).await }
}

/// What became of the tests of a name where they were split, run after run, the newest first.
pub(super) async fn history(
    db: &mut AnyConnection,
    project: &str,
    (suite, name): (Option<&str>, &str),
) -> anyhow::Result<Vec<TestSeries>> {
    let sql = "SELECT u.id, u.number, s.told, r.outcome, r.took_ms, r.message, t.job, t.suite, t.name FROM tests t \
        JOIN split_results r ON r.test = t.id JOIN splits s ON s.run = r.run AND s.suite = t.job \
        JOIN runs u ON u.id = r.run WHERE t.project = $1 AND t.name = $2 AND ($3 = 0 OR t.suite = $4) \
        ORDER BY t.job, u.id DESC";
    let select = query(sql).bind(project).bind(name).bind(i64::from(suite.is_some())).bind(suite.unwrap_or_default());
    let mut all: Vec<TestSeries> = Vec::new();
    for row in select.fetch_all(db).await? {
        let (job, past): (String, _) = (row.try_get(6)?, past(&row)?);
        match all.last_mut().filter(|series| series.job == job) {
            Some(series) => series.past.push(past),
            None => {
                let (suite, name) = (row.try_get(7)?, row.try_get(8)?);
                all.push(TestSeries { job, suite, name, past: vec![past] });
            }
        }
    }
    Ok(all)
}

fn past(row: &AnyRow) -> anyhow::Result<PastTest> {
    Ok(PastTest {
        run: RunId(id(row, 0)?),
        number: number(row, 1)?,
        at: time(row, 2)?,
        outcome: outcome(row, 3)?,
        took_ms: took_ms(row, 4)?,
        message: row.try_get(5)?,
    })
}
