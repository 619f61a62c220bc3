use super::due::{due, next};
use crate::store::StoredSchedule;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use sidings_proto::{Schedule, Timestamp};

/// A time in Paris.
fn paris(text: &str) -> Timestamp {
    let zone = TimeZone::get("Europe/Paris").unwrap();
    Timestamp(text.parse::<DateTime>().unwrap().to_zoned(zone).unwrap().timestamp().as_millisecond())
}

fn schedule(crons: &[&str], since: &str) -> StoredSchedule {
    let entry =
        |cron: &&str| Schedule { cron: (*cron).to_owned(), timezone: "Europe/Paris".to_owned(), ..Schedule::default() };
    StoredSchedule { entries: crons.iter().map(entry).collect(), since: paris(since) }
}

fn due_at(schedule: &StoredSchedule, now: &str) -> Vec<String> {
    due(schedule, paris(now)).into_iter().map(|entry| entry.cron.clone()).collect()
}

#[test]
fn an_entry_is_due_from_its_minute_on() {
    let schedule = schedule(&["30 3 * * *", "0 12 * * MON"], "2026-11-22T10:00");
    assert_eq!(next(&schedule), Some(paris("2026-11-23T03:30")));
    assert_eq!(due_at(&schedule, "2026-11-23T03:29:59"), [""; 0]);
    assert_eq!(due_at(&schedule, "2026-11-23T03:30:00"), ["30 3 * * *"]);
}

#[test]
fn what_was_missed_is_due_once_and_what_was_handled_no_more() {
    let away = schedule(&["30 3 * * *", "0 12 * * MON"], "2026-11-20T10:00");
    assert_eq!(due_at(&away, "2026-11-23T12:00:00"), ["30 3 * * *", "0 12 * * MON"]);
    let handled = StoredSchedule { since: paris("2026-11-23T12:00:00"), ..away };
    assert_eq!(due_at(&handled, "2026-11-23T12:00:30"), [""; 0]);
    assert_eq!(next(&handled), Some(paris("2026-11-24T03:30")));
}

#[test]
fn the_zones_own_clock_counts_when_it_is_changed() {
    // In the night of 29 March 2026 the clock goes from 2:00 to 3:00, on 25 October from 3:00 back to 2:00.
    let spring = schedule(&["30 3 * * *"], "2026-03-28T12:00");
    assert_eq!(next(&spring), Some(paris("2026-03-29T03:30")));
    let autumn = schedule(&["30 3 * * *"], "2026-10-24T12:00");
    assert_eq!(next(&autumn), Some(paris("2026-10-25T03:30")));
}
