//! What a plan tells of when, where and how often jobs run. The controller alone acts on it; runners are told only of
//! [`Resources`].

use crate::{FailureClass, Step};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// When, where and how often a job runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Scheduling {
    /// Only a runner that has all of these gets it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What is tried again of what the user's side failed.
    #[serde(skip_serializing_if = "Retry::is_never")]
    pub retry: Retry,
    /// From -100 to 100.
    #[serde(skip_serializing_if = "is_ordinary")]
    pub priority: i32,
    /// The jobs that do not run at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// It waits for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

impl Scheduling {
    /// Whether nothing is said.
    pub fn is_unsaid(&self) -> bool {
        *self == Scheduling::default()
    }
}

fn is_ordinary(priority: &i32) -> bool {
    *priority == 0
}

/// How often a failed job is tried again, and after which failures. Failures of ours are tried again without this.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Retry {
    /// The most times, over all these classes.
    pub max: u32,
    /// Never one of ours.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<FailureClass>))]
    pub on: BTreeSet<FailureClass>,
}

impl Retry {
    /// Whether nothing is tried again.
    pub fn is_never(&self) -> bool {
        self.max == 0 || self.on.is_empty()
    }
}

/// A group of runs or jobs of one project, of which only so many go on at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Concurrency {
    /// Its name, with all variables replaced.
    pub group: String,
    /// How many at a time, at least 1.
    pub limit: u32,
    /// What a newer one does to older ones.
    pub cancel: Cancel,
}

/// Which older members of a group a newer one cancels. Never those of the default branch or of a tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Cancel {
    /// It waits for them.
    #[default]
    None,
    /// Those that no runner has begun.
    Queued,
    /// All.
    Running,
}

impl Cancel {
    /// The word that files and wire use.
    pub fn as_str(self) -> &'static str {
        match self {
            Cancel::None => "none",
            Cancel::Queued => "queued",
            Cancel::Running => "running",
        }
    }
}

/// A person has to agree first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who may.
    pub from: Vec<String>,
}

/// What a container may use, or a machine has. None: no limit, or not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Resources {
    /// Thousandths of a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milli_cpus: Option<u64>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// Processes and threads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pids: Option<u32>,
}

impl Resources {
    /// Whether nothing is said.
    pub fn is_unsaid(&self) -> bool {
        *self == Resources::default()
    }

    /// What both use at the same time.
    #[must_use]
    pub fn and(self, other: Resources) -> Resources {
        let both = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
        };
        let pids = both(self.pids.map(u64::from), other.pids.map(u64::from));
        Resources {
            milli_cpus: both(self.milli_cpus, other.milli_cpus),
            memory: both(self.memory, other.memory),
            pids: pids.map(|pids| u32::try_from(pids).unwrap_or(u32::MAX)),
        }
    }

    /// What one after the other uses at most.
    #[must_use]
    pub fn or(self, other: Resources) -> Resources {
        Resources {
            milli_cpus: self.milli_cpus.max(other.milli_cpus),
            memory: self.memory.max(other.memory),
            pids: self.pids.max(other.pids),
        }
    }

    /// What steps that run at once may use together.
    pub fn of_all<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Resources {
        steps.into_iter().map(|step| step.resources).fold(Resources::default(), Resources::and)
    }
}

/// `2 cpus and 4 GiB of memory`; what is not said is left out, processes always: no machine runs out of them first.
impl fmt::Display for Resources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus = self.milli_cpus.map(|milli| match milli {
            1000 => "1 cpu".to_owned(),
            milli if milli.is_multiple_of(1000) => format!("{} cpus", milli / 1000),
            milli => format!("{} cpus", milli as f64 / 1000.0),
        });
        let memory = self.memory.map(|bytes| format!("{} of memory", in_units(bytes)));
        let parts: Vec<String> = cpus.into_iter().chain(memory).collect();
        f.write_str(&parts.join(" and "))
    }
}

/// `512 MiB`, `1.5 GiB`.
fn in_units(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    let Some((unit, size)) = units.into_iter().find(|(_, size)| bytes >= *size) else {
        return format!("{bytes} bytes");
    };
    let tenths = (bytes as f64 / size as f64 * 10.0).round() / 10.0;
    format!("{tenths} {unit}")
}
