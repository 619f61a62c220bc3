//! The lease requests that are held open, and whose turn it is among them.
//!
//! Work goes to the runner that is least busy, among equals to the request that came first. A request that comes
//! again while it is open takes the earlier one's place, which is answered with nothing.

use super::event::Ask;
use sidings_proto::{RequestId, RunnerId};
use std::collections::{BTreeMap, BTreeSet};

/// Open lease requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asks {
    open: BTreeMap<(RunnerId, RequestId), OpenAsk>,
    order: BTreeSet<Place>,
    arrivals: u64,
}

/// One open request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OpenAsk {
    pub(super) ask: Ask,
    /// The most attempts it takes.
    pub(super) slots: usize,
    arrival: u64,
    busy: usize,
}

/// Where a request stands: how busy its runner is, when it came, which it is.
type Place = (usize, u64, RunnerId, RequestId);

impl Asks {
    /// Holds a request open; gives the one whose place it takes.
    pub(super) fn open(
        &mut self,
        runner: RunnerId,
        request: RequestId,
        ask: Ask,
        slots: usize,
        busy: usize,
    ) -> Option<Ask> {
        let replaced = self.close(runner, request);
        self.arrivals += 1;
        let open = OpenAsk { ask, slots, arrival: self.arrivals, busy };
        self.order.insert(open.place(runner, request));
        self.open.insert((runner, request), open);
        replaced.map(|earlier| earlier.ask)
    }

    /// The request that gets the next job.
    pub(super) fn first(&self) -> Option<(RunnerId, RequestId, OpenAsk)> {
        let (_, _, runner, request) = self.order.first()?;
        let open = self.open.get(&(*runner, *request))?;
        Some((*runner, *request, *open))
    }

    /// The requests of one runner.
    pub(super) fn of(&self, runner: RunnerId) -> Vec<(RequestId, OpenAsk)> {
        let all = (runner, RequestId(uuid::Uuid::nil()))..=(runner, RequestId(uuid::Uuid::max()));
        self.open.range(all).map(|((_, request), open)| (*request, *open)).collect()
    }

    pub(super) fn close(&mut self, runner: RunnerId, request: RequestId) -> Option<OpenAsk> {
        let open = self.open.remove(&(runner, request))?;
        self.order.remove(&open.place(runner, request));
        Some(open)
    }

    /// Nobody waits for this ask any more. A newer one with the same request stays.
    pub(super) fn drop_ask(&mut self, runner: RunnerId, request: RequestId, ask: Ask) {
        if self.open.get(&(runner, request)).is_some_and(|open| open.ask == ask) {
            self.close(runner, request);
        }
    }

    /// The runner holds this many attempts now.
    pub(super) fn now_busy(&mut self, runner: RunnerId, busy: usize) {
        for (request, mut open) in self.of(runner) {
            self.order.remove(&open.place(runner, request));
            open.busy = busy;
            self.order.insert(open.place(runner, request));
            self.open.insert((runner, request), open);
        }
    }
}

impl OpenAsk {
    fn place(&self, runner: RunnerId, request: RequestId) -> Place {
        (self.busy, self.arrival, runner, request)
    }
}
