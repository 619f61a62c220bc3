//! Which images the references of a run mean.

use super::{every_store, run_id, spec};
use crate::core::event::Record;
use sidings_proto::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[tokio::test]
async fn the_first_digest_of_a_reference_stays() {
    let folder = tempfile::tempdir().unwrap();
    let found = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
        all.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned())).collect()
    };
    for store in every_store(&folder).await {
        let accepted = |run| Record::RunAccepted { run: Arc::new(spec(run)), at: Timestamp(1) };
        store.commit(&[accepted(0), accepted(1)]).await.unwrap();
        let new = store.put_digests(run_id(0), &found(&[("a", "1"), ("b", "1")])).await.unwrap();
        assert_eq!(new, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
        let new = store.put_digests(run_id(0), &found(&[("b", "2"), ("c", "2")])).await.unwrap();
        assert_eq!(new, BTreeSet::from(["c".to_owned()]));
        assert_eq!(store.digests(run_id(0)).await.unwrap(), found(&[("a", "1"), ("b", "1"), ("c", "2")]));
        assert_eq!(store.digests(run_id(1)).await.unwrap(), found(&[]));
    }
}
