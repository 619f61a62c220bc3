//! Which cache fits, and which go when there are too many. Pure.

use crate::store::stored::StoredCache;
use sidings_proto::Timestamp;
use sidings_proto::cache::CacheWanted;
use std::collections::BTreeMap;

/// A project's caches have so many bytes, at most; the longest unused go first …
pub(super) const OF_PROJECT_MAX: u64 = 10 * 1024 * 1024 * 1024;
/// … and those that nothing asked for so long.
pub(super) const UNUSED_MS: i64 = 14 * 24 * 3_600_000;

/// The cache of that very name, else the newest of the first beginning that fits; each in the order of the scopes.
pub(crate) fn choose<'c>(
    caches: &'c [StoredCache],
    scopes: &[String],
    wanted: &CacheWanted,
) -> Option<&'c StoredCache> {
    let exact = caches.iter().filter(|cache| cache.key == wanted.key);
    let place = |cache: &StoredCache| scopes.iter().position(|scope| *scope == cache.scope);
    let exact = exact.filter(|cache| place(cache).is_some()).min_by_key(|cache| place(cache));
    exact.or_else(|| {
        let mut beginnings =
            wanted.restore_keys.iter().flat_map(|begin| scopes.iter().map(move |scope| (begin, scope)));
        beginnings.find_map(|(begin, scope)| newest(caches, begin, scope))
    })
}

fn newest<'c>(caches: &'c [StoredCache], begin: &str, scope: &str) -> Option<&'c StoredCache> {
    let fit = caches.iter().filter(|cache| cache.scope == scope && cache.key.starts_with(begin));
    fit.max_by(|one, other| (one.created, &one.key).cmp(&(other.created, &other.key)))
}

/// Those that are to go.
pub(crate) fn superfluous(mut caches: Vec<StoredCache>, now: Timestamp) -> Vec<StoredCache> {
    caches.sort_by_key(|cache| std::cmp::Reverse(cache.used));
    let mut sums: BTreeMap<String, u64> = BTreeMap::new();
    caches.retain(|cache| {
        let sum = sums.entry(cache.project.clone()).or_insert(0);
        *sum += cache.bytes;
        *sum > OF_PROJECT_MAX || now.0 - cache.used.0 > UNUSED_MS
    });
    caches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(scope: &str, key: &str, created: i64) -> StoredCache {
        StoredCache {
            project: "p".to_owned(),
            scope: scope.to_owned(),
            key: key.to_owned(),
            blob: "0".repeat(64).try_into().unwrap(),
            bytes: 4 << 30,
            created: Timestamp(created),
            used: Timestamp(created),
        }
    }

    fn chosen(key: &str, restore_keys: &[&str]) -> String {
        let caches = [
            cache("main", "pip-1", 1),
            cache("main", "pip-2", 5),
            cache("main", "npm-1", 3),
            cache("topic", "pip-0", 2),
            cache("topic", "npm-1", 4),
            cache("other", "pip-9", 9),
        ];
        let restore_keys = restore_keys.iter().map(|key| (*key).to_owned()).collect();
        let wanted = CacheWanted { key: key.to_owned(), restore_keys };
        match choose(&caches, &["topic".to_owned(), "main".to_owned()], &wanted) {
            Some(cache) => format!("{} {}", cache.scope, cache.key),
            None => "none".to_owned(),
        }
    }

    #[test]
    fn the_very_key_goes_before_beginnings_and_a_refs_own_before_the_default_branchs() {
        assert_eq!(chosen("npm-1", &["pip-"]), "topic npm-1");
        assert_eq!(chosen("pip-2", &["pip-"]), "main pip-2");
        assert_eq!(chosen("pip-3", &["pip-"]), "topic pip-0");
        assert_eq!(chosen("pip-3", &["pip-2", "pip-"]), "main pip-2");
        assert_eq!(chosen("pip-9", &[]), "none");
        assert_eq!(chosen("pip-9", &["x", ""]), "topic npm-1");
    }

    #[test]
    fn the_longest_unused_go_when_there_are_too_many_and_all_that_are_old() {
        let caches = vec![cache("m", "a", 1), cache("m", "b", 3), cache("m", "c", 2)];
        let gone = |now| superfluous(caches.clone(), Timestamp(now)).into_iter().map(|cache| cache.key);
        assert_eq!(gone(10).collect::<Vec<_>>(), ["a"]);
        assert_eq!(gone(UNUSED_MS + 3).collect::<Vec<_>>(), ["c", "a"]);
        assert_eq!(gone(UNUSED_MS + 4).count(), 3);
    }
}
