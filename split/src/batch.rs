//! How much work a worker gets at once: much at first, less towards the end, never so little that starting costs more.
//!
//! A pure calculation. Which atoms make up that much is the pool's to say.

/// The least work of a lease.
const FLOOR_MS: f64 = 1_000.0;
/// A batch is at least so many times what it costs to start one.
const FLOOR_BOOTS: f64 = 4.0;
/// While others wait for runners, a batch is over after about this long.
const CONTENDED_MS: f64 = 15_000.0;
/// Or after so many times what it costs to start one, where that is more.
const CONTENDED_BOOTS: f64 = 8.0;
/// Starting costs less than this part of a worker's share: as good as nothing.
const CHEAP: f64 = 0.02;
/// So cheap a start is worth it: a worker that is lost brings nothing of its batch to the others, who do it again.
const SAFE: f64 = 2.0;
/// It is felt.
const DEAR: f64 = 0.06;
/// It is so dear that all but a tail is planned beforehand.
const PLANNED: f64 = 0.08;
/// The part that is planned then.
const PLANNED_PART: f64 = 0.95;

/// What decides the size of the next batch. Times are in milliseconds of a usual worker, at p50.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizing {
    /// All of the job's work.
    pub total_ms: u64,
    /// Work that nobody has.
    pub remaining_ms: u64,
    /// What starting a batch costs.
    pub boot_ms: u64,
    /// How many workers there are, those on their way included, each by its speed relative to this one's.
    pub live: f64,
    /// Of those, how many have had no batch yet, this one included when it had none.
    pub fresh: f64,
    /// It is this worker's first batch.
    pub first: bool,
    /// Others wait for runners of the pool.
    pub contended: bool,
}

/// Work that is not worth a batch of its own where a start costs so much.
pub(crate) fn floor_ms(boot_ms: u64) -> u64 {
    floor(boot_ms).ceil() as u64
}

fn floor(boot_ms: u64) -> f64 {
    FLOOR_MS.max(FLOOR_BOOTS * boot_ms as f64)
}

impl Sizing {
    /// How much work the next batch should be.
    pub fn target_ms(&self) -> u64 {
        let boot = self.boot_ms as f64;
        let wanted = self.wanted().max(floor(self.boot_ms));
        let most = if self.contended { CONTENDED_MS.max(CONTENDED_BOOTS * boot) } else { f64::INFINITY };
        wanted.min(most).ceil() as u64
    }

    fn wanted(&self) -> f64 {
        let (remaining, beta) = (self.remaining_ms as f64, self.beta());
        if beta > PLANNED && self.first {
            let tail = (1.0 - PLANNED_PART) * self.total_ms as f64;
            return (remaining - tail).max(0.0) / self.fresh.max(1.0);
        }
        remaining / (self.divisor(beta) * self.live.max(1.0))
    }

    /// What starting a batch costs, as a part of what each worker has to do in all.
    fn beta(&self) -> f64 {
        let share = self.total_ms as f64 / self.live.max(1.0);
        self.boot_ms as f64 / share.max(1.0)
    }

    fn divisor(&self, beta: f64) -> f64 {
        match (self.first, beta) {
            (true, beta) if beta < CHEAP && self.live > 1.0 => SAFE,
            (true, beta) if beta < CHEAP => 1.3,
            (true, beta) if beta < DEAR => 1.15,
            (true, _) => 1.05,
            (false, beta) if beta < CHEAP => 1.5,
            (false, _) => 1.0,
        }
    }
}
