//! When a schedule's entry is due. The time zones' rules come with the program, so that every machine says the same.

use cronexpr::{Crontab, MakeTimestamp};
use sidings_proto::{Schedule, Timestamp};

/// The fields and the zone as one expression; an error says what is wrong with them.
pub(crate) fn parse(cron: &str, timezone: &str) -> Result<Crontab, String> {
    if cron.split_whitespace().count() != 5 {
        return Err("five fields are expected: minute, hour, day of the month, month, day of the week".to_owned());
    }
    let crontab = cronexpr::parse_crontab(&format!("{cron} {timezone}"));
    crontab
        .map_err(|error| error.to_string().lines().last().unwrap_or_default().trim_start_matches(['^', ' ']).to_owned())
}

/// The first time after `after` at which an entry is due; none if there is none within four years.
pub fn next_after(entry: &Schedule, after: Timestamp) -> Option<Timestamp> {
    let crontab = parse(&entry.cron, &entry.timezone).ok()?;
    let after = MakeTimestamp::from_millisecond(after.0).ok()?;
    crontab.find_next(after).ok().map(|next| Timestamp(next.timestamp().as_millisecond()))
}
