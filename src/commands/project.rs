//! `sidings project`: makes repositories known; a local bare one gets a hook, so that a push makes a run.

use super::hook::{self, Installed, Settings};
use super::output::{print, print_as};
use crate::args::{ProjectAdd, ProjectArgs, ProjectCommand, Trust};
use crate::client::{Client, pretty};
use crate::exit::{Exit, Refusal};
use crate::render::lists;
use anyhow::Context;
use sidings_git::RepoUrl;
use sidings_proto::api::{NewProject, NewToken, ProjectView, TokenKind};
use std::path::{Path, PathBuf};

pub(super) async fn project(args: ProjectArgs) -> anyhow::Result<Exit> {
    match args.command {
        ProjectCommand::Add(args) => add(args).await,
        ProjectCommand::List(args) => {
            let projects = Client::new(&args.remote)?.projects().await?;
            print_as(args.json, &projects, lists::projects)
        }
    }
}

async fn add(args: ProjectAdd) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let url = repository(&args.repo)?;
    let bare = url.local_path().filter(|path| is_bare(path));
    if let Some(repo) = &bare {
        hook::may_install(repo)?;
    }
    let default_branch = args.default_branch.or_else(|| bare.as_deref().and_then(head_of));
    let project = NewProject {
        name: args.name,
        repo_url: url.to_string(),
        default_branch: default_branch.unwrap_or_else(|| "main".to_owned()),
    };
    let project = client.add_project(&project).await?;
    let hook = match &bare {
        Some(repo) => Some(install(&client, &project, repo, args.remote.trust).await?),
        None => None,
    };
    if args.json {
        return print(&pretty(&project)?).map(|()| Exit::Passed);
    }
    print(&told(&project, hook.as_ref()))?;
    Ok(Exit::Passed)
}

/// Gives the hook a token of its own, and makes the one of the hook before it worthless.
async fn install(client: &Client, project: &ProjectView, repo: &Path, trust: Trust) -> anyhow::Result<Installed> {
    let before = Settings::of(repo).filter(|before| before.server == client.server());
    let token = NewToken {
        name: format!("hook of {}", repo.display()),
        kind: TokenKind::Push,
        project: Some(project.name.clone()),
        expires_in_ms: None,
        single_use: false,
        role: None,
    };
    let made = client.make_token(&token).await.context("making a token for the hook")?;
    let ca_bundle = trust.ca_bundle.map(std::path::absolute).transpose()?;
    let settings = Settings {
        server: client.server().to_owned(),
        project: project.name.clone(),
        token: made.token,
        token_id: Some(made.id),
        ca_bundle,
    };
    let installed = hook::install(repo, &settings)?;
    if let Some(earlier) = before.and_then(|before| before.token_id) {
        match client.revoke_token(earlier).await {
            Err(error) if !error.is_not_found() => return Err(error).context("revoking the hook's earlier token"),
            _ => {}
        }
    }
    Ok(installed)
}

fn told(project: &ProjectView, hook: Option<&Installed>) -> String {
    let known = format!("project {} is known: {}\n", project.name, project.repo_url);
    let next = match hook {
        Some(hook) => format!("wrote {}: a push to it makes a run\n", hook.script.display()),
        None => format!(
            "run a commit of it by `sidings submit --project {} --repo {} --ref {}`\n",
            project.name, project.repo_url, project.default_branch
        ),
    };
    known + &next
}

/// An address as it is, or a folder of this machine as an address.
pub(super) fn repository(text: &str) -> anyhow::Result<RepoUrl> {
    if text.contains("://") {
        return text.parse().map_err(|error| Refusal::usage(format!("{error}")));
    }
    match Path::new(text).canonicalize() {
        Ok(folder) if !is_bare(&folder) && !folder.join(".git").exists() => {
            let why = "has no git repository in it; give the folder of one, bare or with a `.git`";
            Err(Refusal::usage(format!("{} {why}", folder.display())))
        }
        Ok(folder) => RepoUrl::local(&folder).map_err(|error| Refusal::usage(format!("{error}"))),
        Err(_) => {
            let why = text.parse::<RepoUrl>().err().map(|error| error.to_string()).unwrap_or_default();
            Err(Refusal::usage(format!("there is no folder {text}, and it is no address: {why}")))
        }
    }
}

/// By what git itself looks for in such a folder.
fn is_bare(repo: &Path) -> bool {
    repo.join("HEAD").is_file() && repo.join("objects").is_dir() && repo.join("refs").is_dir()
}

fn head_of(repo: &Path) -> Option<String> {
    let head = std::fs::read_to_string(PathBuf::from(repo).join("HEAD")).ok()?;
    head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Remote;

    #[test]
    fn a_folder_becomes_an_address() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a b.git/.git")).unwrap();
        let url = repository(root.join("a b.git").to_str().unwrap()).unwrap();
        assert_eq!(url.to_string(), format!("file://{}/a%20b.git", root.display()));
        assert_eq!(url.local_path(), Some(root.join("a b.git")));
        let refused = repository(root.to_str().unwrap()).unwrap_err().to_string();
        assert!(refused.contains("has no git repository in it"), "{refused}");
    }

    #[tokio::test]
    async fn a_project_added_again_gives_its_hook_a_new_token_and_revokes_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let config = sidings_controller::Config {
            data_dir: folder.path().join("controller"),
            listen: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: None,
            store: sidings_controller::StoreKind::Memory,
            api_token: None,
            secrets_key: None,
            policy: None,
            flaws: None,
            webhook_private: false,
            audit_for: std::time::Duration::from_secs(3600),
        };
        let controller = sidings_controller::start(config).await.unwrap();
        let remote = Remote {
            server: controller.url().to_owned(),
            token: Some(controller.api_token("test").await.unwrap()),
            trust: Trust::default(),
        };
        let client = Client::new(&remote).unwrap();
        for repo in ["one.git", "one.git", "two.git"].map(|name| folder.path().join(name)) {
            ["objects", "refs"].iter().for_each(|part| std::fs::create_dir_all(repo.join(part)).unwrap());
            std::fs::write(repo.join("HEAD"), "ref: refs/heads/main\n").unwrap();
            let (name, repo) = ("demo".to_owned(), repo.to_str().unwrap().to_owned());
            let asked = ProjectAdd { name, repo, default_branch: None, json: false, remote: remote.clone() };
            add(asked).await.unwrap();
        }
        let tokens = client.tokens().await.unwrap().tokens;
        let pushes: Vec<_> =
            tokens.iter().filter(|token| token.kind == TokenKind::Push).map(|token| token.id).collect();
        let kept =
            ["one.git", "two.git"].map(|name| Settings::of(&folder.path().join(name)).unwrap().token_id.unwrap());
        assert_eq!(pushes, kept);
        controller.shutdown().await.unwrap();
    }

    #[test]
    fn what_is_neither_folder_nor_address_is_refused_with_the_way_to_write_it() {
        let error = repository("git@example.org:acme/board.git").unwrap_err().to_string();
        assert!(error.contains("ssh://git@example.org/acme/board.git"), "{error}");
        assert!(repository("http://example.org/x").is_err());
    }
}
