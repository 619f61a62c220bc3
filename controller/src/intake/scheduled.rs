//! What a default branch says of runs at certain times, and the runs themselves.

use super::{Intake, IntakeError, Taken, Wanted};
use crate::source::SourceError;
use crate::store::StoredSchedule;
use sidings_proto::api::ProjectView;
use sidings_proto::{Choice, Commit, Schedule, Source, Trigger};

impl Intake {
    /// Reads when the project's default branch wants runs. Times that were not wanted before count from now on.
    pub(crate) async fn read_schedule(&self, project: &ProjectView) -> Result<(), IntakeError> {
        let Some(commit) = self.tip(project, &project.default_branch).await? else { return Ok(()) };
        let entries = self.sources.schedules(&project.repo_url, &commit).await?;
        let known = self.store.schedules().await?.into_iter().find(|(name, _)| *name == project.name);
        if known.map(|(_, schedule)| schedule.entries).unwrap_or_default() == entries {
            return Ok(());
        }
        let schedule = StoredSchedule { entries, since: self.shell.now() };
        self.store.put_schedule(&project.name, &schedule).await?;
        self.schedules_changed.notify_one();
        Ok(())
    }

    /// The same beside something that matters more: it is read again before long.
    pub(super) async fn read_schedule_of(&self, project: &ProjectView) {
        if project.repo_url.is_empty() {
            return;
        }
        if let Err(error) = self.read_schedule(project).await {
            tracing::debug!(project = project.name, "the schedule could not be read: {error:#}");
        }
    }

    /// An entry of a schedule is due.
    pub(crate) async fn scheduled(&self, project: &ProjectView, entry: &Schedule) -> Result<Taken, IntakeError> {
        let branch = entry.branch.as_ref().unwrap_or(&project.default_branch);
        let unknown = || IntakeError::Bad(format!("the repository has no branch `{branch}`"));
        let commit = self.tip(project, branch).await?.ok_or_else(unknown)?;
        let wanted = Wanted {
            project: project.clone(),
            trigger: Trigger::Schedule,
            source: Source::Git { url: project.repo_url.clone(), commit },
            commit: Commit { reference: format!("refs/heads/{branch}"), ..Commit::default() },
            retry_of: None,
            changed: None,
            inputs: entry.inputs.clone(),
            choice: Choice { pipeline: entry.pipeline.clone(), ..Choice::default() },
        };
        match self.take(wanted, |_| {}).await {
            Err(IntakeError::Source(none @ SourceError::NoPipeline(_))) => {
                Ok(Taken::Nothing { reason: none.to_string() })
            }
            taken => taken,
        }
    }

    async fn tip(&self, project: &ProjectView, branch: &str) -> Result<Option<String>, IntakeError> {
        Ok(self.sources.resolve(&project.repo_url, &format!("refs/heads/{branch}")).await?)
    }
}
