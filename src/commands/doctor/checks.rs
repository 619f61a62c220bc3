//! The things that are looked at, one function each. None of them changes anything but what it removes again.

use super::{Finding, network};
use crate::args::{DoctorArgs, LeastFree, Remote};
use crate::client::{Client, Error};
use crate::folders;
use sidings_runner::disk::Disk;
use sidings_runner::engine::docker::probe::{Probe, Sight, probe};
use std::path::{Path, PathBuf};
use std::time::Duration;

const GIB: u64 = 1024 * 1024 * 1024;
/// For anything that is looked at.
const PATIENCE: Duration = Duration::from_secs(60);

/// Everything, in the order in which one thing needs another.
pub(super) async fn all(args: &DoctorArgs) -> Vec<Finding> {
    let mut findings = vec![git().await];
    findings.extend(engine().await);
    findings.extend(disks(args.least_free));
    findings.extend(network::all(args));
    findings.push(controller(&args.remote).await);
    findings
}

async fn git() -> Finding {
    let advice = "install it: `apt-get install git`, or your system's way";
    match tokio::process::Command::new("git").arg("--version").output().await {
        Ok(said) if said.status.success() => {
            Finding::ok("git", String::from_utf8_lossy(&said.stdout).trim().trim_start_matches("git version "))
        }
        Ok(said) => Finding::fail("git", format!("it ends with {}", said.status), advice),
        Err(error) => Finding::fail("git", format!("it cannot be started: {error}"), advice),
    }
}

async fn engine() -> Vec<Finding> {
    let folder = match folders::cache().and_then(|cache| Ok(folders::make_private(&cache).map(|()| cache)?)) {
        Ok(folder) => folder,
        Err(error) => {
            return vec![Finding::fail("cache", format!("{error:#}"), "set XDG_CACHE_HOME to a folder of yours")];
        }
    };
    let found = match tokio::time::timeout(PATIENCE, probe(&folder)).await {
        Ok(found) => found,
        Err(_) => Err(anyhow::anyhow!("it does not answer within {} s", PATIENCE.as_secs())),
    };
    match found {
        Ok(probe) => {
            // Its folder is on this machine when it sees this machine's files.
            let root = probe.root_dir.as_deref().filter(|_| probe.sight == Sight::Seen);
            let room = root.map(|root| disk("images", root, None));
            [version(&probe), builder(&probe), cgroups(&probe), sight(&probe, &folder)]
                .into_iter()
                .chain(room)
                .collect()
        }
        Err(error) => vec![Finding::fail(
            "engine",
            format!("{error:#}"),
            "start a Docker Engine (`systemctl start docker`), set DOCKER_HOST, or join the group `docker`",
        )],
    }
}

fn version(probe: &Probe) -> Finding {
    let found = format!("{} on {}", probe.facts.version, probe.facts.platform());
    match probe.facts.os.as_str() {
        "linux" => Finding::ok("engine", found),
        _ => Finding::fail("engine", found, "Sidings runs Linux containers: switch the engine over"),
    }
}

fn builder(probe: &Probe) -> Finding {
    match probe.facts.buildkit {
        true => Finding::ok("builder", "BuildKit"),
        false => Finding::warn(
            "builder",
            "the classic builder",
            "builds are slower and less safe: update the engine to 20.10 or newer",
        ),
    }
}

fn cgroups(probe: &Probe) -> Finding {
    let version = probe.cgroups.map_or_else(|| "unknown version".to_owned(), |version| format!("version {version}"));
    let found = format!("{version}, {} processors, {}", probe.processors, size(probe.memory));
    match probe.missing_limits.join(", ") {
        none if none.is_empty() => Finding::ok("cgroups", found),
        missing => {
            Finding::warn("cgroups", found, format!("the kernel cannot limit {missing}: a step may take all of it"))
        }
    }
}

fn sight(probe: &Probe, folder: &Path) -> Finding {
    let seen = format!("the engine sees {}", folder.display());
    match &probe.sight {
        Sight::Seen => Finding::ok("files", seen),
        Sight::Untried => {
            Finding::warn("files", "not tried: the engine has no image yet", "call this again after a first run")
        }
        Sight::Unseen => Finding::fail(
            "files",
            format!("the engine does not see {}", folder.display()),
            "the engine runs on another machine or in a VM: start the runner there, or share this folder with it",
        ),
    }
}

