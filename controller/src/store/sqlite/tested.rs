//! Single tests into rows and back.

use super::rows::{blob, id, json, number, signed, time, to_json};
use crate::store::CommitError;
use crate::store::tested::{CaseFilter, TestsOf};
use sidings_proto::runner::TestBatch;
use sidings_proto::tested::{PastTest, TEST_ATTEMPTS_KEPT, TestSeries};
use sidings_proto::{AttemptId, JobId, RunId, TestCase, TestOutcome, TestReport, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row, query};

/// Cases that one statement writes.
pub(super) const AT_ONCE: usize = 50;
/// Attempts that are forgotten at once. More are not over the limit unless it was lowered.
const FORGOTTEN_AT_ONCE: i64 = 1_000;
/// In the order in which people want to see them; the numbers in the table.
const OUTCOMES: [TestOutcome; 5] =
    [TestOutcome::Failed, TestOutcome::Errored, TestOutcome::Flaky, TestOutcome::Passed, TestOutcome::Skipped];

/// The attempts that count: the newest of their jobs, which ended with what their runners said of them.
const COUNTED: &str = "tested_attempts t \
    JOIN jobs j ON j.id = t.job AND j.fence = t.fence \
    JOIN attempts a ON a.job = t.job AND a.fence = t.fence AND a.ended IS NOT NULL AND a.steps <> '[]'";

/// Writes a batch, in a transaction.
pub(super) async fn put(
    db: &mut AnyConnection,
    of: &TestsOf,
    batch: &TestBatch,
    at: Timestamp,
) -> Result<(), CommitError> {
    is_out(db, of.attempt).await?;
    let sql = "INSERT INTO tested_attempts (job, fence, project, name, at) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (job, fence) DO NOTHING";
    let insert = query(sql).bind(blob(of.attempt.job.0)).bind(signed(of.attempt.fence));
    let insert = insert.bind(of.project.as_str()).bind(of.job.as_str()).bind(at.0);
    insert.execute(&mut *db).await.map_err(CommitError::store)?;
    let numbered: Vec<(u32, &TestCase)> = (batch.first..).zip(&batch.cases).collect();
    for some in numbered.chunks(AT_ONCE) {
        let cases: Vec<&TestCase> = some.iter().map(|(_, case)| *case).collect();
        name(db, &of.project, &of.job, &cases).await.map_err(CommitError::store)?;
        write_results(db, of, some).await.map_err(CommitError::store)?;
    }
    if let Some(reports) = &batch.reports {
        end(db, of, reports).await.map_err(CommitError::store)?;
    }
    Ok(())
}

/// Whether the attempt is the newest of its job, and with its runner.
async fn is_out(db: &mut AnyConnection, AttemptId { job, fence }: AttemptId) -> Result<(), CommitError> {
    let sql = "SELECT a.fence FROM jobs j LEFT JOIN attempts a ON a.job = j.id AND a.fence = j.fence \
        AND a.fence = $2 AND a.ended IS NULL AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.job = j.id) \
        WHERE j.id = $1";
    let row = query(sql).bind(blob(job.0)).bind(signed(fence)).fetch_optional(db).await.map_err(CommitError::store)?;
    let row = row.ok_or_else(|| CommitError::Unknown(format!("job {job}")))?;
    match row.try_get::<Option<i64>, _>(0).map_err(CommitError::store)? {
        Some(_) => Ok(()),
        None => Err(CommitError::StaleFence(job, fence)),
    }
}

/// Names tests, those that are not named yet. `job` is the suite of what was split.
pub(super) async fn name(db: &mut AnyConnection, project: &str, job: &str, cases: &[&TestCase]) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO tests (id, project, job, suite, name) VALUES {} ON CONFLICT (id) DO NOTHING",
        places(cases.len(), 5)
    );
    let mut insert = query(AssertSqlSafe(sql));
    for case in cases {
        insert = insert.bind(test_id(project, job, case)).bind(project).bind(job);
        insert = insert.bind(case.suite.as_str()).bind(case.name.as_str());
    }
    insert.execute(db).await?;
    Ok(())
}

