//! The same by way of a registry that asks for a password, and that is killed in the midst of it.

use super::{ONCE, built, layers, passed, project, submit, traces, unique};
use crate::support::{Fleet, Hosts, Process, Runner, host_address, job_of, tree};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "hunter22-Registry+1";
/// The line that `htpasswd -nbB puller <PASSWORD>` prints.
const HTPASSWD: &str = "puller:$2y$05$Gfgo0JY3k5DSce6jURWbQ.LuAkdOVGj1vX4AyBvY6Gjerw6xyEfVu\n";
/// `puller:<PASSWORD>` in base64.
const AUTH: &str = "cHVsbGVyOmh1bnRlcjIyLVJlZ2lzdHJ5KzE=";
/// So much of an image has passed, less than all of it.
const MIDST: u64 = 1_000_000;

/// The one at which the engines' builders know a registry without TLS.
const BUILDERS_PORT: u16 = 5055;

/// When the registry is killed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fuse {
    Never,
    Push,
    Pull,
}

/// A real registry behind a wire that knows how much has passed, in either direction.
struct Registry {
    folder: PathBuf,
    /// As the engines reach it.
    place: String,
    process: Mutex<Option<Process>>,
    behind: String,
    fuse: Mutex<Fuse>,
}

impl Registry {
    fn start(fleet: &Fleet) -> Arc<Registry> {
        Registry::start_at(fleet, 0)
    }

    fn start_at(fleet: &Fleet, port: u16) -> Arc<Registry> {
        let folder = fleet.path("registry");
        std::fs::create_dir(&folder).unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let wire = TcpListener::bind((host_address(), port)).unwrap();
        let place = wire.local_addr().unwrap().to_string();
        let root = folder.display();
        let config = format!(
            "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {root}/images }} }}\nhttp: {{ addr: {free} }}\n\
             auth: {{ htpasswd: {{ realm: test, path: {root}/htpasswd }} }}\n"
        );
        std::fs::write(folder.join("config.yml"), config).unwrap();
        std::fs::write(folder.join("htpasswd"), HTPASSWD).unwrap();
        let auths = format!("{{ \"auths\": {{ \"{place}\": {{ \"auth\": \"{AUTH}\" }} }} }}");
        std::fs::write(folder.join("config.json"), auths).unwrap();
        let registry =
            Registry { folder, place, process: Mutex::default(), behind: free, fuse: Mutex::new(Fuse::Never) };
        let registry = Arc::new(registry);
        registry.raise();
        let known = Arc::downgrade(&registry);
        std::thread::spawn(move || {
            for caller in wire.incoming() {
                let Some(registry) = known.upgrade() else { return };
                std::thread::spawn(move || registry.carry(caller.unwrap()));
            }
        });
        registry
    }

    fn raise(&self) {
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(self.folder.join("config.yml"));
        *self.process.lock().unwrap() = Some(Process::spawn("registry", command, &self.folder));
        while TcpStream::connect(&self.behind).is_err() {
            std::thread::yield_now();
        }
    }

    fn burn_at(&self, fuse: Fuse) {
        *self.fuse.lock().unwrap() = fuse;
    }

    fn is_up(&self) -> bool {
        self.process.lock().unwrap().is_some()
    }

    /// `kill -9`, when the fuse is there for this. Whether anything more passes: what the kernel still has of it does
    /// not, or it might be all there is.
    fn passed(&self, bytes: u64, way: Fuse) -> bool {
        let burns = bytes >= MIDST && *self.fuse.lock().unwrap() == way;
        if burns && let Some(process) = self.process.lock().unwrap().take() {
            process.kill();
        }
        !burns
    }

    fn carry(&self, caller: TcpStream) {
        let Ok(registry) = TcpStream::connect(&self.behind) else { return };
        let (there, back) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| pass(&caller, &registry, |bytes| self.passed(count(&there, bytes), Fuse::Push)));
            scope.spawn(|| pass(&registry, &caller, |bytes| self.passed(count(&back, bytes), Fuse::Pull)));
        });
    }

    async fn runner(&self, fleet: &Fleet, host: usize) -> Runner {
        let (config, images) = (self.folder.join("config.json"), format!("{}/ci", self.place));
        let told = [("SIDINGS_REGISTRY_AUTH", config.to_str().unwrap()), ("SIDINGS_REGISTRY", images.as_str())];
        fleet.runner_on(host, 1, &told).await
    }
}

