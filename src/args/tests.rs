use super::*;
use clap::CommandFactory;

/// Whatever is set where the test runs.
fn without_values(command: clap::Command) -> clap::Command {
    command.mut_args(|arg| arg.hide_env_values(true)).mut_subcommands(without_values)
}

fn help_of(path: &[&str]) -> String {
    let mut command = without_values(super::command()).term_width(100);
    command.build();
    let mut at = &mut command;
    for name in path {
        at = at.find_subcommand_mut(name).unwrap();
    }
    at.render_help().to_string()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

/// The commands that people call, each with its words.
fn leaves(command: &clap::Command, words: &str, all: &mut Vec<(String, String)>) {
    let inner: Vec<_> = command.get_subcommands().filter(|it| !it.is_hide_set() && it.get_name() != "help").collect();
    if inner.is_empty() {
        all.push((words.to_owned(), command.get_after_help().map(ToString::to_string).unwrap_or_default()));
    }
    inner.into_iter().for_each(|it| leaves(it, format!("{words} {}", it.get_name()).trim_start(), all));
}

#[test]
fn each_command_has_an_example_that_is_understood() {
    let mut all = Vec::new();
    leaves(&super::command(), "", &mut all);
    let wrong = all.into_iter().filter_map(|(words, help)| {
        let Some(line) = help.lines().find_map(|line| line.strip_prefix("Example: ")) else {
            return Some(format!("{words}: none"));
        };
        let typed = line.split(" > ").next().unwrap_or(line);
        let error = Cli::try_parse_from(typed.split(' ')).err().map(|error| error.to_string());
        let is_another = !line.starts_with(&format!("sidings {words}"));
        error.or(is_another.then(String::new)).map(|why| format!("{words}: {line}: {why}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn help_says_what_there_is_and_how_it_ends() {
    insta::assert_snapshot!("help", help_of(&[]));
}

#[test]
fn help_of_the_daily_commands() {
    for name in ["run", "submit", "logs", "up", "runner"] {
        insta::assert_snapshot!(format!("help_{name}"), help_of(&[name]));
    }
    insta::assert_snapshot!("help_project_add", help_of(&["project", "add"]));
    insta::assert_snapshot!("help_token_create", help_of(&["token", "create"]));
}

#[test]
fn a_token_is_not_shown_by_debug_output() {
    let cli = Cli::try_parse_from(["sidings", "runs", "--token", "sid_secret"]).unwrap();
    assert!(!format!("{cli:?}").contains("sid_secret"));
}

#[test]
fn a_commit_without_a_repository_is_refused() {
    let error = Cli::try_parse_from(["sidings", "submit", "--commit", "abc"]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn as_many_runs_are_listed_as_the_controller_gives() {
    let parse = |limit: &str| Cli::try_parse_from(["sidings", "runs", "-n", limit]);
    assert!(parse("1").is_ok() && parse("500").is_ok());
    assert!(parse("0").is_err() && parse("501").is_err());
}

#[test]
fn a_token_is_revoked_by_its_id_alone() {
    let error = Cli::try_parse_from(["sidings", "token", "revoke", "ci"]).unwrap_err();
    assert!(error.to_string().contains("sidings token list"), "{error}");
}

#[test]
fn lifetimes_have_a_unit() {
    let parse = |time: &str| Cli::try_parse_from(["sidings", "token", "create", "ci", "--expires-in", time]);
    let cli = parse("12h").unwrap();
    let Command::Token(TokenArgs { command: TokenCommand::Create(create) }) = cli.command else { panic!("{cli:?}") };
    assert_eq!(create.expires_in, Some(12 * 3_600_000));
    for bad in ["12", "h", "0d", "99999999999999999d", "3 weeks"] {
        assert!(parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_flag_is_taken_where_it_does_something() {
    let taken = |line: &str| Cli::try_parse_from(line.split(' ')).is_ok();
    for line in ["run", "up", "runner", "runs", "submit", "doctor", "project list", "token list"] {
        assert!(taken(&format!("sidings {line} --ca-bundle ca.pem")), "{line}");
    }
    assert!(taken("sidings up --label a=b --least-free 0") && taken("sidings runner --label a=b --least-free 9"));
    for line in ["run --label a=b", "run --least-free 1", "controller --ca-bundle ca.pem"] {
        assert!(!taken(&format!("sidings {line}")), "{line}");
    }
}
