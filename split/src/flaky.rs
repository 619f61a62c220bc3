//! Whether a test that failed is tried again.
//!
//! Retries are for the odd one. When many tests fail it is the commit that is wrong, and trying them all again would
//! only make people wait for what they know.

/// Retries that any job may have.
const BUDGET_MIN: usize = 5;

/// What is known when a test fails.
pub(crate) struct Failing {
    /// Tests of the job.
    pub(crate) total: usize,
    /// Tests that failed, this one included.
    pub(crate) failed: usize,
    /// Retries that were spent.
    pub(crate) spent: usize,
    /// How often this one failed.
    pub(crate) times: u32,
    /// How often it may be tried again.
    pub(crate) allowed: u32,
}

impl Failing {
    /// Whether it is tried again: the budget is the larger of five and one per cent; nothing is when more than ten
    /// per cent failed. That is not asked of the first five, which in a small suite would be all.
    pub(crate) fn deserves_a_retry(&self) -> bool {
        let too_many = self.failed > BUDGET_MIN && self.failed * 10 > self.total;
        let budget = BUDGET_MIN.max(self.total / 100);
        self.times <= self.allowed && !too_many && self.spent < budget
    }
}
