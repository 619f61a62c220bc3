//! A project with a real repository that is pushed to.

use crate::rig::{Rig, json, rig};
use reqwest::StatusCode;
use sidings_proto::api::{NewProject, ProjectView, Push, PushAnswer};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The project is called `web`.
pub(crate) struct Scene {
    pub(crate) rig: Rig,
    pub(crate) repo: TempDir,
}

impl Scene {
    /// A project whose default branch has one commit.
    pub(crate) async fn new(files: &[(&str, &str)]) -> Scene {
        Scene::of(rig().await, files).await
    }

    /// The same, with a controller.
    pub(crate) async fn of(rig: Rig, files: &[(&str, &str)]) -> Scene {
        let scene = Scene { rig, repo: tempfile::tempdir().unwrap() };
        scene.git(&["init", "--quiet"]);
        scene.commit(files);
        let new = NewProject { name: "web".to_owned(), repo_url: scene.url(), default_branch: String::new() };
        json::<ProjectView>(scene.rig.post("/api/v1/projects", &new).await, StatusCode::CREATED).await;
        scene
    }

    pub(crate) fn url(&self) -> String {
        format!("file://{}", self.repo.path().display())
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main"];
        let output = Command::new("git").current_dir(self.repo.path()).args(who).args(args).output().unwrap();
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Writes files, commits everything, and gives the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> String {
        for (path, text) in files {
            let path = self.repo.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Path::new("."))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "more"]);
        self.head()
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// What becomes of a ref that moved.
    pub(crate) async fn pushed(&self, reference: &str, before: &str, after: &str) -> PushAnswer {
        let push = Push { reference: reference.to_owned(), before: before.to_owned(), after: after.to_owned() };
        json(self.rig.post("/api/v1/projects/web/pushes", &push).await, StatusCode::ACCEPTED).await
    }
}
