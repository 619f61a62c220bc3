//! Lines of the audit log.

use super::every_store;
use sidings_proto::Timestamp;
use sidings_proto::audit::{AuditEntry, Outcome};

#[tokio::test]
async fn lines_are_numbered_read_backwards_and_forgotten_by_age() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        let outcomes = [Outcome::Done, Outcome::Refused, Outcome::Failed, Outcome::Done];
        let line = |no: u64, outcome| AuditEntry {
            no,
            at: Timestamp(i64::try_from(no).unwrap() * 10),
            by: "it's ann".to_owned(),
            what: "run.cancel".to_owned(),
            about: format!("run {no}"),
            outcome,
        };
        let mut lines: Vec<_> = (1..).zip(outcomes).map(|(no, outcome)| line(no, outcome)).collect();
        for line in &lines {
            store.add_audit(&AuditEntry { no: 0, ..line.clone() }).await.unwrap();
        }
        lines.reverse();
        assert_eq!(store.audit(None, None, 9).await.unwrap(), lines);
        assert_eq!(store.audit(Some(4), Some(Timestamp(20)), 9).await.unwrap(), lines[1..3]);
        assert_eq!(store.audit(Some(4), None, 1).await.unwrap(), lines[1..2]);
        assert_eq!(store.expire_audit(Timestamp(20)).await.unwrap(), 1);
        assert_eq!(store.audit(None, None, 9).await.unwrap(), lines[..3]);
        store.add_audit(&lines[0]).await.unwrap();
        assert_eq!(store.audit(None, None, 1).await.unwrap()[0].no, 5);
    }
}
