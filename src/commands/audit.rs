//! `sidings audit`.

use super::output::print_as;
use crate::args::ShowAuditArgs;
use crate::client::Client;
use crate::exit::Exit;
use crate::render::{duration, lists};
use jiff::tz::TimeZone;
use sidings_proto::Timestamp;
use sidings_proto::audit::AuditLog;

/// Lines of one answer, at most.
const AT_ONCE: u64 = 500;

pub(super) async fn audit(args: ShowAuditArgs) -> anyhow::Result<Exit> {
    let client = Client::new(&args.remote)?;
    let back = |ms: u64| Timestamp(duration::now().0.saturating_sub(i64::try_from(ms).unwrap_or(i64::MAX)));
    let (since, mut log) = (args.since.map(back), AuditLog::default());
    loop {
        let left = args.limit - u64::try_from(log.entries.len())?;
        let part = client.audit(log.next, since, left.min(AT_ONCE)).await?;
        log.entries.extend(part.entries);
        log.next = part.next;
        if log.next.is_none() || u64::try_from(log.entries.len())? >= args.limit {
            break;
        }
    }
    print_as(args.json, &log, |log| lists::audit(log, &TimeZone::system()))
}