async fn write_results(db: &mut AnyConnection, of: &TestsOf, cases: &[(u32, &TestCase)]) -> anyhow::Result<()> {
    let sql = format!(
        "INSERT INTO test_results (job, fence, no, test, file, outcome, took_ms, message, output) VALUES {} \
        ON CONFLICT (job, fence, no) DO NOTHING",
        places(cases.len(), 9)
    );
    let mut insert = query(AssertSqlSafe(sql));
    for (no, case) in cases {
        insert = insert.bind(blob(of.attempt.job.0)).bind(signed(of.attempt.fence)).bind(i64::from(*no));
        insert =
            insert.bind(test_id(&of.project, &of.job, case)).bind(case.file.as_deref()).bind(outcome_no(case.outcome));
        insert = insert.bind(case.took_ms.map(signed)).bind(case.message.as_str()).bind(case.output.as_str());
    }
    insert.execute(db).await?;
    Ok(())
}

/// `($1, $2), ($3, $4)`.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places: Vec<String> = (1..=columns).map(|column| format!("${}", row * columns + column)).collect();
        format!("({})", places.join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}

/// The same for the same test of the same job, run after run.
pub(super) fn test_id(project: &str, job: &str, case: &TestCase) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    for text in [project, job, &case.suite, &case.name] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().as_bytes()[..16].to_vec()
}

pub(super) fn outcome_no(outcome: TestOutcome) -> i64 {
    OUTCOMES.iter().zip(0i64..).find(|(known, _)| **known == outcome).map_or(0, |(_, no)| no)
}

/// All was told: it may count, and the oldest that count no longer are forgotten.
async fn end(db: &mut AnyConnection, of: &TestsOf, reports: &[TestReport]) -> anyhow::Result<()> {
    let update = query("UPDATE tested_attempts SET reports = coalesce(reports, $3) WHERE job = $1 AND fence = $2");
    let update = update.bind(blob(of.attempt.job.0)).bind(signed(of.attempt.fence)).bind(to_json(&reports)?);
    update.execute(&mut *db).await?;
    let sql = "SELECT job, fence FROM tested_attempts WHERE project = $1 AND name = $2 \
        ORDER BY at DESC, job DESC, fence DESC LIMIT $3 OFFSET $4";
    let select = query(sql).bind(of.project.as_str()).bind(of.job.as_str());
    let select = select.bind(FORGOTTEN_AT_ONCE).bind(i64::from(TEST_ATTEMPTS_KEPT));
    let old = select.fetch_all(&mut *db).await?;
    for row in &old {
        for sql in [
            "DELETE FROM test_results WHERE job = $1 AND fence = $2",
            "DELETE FROM tested_attempts WHERE job = $1 AND fence = $2",
        ] {
            query(sql).bind(blob(id(row, 0)?)).bind(signed(number(row, 1)?)).execute(&mut *db).await?;
        }
    }
    if old.is_empty() {
        return Ok(());
    }
    forget_names(db, &of.project, &of.job).await
}

/// Of tests of which nothing is known any more.
pub(super) async fn forget_names(db: &mut AnyConnection, project: &str, job: &str) -> anyhow::Result<()> {
    let sql = "DELETE FROM tests WHERE project = $1 AND job = $2 \
        AND NOT EXISTS (SELECT 1 FROM test_results r WHERE r.test = tests.id) \
        AND NOT EXISTS (SELECT 1 FROM split_results r WHERE r.test = tests.id)";
    query(sql).bind(project).bind(job).execute(db).await?;
    Ok(())
}

/// The reports of the attempts of a run that count, in the plan's order.
pub(super) async fn reports(db: &mut AnyConnection, run: RunId) -> anyhow::Result<Vec<(AttemptId, Vec<TestReport>)>> {
    let sql = format!(
        "SELECT t.job, t.fence, t.reports FROM {COUNTED} WHERE j.run = $1 AND t.reports IS NOT NULL ORDER BY j.place"
    );
    let rows = query(AssertSqlSafe(sql)).bind(blob(run.0)).fetch_all(db).await?;
    let one = |row: &AnyRow| Ok((AttemptId { job: JobId(id(row, 0)?), fence: number(row, 1)? }, json(row, 2)?));
    rows.iter().map(one).collect()
}

