//! The defaults of a step's container, read back from inside it.

use crate::scene::{Act, BASE, docker, play, script};
use sidings_runner::engine::Limits;

/// CHOWN 0, DAC_OVERRIDE 1, FOWNER 3, KILL 5, SETGID 6, SETUID 7.
const SIX: u64 = 1 | 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 7;

fn field<'a>(status: &'a str, name: &str) -> &'a str {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap().trim()
}

#[tokio::test]
async fn root_has_six_capabilities_and_gains_no_more() {
    play(async |scene| {
        let status = scene.says(script("cat /proc/self/status")).await;
        let mask = |name| u64::from_str_radix(field(&status, name), 16).unwrap();
        assert_eq!((mask("CapBnd"), mask("CapEff"), mask("CapInh"), mask("CapAmb")), (SIX, SIX, 0, 0));
        assert_eq!((field(&status, "NoNewPrivs"), field(&status, "Seccomp")), ("1", "2"));
        assert_eq!(field(&status, "Uid"), "0\t0\t0\t0");
    })
    .await;
}

/// 65,536, or the Engine's own limit when it may not change that.
fn open_files() -> String {
    let run = |arguments: &[&str]| {
        let mut client = std::process::Command::new("docker");
        client.args(["run", "--rm"]).args(arguments).args([BASE, "sh", "-c", "ulimit -n"]).output().unwrap()
    };
    let asked = run(&["--ulimit", "nofile=65536:65536"]);
    let answer = if asked.status.success() { asked } else { run(&[]) };
    String::from_utf8(answer.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn limits_hold_inside() {
    play(async |scene| {
        let limits = Limits { memory: Some(96 << 20), milli_cpus: Some(500), pids: 321 };
        let read = "ulimit -n; ulimit -c; cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes \
            /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null || \
            cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max";
        let said = scene.says(Act { limits, ..script(read) }).await;
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(lines[..4], [open_files().as_str(), "0", "321", "100663296"]);
        assert!(lines[4].starts_with("50000"), "{said}");
    })
    .await;
}

#[tokio::test]
async fn the_defaults_are_what_the_engine_was_told() {
    play(async |scene| {
        let network = scene.network().await;
        let step = scene.start(&network, script("sleep 1000")).await;
        let format = "{{.HostConfig.Privileged}} {{.HostConfig.PidsLimit}} {{.HostConfig.LogConfig.Type}} \
            {{.HostConfig.PidMode}}|{{.HostConfig.IpcMode}} {{.HostConfig.AutoRemove}} {{len .HostConfig.Devices}} \
            {{index .Config.Labels \"dev.sidings.runner\"}} {{index .Config.Labels \"dev.sidings.job\"}} \
            {{index .Config.Labels \"dev.sidings.attempt\"}}";
        let said = docker(&["inspect", "--format", format, &step.id.0]);
        let labels = format!("{} {} {}", scene.runner, scene.attempt.job, scene.attempt.fence);
        assert_eq!(said, [format!("false 4096 none |private false 0 {labels}")]);
    })
    .await;
}

#[tokio::test]
async fn nothing_of_the_host_is_mounted_but_the_steps_own_folders() {
    play(async |scene| {
        let mounts = scene.says(script("cat /proc/self/mountinfo")).await;
        let data = scene.path().file_name().unwrap().to_str().unwrap();
        let of_host: Vec<(&str, bool)> = mounts
            .lines()
            .filter(|line| line.contains(data))
            .map(|line| {
                let fields: Vec<&str> = line.split(' ').collect();
                (fields[4], fields[5].split(',').any(|option| option == "ro"))
            })
            .collect();
        assert_eq!(of_host.len(), 3, "{mounts}");
        for expected in [("/workspace", false), ("/sidings/step", false), ("/sidings/bin", true)] {
            assert!(of_host.contains(&expected), "{expected:?} in {of_host:?}");
        }
        assert!(!mounts.contains("docker.sock"));
    })
    .await;
}

#[tokio::test]
async fn what_the_capabilities_leave_out_fails_and_what_builds_need_works() {
    play(async |scene| {
        let refused = "mknod /tmp/null c 1 3 && exit 1; mount -t tmpfs none /mnt && exit 2; chroot / true && exit 3; \
            unshare -m true && exit 4; echo x > /proc/sys/kernel/hostname && exit 5; exit 0";
        scene.says(script(refused)).await;
        let usual = "set -e; touch f; chown 1234:1234 f; chmod 600 f; cat f; \
            useradd -m builder; su builder -c 'id -un; touch ~/mine'; mkdir -p /usr/local/lib/new";
        assert_eq!(scene.says(script(usual)).await, "builder\n");
    })
    .await;
}
