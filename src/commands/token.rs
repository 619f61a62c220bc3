//! `sidings token`.

use super::output::{print, print_as};
use crate::args::{TokenArgs, TokenCommand, TokenCreate};
use crate::client::Client;
use crate::exit::Exit;
use crate::render::lists;
use jiff::tz::TimeZone;
use sidings_proto::api::NewToken;

pub(super) async fn token(args: TokenArgs) -> anyhow::Result<Exit> {
    match args.command {
        TokenCommand::Create(args) => create(args).await,
        TokenCommand::List(args) => {
            let tokens = Client::new(&args.remote)?.tokens().await?;
            print_as(args.json, &tokens, |tokens| lists::tokens(tokens, &TimeZone::system()))
        }
        TokenCommand::Revoke(args) => {
            Client::new(&args.remote)?.revoke_token(args.id).await?;
            print(&format!("token {} is worthless now\n", args.id))?;
            Ok(Exit::Passed)
        }
    }
}

/// The secret alone goes to stdout, so that a script can take it.
async fn create(args: TokenCreate) -> anyhow::Result<Exit> {
    let token = NewToken {
        name: args.name,
        kind: args.kind.into(),
        project: args.project,
        expires_in_ms: args.expires_in,
        single_use: args.single_use,
        role: args.role.map(Into::into),
    };
    let made = Client::new(&args.remote)?.make_token(&token).await?;
    if !args.json {
        anstream::eprintln!(
            "token {} is shown this once; `sidings token revoke {}` makes it worthless",
            made.id,
            made.id
        );
    }
    print_as(args.json, &made, |made| format!("{}\n", made.token))
}
