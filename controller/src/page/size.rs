//! How much, as people read it.

/// `812 B`, `4.2 kB`, `97 MB`, `1.3 GB`.
pub(super) fn sized(bytes: u64) -> String {
    let units = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} B");
    }
    let mut tenths = bytes / 100;
    for unit in units {
        if tenths < 100 {
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
        if tenths < 10_000 {
            return format!("{} {unit}", tenths / 10);
        }
        tenths /= 1000;
    }
    format!("{} PB", tenths / 10)
}

/// With its sign: `+4.2 kB`, `−97 MB`.
pub(super) fn more(bytes: i64) -> String {
    let sign = match bytes {
        ..0 => "−",
        0 => "±",
        1.. => "+",
    };
    format!("{sign}{}", sized(bytes.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_two_or_three_figures() {
        let told: Vec<_> = [0, 999, 1_000, 9_949, 97_000_000, 1_340_000_000, u64::MAX].map(sized).into();
        assert_eq!(told, ["0 B", "999 B", "1.0 kB", "9.9 kB", "97 MB", "1.3 GB", "18446 PB"]);
        assert_eq!([-1_500, 0, 20].map(more), ["−1.5 kB", "±0 B", "+20 B"]);
    }
}
