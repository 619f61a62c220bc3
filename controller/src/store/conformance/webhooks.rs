//! Both stores keep webhooks and deliveries alike, and what is told is saved with what it tells of, or not at all.

use super::*;
use crate::store::webhooks::{KEPT, StoredDelivery, StoredWebhook};
use sidings_proto::DeliveryId;
use sidings_proto::webhook::{DeliveryState, WebhookEvent, WebhookFormat, WebhookRules};

fn webhook(name: &str) -> StoredWebhook {
    StoredWebhook {
        name: name.to_owned(),
        project: Some("one".to_owned()),
        host: "https://hooks.example.com".to_owned(),
        rules: WebhookRules { branches: vec!["main".to_owned()], ..WebhookRules::default() },
        format: WebhookFormat::Template { text: "{{ text }}".to_owned(), content_type: "text/plain".to_owned() },
        sealed: Sealed(vec![0, 1, 255]),
        created: Timestamp(5),
    }
}

fn delivery(n: u8, webhook: &str, next: Option<i64>) -> StoredDelivery {
    StoredDelivery {
        id: DeliveryId(uuid(9, n)),
        webhook: webhook.to_owned(),
        event: WebhookEvent::RunEnded,
        run: Some(run_id(0)),
        job: None,
        at: Timestamp(7),
        body: None,
        state: if next.is_some() { DeliveryState::Waiting } else { DeliveryState::Delivered },
        tries: 0,
        tried: None,
        next: next.map(Timestamp),
        until: Timestamp(1000),
        status: None,
        answer: String::new(),
    }
}

#[tokio::test]
async fn what_is_told_is_saved_with_what_it_tells_of() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        for name in ["b", "a"] {
            store.put_webhook(&webhook(name)).await.unwrap();
        }
        store.put_webhook(&StoredWebhook { created: Timestamp(9), ..webhook("b") }).await.unwrap();
        assert_eq!(store.webhooks().await.unwrap(), [webhook("a"), webhook("b")]);

        let accepted = record(Step { what: 0, run: 0, job: 0, fence: 0, value: 0 });
        let told = [delivery(1, "a", Some(20)), delivery(2, "a", Some(10)), delivery(3, "gone", Some(1))];
        store.commit_telling(&[accepted], &told).await.unwrap();
        let unknown = record(Step { what: 1, run: 1, job: 0, fence: 0, value: 0 });
        let refused = store.commit_telling(&[unknown], &[delivery(4, "a", Some(1))]).await;
        assert!(refused.is_err(), "the run is not known");
        assert_eq!(store.deliveries("a", 9).await.unwrap(), [told[1].clone(), told[0].clone()]);
        assert_eq!(store.waiting_deliveries().await.unwrap(), BTreeMap::from([("a".to_owned(), (2, Timestamp(10)))]));
        assert_eq!(store.due_delivery("a", Timestamp(9)).await.unwrap(), None);
        assert_eq!(store.due_delivery("a", Timestamp(19)).await.unwrap().as_ref(), Some(&told[1]));
        assert_eq!(store.due_delivery("a", Timestamp(20)).await.unwrap().as_ref(), Some(&told[0]), "the oldest first");

        let done = StoredDelivery {
            body: Some(("{}".to_owned(), "application/json".to_owned())),
            state: DeliveryState::GivenUp,
            tries: 3,
            tried: Some(Timestamp(30)),
            next: None,
            status: Some(503),
            answer: "no \u{1F682}".to_owned(),
            ..told[0].clone()
        };
        store.put_delivery(&done).await.unwrap();
        assert_eq!(store.delivery(done.id).await.unwrap().as_ref(), Some(&done));
        assert!(store.remove_webhook("a").await.unwrap() && !store.remove_webhook("a").await.unwrap());
        assert_eq!(store.delivery(done.id).await.unwrap(), None, "it goes with its webhook");
    }
}

#[tokio::test]
async fn of_deliveries_that_are_over_the_newest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    for store in every_store(&folder).await {
        store.put_webhook(&webhook("a")).await.unwrap();
        let all = u8::try_from(KEPT + 3).unwrap();
        let told: Vec<_> = (0..all).map(|n| delivery(n, "a", (n == 0).then_some(5))).collect();
        store.commit_telling(&[], &told).await.unwrap();
        store.put_delivery(told.last().unwrap()).await.unwrap();
        let kept = store.deliveries("a", usize::from(all)).await.unwrap();
        assert_eq!(kept.len(), KEPT + 1, "and the one that waits");
        assert_eq!((kept.first(), kept.last()), (told.last(), told.first()));
    }
}
