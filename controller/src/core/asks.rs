//! The lease requests that are held open, and whose turn it is among them.
//!
//! Work goes to the runner that is least busy, among equals to the request that came first. Requests of runners with the
//! same labels stand together, so that looking for a label does not take longer the more runners lack it. A request that comes
//! again while it is open takes the earlier one's place, which is answered with nothing.

use super::event::Ask;
use sidings_proto::{RequestId, RunnerId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a runner says it is.
pub(super) type Labels = Arc<BTreeMap<String, String>>;

/// Open lease requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Asks {
    open: BTreeMap<(RunnerId, RequestId), OpenAsk>,
    order: BTreeMap<Labels, BTreeSet<Place>>,
    arrivals: u64,
}

/// One open request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct OpenAsk {
    pub(super) ask: Ask,
    /// The most attempts it takes.
    pub(super) slots: usize,
    labels: Labels,
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
        (labels, busy): (&Labels, usize),
    ) -> Option<Ask> {
        let replaced = self.close(runner, request);
        self.arrivals += 1;
        let open = OpenAsk { ask, slots, labels: labels.clone(), arrival: self.arrivals, busy };
        self.stand(runner, request, open);
        replaced.map(|earlier| earlier.ask)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// The request that gets the next job, of those of runners that have what is asked and room for it.
    pub(super) fn first(
        &self,
        has_labels: impl Fn(&Labels) -> bool,
        has_room: impl Fn(RunnerId) -> bool,
    ) -> Option<(RunnerId, RequestId, OpenAsk)> {
        let lines = self.order.iter().filter(|(labels, _)| has_labels(labels));
        let firsts = lines.filter_map(|(_, line)| line.iter().find(|(_, _, runner, _)| has_room(*runner)));
        let (_, _, runner, request) = firsts.min()?;
        let open = self.open.get(&(*runner, *request))?;
        Some((*runner, *request, open.clone()))
    }

    /// The requests of one runner.
    pub(super) fn of(&self, runner: RunnerId) -> Vec<(RequestId, OpenAsk)> {
        let all = (runner, RequestId(uuid::Uuid::nil()))..=(runner, RequestId(uuid::Uuid::max()));
        self.open.range(all).map(|((_, request), open)| (*request, open.clone())).collect()
    }

    pub(super) fn close(&mut self, runner: RunnerId, request: RequestId) -> Option<OpenAsk> {
        let open = self.open.remove(&(runner, request))?;
        if let Some(line) = self.order.get_mut(&open.labels) {
            line.remove(&open.place(runner, request));
            if line.is_empty() {
                self.order.remove(&open.labels);
            }
        }
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
        for (request, open) in self.of(runner) {
            self.close(runner, request);
            self.stand(runner, request, OpenAsk { busy, ..open });
        }
    }

    fn stand(&mut self, runner: RunnerId, request: RequestId, open: OpenAsk) {
        self.order.entry(open.labels.clone()).or_default().insert(open.place(runner, request));
        self.open.insert((runner, request), open);
    }
}

impl OpenAsk {
    fn place(&self, runner: RunnerId, request: RequestId) -> Place {
        (self.busy, self.arrival, runner, request)
    }
}