pub(super) async fn cases(
    db: &mut AnyConnection,
    attempt: AttemptId,
    filter: CaseFilter,
) -> anyhow::Result<Vec<TestCase>> {
    let order = if filter.slowest_first { "coalesce(r.took_ms, -1) DESC, r.no" } else { "r.outcome, r.no" };
    let sql = format!(
        "SELECT t.suite, t.name, r.file, r.outcome, r.took_ms, r.message, r.output \
        FROM test_results r JOIN tests t ON t.id = r.test \
        WHERE r.job = $1 AND r.fence = $2 AND r.outcome <= $3 ORDER BY {order} LIMIT $4"
    );
    let worst = if filter.bad_only { outcome_no(TestOutcome::Errored) } else { i64::MAX };
    let select = query(AssertSqlSafe(sql)).bind(blob(attempt.job.0)).bind(signed(attempt.fence)).bind(worst);
    let rows = select.bind(i64::try_from(filter.limit)?).fetch_all(db).await?;
    rows.iter().map(case).collect()
}

fn case(row: &AnyRow) -> anyhow::Result<TestCase> {
    Ok(TestCase {
        suite: row.try_get(0)?,
        name: row.try_get(1)?,
        file: row.try_get(2)?,
        outcome: outcome(row, 3)?,
        took_ms: took_ms(row, 4)?,
        message: row.try_get(5)?,
        output: row.try_get(6)?,
    })
}

pub(super) fn outcome(row: &AnyRow, column: usize) -> anyhow::Result<TestOutcome> {
    let no = usize::try_from(number(row, column)?)?;
    OUTCOMES.get(no).copied().ok_or_else(|| anyhow::anyhow!("{no} is no outcome of a test"))
}

pub(super) fn took_ms(row: &AnyRow, column: usize) -> anyhow::Result<Option<u64>> {
    row.try_get::<Option<i64>, _>(column)?.map(|ms| Ok(u64::try_from(ms)?)).transpose()
}

/// What reports told of the tests of a name, run after run.
pub(super) async fn history(
    db: &mut AnyConnection,
    project: &str,
    (suite, name): (Option<&str>, &str),
    limit: usize,
) -> anyhow::Result<Vec<TestSeries>> {
    let sql = "SELECT id, job, suite, name FROM tests WHERE project = $1 AND name = $2 AND ($3 = 0 OR suite = $4) \
        ORDER BY job, suite";
    let select = query(sql).bind(project).bind(name).bind(i64::from(suite.is_some())).bind(suite.unwrap_or_default());
    let mut all = Vec::new();
    for row in select.fetch_all(&mut *db).await? {
        let past = past(db, row.try_get(0)?, limit).await?;
        all.push(TestSeries { job: row.try_get(1)?, suite: row.try_get(2)?, name: row.try_get(3)?, past });
    }
    Ok(all)
}

async fn past(db: &mut AnyConnection, test: Vec<u8>, limit: usize) -> anyhow::Result<Vec<PastTest>> {
    let sql = format!(
        "SELECT u.id, u.number, o.at, r.outcome, r.took_ms, r.message FROM {COUNTED} \
        JOIN test_results r ON r.job = t.job AND r.fence = t.fence \
        JOIN outcomes o ON o.job = t.job JOIN runs u ON u.id = j.run \
        WHERE r.test = $1 AND t.reports IS NOT NULL ORDER BY u.id DESC, j.place, r.no LIMIT $2"
    );
    let rows = query(AssertSqlSafe(sql)).bind(test).bind(i64::try_from(limit)?).fetch_all(db).await?;
    let one = |row: &AnyRow| {
        Ok(PastTest {
            run: RunId(id(row, 0)?),
            number: number(row, 1)?,
            at: time(row, 2)?,
            outcome: outcome(row, 3)?,
            took_ms: took_ms(row, 4)?,
            message: row.try_get(5)?,
        })
    };
    rows.iter().map(one).collect()
}
