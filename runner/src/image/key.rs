//! The image key: a hash over a canonical form in which every part carries its name and its length, so that no two
//! inputs can be spelled the same.

/// Changes when the form does; then every key does.
const FORM: &str = "sidings image key, form 1";

pub(super) struct Key(blake3::Hasher);

impl Key {
    pub(super) fn new() -> Key {
        let mut key = Key(blake3::Hasher::new());
        key.part("form", FORM.as_bytes());
        key
    }

    pub(super) fn part(&mut self, name: &str, value: &[u8]) {
        for bytes in [name.as_bytes(), value] {
            self.0.update(&(bytes.len() as u64).to_le_bytes());
            self.0.update(bytes);
        }
    }

    /// 64 hex digits.
    pub(super) fn finish(self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}
