//! How much a snapshot's archive (tar in zstd) may hold. Who packs it, who looks into it and who unpacks it all go by
//! this, so that what one of them takes the others do not refuse.

/// The bounds of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Files, folders and links.
    pub entries: u64,
    /// Bytes of the tar inside, whatever the archive's size.
    pub bytes: u64,
    /// Bytes of the tar inside for each byte of the archive …
    pub ratio: u64,
    /// … once there are more of them than this: a tree of zeros or of generated text packs to almost nothing.
    pub free: u64,
}

/// What holds for every snapshot.
pub const BOUNDS: Bounds =
    Bounds { entries: 100_000, bytes: 10 * 1024 * 1024 * 1024, ratio: 200, free: 1024 * 1024 * 1024 };

impl Bounds {
    /// The bytes that may come out of an archive of this size.
    pub fn most(&self, compressed: u64) -> u64 {
        compressed.saturating_mul(self.ratio).max(self.free).min(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_archive_may_be_dense_a_large_one_not_and_none_is_huge() {
        const MIB: u64 = 1024 * 1024;
        let most = |compressed| BOUNDS.most(compressed) / MIB;
        assert_eq!((most(0), most(MIB), most(10 * MIB)), (1024, 1024, 2000));
        assert_eq!((most(1024 * MIB), most(u64::MAX)), (10 * 1024, 10 * 1024));
    }
}
