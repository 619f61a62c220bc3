//! The jobs that one entry of `jobs` makes: one for each combination of its matrix, and of each as many as
//! `parallelism` says.
//!
//! The entry is read once for each combination, with its values in place, so that whatever is wrong with one of them
//! is told where it stands.

use super::Reader;
use super::fields::Fields;
use super::job::Defaults;
use super::matrix::{Matrix, product};
use super::width::Copies;
use crate::diagnostic::Code;
use crate::matrix::Row;
use crate::pipeline::Job;
use crate::report::Problem;
use crate::suggest::quoted;
use sidings_proto::Node;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Jobs that matrices and `parallelism` make in one pipeline.
pub(super) const MAX_MADE: usize = 256;

impl Reader<'_> {
    /// At least one, so that others can need it.
    pub(super) fn copies(&mut self, bare: Job, fields: &Fields<'_, '_>, defaults: &Defaults) -> Vec<Job> {
        let matrix = match fields.get("matrix") {
            None => None,
            Some(at) => match self.matrix(&at) {
                Some(matrix) => Some(matrix),
                // Its parts would be told to be wrong for want of values.
                None => return vec![bare],
            },
        };
        self.matrix_axes = matrix.as_ref().map(|matrix| Rc::new(matrix.axes.clone()));
        let rows = matrix.as_ref().map_or_else(|| vec![(None, Copies::ONE)], |matrix| with_axes(&matrix.rows));
        let mut rows: Vec<(Option<&Row>, Copies)> = rows;
        for (row, copies) in &mut rows {
            self.axes = row.map(|row| Rc::new(row.combination.clone()));
            *copies = fields.get("parallelism").and_then(|at| self.parallelism(&at, fields)).unwrap_or(Copies::ONE);
        }
        if !self.may_make(&bare, fields, matrix.as_ref(), &rows) {
            rows.truncate(1);
        }
        let mut jobs = Vec::new();
        for (row, copies) in rows {
            self.axes = row.map(|row| Rc::new(row.combination.clone()));
            jobs.extend(self.of_row(&bare, fields, defaults, row, copies));
            if self.plan_is_full() {
                break;
            }
        }
        (self.axes, self.matrix_axes) = (None, None);
        labelled(with_queues_of_their_own(jobs))
    }

    fn of_row(
        &mut self,
        bare: &Job,
        fields: &Fields<'_, '_>,
        defaults: &Defaults,
        row: Option<&Row>,
        Copies { most: copies, width }: Copies,
    ) -> Vec<Job> {
        let mut job = bare.clone();
        let before = self.spent;
        self.fill(&mut job, fields, defaults);
        let more = (self.spent - before).saturating_mul(copies.saturating_sub(1) as usize);
        self.spend(more, &bare.name.span);
        if let Some(row) = row {
            job.label = format!("{} ({})", job.name.text, row.combination.shown());
            job.unless.clone_from(&row.unless);
        }
        let suite = job.label.clone();
        if let Some(tests) = &mut job.tests {
            tests.suite.clone_from(&suite);
            tests.width = width;
        }
        let copy = |index| {
            let label = if copies > 1 { format!("{} {index}/{copies}", job.label) } else { job.label.clone() };
            Job { label, node: Node { index, total: copies }, ..job.clone() }
        };
        (1..=copies).map(copy).collect()
    }

    fn may_make(
        &mut self,
        bare: &Job,
        fields: &Fields<'_, '_>,
        matrix: Option<&Matrix>,
        rows: &[(Option<&Row>, Copies)],
    ) -> bool {
        let made = rows.iter().map(|(_, copies)| copies.most as usize).sum::<usize>();
        if matrix.is_none() && made <= 1 {
            return true;
        }
        let before = self.made;
        self.made += made;
        if self.made <= MAX_MADE {
            return true;
        }
        let what = what_makes_them(matrix, rows);
        let message = match before {
            0 => format!("job {} becomes {made} jobs: {what}", quoted(&bare.name.text)),
            before => {
                let all = before + made;
                format!("job {} becomes {made} jobs, {all} with those before it: {what}", quoted(&bare.name.text))
            }
        };
        let key = fields.entry("matrix").or_else(|| fields.entry("parallelism"));
        let span = key.map_or(&bare.name.span, |entry| &entry.key.span);
        let problem = Problem::new(Code::Limit, span, message)
            .expected(format!("at most {MAX_MADE} jobs from all `matrix` and `parallelism` of a pipeline"))
            .help("take values out, or combinations by `exclude`");
        self.report.add(problem);
        false
    }
}

fn with_axes(rows: &[Row]) -> Vec<(Option<&Row>, Copies)> {
    rows.iter().map(|row| (Some(row), Copies::ONE)).collect()
}

fn what_makes_them(matrix: Option<&Matrix>, rows: &[(Option<&Row>, Copies)]) -> String {
    let most = rows.iter().map(|(_, copies)| copies.most).max().unwrap_or(1);
    let axes = matrix.map(|matrix| product(&matrix.axes));
    let parallelism = (most > 1).then(|| format!("`parallelism` ({most})"));
    axes.into_iter().chain(parallelism).collect::<Vec<_>>().join(" × ")
}

/// Copies share their queue, and combinations that look the same when they are cut do not.
fn with_queues_of_their_own(mut jobs: Vec<Job>) -> Vec<Job> {
    let mut used: BTreeMap<String, usize> = BTreeMap::new();
    for copies in jobs.chunk_by_mut(|_, next| next.node.index > 1) {
        let Some(suite) = copies[0].tests.as_ref().map(|tests| tests.suite.clone()) else { continue };
        let times = used.entry(suite.clone()).or_default();
        *times += 1;
        let suite = if *times > 1 { format!("{suite} #{times}") } else { suite };
        copies.iter_mut().flat_map(|job| &mut job.tests).for_each(|tests| tests.suite.clone_from(&suite));
    }
    jobs
}

/// No two alike: values that look the same when they are cut are numbered.
fn labelled(mut jobs: Vec<Job>) -> Vec<Job> {
    let mut used = BTreeSet::new();
    for job in &mut jobs {
        let mut numbers = 2..;
        let plain = job.label.clone();
        while !used.insert(job.label.clone()) {
            job.label = format!("{plain} #{}", numbers.next().expect("numbers do not end"));
        }
    }
    jobs
}