/// A runner goes by the disk of its data folder.
fn disks(least_free: LeastFree) -> Vec<Finding> {
    let data = folders::data(std::env::var_os("SIDINGS_DATA").map(PathBuf::from)).ok();
    let cache = folders::cache().ok();
    let folders = [("data", data, least_free.bytes()), ("cache", cache, None)];
    folders.into_iter().filter_map(|(what, folder, told)| Some(disk(what, &folder?, told))).collect()
}

fn disk(what: &'static str, folder: &Path, told: Option<u64>) -> Finding {
    let there = folder.ancestors().find(|above| above.exists()).unwrap_or(Path::new("/"));
    match Disk::of(there) {
        Ok(disk) => graded_disk(what, folder, disk, told),
        Err(_) => {
            Finding::warn(what, format!("{} cannot be asked for its free space", there.display()), "look by `df`")
        }
    }
}

fn graded_disk(what: &'static str, folder: &Path, disk: Disk, told: Option<u64>) -> Finding {
    let (Disk { free, all }, least) = (disk, disk.least_free(told));
    let found = format!("{} of {} free at {}", size(free), size(all), folder.display());
    match free {
        _ if free < GIB => Finding::fail(what, found, "free some: builds need room"),
        _ if free < least && what == "data" => {
            Finding::warn(what, found, format!("free some: with less than {} a runner takes no jobs", size(least)))
        }
        _ if free < least => Finding::warn(what, found, format!("free some: {} should be", size(least))),
        _ => Finding::ok(what, found),
    }
}

async fn controller(remote: &Remote) -> Finding {
    let answer = match Client::new(remote) {
        Ok(client) => client.projects().await,
        Err(error) => return Finding::fail("controller", error.to_string(), "set SIDINGS_SERVER or give --server"),
    };
    match answer {
        Ok(projects) => {
            let count = match projects.projects.len() {
                1 => "1 project".to_owned(),
                count => format!("{count} projects"),
            };
            Finding::ok("controller", format!("{} knows {count}", remote.server))
        }
        Err(error) => no_answer(&remote.server, remote.token.is_some(), &error),
    }
}

/// Nobody needs a controller for `sidings run`: without a token it is taken as not set up.
fn no_answer(server: &str, with_token: bool, error: &Error) -> Finding {
    match with_token {
        true => Finding::fail(
            "controller",
            error.to_string(),
            format!("set SIDINGS_SERVER ({server}) and SIDINGS_TOKEN right"),
        ),
        false => Finding::warn("controller", format!("not set up: {error}"), "`sidings run` needs none"),
    }
}

fn size(bytes: u64) -> String {
    let tenths = bytes / (GIB / 10);
    format!("{}.{} GiB", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;
    use crate::args::Trust;

    #[test]
    fn a_disk_is_judged_by_the_rule_of_runners() {
        let judged =
            |free, all, told| graded_disk("data", Path::new("/x"), Disk { free: free * GIB, all: all * GIB }, told);
        let grade = |free, all| judged(free, all, None).grade;
        assert_eq!(
            (grade(50, 100), grade(9, 100), grade(6, 40), grade(4, 40)),
            (Grade::Ok, Grade::Warn, Grade::Ok, Grade::Warn)
        );
        assert_eq!(judged(0, 100, None).grade, Grade::Fail);
        assert_eq!((judged(6, 100, Some(5 * GIB)).grade, judged(6, 10, Some(7 * GIB)).grade), (Grade::Ok, Grade::Warn));
        let advice = judged(6, 10, Some(7 * GIB)).advice.unwrap();
        assert_eq!(advice, "free some: with less than 7.0 GiB a runner takes no jobs");
    }

    #[test]
    fn sizes_are_told_in_gibibytes() {
        assert_eq!(size(5 * GIB + GIB / 2), "5.5 GiB");
    }

    #[tokio::test]
    async fn a_controller_that_nobody_asked_for_is_no_failure() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let remote = |token: Option<&str>| Remote {
            server: server.clone(),
            token: token.map(secrecy::SecretString::from),
            trust: Trust::default(),
        };
        assert_eq!(controller(&remote(None)).await.grade, Grade::Warn);
        assert_eq!(controller(&remote(Some("sid_x"))).await.grade, Grade::Fail);
    }
}
