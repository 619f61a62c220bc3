//! Caches: what an attempt finds in its cached folders before its steps, and leaves there after them. Nothing of it can
//! fail a job: without a cache a job takes longer, that is all.

use super::course::{Course, seconds};
use super::keeping::{blocking, size};
use crate::artifact::{self, Links};
use crate::cache::{self, Part};
use crate::depot::own;
use crate::engine::Bind;
use anyhow::Context;
use sidings_proto::Verdict;
use sidings_proto::cache::{Cache, CacheFound, CacheWanted, SavedCache};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longer is no gain.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What became of a cache before the steps.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    key: String,
    /// It may be saved: it was not there under this very key, and the job is one that may.
    saves: bool,
}

impl Course<'_> {
    /// Fills the cached folders.
    pub(super) async fn get_caches(&self) {
        for (n, cache) in self.assignment.spec.caches.iter().enumerate() {
            let asked = tokio::time::timeout(PATIENCE, self.get_cache(n, cache)).await;
            match asked.context("it took longer than 15 minutes").flatten() {
                Ok(asked) => self.account.caches().push(Some(asked)),
                Err(error) => {
                    self.setup.note(&format!("cache {}: not restored: {error:#}", n + 1));
                    self.account.caches().push(None);
                }
            }
        }
    }

    async fn get_cache(&self, n: usize, cache: &Cache) -> anyhow::Result<Asked> {
        let began = Instant::now();
        self.make_mounts(n, cache)?;
        let wanted = self.keys(cache).await?;
        let key = wanted.key.clone();
        let answer = self.channel.depot.find_cache(wanted).await?;
        let Some(found) = answer.found else {
            self.setup.note(&format!("cache {key}: miss"));
            return Ok(Asked { key, saves: answer.may_save });
        };
        let from = self.fill(n, cache, &found).await?;
        let what = if found.key == key { "hit".to_owned() } else { format!("restored from {}", found.key) };
        let took = seconds(began.elapsed());
        self.setup.note(&format!("cache {key}: {what}, {} from {from} in {took}", size(found.bytes)));
        Ok(Asked { saves: answer.may_save && found.key != key, key })
    }

    async fn keys(&self, cache: &Cache) -> anyhow::Result<CacheWanted> {
        let (workspace, cache) = (self.folder.workspace(), cache.clone());
        let (key, restore_keys, missing) = blocking(move || {
            let (key, missing) = cache::key(&cache.key, &workspace)?;
            let keys = cache.restore_keys.iter().map(|template| Ok(cache::key(template, &workspace)?.0));
            Ok((key, keys.collect::<anyhow::Result<Vec<_>>>()?, missing))
        })
        .await?;
        for pattern in missing {
            self.setup.note(&format!("cache {key}: no file matches {pattern}, so its checksum is that of nothing"));
        }
        Ok(CacheWanted { key, restore_keys })
    }

    /// Says where it came from.
    async fn fill(&self, n: usize, cache: &Cache, found: &CacheFound) -> anyhow::Result<&'static str> {
        let (copies, into) = (self.tools.copies.clone(), self.folder.unpacked_cache(n)?);
        let (blob, unpacked) = (found.blob.clone(), into.clone());
        let was_here = blocking(move || copies.unpack(&blob, &unpacked)).await?;
        if !was_here {
            let part = self.tools.copies.part();
            self.channel.depot.cache(&found.blob, &part).await.context("fetch it")?;
            let (copies, blob, unpacked) = (self.tools.copies.clone(), found.blob.clone(), into.clone());
            let there = blocking(move || {
                copies.take(&part, &blob)?;
                copies.unpack(&blob, &unpacked)
            });
            anyhow::ensure!(there.await?, "what came is not what was asked for");
        }
        let places =
            cache.paths.iter().enumerate().map(|(m, path)| (into.join(m.to_string()), self.target(n, m, path)));
        let places: Vec<(PathBuf, PathBuf)> = places.collect();
        blocking(move || {
            for (from, to) in places.iter().filter(|(from, _)| from.is_dir()) {
                artifact::place(from, to, Links::Any)?;
            }
            Ok(())
        })
        .await?;
        Ok(if was_here { "this host" } else { "the controller" })
    }

    /// What the `m`th path of the `n`th cache is put into.
    fn target(&self, n: usize, m: usize, path: &str) -> PathBuf {
        if path.starts_with('/') { self.folder.cached(n, m) } else { self.folder.workspace() }
    }

    fn make_mounts(&self, n: usize, cache: &Cache) -> anyhow::Result<()> {
        let absolute = cache.paths.iter().enumerate().filter(|(_, path)| path.starts_with('/'));
        for (m, _) in absolute {
            let folder = self.folder.cached(n, m);
            std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        }
        Ok(())
    }

    /// The folders that every step's container has in place of its own.
    pub(super) fn cached_folders(&self) -> Vec<Bind> {
        let caches = self.assignment.spec.caches.iter().enumerate();
        let absolute = caches.flat_map(|(n, cache)| {
            let paths = cache.paths.iter().enumerate().filter(|(_, path)| path.starts_with('/'));
            paths.map(move |(m, path)| Bind { source: self.folder.cached(n, m), target: path.clone() })
        });
        absolute.filter(|bind| bind.source.is_dir()).collect()
    }

    /// After a job that passed, what its cached folders hold becomes the cache of its key.
    pub(super) async fn save_caches(&self, verdict: &Verdict) {
        if *verdict != Verdict::Passed {
            return;
        }
        let asked = std::mem::take(&mut *self.account.caches());
        for (n, (cache, asked)) in self.assignment.spec.caches.iter().zip(asked).enumerate() {
            let Some(Asked { key, saves: true }) = asked else { continue };
            let began = Instant::now();
            let orders = &self.channel.orders;
            let saved = tokio::select! {
                biased;
                () = orders.cancel.cancelled() => return,
                () = orders.drop.cancelled() => return,
                saved = tokio::time::timeout(PATIENCE, self.save_cache(n, cache, &key)) => saved,
            };
            let note = match saved.context("it took longer than 15 minutes").flatten() {
                Ok(Some(saved)) => {
                    let bytes = saved.bytes;
                    self.account.kept().caches.push(saved);
                    format!("saved, {} in {}", size(bytes), seconds(began.elapsed()))
                }
                Ok(None) => "nothing to save".to_owned(),
                Err(error) => format!("not saved: {error:#}"),
            };
            self.setup.note(&format!("cache {key}: {note}"));
        }
    }

    async fn save_cache(&self, n: usize, cache: &Cache, key: &str) -> anyhow::Result<Option<SavedCache>> {
        let parts: Vec<Part> =
            cache.paths.iter().enumerate().map(|(m, path)| self.part(self.target(n, m, path), m, path)).collect();
        let (copies, part) = (self.tools.copies.clone(), self.tools.copies.part());
        let packed = blocking(move || {
            let packed = cache::pack(&parts, &part).inspect_err(|_| drop(std::fs::remove_file(&part)))?;
            copies.take(&part, &packed.blob)?;
            copies.trim()?;
            Ok(packed)
        })
        .await?;
        if packed.entries == 0 {
            return Ok(None);
        }
        let file = self.tools.copies.file(&packed.blob);
        let missing = self.channel.depot.missing(vec![packed.blob.clone()]).await?;
        if !missing.is_empty() {
            self.channel.depot.put(&packed.blob, packed.bytes, &own(file)).await.context("send it")?;
        }
        Ok(Some(SavedCache { key: key.to_owned(), blob: packed.blob, bytes: packed.bytes }))
    }

    fn part(&self, root: PathBuf, m: usize, path: &str) -> Part {
        let name = Path::new(&m.to_string()).to_owned();
        if path.starts_with('/') {
            Part { root, path: PathBuf::new(), name }
        } else {
            Part { root, path: PathBuf::from(path), name: name.join(path) }
        }
    }
}
