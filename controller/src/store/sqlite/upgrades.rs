//! A database that an earlier version left, with rows as it wrote them, is brought up to date and read.

use super::{BEGIN, ON_EVERY_CONNECTION, SqliteStore, options};
use crate::store::{RunFilter, Store, TokenScope};
use sidings_proto::api::RunStage;
use sidings_proto::{Role, RunId};
use sqlx::{ConnectOptions, Connection, Executor};
use std::path::Path;
use uuid::Uuid;

/// A run that failed and one that never ended, of version 13 of the tables; a token, and a split of the first run.
const ROWS: &str = r#"
INSERT INTO projects (name, repo_url, default_branch, created) VALUES ('demo', '', 'main', 1);
INSERT INTO runs (id, project, number, head, content, accepted, cancelling, ended, verdict, stopping) VALUES
  (x'01a206c3633d754b92261e07421516e9', 'demo', 1,
   '{"trigger":"push","commit":{"sha":"3f2a","ref":"refs/heads/topic","message":"one","author":"Eva <eva@example.org>","before":null,"time":0},"source":{"kind":"git","url":"file:///x","commit":"3f2a"},"repo_url":"file:///x","default_branch":"main","retry_of":null,"inputs":{},"choice":{}}',
   '{"kind":"plan","plan":{"jobs":[{"name":"unit","needs":[],"skip":null,"allow_failure":false,"spec":{"stages":[{"parallel":false,"name":null,"merge":"changes","steps":[{"no":1,"name":"pytest","image":{"kind":"image","reference":"debian:bookworm-slim"},"command":{"kind":"run","script":"exit 3"},"environment":{},"working_directory":null,"timeout_ms":null,"allow_failure":false}]}],"timeout_ms":3600000}}]},"job_ids":["01a206c3-633d-754b-9226-1e041a79c394"]}',
   1000, 0, 3000, '{"verdict":"failed","class":"step_failed","message":"it broke"}', NULL),
  (x'01a206c3633d754b92261e07421516ea', 'demo', 2,
   '{"trigger":"manual","commit":{"sha":"","ref":"","message":"","author":"","before":null,"time":0},"source":{"kind":"snapshot","blob":"0ea05675729bc56c34fef58150ddfe10020882d3edf563ff8f0959af3d4f4495"},"repo_url":"","default_branch":"main","retry_of":null,"inputs":{},"choice":{}}',
   '{"kind":"plan","plan":{"jobs":[{"name":"unit","needs":[],"skip":null,"allow_failure":false,"spec":{"stages":[],"timeout_ms":3600000}}]},"job_ids":["01a206c3-633d-754b-9226-1e041a79c395"]}',
   4000, 0, NULL, NULL, NULL);
INSERT INTO jobs (id, run, place, fence, since, not_before) VALUES
  (x'01a206c3633d754b92261e041a79c394', x'01a206c3633d754b92261e07421516e9', 0, 1, NULL, NULL),
  (x'01a206c3633d754b92261e041a79c395', x'01a206c3633d754b92261e07421516ea', 0, 0, 4000, 4000);
INSERT INTO attempts (job, fence, runner, life, request, started, ended, verdict, steps, images) VALUES
  (x'01a206c3633d754b92261e041a79c394', 1, zeroblob(16), zeroblob(16), zeroblob(16), 2000, 3000,
   '{"verdict":"failed","class":"step_failed","message":"it broke"}', '[]',
   '[{"reference":"sidings/demo:1","id":"sha256:1","key":"3f9c","built":true,"took_ms":1},
     {"reference":"debian:12","id":"sha256:2","key":null,"built":false,"took_ms":1}]');
INSERT INTO outcomes (job, at, verdict) VALUES
  (x'01a206c3633d754b92261e041a79c394', 3000, '{"verdict":"failed","class":"step_failed","message":"it broke"}');
INSERT INTO tokens (id, kind, name, project, runner, hash, created, expires, single_use) VALUES
  (x'01a206c31ca471b49a36ecdabf69a3c9', 'api', 'first', NULL, NULL, zeroblob(32), 1, NULL, 0);
"#;

/// Makes a database of this version of the tables, with rows.
async fn left_by(version: i64, file: &Path) {
    sqlx::any::install_default_drivers();
    let mut database = options(file).unwrap().connect().await.unwrap();
    database.execute(ON_EVERY_CONNECTION).await.unwrap();
    let mut migrator = sqlx::migrate!("./migrations");
    migrator.migrations.to_mut().retain(|migration| migration.version <= version);
    migrator.run(&mut database).await.unwrap();
    let mut transaction = database.begin_with(BEGIN).await.unwrap();
    transaction.execute(ROWS).await.unwrap();
    transaction.commit().await.unwrap();
    database.close().await.unwrap();
}

fn run(last: u8) -> RunId {
    let mut id = *b"\x01\xa2\x06\xc3\x63\x3d\x75\x4b\x92\x26\x1e\x07\x42\x15\x16\x00";
    id[15] = last;
    RunId(Uuid::from_bytes(id))
}

#[tokio::test]
async fn what_an_earlier_version_left_is_found_by_all_that_lists_go_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sidings.db");
    left_by(13, &file).await;
    let store = SqliteStore::open(&file).await.unwrap();
    let found = async |filter: RunFilter| {
        let runs = store.runs(&RunFilter { limit: 10, ..filter }).await.unwrap();
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    assert_eq!(found(RunFilter::default()).await, [run(0xea), run(0xe9)]);
    let reference = Some("refs/heads/topic".to_owned());
    assert_eq!(found(RunFilter { reference, ..RunFilter::default() }).await, [run(0xe9)]);
    assert_eq!(found(RunFilter { author: Some("Eva".to_owned()), ..RunFilter::default() }).await, [run(0xe9)]);
    assert_eq!(found(RunFilter { stage: Some(RunStage::Failed), ..RunFilter::default() }).await, [run(0xe9)]);
    assert_eq!(found(RunFilter { image: Some("3f".to_owned()), ..RunFilter::default() }).await, [run(0xe9)]);
    assert_eq!(store.run(run(0xe9)).await.unwrap().unwrap().jobs.len(), 1);
    let goes_on: Vec<RunId> = store.active_runs().await.unwrap().iter().map(|active| active.run.id).collect();
    assert_eq!(goes_on, [run(0xea)], "it goes on where it was");
    let scopes: Vec<TokenScope> = store.tokens().await.unwrap().into_iter().map(|token| token.scope).collect();
    assert_eq!(scopes, [TokenScope::Api(Role::Admin)], "what could do everything still can");
}

#[tokio::test]
async fn an_upgrade_is_done_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sidings.db");
    left_by(13, &file).await;
    drop(SqliteStore::open(&file).await.unwrap());
    let store = SqliteStore::open(&file).await.unwrap();
    assert_eq!(store.tokens().await.unwrap().len(), 1);
}
