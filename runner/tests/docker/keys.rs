//! The corpus of image keys against the real builder: whether a change of a project changes the image that BuildKit
//! makes of it, which reuses every layer whose inputs are the same.

use crate::case::{self, Case, Expected, Project};
use crate::scene::{Scene, docker, play};
use futures::StreamExt;
use sidings_environment::{Base, Listing, Place, Sort};
use sidings_runner::engine::{Build, DockerfileSource, Engine};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Builds at the same time; they mostly wait for the Engine.
const AT_ONCE: usize = 4;

/// As the runner packs a context: plain modes and one time, the Dockerfile among the files.
fn pack(listing: &Listing, place: &Place, into: &Path) {
    let mut archive = tar::Builder::new(File::create(into).unwrap());
    for entry in listing.entries().iter().filter(|entry| entry.path() != Path::new("Dockerfile")) {
        let mut header = tar::Header::new_gnu();
        header.set_mtime(1_700_000_000);
        header.set_size(0);
        match &entry.sort {
            Sort::Folder => {
                header.set_entry_type(tar::EntryType::Directory);
                header.set_mode(0o755);
                archive.append_data(&mut header, entry.path(), std::io::empty()).unwrap();
            }
            Sort::Link { target } => {
                header.set_entry_type(tar::EntryType::Symlink);
                archive.append_link(&mut header, entry.path(), target).unwrap();
            }
            Sort::File { executable } => {
                let file = File::open(listing.root().join(entry.path())).unwrap();
                header.set_mode(if *executable { 0o755 } else { 0o644 });
                header.set_size(file.metadata().unwrap().len());
                archive.append_data(&mut header, entry.path(), file).unwrap();
            }
        }
    }
    let mut header = tar::Header::new_gnu();
    header.set_mtime(1_700_000_000);
    header.set_mode(0o644);
    header.set_size(place.text.len() as u64);
    archive.append_data(&mut header, "Dockerfile", place.text.as_bytes()).unwrap();
    archive.finish().unwrap();
}

/// A builder with a tag for each case.
struct Builds<'s> {
    scene: &'s Scene,
    count: AtomicU32,
}

impl Builds<'_> {
    fn tag(&self, name: &str) -> String {
        format!("sidings-test/key-{}:{name}", self.scene.runner)
    }

    /// The id of the image of a project. The time of its first build is a part of it, so that it only stays the same
    /// when every layer does.
    async fn id(&self, name: &str, project: &Project) -> Result<String, String> {
        let folder = tempfile::tempdir().unwrap();
        project.write(&folder.path().join("project"));
        let place = Place::find(&folder.path().join("project"), ".", "Dockerfile").unwrap();
        let context: PathBuf = folder.path().join("context.tar");
        pack(&place.listing(false).unwrap(), &place, &context);
        let build = Build {
            context,
            dockerfile: "Dockerfile".to_owned(),
            source: DockerfileSource { name: "Dockerfile".to_owned(), text: place.text, ..Default::default() },
            target: project.target.clone(),
            args: project.args.clone(),
            secrets: BTreeMap::new(),
            platform: "linux/amd64".to_owned(),
            labels: BTreeMap::new(),
            tag: self.tag(name),
            cache: Default::default(),
        };
        let log = self.scene.log(&format!("build-{}", self.count.fetch_add(1, Ordering::Relaxed)));
        let built = self.scene.docker.build_image(build, &log).await;
        built.map(|facts| facts.id).map_err(|error| error.to_string())
    }

    /// Each change of which the built image tells something else than the case says.
    async fn wrong(&self, case: Case) -> (BTreeSet<String>, Vec<String>) {
        let name = &case.name;
        let before = match self.id(name, &case.project).await {
            Ok(id) => id,
            Err(error) => return (BTreeSet::new(), vec![format!("{name} cannot be built: {error}")]),
        };
        let (mut ids, mut wrong) = (BTreeSet::from([before.clone()]), Vec::new());
        let again = self.id(name, &case.project).await;
        if again.as_ref() != Ok(&before) {
            wrong.push(format!("{name}: the same project makes another image: {again:?}"));
        }
        for change in &case.changes {
            let after = self.id(name, &change.project).await;
            if (after.as_ref() != Ok(&before)) != (change.expected == Expected::Changed) {
                wrong.push(format!("{name}: {:?} {} ({before}, then {after:?})", change.expected, change.what));
            }
            ids.extend(after);
        }
        (ids, wrong)
    }
}

/// The images that cases begin from and that say more than the base of all tests does.
async fn make_bases(scene: &Scene, cases: &[Case]) -> Vec<String> {
    let mut made = Vec::new();
    let bases: BTreeMap<&String, &Base> = cases.iter().flat_map(|case| &case.bases).collect();
    for (reference, base) in bases.into_iter().filter(|(reference, _)| reference.starts_with("sidings-test/")) {
        let env = base.env.iter().map(|(name, value)| format!("ENV {name}={value}\n"));
        let triggers = base.on_build.iter().map(|trigger| format!("ONBUILD {trigger}\n"));
        let text: String = ["FROM scratch\nLABEL base=1\n".to_owned()].into_iter().chain(env).chain(triggers).collect();
        scene.image(reference, &text).await;
        made.push(reference.clone());
    }
    made
}

#[tokio::test]
async fn a_key_changes_when_the_built_image_does() {
    play(async |scene| {
        let cases: Vec<Case> = case::corpus().into_iter().filter(|case| case.is_built).collect();
        let count = cases.len();
        let bases = make_bases(scene, &cases).await;
        let builds = Builds { scene, count: AtomicU32::new(0) };
        let looked = futures::stream::iter(cases).map(|case| builds.wrong(case)).buffer_unordered(AT_ONCE);
        let (ids, wrong): (Vec<_>, Vec<_>) = looked.unzip().await;
        let ids: BTreeSet<String> = ids.into_iter().flatten().collect();
        // An image that others begin from cannot go before them.
        let all: Vec<&str> = ["rmi", "-f"].into_iter().chain(ids.iter().map(String::as_str)).collect();
        docker(&all);
        docker(&["rmi", "-f"].into_iter().chain(bases.iter().map(String::as_str)).collect::<Vec<_>>());
        let wrong: Vec<String> = wrong.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(count >= 50, "only {count} cases can be built here");
    })
    .await;
}