fn count(all: &AtomicU64, more: usize) -> u64 {
    all.fetch_add(more as u64, Ordering::Relaxed) + more as u64
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, passed: impl Fn(usize) -> bool) {
    let mut block = [0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut block) {
        if !passed(length) || to.write_all(&block[..length]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn absent_below(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().map_while(Result::ok) {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            absent_below(&entry.path());
        } else if let Ok(bytes) = std::fs::read(entry.path()) {
            let found = bytes.windows(PASSWORD.len()).any(|window| window == PASSWORD.as_bytes());
            assert!(!found, "the password is in {}", entry.path().display());
        }
    }
}

#[tokio::test]
async fn an_image_travels_by_a_registry_and_is_known_by_its_digest() {
    let fleet = Fleet::start().await;
    let name = unique();
    let hosts = Hosts::of(&name, 1..=2);
    let registry = Registry::start(&fleet);
    let runners = (registry.runner(&fleet, 1).await, registry.runner(&fleet, 2).await);
    let work = project(&fleet, ONCE, 2);
    let (view, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images).len()), (1, 0), "{images:?}");
    assert!(images.iter().any(|image| image.fetched.is_some()) && images[0].id == images[1].id, "{images:?}");
    let logs = fleet.client.log(job_of(&view, "j1"), 0).await + &fleet.client.log(job_of(&view, "j2"), 0).await;
    let tag = images[0].reference.strip_prefix("sidings/").unwrap();
    assert!(logs.contains(&format!("the image is in the registry, as {}/ci/{tag}\n", registry.place)), "{logs}");
    assert!(logs.contains(&format!("pulling {}/ci/{name}@sha256:", registry.place)), "{logs}");
    absent_below(&runners.0.data);
    absent_below(&fleet.path("controller"));

    // Killed in the midst of a pull and not raised again: whoever lost the image builds it, and says why.
    hosts.forget(1);
    hosts.forget(2);
    registry.burn_at(Fuse::Pull);
    let (view, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert!(!registry.is_up(), "it was killed");
    assert!(built(&images) > 0, "{images:?}");
    let builder = view.jobs.iter().find(|job| super::used(job).built).unwrap();
    let log = fleet.client.log(builder, 0).await;
    assert!(log.contains("could not pull it, trying again") && log.contains("the image is built here"), "{log}");
}

#[tokio::test]
async fn a_registry_that_is_killed_in_the_midst_of_a_push_and_raised_again_has_the_image() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, 2..=3);
    let registry = Registry::start(&fleet);
    let _runners = (registry.runner(&fleet, 2).await, registry.runner(&fleet, 3).await);
    registry.burn_at(Fuse::Push);
    let work = project(&fleet, ONCE, 2);
    let run = submit(&fleet, &work, &name);
    while registry.is_up() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    registry.burn_at(Fuse::Never);
    registry.raise();
    let (_, images) = passed(&fleet, run).await;
    assert_eq!((built(&images), layers(&images).len()), (1, 0), "{images:?}");
    assert!(images.iter().any(|image| image.fetched.is_some()), "{images:?}");
}

#[tokio::test]
async fn without_its_registry_an_image_goes_by_way_of_the_controller() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, [1, 3]);
    let registry = Registry::start(&fleet);
    let _runners = (registry.runner(&fleet, 1).await, registry.runner(&fleet, 3).await);
    registry.process.lock().unwrap().take().unwrap().kill();
    let work = project(&fleet, ONCE, 2);
    let (view, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert_eq!((built(&images), layers(&images)), (1, vec![4]), "{images:?}");
    let builder = view.jobs.iter().find(|job| super::used(job).built).unwrap();
    let log = fleet.client.log(builder, 0).await;
    assert!(log.contains("the image cannot be pushed: ") && log.contains("goes by way of the controller"), "{log}");
}

#[tokio::test]
async fn the_next_image_is_built_upon_the_layers_that_another_engine_made_for_the_last_one() {
    let fleet = Fleet::start().await;
    let name = unique();
    let _hosts = Hosts::of(&name, 1..=2);
    let registry = Registry::start_at(&fleet, BUILDERS_PORT);
    let first = registry.runner(&fleet, 1).await;
    let work = project(&fleet, ONCE, 1);
    // So that no engine has layers of it.
    tree(work.clone(), &[("tools", &name)]);
    let (before, images) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert!(images[0].built, "{images:?}");
    drop(first);

    let _second = registry.runner(&fleet, 2).await;
    tree(work.clone(), &[("last", "two\n")]);
    let (after, again) = passed(&fleet, submit(&fleet, &work, &name)).await;
    assert!(again[0].built && again[0].key != images[0].key, "{again:?}");
    let log = fleet.client.log(job_of(&after, "j1"), 0).await;
    assert_eq!(traces(&fleet, &after).await, traces(&fleet, &before).await, "it was run again: {log}");
}
