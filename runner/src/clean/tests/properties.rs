//! What holds of every decision, whatever an engine has.

use super::*;
use crate::clean::decide;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Layers with the same number have the same size.
fn image() -> impl Strategy<Value = StoredImage> {
    let layers = vec(0..12_u64, 1..4);
    (0..100_000_u32, any::<bool>(), prop::option::of(0..50_i64), 0..8_usize, layers).prop_map(
        |(id, is_ours, hours, containers, layers)| StoredImage {
            id: format!("sha256:{id}"),
            names: vec![format!("sidings/{id}:1")],
            key: is_ours.then(|| format!("{}", id % 50)),
            used: hours.map(hours_ago),
            containers: containers.saturating_sub(5),
            layers: layers.into_iter().map(|n| layer(&n.to_string(), n * 7)).collect(),
            ..StoredImage::default()
        },
    )
}

fn cache() -> impl Strategy<Value = Vec<CacheEntry>> {
    let parts = (0..40_u64, 0..50_i64, any::<bool>(), any::<bool>());
    vec(parts.prop_map(|(mb, hours, in_use, shared)| CacheEntry { in_use, shared, ..entry(mb, hours) }), 0..12)
}

prop_compose! {
    fn stocks()(images in vec(image(), 0..20), cache in cache(), free in 0..=100_u64) -> Stock {
        let mut images = images;
        images.sort_by(|one, other| one.id.cmp(&other.id));
        images.dedup_by(|one, other| one.id == other.id);
        Stock { images, cache: Some(cache), disk: Some(Disk { free: free * MB, all: 100 * MB }) }
    }
}

prop_compose! {
    fn marks()(
        to in 0..100_u8, more in 1..50_u8, budget in prop::option::of(0..400_u64), grace in 0..20_u64, least in 0..50_u64
    ) -> Marks {
        Marks {
            above: (to + more).min(100),
            down_to: to,
            budget: budget.map(|mb| mb * MB),
            grace: Duration::from_secs(grace * 3600),
            least_free: Some(least * MB),
        }
    }
}

/// What an engine has after what was decided is done, and its own clean-up of what nobody has any more.
fn done(stock: &Stock, decision: &Decision) -> Stock {
    let goes = |image: &StoredImage| decision.images.iter().any(|going| going.image.id == image.id);
    let of_cache = |entry: &CacheEntry| {
        let cut = decision.cache.filter(|_| !entry.in_use && !entry.shared);
        cut.is_none_or(|cut| entry.used.is_none_or(|used| NOW.since(used) < cut.unused_for))
    };
    Stock {
        images: stock.images.iter().filter(|image| !goes(image)).cloned().collect(),
        cache: stock.cache.as_ref().map(|cache| cache.iter().filter(|entry| of_cache(entry)).cloned().collect()),
        disk: stock.disk.map(|disk| Disk { free: disk.free + decision.bytes(), ..disk }),
    }
}

proptest! {
    #[test]
    fn only_what_may_go_goes(stock in stocks(), marks in marks(), held in vec(0..50_u32, 0..5)) {
        let held: BTreeSet<String> = held.iter().map(u32::to_string).collect();
        let decision = decide(&stock, &marks, &held, NOW);
        for going in &decision.images {
            let image = &going.image;
            prop_assert!(image.key.as_ref().is_some_and(|key| !held.contains(key)));
            prop_assert_eq!(image.containers, 0);
            prop_assert!(image.used.is_some_and(|used| NOW.since(used) >= marks.grace));
        }
        if let Some(cut) = decision.cache {
            prop_assert!(cut.unused_for >= marks.grace && cut.bytes > 0);
        }
        let ours = stock.images.iter().filter(|image| image.is_ours()).count();
        prop_assert_eq!(decision.images.len() + decision.stays.len(), ours);
        prop_assert_eq!(ours + decision.foreign, stock.images.len());
    }

    #[test]
    fn nothing_goes_that_was_used_after_something_that_could_have_gone(stock in stocks(), marks in marks()) {
        let decision = decide(&stock, &marks, &BTreeSet::new(), NOW);
        let last = decision.images.iter().map(|going| going.image.used).max();
        for stays in decision.stays.iter().filter(|stays| stays.why == Why::Room) {
            prop_assert!(last.is_none_or(|last| stays.image.used >= last));
        }
    }

    #[test]
    fn it_goes_as_far_as_it_must_and_no_further(stock in stocks(), marks in marks()) {
        let decision = decide(&stock, &marks, &BTreeSet::new(), NOW);
        if decision.wanted == 0 {
            prop_assert!(decision.is_empty());
        }
        if let Some((_, before_the_last)) = decision.images.split_last() {
            let without = Decision { images: before_the_last.to_vec(), ..decision.clone() };
            prop_assert!(without.bytes() < decision.wanted, "the last one was needed");
        }
        let is_spared = |stays: &Staying| stays.why == Why::Room;
        if decision.bytes() < decision.wanted {
            prop_assert!(!decision.stays.iter().any(is_spared), "all goes that may");
        }
    }

    /// With what is decided done, there is nothing more to do, or it is decided in the next round.
    #[test]
    fn it_comes_to_an_end(stock in stocks(), marks in marks()) {
        let mut stock = stock;
        for _ in 0..ROUNDS {
            let decision = decide(&stock, &marks, &BTreeSet::new(), NOW);
            if decision.is_empty() {
                return Ok(());
            }
            let after = done(&stock, &decision);
            prop_assert!(after.ours() <= stock.ours());
            prop_assert_eq!(stock.ours() - after.ours(), decision.bytes(), "it frees what it says");
            stock = after;
        }
        prop_assert!(false, "still something to do");
    }
}
