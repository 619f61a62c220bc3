//! The static helper, which this program carries inside itself: put into a folder for steps, and into an image of
//! nothing else for holders. Both are named after its content, so that versions do not meet.

use super::answers::to_their_end;
use anyhow::Context;
use bollard::query_parameters::CreateImageOptionsBuilder;
use bollard::{Docker, body_full};
use futures::TryStreamExt;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

static HELPER: &[u8] = include_bytes!(env!("SIDINGS_HELPER"));
static HASH: LazyLock<String> = LazyLock::new(|| blake3::hash(HELPER).to_hex()[..16].to_owned());

/// The helper's path in the holders' image.
pub(super) const IN_HOLDER: &str = "/sidings";
const MODE: u32 = 0o755;

/// The folder with the helper, made when it is missing. A runner that was killed while writing leaves no half file.
pub(super) fn put(data_dir: &Path) -> anyhow::Result<PathBuf> {
    let folder = data_dir.join(format!("bin-{}", *HASH));
    let place = folder.join("sidings");
    if fs::read(&place).is_ok_and(|bytes| bytes == HELPER) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let mut file = tempfile::NamedTempFile::new_in(data_dir)?;
    file.write_all(HELPER)?;
    file.as_file().set_permissions(fs::Permissions::from_mode(MODE))?;
    file.as_file().sync_all()?;
    file.persist(&place).with_context(|| format!("writing {}", place.display()))?;
    Ok(folder)
}

/// The image of the holders, made when it is missing. All runners of a host share it.
pub(super) async fn holder_image(api: &Docker) -> anyhow::Result<String> {
    let reference = format!("sidings/holder:{}", *HASH);
    if super::image::inspect(api, &reference).await?.is_some() {
        return Ok(reference);
    }
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo("sidings/holder")
        .tag(&HASH)
        .changes(vec!["LABEL dev.sidings.kind=holder".to_owned()])
        .build();
    let answers = api.create_image(Some(options), Some(body_full(archive()?.into())), None);
    to_their_end(answers).try_collect::<Vec<_>>().await?;
    Ok(reference)
}

fn archive() -> std::io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(HELPER.len() as u64);
    header.set_mode(MODE);
    let mut archive = tar::Builder::new(Vec::with_capacity(HELPER.len() + 4096));
    archive.append_data(&mut header, IN_HOLDER.trim_start_matches('/'), HELPER)?;
    archive.into_inner()
}
