//! Times and durations as people read them: relative, with the whole moment beside it.

use sidings_proto::Timestamp;

/// A moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    /// Milliseconds since the epoch, for the script that keeps `ago` true.
    pub(super) ms: i64,
    /// `3 min ago`.
    pub(super) ago: String,
    /// `2026-11-22 10:15:03 UTC`.
    pub(super) full: String,
    /// As machines read it.
    pub(super) iso: String,
}

impl When {
    pub(super) fn of(at: Timestamp, now: Timestamp) -> Self {
        let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
        let full = moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
        Self { ms: at.0, ago: ago(now.0 - at.0), full, iso: moment.to_string() }
    }
}

fn ago(ms: i64) -> String {
    let (minute, hour, day) = (60_000, 3_600_000, 86_400_000);
    match ms {
        ..10_000 => "just now".to_owned(),
        ms if ms < minute => format!("{} s ago", ms / 1000),
        ms if ms < hour => format!("{} min ago", ms / minute),
        ms if ms < 2 * day => format!("{} h ago", ms / hour),
        ms => format!("{} d ago", ms / day),
    }
}

/// How long: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 1 min`.
pub(super) fn lasting(ms: i64) -> String {
    let ms = ms.max(0);
    let s = ms / 1000;
    match s {
        ..10 => format!("{}.{} s", s, ms % 1000 / 100),
        10..60 => format!("{s} s"),
        60..3_600 => format!("{} min {} s", s / 60, s % 60),
        _ => format!("{} h {} min", s / 3600, s / 60 % 60),
    }
}

/// From then until then, or until now.
pub(super) fn between(from: Timestamp, to: Option<Timestamp>, now: Timestamp) -> String {
    lasting(to.unwrap_or(now).0 - from.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_do() {
        let told: Vec<_> = [-5, 9_999, 59_000, 61_000, 7_200_000, 200_000_000].map(ago).into();
        assert_eq!(told, ["just now", "just now", "59 s ago", "1 min ago", "2 h ago", "2 d ago"]);
        let told: Vec<_> = [-1, 430, 12_000, 185_000, 7_261_000].map(lasting).into();
        assert_eq!(told, ["0.0 s", "0.4 s", "12 s", "3 min 5 s", "2 h 1 min"]);
        let when = When::of(Timestamp(1_700_000_000_000), Timestamp(1_700_000_060_000));
        assert_eq!((&*when.ago, &*when.full), ("1 min ago", "2023-11-14 22:13:20 UTC"));
    }
}
