//! One example for each command, at the end of its help: a line that works as it stands, once its names are yours.

use super::Cli;
use clap::{Command, CommandFactory};

/// The command's words, and the line.
pub(super) const EXAMPLES: [(&str, &str); 54] = [
    ("run", "sidings run --job test --step pytest"),
    ("lint", "sidings lint .sidings.yml"),
    ("lock", "sidings lock --update debian:12"),
    ("init", "sidings init"),
    ("import", "sidings import .gitlab-ci.yml"),
    ("image key", "sidings image key --diff HEAD~1 HEAD"),
    ("image list", "sidings image list --project api"),
    ("image show", "sidings image show sidings/api:aa4361337f2a183d --dockerfile Dockerfile"),
    ("image diff", "sidings image diff key:aa436133 key:dfbcc5e0"),
    ("image find", "sidings image find openssl --version 3.0.15-1~deb12u1"),
    ("image sbom", "sidings image sbom key:aa436133 --format spdx"),
    ("image audit", "sidings image audit key:aa436133 --flaws /srv/osv --fail-on high"),
    ("schema", "sidings schema > sidings.schema.json"),
    ("doctor", "sidings doctor"),
    ("gc", "sidings gc --dry-run"),
    ("up", "sidings up --slots 4"),
    ("controller", "sidings controller --listen 10.0.0.5:7117 --public-url https://ci.example.com"),
    ("runner", "sidings runner --controller https://ci.example.com --token-file /run/token --label gpu=yes"),
    ("submit", "sidings submit --project api --follow"),
    ("runs", "sidings runs --project api --branch main --state failed"),
    ("show", "sidings show api@7"),
    ("open", "sidings open api@7"),
    ("watch", "sidings watch --project api"),
    ("logs", "sidings logs latest test pytest --follow"),
    ("tests", "sidings tests latest --slowest 20"),
    ("artifacts", "sidings artifacts latest build --output dist"),
    ("cancel", "sidings cancel api@7"),
    ("approve", "sidings approve api@7 deploy"),
    ("retry", "sidings retry api@7 --failed"),
    ("project add", "sidings project add api --repo https://git.example.com/api.git"),
    ("project list", "sidings project list"),
    ("queue", "sidings queue"),
    ("runners", "sidings runners"),
    ("runners drain", "sidings runners drain r2 --wait"),
    ("runners resume", "sidings runners resume r2"),
    ("schedules", "sidings schedules"),
    ("token create", "sidings token create ci --role maintainer"),
    ("token list", "sidings token list"),
    ("token revoke", "sidings token revoke 018f3a1e-7f2b-7c3d-8e4f-5a6b7c8d9e0f"),
    ("audit", "sidings audit --since 7d"),
    ("secret set", "sidings secret set deploy_key --event push --branch main --from-file id_ed25519"),
    ("secret list", "sidings secret list"),
    ("secret rm", "sidings secret rm deploy_key"),
    (
        "webhook add",
        "sidings webhook add ops --url https://hooks.example.com/T0/B1 --verdict failed --branch main --format chat",
    ),
    ("webhook list", "sidings webhook list"),
    ("webhook remove", "sidings webhook remove ops"),
    ("webhook deliveries", "sidings webhook deliveries ops -n 5"),
    ("webhook redeliver", "sidings webhook redeliver 018f3a1e-7f2b-7c3d-8e4f-5a6b7c8d9e0f"),
    ("webhook test", "sidings webhook test ops"),
    ("webhook", "sidings webhook list"),
    ("completions", "sidings completions bash"),
    ("man", "sidings man ~/.local/share/man/man1"),
    ("image", "sidings image list"),
    ("project", "sidings project list"),
];

/// The command line, with its examples.
pub(crate) fn command() -> Command {
    EXAMPLES.into_iter().fold(Cli::command(), |command, (words, line)| {
        let words: Vec<&str> = words.split(' ').collect();
        told(command, &words, line)
    })
}

fn told(command: Command, words: &[&str], line: &'static str) -> Command {
    match words.split_first() {
        Some((first, rest)) => command.mut_subcommand(*first, |inner| told(inner, rest, line)),
        None => {
            let before = command.get_after_help().map(|text| format!("\n\n{text}")).unwrap_or_default();
            command.after_help(format!("Example: {line}{before}"))
        }
    }
}
