//! What people see of what is in an image. Names in it are whatever its maker wrote: nothing of them moves the cursor.

use crate::render::artifacts::size;
use crate::render::safe::flat;
use crate::render::style::{BAD, DIM, GOOD, paint};
use crate::render::table::table;
use sidings_inventory::{Change, Difference, Inventory, Layer, LayerChange, Remark};

/// So much of an instruction is shown; all of it in JSON.
const LETTERS: usize = 70;

/// Layers, then packages, then what is gone and what was not read.
pub(super) fn shown(inventory: &Inventory) -> String {
    let image = &inventory.image;
    let name = image.names.first().unwrap_or(&image.id);
    let distribution = image.distribution.as_ref().map(|it| format!(", {} {}", it.id, it.version)).unwrap_or_default();
    let mut text = safe(&format!("{name}{distribution}, {}", image.platform));
    let (packages, layers) = (inventory.packages.len(), inventory.layers.len());
    text.push_str(&format!(": {packages} packages, {} in {layers} layers\n\n", size(inventory.bytes())));
    let rows: Vec<_> = inventory.layers.iter().map(|layer| layer_row(inventory, layer)).collect();
    text.push_str(&table(["layer", "size", "packages", "line", "made by"], &rows));
    let rows: Vec<_> = inventory
        .packages
        .iter()
        .map(|it| {
            [
                it.kind.name().to_owned(),
                safe(&it.name),
                safe(&it.version),
                it.layer.to_string(),
                line_of(inventory.layer(it.layer)),
            ]
        })
        .collect();
    if !rows.is_empty() {
        text.push('\n');
        text.push_str(&table(["kind", "package", "version", "layer", "line"], &rows));
    }
    text.push_str(&gone(inventory));
    for it in &inventory.remarks {
        text.push_str(&format!("\n{} {}\n", paint(BAD, "not read:"), remark(it)));
    }
    text
}

fn layer_row(inventory: &Inventory, layer: &Layer) -> [String; 5] {
    let packages = inventory.packages.iter().filter(|package| package.layer == layer.number).count();
    let made = clipped(&layer.instruction());
    [layer.number.to_string(), format!("{:>8}", size(layer.bytes)), packages.to_string(), line_of(Some(layer)), made]
}

fn line_of(layer: Option<&Layer>) -> String {
    layer.and_then(|layer| layer.made.as_ref()).map(|made| made.line.to_string()).unwrap_or_default()
}

fn gone(inventory: &Inventory) -> String {
    let row = |it: &sidings_inventory::Removed| {
        [it.kind.name().to_owned(), safe(&it.name), safe(&it.version), it.layer.to_string(), it.removed_in.to_string()]
    };
    let rows: Vec<_> = inventory.removed.iter().map(row).collect();
    if rows.is_empty() {
        return String::new();
    }
    let head = paint(DIM, "taken away by a later layer, and still in the image's size:");
    format!("\n{head}\n{}", table(["kind", "package", "version", "layer", "gone in"], &rows))
}

/// What differs by layer, then by package.
pub(super) fn compared(difference: &Difference) -> String {
    if difference.layers.is_empty() && difference.packages.is_empty() {
        return "the same: no layer and no package differs\n".to_owned();
    }
    let layers: String = difference.layers.iter().map(layer_change).collect();
    let packages: String = difference.packages.iter().map(change).collect();
    format!("{layers}{}{packages}", if packages.is_empty() { "" } else { "\n" })
}

/// `+3 packages, +41.0 MB, layer 6 (RUN apt-get …, line 9)`.
fn layer_change(it: &LayerChange) -> String {
    let count = |sign: &str, count: usize, what: &str| (count > 0).then(|| format!("{sign}{count} {what}"));
    let noun = |count: usize| if count == 1 { "package" } else { "packages" };
    let mut parts: Vec<String> = [
        count("+", it.added, noun(it.added)),
        count("-", it.removed, noun(it.removed)),
        count("", it.changed, "changed"),
    ]
    .into_iter()
    .flatten()
    .collect();
    parts.push(format!("{}{}", if it.bytes < 0 { "-" } else { "+" }, size(it.bytes.unsigned_abs())));
    let line = it.line.map(|line| format!(", line {line}")).unwrap_or_default();
    let gone = if it.gone { "gone: layer" } else { "layer" };
    let made = clipped(&it.instruction);
    let place = if made.is_empty() { String::new() } else { format!(" ({made}{line})") };
    format!("{}, {gone} {}{place}\n", parts.join(", "), it.layer)
}

fn change(it: &Change) -> String {
    let name = format!("{} {}", it.kind.name(), safe(&it.name));
    let versions = |versions: &[String]| safe(&versions.join(", "));
    match (it.before.is_empty(), it.after.is_empty()) {
        (true, _) => format!("{} {name} {}\n", paint(GOOD, "+"), versions(&it.after)),
        (_, true) => format!("{} {name} {}\n", paint(BAD, "-"), versions(&it.before)),
        (false, false) => format!("{} {name} {} → {}\n", paint(DIM, "~"), versions(&it.before), versions(&it.after)),
    }
}

/// The file, and what is wrong with it.
pub(super) fn remark(remark: &Remark) -> String {
    let place = remark.path.as_ref().map(|path| format!("{path}: ")).unwrap_or_default();
    safe(&format!("{place}{}", remark.text))
}

fn clipped(text: &str) -> String {
    let text = safe(text);
    match text.char_indices().nth(LETTERS) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text,
    }
}

fn safe(text: &str) -> String {
    flat(text.as_bytes())
}

#[cfg(test)]
mod tests;
