//! An inventory as a bill of materials that other tools read. The same inventory gives the same bytes: what such a
//! document wants of clocks and dice comes from the image.

mod cyclonedx;
mod licence;
mod spdx;

pub use cyclonedx::cyclonedx;
pub use spdx::spdx;

use crate::model::{Inventory, Package};

/// The time that stands where an image does not say when it was made.
const NO_TIME: &str = "1970-01-01T00:00:00Z";

/// When the image was made, to the second; its maker's clock may write anything.
fn created(inventory: &Inventory) -> String {
    let text = inventory.image.created.as_deref().unwrap_or_default();
    let (seconds, zone) = text.split_at_checked(19).unwrap_or_default();
    let is_form = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        10 => byte == b'T',
        13 | 16 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    let is_time = seconds.len() == 19 && seconds.bytes().enumerate().all(is_form) && zone.ends_with('Z');
    if is_time { format!("{seconds}Z") } else { NO_TIME.to_owned() }
}

/// A UUID of the content: another inventory of the same image under another version of the reader is another document.
fn uuid(inventory: &Inventory) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(inventory.image.id.as_bytes());
    for package in &inventory.packages {
        hasher.update(package.purl.as_bytes());
        hasher.update(&(package.layer as u64).to_be_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// What people call the image.
fn name(inventory: &Inventory) -> &str {
    inventory.image.names.first().unwrap_or(&inventory.image.id)
}

/// What only Sidings tells of a package: the layer, and the line of the Dockerfile that made it.
fn told(inventory: &Inventory, package: &Package) -> Vec<(&'static str, String)> {
    let mut told = vec![("sidings:kind", package.kind.name().to_owned()), ("sidings:layer", package.layer.to_string())];
    if let Some(layer) = inventory.layer(package.layer) {
        told.push(("sidings:layer:digest", layer.digest.clone()));
        told.push(("sidings:instruction", layer.instruction()));
        if let Some(made) = &layer.made {
            told.push(("sidings:line", made.line.to_string()));
        }
    }
    if let Some(source) = &package.source {
        let version = source.version.as_ref().map_or(String::new(), |version| format!("@{version}"));
        told.push(("sidings:source", format!("{}{version}", source.name)));
    }
    told.extend(package.paths.iter().map(|path| ("sidings:path", path.clone())));
    told.retain(|(_, value)| !value.is_empty());
    told
}
