//! Who may do what: tokens that people and runners send, kept as hashes only, and the keyed tokens of attempts.
//!
//! A token's secret is 32 random bytes behind a prefix that says what it is for. It is shown once; the store has its
//! BLAKE3 hash. All hashes are held in memory, so that a call costs no statement; they are compared in constant time.

use crate::store::{Store, StoredRunner, StoredToken, TokenScope};
use anyhow::Context;
use secrecy::SecretString;
use sidings_proto::{AttemptId, Role, RunnerId, Timestamp, TokenId};
use std::collections::HashMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked for uses that are not written down, and how far apart a token's are written.
const WRITE_EVERY: Duration = Duration::from_secs(60);
const WRITTEN_APART: Duration = Duration::from_secs(3600);

/// All tokens.
pub(crate) struct Tokens {
    store: Arc<dyn Store>,
    known: RwLock<HashMap<TokenId, StoredToken>>,
    /// From the first bytes of a token's hash to the tokens that have them: finds the candidates, proves nothing.
    by_hash: RwLock<HashMap<[u8; 8], TokenId>>,
    attempts: AttemptKey,
    /// When people's tokens were last used.
    used: Mutex<HashMap<TokenId, LastUse>>,
}

/// When a token was last used, and when that was last written down.
#[derive(Clone, Copy)]
struct LastUse {
    seen: Timestamp,
    written: Option<Timestamp>,
}

/// Signs attempts. Its key stays in the data folder, so that tokens outlive the process as attempts do.
pub(crate) struct AttemptKey([u8; 32]);

impl Tokens {
    /// Reads all tokens.
    pub(crate) async fn open(store: Arc<dyn Store>, attempts: AttemptKey) -> anyhow::Result<Self> {
        let tokens =
            Self { attempts, known: RwLock::default(), by_hash: RwLock::default(), used: Mutex::default(), store };
        for token in tokens.store.tokens().await? {
            if let Some(at) = token.used {
                tokens.uses().insert(token.id, LastUse { seen: at, written: Some(at) });
            }
            tokens.remember(token);
        }
        Ok(tokens)
    }

    /// What a secret opens now; `None` when it is not known or its time is over.
    pub(crate) fn open_by(&self, secret: &str, now: Timestamp) -> Option<StoredToken> {
        let hash = blake3::hash(secret.as_bytes());
        let id = *self.by_hash.read().unwrap_or_else(PoisonError::into_inner).get(&head(hash.as_bytes()))?;
        let token = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()?;
        // The comparison of two `blake3::Hash`es takes the same time whatever they are.
        let same = hash == blake3::Hash::from_bytes(token.hash);
        let token = (same && token.expires.is_none_or(|expires| now < expires)).then_some(token)?;
        self.was_used(&token, now);
        Some(token)
    }

    /// Makes a token and gives its secret, this once.
    pub(crate) async fn make(
        &self,
        name: &str,
        scope: TokenScope,
        now: Timestamp,
        expires: Option<Timestamp>,
    ) -> anyhow::Result<(TokenId, SecretString)> {
        let (token, secret) = new_token(name, scope, now, expires)?;
        let id = token.id;
        self.add(token).await?;
        Ok((id, secret))
    }

    /// Takes a secret that somebody else made as an API token, once.
    pub(crate) async fn take_api(&self, name: &str, secret: &str, now: Timestamp) -> anyhow::Result<()> {
        if self.open_by(secret, now).is_some() {
            return Ok(());
        }
        let hash = *blake3::hash(secret.as_bytes()).as_bytes();
        let (id, name, scope) = (TokenId::new(), name.to_owned(), TokenScope::Api(Role::Admin));
        self.add(StoredToken { id, name, scope, hash, created: now, expires: None, used: None }).await
    }

    /// Whether there is a token for the API.
    pub(crate) fn has_api(&self) -> bool {
        self.all().iter().any(|token| matches!(token.scope, TokenScope::Api(_)))
    }

    /// Enrols a runner; `None` when the registration token was used up in between.
    pub(crate) async fn enrol(
        &self,
        registration: &StoredToken,
        name: &str,
        now: Timestamp,
    ) -> anyhow::Result<Option<(RunnerId, SecretString)>> {
        let id = RunnerId::new();
        let runner = StoredRunner { id, name: name.to_owned(), created: now, hello: None, seen: now };
        let (token, secret) = new_token(name, TokenScope::Runner(id), now, None)?;
        let once = registration.scope == TokenScope::Registration { single_use: true };
        let used_up = once.then_some(registration.id);
        if !self.store.enrol(&runner, &token, used_up).await? {
            return Ok(None);
        }
        used_up.into_iter().for_each(|id| drop(self.forget(id)));
        self.remember(token);
        Ok(Some((id, secret)))
    }

    /// Revokes a token; gives what it was.
    pub(crate) async fn revoke(&self, id: TokenId) -> anyhow::Result<Option<StoredToken>> {
        self.store.remove_token(id).await?;
        Ok(self.forget(id))
    }

    /// What a token opens now, by its public name: for sessions that were opened with it.
    pub(crate) fn get(&self, id: TokenId, now: Timestamp) -> Option<StoredToken> {
        let token = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()?;
        let token = token.expires.is_none_or(|expires| now < expires).then_some(token)?;
        self.was_used(&token, now);
        Some(token)
    }

