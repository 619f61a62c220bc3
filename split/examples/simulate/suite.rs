//! The workload that the bars name: 1,000 tests, log-normal with σ 1.5, 480 s in all, each run 30 % off.

use crate::dice::Dice;
use sidings_split::{Atom, Estimates, History, Manifest, Parallelism, Settings, Split};
use std::collections::BTreeMap;

pub(crate) const TESTS: usize = 1_000;
pub(crate) const SERIAL_MS: f64 = 480_000.0;
const SIGMA: f64 = 1.5;
const NOISE: f64 = 0.3;
const RUNS: usize = 20;
/// How far a file's size is from its test's duration, as a log-normal's σ. Ours: no bar says it.
const SIZE_NOISE: f64 = 0.5;

/// What is known before the run.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Known {
    History,
    Sizes,
    Nothing,
}

/// One run of the suite.
pub(crate) struct Suite {
    pub(crate) manifest: Manifest,
    pub(crate) estimates: Estimates,
    /// What each test takes in this run on a usual worker.
    pub(crate) truth_ms: Vec<f64>,
}

impl Suite {
    pub(crate) fn draw(dice: &mut Dice, known: Known) -> Suite {
        let drawn: Vec<f64> = (0..TESTS).map(|_| (SIGMA * dice.normal()).exp()).collect();
        let scale = SERIAL_MS / drawn.iter().sum::<f64>();
        let usual: Vec<f64> = drawn.into_iter().map(|test| test * scale).collect();
        let mut history = History::default();
        let mut atoms = Vec::new();
        for (number, usual) in usual.iter().enumerate() {
            let id = format!("tests/test_{number:04}.py");
            let bytes = (usual * dice.about_one(SIZE_NOISE)).max(1.0) as u64;
            let runs = (0..RUNS).map(|_| run(dice, *usual) as u64).collect();
            if known == Known::History {
                history.passed_ms.insert(id.clone(), runs);
            }
            atoms.push(Atom { id, file_bytes: (known == Known::Sizes).then_some(bytes) });
        }
        let manifest = Manifest::new(atoms).expect("ids are numbered");
        let estimates = Estimates::new(&manifest, &history);
        let truth_ms = usual.iter().map(|usual| run(dice, *usual)).collect();
        Suite { manifest, estimates, truth_ms }
    }

    pub(crate) fn split(&self, parallelism: Parallelism, boot_ms: u64) -> Split {
        let settings = Settings { parallelism, boot_ms, quarantine: BTreeMap::new(), ..Settings::default() };
        Split::new(self.manifest.clone(), self.estimates.clone(), settings)
    }
}

fn run(dice: &mut Dice, usual: f64) -> f64 {
    (usual * dice.about_one(NOISE)).max(1.0)
}
