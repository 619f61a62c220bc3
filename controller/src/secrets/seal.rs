//! Sealing: AES-256-GCM-SIV with a random nonce, which also a repeated nonce would not break open.

use crate::store::Sealed;
use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use sidings_proto::Secret;

pub(super) const KEY_LEN: usize = 32;
/// Says which key it is and nothing of it.
const FINGERPRINT: &str = "sidings 2026 secrets key fingerprint";

/// One key.
pub(super) struct Key {
    key: RandomizedNonceKey,
    fingerprint: [u8; 8],
}

impl Key {
    pub(super) fn new(bytes: &[u8; KEY_LEN]) -> anyhow::Result<Key> {
        let key = RandomizedNonceKey::new(&AES_256_GCM_SIV, bytes).map_err(|_| anyhow::anyhow!("making a key"))?;
        let fingerprint = blake3::derive_key(FINGERPRINT, bytes);
        Ok(Key { key, fingerprint: *fingerprint.first_chunk().unwrap_or(&[0; 8]) })
    }

    pub(super) fn seal(&self, bound_to: &[u8], value: &Secret) -> anyhow::Result<Sealed> {
        let mut text = value.expose().as_bytes().to_vec();
        let nonce = self.key.seal_in_place_append_tag(Aad::from(bound_to), &mut text);
        let nonce = nonce.map_err(|_| anyhow::anyhow!("sealing a secret"))?;
        Ok(Sealed([&self.fingerprint[..], nonce.as_ref(), &text].concat()))
    }

    /// None: another key sealed it, it belongs to something else, or it was changed.
    pub(super) fn open(&self, bound_to: &[u8], sealed: &Sealed) -> Option<Secret> {
        let rest = sealed.0.strip_prefix(&self.fingerprint)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        let mut text = text.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let open = self.key.open_in_place(nonce, Aad::from(bound_to), &mut text).ok()?;
        std::str::from_utf8(open).ok().map(Secret::new)
    }

    pub(super) fn sealed(&self, sealed: &Sealed) -> bool {
        sealed.0.starts_with(&self.fingerprint)
    }
}
