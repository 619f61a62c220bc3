//! A workspace under an overlay: an anonymous volume of the driver `local`, which the Engine makes with the step's
//! container, mounts when that starts, and removes with it.
//!
//! `userxattr`: the notes are attributes that also a runner without the kernel's highest right can read. `volatile`:
//! nothing is synced to disk one by one; what a crash cuts off is thrown away with the attempt anyway.

use super::{Shared, labels, status};
use crate::engine::{Layer, LayerRefused};
use anyhow::Context;
use bollard::models::{Mount, MountType, MountVolumeOptions, MountVolumeOptionsDriverConfig};
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};
use sidings_proto::step::WORKSPACE;
use std::collections::HashMap;
use std::path::Path;

/// The workspace with the layer over it, as a mount.
pub(super) fn mount(workspace: &Path, layer: &Layer, labels: HashMap<String, String>) -> Mount {
    let folders =
        format!("lowerdir={},upperdir={},workdir={}", workspace.display(), layer.upper.display(), layer.work.display());
    let options =
        [("type", "overlay"), ("device", "overlay"), ("o", &format!("{folders},userxattr,volatile,index=off"))];
    let options = options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let driver = MountVolumeOptionsDriverConfig { name: Some("local".to_owned()), options: Some(options) };
    Mount {
        typ: Some(MountType::VOLUME),
        target: Some(WORKSPACE.to_owned()),
        volume_options: Some(MountVolumeOptions {
            // What the image has at this path is no part of the workspace.
            no_copy: Some(true),
            labels: Some(labels),
            driver_config: Some(driver),
            ..MountVolumeOptions::default()
        }),
        ..Mount::default()
    }
}

/// Makes a layer fit for a second start: a `volatile` overlay is mounted once.
pub(super) fn anew(layer: &Layer) -> anyhow::Result<()> {
    let emptied = std::fs::remove_dir_all(&layer.work).and_then(|()| std::fs::create_dir(&layer.work));
    emptied.context("emptying an overlay's own folder")
}

/// Tells what the Engine says of the volume from all else that can go wrong at a start.
pub(super) fn refusal(error: anyhow::Error) -> anyhow::Error {
    let text = format!("{error:#}");
    if text.contains("volume") { error.context(LayerRefused(text)) } else { error }
}

/// Removes volumes that an earlier life left: an Engine that dies in the midst of making a container may keep one.
pub(super) async fn sweep(shared: &Shared) -> anyhow::Result<()> {
    let filters = HashMap::from([("label", labels::of_runner(shared.config.runner))]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found = shared.api.list_volumes(Some(options)).await.context("listing volumes")?;
    let earlier = found.volumes.unwrap_or_default().into_iter();
    for volume in earlier.filter(|volume| volume.labels.get(labels::LIFE) != Some(&shared.life)) {
        let options = RemoveVolumeOptionsBuilder::default().force(true).build();
        match shared.api.remove_volume(&volume.name, Some(options)).await {
            Ok(()) => {}
            Err(error) if matches!(status(&error), Some(404 | 409)) => {}
            Err(error) => return Err(error).context("removing a volume"),
        }
    }
    Ok(())
}
