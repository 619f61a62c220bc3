//! When an engine's disk is cleaned up: of `up` and `runner`, which do it all the time, and of `gc`, which does it once.

use super::LeastFree;
use crate::exit::Refusal;
use clap::{Args, value_parser};
use sidings_runner::clean::Marks;
use std::time::Duration;

const SIZES: [(&str, u64); 8] = [
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];
const TIMES: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];

/// When an engine's disk is cleaned up, and how far.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Cleaning {
    /// Remove images and build cache that nobody used for long from so much of the disk in use on
    #[arg(long, env = "SIDINGS_CLEAN_ABOVE", default_value_t = 80, value_parser = value_parser!(u8).range(1..=100), value_name = "PERCENT")]
    clean_above: u8,
    /// … until no more than so much is in use
    #[arg(long, env = "SIDINGS_CLEAN_TO", default_value_t = 70, value_parser = value_parser!(u8).range(0..100), value_name = "PERCENT")]
    clean_to: u8,
    /// Never let built images and the build cache take more than this, as in `20GB` [default: no limit]
    #[arg(long, env = "SIDINGS_IMAGE_BUDGET", value_parser = size, value_name = "SIZE")]
    image_budget: Option<u64>,
    /// Leave alone what was used so short a while ago, as in `30m`
    #[arg(long, env = "SIDINGS_IMAGE_GRACE", default_value = "1h", value_parser = time, value_name = "TIME")]
    image_grace: Duration,
}

impl Cleaning {
    /// The same as the runner is told it.
    pub(crate) fn marks(self, least_free: LeastFree) -> anyhow::Result<Marks> {
        let Cleaning { clean_above: above, clean_to: down_to, image_budget: budget, image_grace: grace } = self;
        if down_to >= above {
            let message = format!("--clean-to must be less than --clean-above: {down_to} and {above}");
            return Err(Refusal::configuration(message));
        }
        Ok(Marks { above, down_to, budget, grace, least_free: least_free.bytes() })
    }
}

fn size(text: &str) -> Result<u64, String> {
    let expected =
        || format!("`{text}` is not a size: a number and kB, MB, GB, TB, KiB, MiB, GiB or TiB, as in `20GB`");
    counted(text, &SIZES).ok_or_else(expected)
}

fn time(text: &str) -> Result<Duration, String> {
    let expected = || format!("`{text}` is not a time: a number and s, m, h or d, as in `30m`");
    counted(text, &TIMES).map(Duration::from_secs).ok_or_else(expected)
}

fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit = text.trim_start_matches(|char: char| char.is_ascii_digit());
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    let (_, worth) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*worth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_have_a_unit() {
        assert_eq!((size("2GB"), size("512 MiB"), size("0kB")), (Ok(2_000_000_000), Ok(512 << 20), Ok(0)));
        assert_eq!((time("90s"), time("1d")), (Ok(Duration::from_secs(90)), Ok(Duration::from_secs(86_400))));
        for bad in ["2", "GB", "", "2gb", "-1GB", "1.5GB", "99999999999TB"] {
            assert!(size(bad).unwrap_err().contains("as in `20GB`"), "{bad}");
        }
        assert!(time("1 week").is_err() && time("h").is_err());
    }

    #[test]
    fn there_is_something_between_the_marks() {
        let told =
            |above, to| Cleaning { clean_above: above, clean_to: to, image_budget: None, image_grace: Duration::ZERO };
        let error = told(70, 70).marks(LeastFree::default()).unwrap_err();
        assert_eq!(error.to_string(), "--clean-to must be less than --clean-above: 70 and 70");
        assert_eq!(told(71, 70).marks(LeastFree { gib: Some(2) }).unwrap().least_free, Some(2 << 30));
    }
}
