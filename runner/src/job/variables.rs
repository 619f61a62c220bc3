//! The variables of every step.
//!
//! Names that start with `CI_`, and `CI` itself, always say what they say; a pipeline cannot set them otherwise.

use super::Tools;
use crate::engine::ImageFacts;
use sidings_proto::Step;
use sidings_proto::runner::Assignment;
use sidings_proto::step::{CA_MOUNT, WORKSPACE};
use std::collections::BTreeMap;

/// One variable can hold 128 KiB on Linux; a longer message is cut well before.
const MESSAGE_MAX: usize = 32 * 1024;

/// All variables that are set on top of the image's.
pub(super) fn variables(assignment: &Assignment, step: &Step, image: &ImageFacts) -> BTreeMap<String, String> {
    let ours = |name: &str| name == "CI" || name.starts_with("CI_");
    let seconds = assignment.run.commit.time.0.div_euclid(1000).max(0);
    let mut variables = BTreeMap::from([("SOURCE_DATE_EPOCH".to_owned(), seconds.to_string())]);
    let of_inputs = assignment.run.inputs.iter();
    variables.extend(of_inputs.map(|(name, value)| (format!("INPUT_{}", name.to_uppercase()), value.clone())));
    let of_pipeline = step.environment.iter().filter(|(name, _)| !ours(name));
    variables.extend(of_pipeline.map(|(name, value)| (name.clone(), value.clone())));
    let of_ci = ci_variables(assignment, step, image);
    variables.extend(of_ci.into_iter().map(|(name, value)| (name.to_owned(), value)));
    variables
}

impl Tools {
    /// Adds where the operator's authorities are.
    pub(super) fn with_authorities(
        &self,
        mut variables: BTreeMap<String, String>,
        image: &ImageFacts,
    ) -> BTreeMap<String, String> {
        if let Some(bundle) = &self.bundle {
            bundle.tell(CA_MOUNT, image, &mut variables);
        }
        variables
    }
}

fn ci_variables(assignment: &Assignment, step: &Step, image: &ImageFacts) -> [(&'static str, String); 26] {
    let (run, commit) = (&assignment.run, &assignment.run.commit);
    [
        ("CI", "true".to_owned()),
        ("CI_COMMIT_SHA", commit.sha.clone()),
        ("CI_COMMIT_BRANCH", commit.branch().unwrap_or_default().to_owned()),
        ("CI_COMMIT_TAG", commit.tag().unwrap_or_default().to_owned()),
        ("CI_COMMIT_REF", commit.reference.clone()),
        ("CI_COMMIT_REF_NAME", commit.ref_name().to_owned()),
        ("CI_COMMIT_MESSAGE", commit.message[..commit.message.floor_char_boundary(MESSAGE_MAX)].to_owned()),
        ("CI_COMMIT_AUTHOR", commit.author.clone()),
        ("CI_COMMIT_BEFORE_SHA", commit.before.clone().unwrap_or_default()),
        ("CI_PIPELINE_ID", run.id.to_string()),
        ("CI_PIPELINE_NUMBER", run.number.to_string()),
        ("CI_PIPELINE_EVENT", run.trigger.as_str().to_owned()),
        ("CI_PIPELINE_URL", run.url.clone()),
        ("CI_JOB_ID", assignment.attempt.job.to_string()),
        ("CI_JOB_NAME", assignment.job_name.clone()),
        ("CI_JOB_URL", assignment.job_url.clone()),
        ("CI_JOB_ATTEMPT", assignment.attempt.fence.to_string()),
        ("CI_JOB_IMAGE", image.id.clone()),
        ("CI_STEP_NAME", step.name.clone()),
        ("CI_REPO", run.project.clone()),
        ("CI_REPO_URL", run.repo_url.clone()),
        ("CI_REPO_DEFAULT_BRANCH", run.default_branch.clone()),
        ("CI_WORKSPACE", WORKSPACE.to_owned()),
        ("CI_PROJECT_DIR", WORKSPACE.to_owned()),
        ("CI_NODE_INDEX", assignment.spec.node.index.to_string()),
        ("CI_NODE_TOTAL", assignment.spec.node.total.to_string()),
    ]
}
