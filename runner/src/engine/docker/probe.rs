//! A look at the Docker Engine before a runner is started, for those who ask whether this machine can do its part. It
//! leaves nothing behind.

use super::{ANSWER_WITHIN, build, status, step};
use crate::engine::EngineFacts;
use anyhow::Context;
use bollard::Docker;
use bollard::models::{ContainerCreateBody, HostConfig, ImageSummary, SystemInfo, SystemInfoCgroupVersionEnum};
use bollard::query_parameters::{ListImagesOptions, RemoveContainerOptionsBuilder};
use std::path::{Path, PathBuf};

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What the engine is.
    pub facts: EngineFacts,
    /// The version of its control groups, 1 or 2; none when it does not say.
    pub cgroups: Option<u8>,
    /// What its kernel cannot limit: `memory`, `swap`, `processors`, `processes`.
    pub missing_limits: Vec<&'static str>,
    /// Its processors.
    pub processors: u64,
    /// Its memory in bytes.
    pub memory: u64,
    /// Where it keeps images and containers, on its own machine.
    pub root_dir: Option<PathBuf>,
    /// Whether it sees this machine's files.
    pub sight: Sight,
}

/// Whether an engine sees a folder of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It does.
    Seen,
    /// It does not: it is on another machine, or in one of its own.
    Unseen,
    /// Not tried: it has no image to try with.
    Untried,
}

/// Looks at the Engine that `DOCKER_HOST` names, else at the one on this host, and whether it sees `folder`, which is
/// there.
///
/// # Errors
/// It cannot be reached, or refuses to answer.
pub async fn probe(folder: &Path) -> anyhow::Result<Probe> {
    let api = Docker::connect_with_defaults().context("connecting to the Docker Engine")?;
    let api = api.with_timeout(ANSWER_WITHIN).negotiate_version().await;
    let api = api.context("asking the Docker Engine for its version")?;
    let version = api.version().await.context("asking the Docker Engine what it is")?;
    let info = api.info().await.context("asking the Docker Engine what it has")?;
    Ok(Probe {
        facts: super::facts(&version, &info, build::has_buildkit(&version)),
        cgroups: cgroups(&info),
        missing_limits: missing_limits(&info),
        processors: count(info.ncpu),
        memory: count(info.mem_total),
        root_dir: info.docker_root_dir.map(PathBuf::from),
        sight: sight(&api, folder).await?,
    })
}

fn cgroups(info: &SystemInfo) -> Option<u8> {
    match info.cgroup_version? {
        SystemInfoCgroupVersionEnum::_1 => Some(1),
        SystemInfoCgroupVersionEnum::_2 => Some(2),
        SystemInfoCgroupVersionEnum::EMPTY => None,
    }
}

/// An Engine that does not say is taken at its best.
fn missing_limits(info: &SystemInfo) -> Vec<&'static str> {
    let limits = [
        ("memory", info.memory_limit),
        ("swap", info.swap_limit),
        ("processors", info.cpu_cfs_quota),
        ("processes", info.pids_limit),
    ];
    limits.into_iter().filter(|(_, can)| *can == Some(false)).map(|(name, _)| name).collect()
}

/// Creates a container with the folder mounted, which an Engine that does not see it refuses, and does not start it.
async fn sight(api: &Docker, folder: &Path) -> anyhow::Result<Sight> {
    let images = api.list_images(None::<ListImagesOptions>).await.context("listing images")?;
    let Some(image) = images.into_iter().min_by_key(|image: &ImageSummary| image.size) else {
        return Ok(Sight::Untried);
    };
    let host = HostConfig { mounts: Some(vec![step::bind(folder, "/seen", true)]), ..HostConfig::default() };
    let body = ContainerCreateBody {
        image: Some(image.id),
        cmd: Some(vec!["true".to_owned()]),
        host_config: Some(host),
        ..ContainerCreateBody::default()
    };
    match api.create_container(None, body).await {
        Ok(made) => {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            api.remove_container(&made.id, Some(options)).await.context("removing the container of a probe")?;
            Ok(Sight::Seen)
        }
        Err(error) if status(&error) == Some(400) => Ok(Sight::Unseen),
        Err(error) => Err(error).context("creating a container"),
    }
}

fn count(number: Option<i64>) -> u64 {
    number.and_then(|number| u64::try_from(number).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_a_kernel_does_not_have_are_named() {
        let info = SystemInfo { memory_limit: Some(true), swap_limit: Some(false), ..SystemInfo::default() };
        assert_eq!(missing_limits(&info), ["swap"]);
        assert_eq!(missing_limits(&SystemInfo::default()), Vec::<&str>::new());
    }

    #[test]
    fn control_groups_are_told_by_their_version() {
        let info = |version| SystemInfo { cgroup_version: version, ..SystemInfo::default() };
        assert_eq!(cgroups(&info(Some(SystemInfoCgroupVersionEnum::_2))), Some(2));
        assert_eq!(cgroups(&info(None)), None);
    }
}
