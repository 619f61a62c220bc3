//! The rounds of a clean-up, on an engine that keeps books only: what an image leaves is build cache until that goes too.

use super::*;
use crate::engine::{Removed, Storage};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard};

/// Its images are as old as the clock says.
#[derive(Default)]
struct Books {
    stock: Mutex<Stock>,
    /// Images that a container is made from since they were looked at.
    taken: Vec<String>,
    said: Mutex<Vec<String>>,
}

impl Books {
    fn of(images: Vec<StoredImage>) -> Books {
        let ago = now().0 - NOW.0;
        let really = |image: StoredImage| {
            let used = image.used.map(|used| Timestamp(used.0 + ago));
            StoredImage { used, ..image }
        };
        let stock = stock(images.into_iter().map(really).collect(), Vec::new());
        Books { stock: Mutex::new(stock), ..Books::default() }
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap()
    }

    fn say(&self, what: String) {
        self.said.lock().unwrap().push(what);
    }

    fn said(&self) -> Vec<String> {
        self.said.lock().unwrap().clone()
    }
}

#[async_trait]
impl Storage for Books {
    async fn root(&self) -> anyhow::Result<Option<PathBuf>> {
        Ok(None)
    }

    async fn stock(&self) -> anyhow::Result<Option<Stock>> {
        Ok(Some(self.stock().clone()))
    }

    async fn remove_image(&self, image: &StoredImage) -> anyhow::Result<Removed> {
        if self.taken.contains(&image.id) {
            return Ok(Removed::Stays("a container is made from it".to_owned()));
        }
        self.say(format!("remove {}", image.called()));
        let mut stock = self.stock();
        stock.images.retain(|other| other.id != image.id);
        // The last layer of each image here is its own.
        let own = image.layers.last().map_or(0, |layer| layer.bytes);
        let left = CacheEntry { bytes: own, used: image.used, in_use: false, shared: false };
        stock.cache.get_or_insert_default().push(left);
        Ok(Removed::Gone)
    }

    async fn prune_cache(&self, unused_for: Duration) -> anyhow::Result<u64> {
        let mut stock = self.stock();
        let goes = |entry: &CacheEntry| entry.used.is_some_and(|used| now().since(used) >= unused_for);
        let cache = stock.cache.take().unwrap_or_default();
        let freed = cache.iter().filter(|entry| goes(entry)).map(|entry| entry.bytes).sum();
        stock.cache = Some(cache.into_iter().filter(|entry| !goes(entry)).collect());
        self.say(format!("prune {} MB", freed / MB));
        Ok(freed)
    }
}

async fn cleaned(books: &Arc<Books>, holds: &Arc<Holds>, marks: Marks) -> Cleaned {
    let cleaner = Cleaner::new(books.clone(), holds.clone(), Marks { above: 101, ..marks }, PathBuf::from("/no/such"));
    cleaner.clean_up().await.unwrap().unwrap()
}

#[tokio::test]
async fn what_an_image_leaves_to_the_build_cache_goes_in_the_next_round() {
    let books = Arc::new(Books::of(vec![ours("a", 40, 30), ours("b", 40, 20), ours("c", 40, 10)]));
    let cleaned = cleaned(&books, &Arc::default(), budget(90)).await;
    assert_eq!(books.said(), ["remove sidings/a:1", "remove sidings/b:1", "prune 80 MB"]);
    assert_eq!((cleaned.before, cleaned.after, cleaned.missing), (120 * MB, 40 * MB, 0));
}

#[tokio::test]
async fn an_image_that_a_container_is_made_from_meanwhile_stays_and_another_goes() {
    let books = Books::of(vec![ours("a", 40, 30), ours("b", 40, 20)]);
    let books = Arc::new(Books { taken: vec!["sha256:a".to_owned()], ..books });
    let cleaned = cleaned(&books, &Arc::default(), budget(0)).await;
    assert_eq!(books.said(), ["remove sidings/b:1", "prune 40 MB"]);
    assert!(cleaned.refused.iter().all(|(image, why)| image.id == "sha256:a" && why == "a container is made from it"));
    assert_eq!((cleaned.refused.is_empty(), cleaned.missing), (false, 40 * MB));
}

#[tokio::test]
async fn what_a_job_has_stays_and_whoever_comes_during_a_removal_waits_for_its_end() {
    let (books, holds) = (Arc::new(Books::of(vec![ours("a", 40, 30)])), Arc::new(Holds::default()));
    let hold = holds.hold("a", "sidings/a:1").await;
    let stays = cleaned(&books, &holds, budget(0)).await.stays;
    assert_eq!((books.said().len(), &stays[0].why), (0, &Why::Job));
    assert!(holds.remove("a").is_none());
    drop(hold);

    let removal = holds.remove("a").unwrap();
    let mut coming = std::pin::pin!(holds.hold("a", "sidings/a:1"));
    assert!(futures::poll!(&mut coming).is_pending());
    drop(removal);
    let _hold = coming.await;
    assert_eq!(holds.held()["a"].iter().collect::<Vec<_>>(), ["sidings/a:1"]);
}

#[tokio::test]
async fn an_image_that_no_job_named_stays_until_it_was_there_for_a_while() {
    let books = Arc::new(Books::of(vec![StoredImage { used: None, ..ours("a", 40, 0) }]));
    let marks = Marks { grace: Duration::ZERO, above: 101, ..budget(0) };
    let cleaner = Cleaner::new(books.clone(), Arc::default(), marks, PathBuf::from("/no/such"));
    assert_eq!(cleaner.clean_up().await.unwrap().unwrap().stays[0].why, Why::Unused);
    assert_eq!(cleaner.clean_up().await.unwrap().unwrap().removed.len(), 1);
}

#[tokio::test]
async fn a_rehearsal_says_what_would_go_and_removes_nothing() {
    let books = Arc::new(Books::of(vec![ours("a", 40, 30), ours("b", 40, 20)]));
    let cleaner = Cleaner::new(books.clone(), Arc::default(), Marks { above: 101, ..budget(60) }, PathBuf::from("/no"));
    let cleaned = cleaner.rehearse().await.unwrap().unwrap();
    assert_eq!((cleaned.removed.len(), cleaned.after, books.said().len()), (1, 40 * MB, 0));
}
