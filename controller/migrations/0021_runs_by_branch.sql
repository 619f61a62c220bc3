-- The list of a project's runs of one branch, newest first.
CREATE INDEX runs_of_project_reference ON runs (project, reference, id);
