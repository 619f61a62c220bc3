//! What a matrix means: the product of its axes, without what is excluded and with what is included.
//!
//! Pure values. Whether there are too many of them is decided where they are read.

use crate::condition::When;
use crate::suggest::shortened;

/// Characters of a combination that stand in a job's name.
const SHOWN: usize = 80;

/// A name and its values, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) name: String,
    pub(crate) values: Vec<String>,
}

/// One value of each axis, in the order of the axes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Combination(pub(crate) Vec<(String, String)>);

/// A combination, unless one of these conditions holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    pub(crate) combination: Combination,
    pub(crate) unless: Vec<When>,
}

/// An entry of `exclude`: for each axis that it names, the values it takes out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exclusion {
    pub(crate) values: Vec<(String, Vec<String>)>,
    /// None: always.
    pub(crate) when: Option<When>,
}

impl Combination {
    pub(crate) fn get(&self, axis: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == axis).map(|(_, value)| value.as_str())
    }

    pub(crate) fn axes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// `15, slow`, cut if it is long.
    pub(crate) fn shown(&self) -> String {
        let values: Vec<&str> =
            self.0.iter().map(|(_, value)| if value.is_empty() { "''" } else { value.as_str() }).collect();
        shortened(&values.join(", "), SHOWN)
    }
}

impl Exclusion {
    fn takes(&self, combination: &Combination) -> bool {
        let taken = |(axis, values): &(String, Vec<String>)| {
            combination.get(axis).is_some_and(|is| values.iter().any(|value| value == is))
        };
        self.values.iter().all(taken)
    }
}

/// How many combinations the axes have.
pub(crate) fn size(axes: &[Axis]) -> usize {
    if axes.is_empty() { 0 } else { axes.iter().fold(1, |size, axis| size.saturating_mul(axis.values.len())) }
}

/// Every combination, the last axis changing fastest; without those that are excluded whatever the commit.
pub(crate) fn rows(axes: &[Axis], exclusions: &[Exclusion]) -> Vec<Row> {
    let mut combinations = if axes.is_empty() { Vec::new() } else { vec![Combination::default()] };
    for axis in axes {
        let longer = |shorter: &Combination| -> Vec<Combination> {
            axis.values.iter().map(|value| with(shorter, &axis.name, value)).collect()
        };
        combinations = combinations.iter().flat_map(longer).collect();
    }
    combinations.into_iter().filter_map(|combination| row(combination, exclusions)).collect()
}

fn with(shorter: &Combination, axis: &str, value: &str) -> Combination {
    let mut longer = shorter.clone();
    longer.0.push((axis.to_owned(), value.to_owned()));
    longer
}

fn row(combination: Combination, exclusions: &[Exclusion]) -> Option<Row> {
    let mut unless = Vec::new();
    for exclusion in exclusions.iter().filter(|exclusion| exclusion.takes(&combination)) {
        unless.push(exclusion.when.clone()?);
    }
    Some(Row { combination, unless })
}
