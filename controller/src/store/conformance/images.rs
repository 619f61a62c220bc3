//! What is known of images that are built once for all.

use super::{every_store, uuid};
use crate::images::Name;
use crate::images::claims::{Claim, Failed, Holder, State};
use crate::store::stored::StoredImage;
use sidings_proto::image::{ImagePlace, SharedImage};
use sidings_proto::{AttemptId, JobId, RunnerId, Timestamp};

#[tokio::test]
async fn images_are_read_as_they_were_kept() {
    let folder = tempfile::tempdir().unwrap();
    let holder = Holder { attempt: AttemptId { job: JobId(uuid(1, 1)), fence: 3 }, runner: RunnerId(uuid(2, 1)) };
    let place = ImagePlace::Registry { reference: "r/p@sha256:1".to_owned() };
    let ready = State::Ready { holder, image: SharedImage { id: "sha256:2".to_owned(), place } };
    let image = |project: &str, key: &str, state: State| StoredImage {
        name: Name { project: project.to_owned(), scope: String::new(), key: key.to_owned() },
        claim: Claim { number: 7, state, failed: Some(Failed { number: 6, holder, message: "no".to_owned() }) },
        used: Timestamp(5),
    };
    for store in every_store(&folder).await {
        let building = image("b", "k", State::Building { holder, since: Timestamp(4) });
        store.put_image(&building).await.unwrap();
        store.put_image(&image("a", "k2", State::Open)).await.unwrap();
        let first = image("a", "k1", State::Stays { holder, reason: "large".to_owned() });
        store.put_image(&first).await.unwrap();
        let replaced = image("a", "k2", ready.clone());
        store.put_image(&replaced).await.unwrap();
        assert_eq!(store.images().await.unwrap(), [first.clone(), replaced.clone(), building]);
        store.remove_image(&image("b", "k", State::Open).name).await.unwrap();
        store.remove_image(&image("b", "k", State::Open).name).await.unwrap();
        assert_eq!(store.images().await.unwrap(), [first, replaced]);
    }
}
