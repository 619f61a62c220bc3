//! What the controller is set up with: projects, the names of their secrets, and who holds tokens. It shows nothing that
//! opens anything: a secret's value and a token's text are nowhere in it.

use super::caller::Visitor;
use super::error::{PageError, shown};
use super::escaped;
use super::shell::Shell;
use super::when::When;
use crate::http::{App, enrolment};
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sidings_proto::Timestamp;
use sidings_proto::api::{ProjectView, TokenKind, TokenView};
use sidings_proto::secret::SecretView;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "projects.html")]
struct ProjectsPage {
    shell: Shell,
    projects: Vec<Project>,
    may_see_secrets: bool,
    may_see_tokens: bool,
    may_see_webhooks: bool,
}

struct Project {
    name: String,
    runs: String,
    images: String,
    badge: String,
    repository: String,
    branch: String,
    created: When,
}

#[derive(Template)]
#[template(path = "secrets.html")]
struct SecretsPage {
    shell: Shell,
    may_see_tokens: bool,
    secrets: Vec<Secret>,
}

/// A secret, without what it holds.
struct Secret {
    name: String,
    scope: String,
    rules: String,
    created: When,
    changed: When,
}

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    shell: Shell,
    tokens: Vec<Token>,
}

/// A token, without its text.
struct Token {
    id: String,
    name: String,
    opens: String,
    created: When,
    expires: Option<String>,
    used: Option<When>,
    over: bool,
}

pub(super) async fn projects(visitor: Visitor, State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let now = app.shell.now();
    let projects = app.store.projects().await?.into_iter().map(|project| row(project, now)).collect();
    let page = ProjectsPage {
        may_see_secrets: visitor.may_see("/secrets"),
        may_see_tokens: visitor.may_see("/tokens"),
        may_see_webhooks: visitor.may_see("/webhooks"),
        shell: Shell::of(&visitor, "projects"),
        projects,
    };
    Ok(shown(&page)?.into_response())
}

fn row(project: ProjectView, now: Timestamp) -> Project {
    Project {
        runs: format!("/?project={}", escaped(&project.name)),
        images: format!("/images?project={}", escaped(&project.name)),
        badge: format!("/badge/{}.svg", project.name.split('/').map(escaped).collect::<Vec<_>>().join("/")),
        name: project.name,
        repository: project.repo_url,
        branch: project.default_branch,
        created: When::of(project.created, now),
    }
}

pub(super) async fn secrets(visitor: Visitor, State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let now = app.shell.now();
    let secrets = app.secrets.list(None).await?.into_iter().map(|secret| secret_row(secret, now)).collect();
    let may_see_tokens = visitor.may_see("/tokens");
    Ok(shown(&SecretsPage { shell: Shell::of(&visitor, "projects"), may_see_tokens, secrets })?.into_response())
}

fn secret_row(secret: SecretView, now: Timestamp) -> Secret {
    let events: Vec<_> = secret.rules.events.iter().map(|event| event.as_str()).collect();
    let events = if events.is_empty() { "all but pull requests".to_owned() } else { events.join(", ") };
    let branches = secret.rules.branches.join(", ");
    Secret {
        name: secret.name,
        scope: secret.scope.to_string(),
        rules: if branches.is_empty() { events } else { format!("{events}; {branches}") },
        created: When::of(secret.created, now),
        changed: When::of(secret.changed, now),
    }
}

pub(super) async fn tokens(visitor: Visitor, State(app): State<Arc<App>>) -> Result<Response, PageError> {
    let now = app.shell.now();
    let tokens = enrolment::all_tokens(&app).into_iter().map(|token| token_row(token, now)).collect();
    Ok(shown(&TokensPage { shell: Shell::of(&visitor, "projects"), tokens })?.into_response())
}

fn token_row(token: TokenView, now: Timestamp) -> Token {
    let opens = match (token.kind, token.role, token.project) {
        (TokenKind::Api, role, _) => role.map_or("the API", |role| role.as_str()).to_owned(),
        (TokenKind::Push, _, project) => format!("pushes of {}", project.unwrap_or_default()),
        (TokenKind::Registration, _, _) => "enrolment of runners".to_owned(),
    };
    Token {
        id: token.id.to_string(),
        name: token.name,
        opens,
        created: When::of(token.created, now),
        expires: token.expires.map(|at| When::of(at, now).full),
        used: token.used.map(|at| When::of(at, now)),
        over: token.expires.is_some_and(|at| at <= now),
    }
}
