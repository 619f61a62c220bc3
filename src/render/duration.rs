//! Spans and points of time as people read them.

use jiff::tz::TimeZone;
use sidings_proto::Timestamp;
use std::time::Duration;

/// `0.4s`, `12.3s`, `3m05s`, `2h07m`: at most seven columns wide for anything under 100 hours.
pub(crate) fn span(span: Duration) -> String {
    let tenths = (span.as_millis() + 50) / 100;
    let seconds = tenths / 10;
    match seconds {
        0..60 => format!("{}.{}s", seconds, tenths % 10),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

/// From its start to its end, or to now; empty when it did not start.
pub(crate) fn since(started: Option<Timestamp>, ended: Option<Timestamp>, now: Timestamp) -> String {
    started.map(|started| span(ended.unwrap_or(now).since(started))).unwrap_or_default()
}

/// `just now`, `5 min ago`, `3 h ago`, `12 days ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.since(at).as_secs() / 60;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        1440..2880 => "1 day ago".to_owned(),
        _ => format!("{} days ago", minutes / 1440),
    }
}

/// `2025-03-04 05:06` where the reader lives.
pub(crate) fn minute(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone, "%Y-%m-%d %H:%M")
}

/// `05:06:07.890` where the reader lives.
pub(crate) fn clock(at: Timestamp, zone: &TimeZone) -> String {
    zoned(at, zone, "%H:%M:%S%.3f")
}

fn zoned(at: Timestamp, zone: &TimeZone, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(at) => at.to_zoned(zone.clone()).strftime(format).to_string(),
        Err(_) => at.0.to_string(),
    }
}

/// The wall clock.
pub(crate) fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_get_coarser_as_they_grow() {
        let of = |ms| span(Duration::from_millis(ms));
        assert_eq!(
            [of(0), of(440), of(12_340), of(59_960), of(185_000), of(7_620_000)],
            ["0.0s", "0.4s", "12.3s", "1m00s", "3m05s", "2h07m"]
        );
    }

    #[test]
    fn a_time_without_a_start_is_empty() {
        assert_eq!(since(None, None, Timestamp(5)), "");
        assert_eq!(since(Some(Timestamp(0)), None, Timestamp(1500)), "1.5s");
        assert_eq!(since(Some(Timestamp(0)), Some(Timestamp(900)), Timestamp(1500)), "0.9s");
    }

    #[test]
    fn the_past_is_told_in_words() {
        let of = |minutes: i64| ago(Timestamp(0), Timestamp(minutes * 60_000));
        assert_eq!(
            [of(0), of(5), of(185), of(2000), of(14_400)],
            ["just now", "5 min ago", "3 h ago", "1 day ago", "10 days ago"]
        );
    }

    #[test]
    fn clocks_show_the_readers_zone() {
        let at = Timestamp(1_700_000_000_123);
        assert_eq!(minute(at, &TimeZone::UTC), "2023-11-14 22:13");
        assert_eq!(clock(at, &TimeZone::UTC), "22:13:20.123");
    }
}
