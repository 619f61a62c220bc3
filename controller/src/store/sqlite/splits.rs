//! Split jobs into rows and back.

use super::rows::{blob, id, json, json_maybe, signed, to_json};
use super::split_results;
use super::tested::{AT_ONCE, places};
use crate::store::splits::{EndedTest, Past, Ran, SplitKey, SplitSetup, StoredSplit, TestPast, first_run_at};
use sidings_proto::split::SplitSum;
use sidings_proto::{RunId, TestCase, Timestamp};
use sidings_split::Record;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query};

/// Splits that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: i64 = 20;

pub(super) async fn add(
    db: &mut AnyConnection,
    key: &SplitKey,
    project: &str,
    setup: &SplitSetup,
) -> anyhow::Result<()> {
    let sql =
        "INSERT INTO splits (run, suite, project, setup) VALUES ($1, $2, $3, $4) ON CONFLICT (run, suite) DO NOTHING";
    let insert = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str()).bind(project).bind(to_json(setup)?);
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn put(db: &mut AnyConnection, key: &SplitKey, no: u64, records: &[Record]) -> anyhow::Result<()> {
    let sql = "INSERT INTO split_records (run, suite, no, records) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (run, suite, no) DO NOTHING";
    let insert = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str()).bind(signed(no));
    insert.bind(to_json(&records)?).execute(db).await?;
    Ok(())
}

/// In a transaction.
pub(super) async fn end(
    db: &mut AnyConnection,
    key: &SplitKey,
    sum: &SplitSum,
    tests: &[EndedTest],
    at: Timestamp,
) -> anyhow::Result<()> {
    let sql = "UPDATE splits SET sum = $3 WHERE run = $1 AND suite = $2 AND sum IS NULL";
    let update = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str()).bind(to_json(sum)?);
    if update.execute(&mut *db).await?.rows_affected() == 0 {
        return Ok(());
    }
    let sql = "SELECT project FROM splits WHERE run = $1 AND suite = $2";
    let row = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str()).fetch_one(&mut *db).await?;
    let project: String = row.try_get(0)?;
    let mut known = past(&mut *db, &project, &key.suite).await?;
    let ran: Vec<(&str, Ran)> = tests.iter().filter_map(|test| Some((test.case.name.as_str(), test.ran?))).collect();
    for some in ran.chunks(AT_ONCE) {
        learn(db, (&project, &key.suite), &mut known, some).await?;
    }
    let results: Vec<&TestCase> = tests.iter().map(|test| &test.case).collect();
    split_results::keep(db, key, &project, &results, at).await
}

/// Adds what tests did to what is known of them. None is named twice.
async fn learn(
    db: &mut AnyConnection,
    (project, suite): (&str, &str),
    known: &mut Past,
    ran: &[(&str, Ran)],
) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO split_history (project, suite, test, passed_ms, failed) VALUES {} \
         ON CONFLICT (project, suite, test) DO UPDATE SET passed_ms = excluded.passed_ms, failed = excluded.failed",
        places(ran.len(), 5)
    );
    let mut insert = query(AssertSqlSafe(sql));
    for (test, ran) in ran {
        let past = known.entry((*test).to_owned()).or_default();
        past.add(*ran);
        insert = insert.bind(project).bind(suite).bind(*test);
        insert = insert.bind(to_json(&past.passed_ms)?).bind(i64::from(past.failed));
    }
    insert.execute(db).await?;
    Ok(())
}

pub(super) async fn get(db: &mut AnyConnection, key: &SplitKey) -> anyhow::Result<Option<StoredSplit>> {
    let sql = "SELECT project, setup, sum FROM splits WHERE run = $1 AND suite = $2";
    let select = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str());
    let Some(row) = select.fetch_optional(&mut *db).await? else { return Ok(None) };
    let (project, setup, sum) = (row.try_get(0)?, json(&row, 1)?, json_maybe(&row, 2)?);
    let sql = "SELECT records FROM split_records WHERE run = $1 AND suite = $2 ORDER BY no";
    let rows = query(sql).bind(blob(key.run.0)).bind(key.suite.as_str()).fetch_all(db).await?;
    let rows = rows.iter().map(|row| json(row, 0)).collect::<anyhow::Result<_>>()?;
    Ok(Some(StoredSplit { project, setup, rows, sum }))
}

/// In a transaction; some of them, so that nobody waits long for it.
pub(super) async fn forget(db: &mut AnyConnection, before: Timestamp) -> anyhow::Result<u64> {
    let sql = "SELECT DISTINCT r.run, r.suite FROM split_records r JOIN splits s ON s.run = r.run AND s.suite = r.suite \
        WHERE r.run < $1 AND s.sum IS NOT NULL LIMIT $2";
    let over = query(sql).bind(blob(first_run_at(before))).bind(FORGOTTEN_AT_ONCE).fetch_all(&mut *db).await?;
    let nothing = to_json(&SplitSetup::default())?;
    for row in &over {
        let (run, suite): (Vec<u8>, String) = (row.try_get(0)?, row.try_get(1)?);
        let sql = "DELETE FROM split_records WHERE run = $1 AND suite = $2";
        query(sql).bind(run.as_slice()).bind(suite.as_str()).execute(&mut *db).await?;
        let sql = "UPDATE splits SET setup = $3 WHERE run = $1 AND suite = $2";
        query(sql).bind(run).bind(suite).bind(nothing.as_str()).execute(&mut *db).await?;
    }
    Ok(over.len() as u64)
}

pub(super) async fn sums(db: &mut AnyConnection, run: RunId) -> anyhow::Result<Vec<(String, Option<SplitSum>)>> {
    let rows = query("SELECT suite, sum FROM splits WHERE run = $1 ORDER BY suite").bind(blob(run.0));
    let rows = rows.fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, json_maybe(row, 1)?))).collect()
}

pub(super) async fn open(db: &mut AnyConnection) -> anyhow::Result<Vec<SplitKey>> {
    let rows = query("SELECT run, suite FROM splits WHERE sum IS NULL ORDER BY run, suite").fetch_all(db).await?;
    rows.iter().map(|row| Ok(SplitKey { run: RunId(id(row, 0)?), suite: row.try_get(1)? })).collect()
}

pub(super) async fn boot(db: &mut AnyConnection, project: &str, suite: &str) -> anyhow::Result<Option<u64>> {
    let sql = "SELECT sum FROM splits WHERE project = $1 AND suite = $2 AND sum IS NOT NULL ORDER BY run DESC LIMIT 1";
    let Some(row) = query(sql).bind(project).bind(suite).fetch_optional(db).await? else { return Ok(None) };
    Ok(json::<SplitSum>(&row, 0)?.boot_ms)
}

pub(super) async fn past(db: &mut AnyConnection, project: &str, suite: &str) -> anyhow::Result<Past> {
    let sql = "SELECT test, passed_ms, failed FROM split_history WHERE project = $1 AND suite = $2";
    let rows = query(sql).bind(project).bind(suite).fetch_all(db).await?;
    let one = |row| {
        let past = TestPast { passed_ms: json(row, 1)?, failed: row.try_get::<i64, _>(2)? != 0 };
        Ok((row.try_get(0)?, past))
    };
    rows.iter().map(one).collect()
}
