//! A step's container: the helper first, hardened, with its workspace, its folder and the helper mounted, and nothing
//! else of the host.

use super::{DockerConfig, StepContainer, holder, labels, layer};
use bollard::models::{
    ContainerCreateBody, HealthConfig, HostConfig, Mount, MountTmpfsOptions, MountType, ResourcesUlimits,
    RestartPolicy, RestartPolicyNameEnum,
};
use sidings_proto::step::{BIN_MOUNT, CA_MOUNT, MOUNT, SECRETS_MOUNT, WORKSPACE};
use std::collections::HashMap;
use std::path::Path;

/// What usual build steps need as root: packages are installed, files change owner, users are switched.
const CAPABILITIES: [&str; 6] = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL"];
const OPEN_FILES: i64 = 65_536;
const NOFILE: &str = "nofile";
/// Bytes of all secrets that are files.
const SECRETS_SIZE: i64 = 64 * 1024 * 1024;

/// What the Engine is asked to create.
pub(super) fn body(step: &StepContainer, config: &DockerConfig, life: &str, helper_dir: &Path) -> ContainerCreateBody {
    ContainerCreateBody {
        image: Some(step.image.clone()),
        entrypoint: Some(vec![format!("{BIN_MOUNT}/sidings"), "init".to_owned()]),
        cmd: None,
        // The helper needs root to hand the workspace over; it starts the program as the image's user.
        user: Some("0:0".to_owned()),
        // The helper makes the step's own folder; the image's need not exist.
        working_dir: Some("/".to_owned()),
        env: Some(step.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }),
        labels: Some(labels::of_step(config.runner, life, step)),
        tty: Some(false),
        open_stdin: Some(false),
        host_config: Some(host_config(step, config, life, helper_dir)),
        ..ContainerCreateBody::default()
    }
}

fn host_config(step: &StepContainer, config: &DockerConfig, life: &str, helper_dir: &Path) -> HostConfig {
    let memory = step.limits.memory.or(config.step_memory).map(whole);
    let nano_cpus =
        step.limits.milli_cpus.or(config.step_milli_cpus).map(|milli| whole(milli.saturating_mul(1_000_000)));
    HostConfig {
        network_mode: Some(format!("container:{}", step.network.0)),
        cap_drop: Some(vec!["ALL".to_owned()]),
        cap_add: Some(CAPABILITIES.map(str::to_owned).to_vec()),
        security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
        privileged: Some(false),
        // The helper reaps and forwards signals; a second init would only stand between.
        init: Some(false),
        pids_limit: Some(i64::from(step.limits.pids)),
        memory,
        memory_swap: memory,
        nano_cpus,
        ulimits: Some(vec![ulimit(NOFILE, OPEN_FILES), ulimit("core", 0)]),
        log_config: Some(holder::no_log()),
        auto_remove: Some(false),
        restart_policy: Some(RestartPolicy { name: Some(RestartPolicyNameEnum::NO), ..RestartPolicy::default() }),
        mounts: Some(mounts(step, config, helper_dir, labels::of_step(config.runner, life, step))),
        ..HostConfig::default()
    }
}

fn mounts(
    step: &StepContainer,
    config: &DockerConfig,
    helper_dir: &Path,
    labels: HashMap<String, String>,
) -> Vec<Mount> {
    let workspace = step.workspace.iter().map(|workspace| match &step.layer {
        Some(layer) => layer::mount(workspace, layer, labels.clone()),
        None => bind(workspace, WORKSPACE, false),
    });
    let cached = step.cached.iter().map(|cached| bind(&cached.source, &cached.target, false));
    let secrets = step.input.iter().filter(|input| !input.files.is_empty()).map(|_| in_memory());
    let ours = [bind(&step.step_dir, MOUNT, false), bind(helper_dir, BIN_MOUNT, true)];
    let authorities = config.authorities.iter().map(|folder| bind(folder, CA_MOUNT, true));
    workspace.chain(cached).chain(ours).chain(authorities).chain(secrets).collect()
}

/// For secrets that are files: each can be read by the program's user alone, and the folder by all.
fn in_memory() -> Mount {
    Mount {
        typ: Some(MountType::TMPFS),
        target: Some(SECRETS_MOUNT.to_owned()),
        tmpfs_options: Some(MountTmpfsOptions {
            size_bytes: Some(SECRETS_SIZE),
            mode: Some(0o755),
            ..MountTmpfsOptions::default()
        }),
        ..Mount::default()
    }
}

/// Takes the limit of open files out again; false when there is none.
pub(super) fn leave_open_files(body: &mut ContainerCreateBody) -> bool {
    let Some(limits) = body.host_config.as_mut().and_then(|host| host.ulimits.as_mut()) else { return false };
    let before = limits.len();
    limits.retain(|limit| limit.name.as_deref() != Some(NOFILE));
    limits.len() < before
}

/// As a mount, not as `source:target` text: a path may hold a colon, and a missing one is an error.
pub(super) fn bind(source: &Path, target: &str, read_only: bool) -> Mount {
    Mount {
        typ: Some(MountType::BIND),
        source: Some(source.to_string_lossy().into_owned()),
        target: Some(target.to_owned()),
        read_only: Some(read_only),
        ..Mount::default()
    }
}

fn ulimit(name: &str, value: i64) -> ResourcesUlimits {
    ResourcesUlimits { name: Some(name.to_owned()), soft: Some(value), hard: Some(value) }
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
