//! Who is signed in at the page. A session is opened with an API token and is over when its time is, when it is
//! signed out, or when the token is: what its holder may do is asked of the token each time.
//!
//! The cookie holds 32 random bytes; the store has their BLAKE3 hash. All hashes are held in memory, as tokens are.

use crate::store::{Store, StoredSession, StoredToken};
use crate::tokens::{self, Tokens};
use secrecy::SecretString;
use sidings_proto::{Timestamp, TokenId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long somebody stays signed in.
pub(crate) const LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// All sessions.
pub(crate) struct Sessions {
    store: Arc<dyn Store>,
    known: Mutex<HashMap<[u8; 32], StoredSession>>,
}

impl Sessions {
    /// Reads all sessions.
    pub(crate) async fn open(store: Arc<dyn Store>) -> anyhow::Result<Self> {
        let known = store.sessions().await?.into_iter().map(|session| (session.hash, session)).collect();
        Ok(Self { store, known: Mutex::new(known) })
    }

    /// Signs the holder of a token in; gives what the cookie is to hold.
    pub(crate) async fn begin(&self, token: TokenId, now: Timestamp) -> anyhow::Result<SecretString> {
        let secret = blake3::Hash::from_bytes(tokens::random()?).to_hex().to_string();
        let session = StoredSession { hash: hash(&secret), token, created: now, expires: now + LASTS };
        self.store.add_session(&session).await?;
        let mut known = self.known();
        known.retain(|_, session| now < session.expires);
        known.insert(session.hash, session);
        Ok(SecretString::from(secret))
    }

    /// The token behind what a cookie holds; `None` when the session or the token is over.
    pub(crate) fn open_by(&self, secret: &str, tokens: &Tokens, now: Timestamp) -> Option<StoredToken> {
        // Whoever could tell by the time that a hash almost fits would still have to find bytes that have it.
        let session = self.known().get(&hash(secret)).cloned()?;
        tokens.get(session.token, now).filter(|_| now < session.expires)
    }

    /// Signs out.
    pub(crate) async fn end(&self, secret: &str) -> anyhow::Result<()> {
        let hash = hash(secret);
        self.known().remove(&hash);
        self.store.remove_session(&hash).await
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], StoredSession>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// What a form must hold to show that it came from a page of this session: made from the session's secret, so that
/// nothing has to be kept.
pub(crate) fn form_token(session: &str) -> String {
    blake3::Hash::from_bytes(blake3::derive_key("sidings 2026-11-22 the proof in a page's forms", session.as_bytes()))
        .to_hex()
        .to_string()
}

/// Whether a form came from a page of this session; takes the same time whatever it holds.
pub(crate) fn is_form_token(session: &str, given: &str) -> bool {
    let own = blake3::Hash::from_hex(form_token(session));
    own.is_ok_and(|own| blake3::Hash::from_hex(given).is_ok_and(|given| given == own))
}
