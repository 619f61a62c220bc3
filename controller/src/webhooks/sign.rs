//! The signature of a delivery: HMAC-SHA-256 over the time of sending, a dot and the body, so that a receiver can refuse
//! what is old as well as what is not ours.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use sidings_proto::{Secret, Timestamp};
use std::fmt::Write;

/// What `Sidings-Signature` holds: `t=SECONDS,v1=HEX`.
pub(super) fn signature(key: &Secret, at: Timestamp, body: &str) -> String {
    let seconds = at.0.div_euclid(1000);
    let key = Key::new(HMAC_SHA256, key.expose().as_bytes());
    let tag = sign(&key, format!("{seconds}.{body}").as_bytes());
    let mut told = format!("t={seconds},v1=");
    for byte in tag.as_ref() {
        // Writing to a string does not fail.
        let _ = write!(told, "{byte:02x}");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Python has it: `hmac.new(b"Jefe", b"1700000000.what", "sha256").hexdigest()`.
    #[test]
    fn others_come_to_the_same_signature() {
        let told = signature(&Secret::new("Jefe"), Timestamp(1_700_000_000_999), "what");
        assert_eq!(told, "t=1700000000,v1=71600f244ca98f553ba61dddf4c5eef4b8da7be8c3c6069716ef252755a604b2");
    }
}