    /// When a token was last used.
    pub(crate) fn last_use(&self, id: TokenId) -> Option<Timestamp> {
        self.uses().get(&id).map(|used| used.seen)
    }

    /// Writes down when tokens were last used, each at most once an hour, until it is told to stop.
    pub(crate) async fn go_by(&self, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            for (id, at) in self.unwritten() {
                if let Err(error) = self.store.token_used(id, at).await {
                    tracing::warn!("a token's last use could not be written down: {error:#}");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(WRITE_EVERY) => {}
            }
        }
    }

    /// What is to be written down now; it counts as written.
    fn unwritten(&self) -> Vec<(TokenId, Timestamp)> {
        let mut uses = self.uses();
        let due = |used: &&mut LastUse| used.written.is_none_or(|at| used.seen.since(at) >= WRITTEN_APART);
        let write = |(id, used): (&TokenId, &mut LastUse)| {
            used.written = Some(used.seen);
            (*id, used.seen)
        };
        uses.iter_mut().filter(|(_, used)| due(used)).map(write).collect()
    }

    /// Runners call all the time, and are seen on the fleet's page.
    fn was_used(&self, token: &StoredToken, now: Timestamp) {
        if matches!(token.scope, TokenScope::Runner(_)) {
            return;
        }
        self.uses().entry(token.id).or_insert(LastUse { seen: now, written: None }).seen = now;
    }

    fn uses(&self) -> MutexGuard<'_, HashMap<TokenId, LastUse>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All tokens, oldest first.
    pub(crate) fn all(&self) -> Vec<StoredToken> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = known.values().cloned().collect();
        all.sort_by_key(|token| token.id);
        all
    }

    /// The token that opens one attempt's calls.
    pub(crate) fn of_attempt(&self, attempt: AttemptId) -> String {
        format!("sjt_{}", self.attempts.sign(attempt).to_hex())
    }

    /// Whether this is the attempt's token.
    pub(crate) fn opens_attempt(&self, token: &str, attempt: AttemptId) -> bool {
        let hex = token.strip_prefix("sjt_").unwrap_or_default();
        blake3::Hash::from_hex(hex).is_ok_and(|given| given == self.attempts.sign(attempt))
    }

    async fn add(&self, token: StoredToken) -> anyhow::Result<()> {
        self.store.add_token(&token).await?;
        self.remember(token);
        Ok(())
    }

    fn remember(&self, token: StoredToken) {
        self.by_hash.write().unwrap_or_else(PoisonError::into_inner).insert(head(&token.hash), token.id);
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(token.id, token);
    }

    fn forget(&self, id: TokenId) -> Option<StoredToken> {
        let token = self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&id)?;
        self.by_hash.write().unwrap_or_else(PoisonError::into_inner).remove(&head(&token.hash));
        self.uses().remove(&id);
        Some(token)
    }
}

impl AttemptKey {
    /// Reads the key, or makes it, for nobody else to read.
    pub(crate) fn in_file(file: &Path) -> anyhow::Result<Self> {
        let bytes = match fs::read(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => make_key(file)?,
            Err(error) => return Err(error).with_context(|| format!("reading {}", file.display())),
        };
        let key = bytes.try_into().ok().with_context(|| format!("{} is not a key of 32 bytes", file.display()))?;
        Ok(Self(key))
    }

    fn sign(&self, attempt: AttemptId) -> blake3::Hash {
        let mut message = [0; 24];
        message[..16].copy_from_slice(attempt.job.0.as_bytes());
        message[16..].copy_from_slice(&attempt.fence.to_le_bytes());
        blake3::keyed_hash(&self.0, &message)
    }
}

fn make_key(file: &Path) -> anyhow::Result<Vec<u8>> {
    let key = random()?.to_vec();
    let written = file.with_extension("new");
    let mut open = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&written)?;
    open.write_all(&key)?;
    open.sync_all()?;
    fs::rename(&written, file).with_context(|| format!("writing {}", file.display()))?;
    Ok(key)
}

fn new_token(
    name: &str,
    scope: TokenScope,
    now: Timestamp,
    expires: Option<Timestamp>,
) -> anyhow::Result<(StoredToken, SecretString)> {
    let prefix = match &scope {
        TokenScope::Api(_) => "sat_",
        TokenScope::Push { .. } => "spt_",
        TokenScope::Registration { .. } => "srt_",
        TokenScope::Runner(_) => "srn_",
    };
    let secret = format!("{prefix}{}", blake3::Hash::from_bytes(random()?).to_hex());
    let hash = *blake3::hash(secret.as_bytes()).as_bytes();
    let token =
        StoredToken { id: TokenId::new(), name: name.to_owned(), scope, hash, created: now, expires, used: None };
    Ok((token, SecretString::from(secret)))
}

pub(crate) fn random() -> anyhow::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("asking the system for random bytes")?;
    Ok(bytes)
}

fn head(hash: &[u8; 32]) -> [u8; 8] {
    hash.first_chunk().copied().unwrap_or_default()
}
