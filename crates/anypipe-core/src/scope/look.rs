//! How a run is looked at from outside.

// For maintainers. A worker's times lie in its slot while it lives, and with its stage once it has ended. Who looks
// holds what the stage has while it goes through the slots: no worker ends meanwhile, so each is counted once.
// That lock comes before the slot's; a scope's is let go before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::chart::Station;
use super::picture::{ChangePicture, Edge, Picture, StageKind, StagePicture, Times, WorkerPicture};
use super::stamps::{self, End, Stamps};
use super::tally::SINK;
use super::task::Member;
use super::{Controls, Scope, Tally, WorkerChange};
use crate::runtime::{RuntimeHandle, WaitsFor};

/// What is looked at: all scopes of the run that are needed still.
struct Seen {
    name: &'static str,
    runtime: RuntimeHandle,
    at: Instant,
    watched: Option<Instant>,
    ended: Option<Instant>,
    scopes: Vec<Scope>,
}

impl Controls {
    fn seen(&self) -> Option<Seen> {
        let (mut seen, root) = self.with_begun(|begun| {
            let seen = Seen {
                name: begun.name,
                runtime: begun.runtime.clone(),
                at: begun.at,
                watched: begun.watched,
                ended: begun.ended,
                scopes: Vec::new(),
            };
            (seen, begun.scope.clone())
        })?;
        let mut next: Vec<_> = root.upgrade().map(|inner| Scope { inner }).into_iter().collect();
        while let Some(scope) = next.pop() {
            let state = scope.inner.state.lock();
            next.extend(state.children());
            drop(state);
            seen.scopes.push(scope);
        }
        Some(seen)
    }

    /// From now on the workers of the run note when what they are doing changes. Gives when they began to.
    pub(crate) fn watch(&self) -> Option<Instant> {
        let runtime = self.with_begun(|begun| begun.runtime.clone())?;
        let now = runtime.now();
        // First: what is spawned from here on looks at it after it was let in.
        self.set_watched();
        let since = self.with_begun(|begun| *begun.watched.get_or_insert(now))?;
        let seen = self.seen()?;
        let own_state = self.own_state();
        if let (Some(state), Some(scope)) = (own_state, seen.scopes.first()) {
            let stamps = Box::new(Stamps::new(0, state.waits_for(), now));
            scope.inner.state.lock().more().own_stamps.get_or_insert(stamps);
        }
        for scope in &seen.scopes {
            scope.set_watched();
            let members = scope.inner.state.lock().members.all();
            for member in members {
                member.watch(now);
            }
        }
        Some(since)
    }

    /// The run as it is now. The first look begins to watch it.
    pub(crate) fn picture(&self) -> Picture {
        let state = self.state();
        // Of the first look no time is known: it is told as of the moment from which on the run is watched.
        let first = if self.is_watched() { None } else { self.watch() };
        let Some(seen) = self.seen() else { return Picture { state, ..Picture::default() } };
        let now = seen.ended.or(first).unwrap_or_else(|| seen.runtime.now());
        let (sources, stations, ways) =
            self.with_chart(|chart| (chart.sources(), chart.stations().to_vec(), chart.ways()));
        // The sources, then the stations, then the sink.
        let (first, sink) = (sources.len(), sources.len() + stations.len());
        let place = |seat: u32| if seat == SINK { sink } else { first + seat as usize - 1 };
        let mut members: Vec<Vec<Arc<dyn Member>>> = (0..=sink).map(|_| Vec::new()).collect();
        for scope in &seen.scopes {
            let state = scope.inner.state.lock();
            let all = state.members.all();
            drop(state);
            for member in all.into_iter().filter(|member| member.seat() > 0) {
                if let Some(members) = members.get_mut(place(member.seat())) {
                    members.push(member);
                }
            }
        }
        let mut stages = Vec::with_capacity(sink + 1);
        for at in 0..first {
            // Counted down from the sink's: each keeps it.
            let id = SINK - 1 - u32::try_from(at).unwrap_or_default();
            stages.push(StagePicture {
                id,
                name: "source".to_owned(),
                kind: StageKind::Source,
                ..StagePicture::default()
            });
        }
        let at_stations = stations.iter().zip(&members[first..]);
        stages.extend(at_stations.map(|(station, members)| picture_of(station, members, (now, seen.at))));
        if self.has_sink() {
            let (mut times, mut workers) = self.sink_ended().with(|| {
                let own = seen.scopes.first().and_then(|scope| scope.inner.state.lock().own_worker(now));
                own.into_iter().chain(workers(&members[sink], now)).collect::<Vec<_>>()
            });
            add_up(&mut times, &workers);
            workers.truncate(1);
            let (name, kind) = (seen.name.to_owned(), StageKind::Sink);
            stages.push(StagePicture { id: SINK, name, kind, workers, times, ..StagePicture::default() });
        }
        let of_sources = sources.iter().enumerate().map(|(from, seat)| Edge { from, to: place(*seat) });
        let of_stations =
            ways.into_iter().map(|(from, seat)| Edge { from: first + from as usize, to: place(seat) });
        let edges: Vec<_> = of_sources.chain(of_stations).filter(|edge| edge.to < stages.len()).collect();
        derive(&mut stages, &edges);
        Picture {
            run: seen.name.to_owned(),
            state,
            at: now.saturating_duration_since(seen.at),
            watched: seen.watched.map_or(Duration::ZERO, |since| now.saturating_duration_since(since)),
            stages,
            edges,
        }
    }

    /// What every task of the run waits for; where it is watched, also since when.
    pub(crate) fn dump(&self) -> String {
        let Some(seen) = self.seen() else { return "the run has not started".to_owned() };
        let now = self.is_watched().then(|| seen.runtime.now());
        let mut lines = vec![format!("run `{}` on {}: {}", seen.name, seen.runtime.name(), self.state())];
        for scope in &seen.scopes {
            let state = scope.inner.state.lock();
            if state.ended {
                continue;
            }
            let members = state.members.all();
            drop(state);
            lines
                .extend(members.iter().filter_map(|member| member.told(now)).map(|told| format!("  {told}")));
        }
        lines.join("\n")
    }
}

impl super::State {
    fn own_worker(&self, now: Instant) -> Option<WorkerPicture> {
        self.more.as_ref()?.own_stamps.as_ref().map(|stamps| stamps.picture(now))
    }
}

impl Scope {
    /// The run is watched from now on, unless it is already.
    pub(crate) fn begin_watching(&self) {
        if !self.controls().is_watched() {
            self.controls().watch();
        }
    }

    /// How long the workers of a stage in this scope were in each state, since the run is watched: all of them together, also
    /// those that have ended.
    pub(crate) fn times_of(&self, stage: &Tally, now: Instant) -> Times {
        let mut members = self.inner.state.lock().members.all();
        members.retain(|member| member.seat() == stage.seat());
        times_and_workers(stage, &members, now).0
    }

    /// A poll of the run's own part begins, where that is a stage, and watched.
    pub(crate) fn begin_own_part(&self) {
        let now = self.runtime().now();
        match &mut self.inner.state.lock().more().own_stamps {
            Some(stamps) => stamps.begin(now),
            none => *none = Some(Box::new(Stamps::new(0, None, now))),
        }
        stamps::note_beginning(now);
    }

    /// It is over, and the own part waits for this.
    pub(crate) fn wait_own_part(&self, waits_for: WaitsFor) {
        let now = self.runtime().now();
        // What was noted by the poll around this one isn't of this.
        stamps::forget();
        match &mut self.inner.state.lock().more().own_stamps {
            Some(stamps) => stamps.wait(waits_for, End { at: now, again: false }),
            none => *none = Some(Box::new(Stamps::new(0, Some(waits_for), now))),
        }
    }

    /// The run's own part is over: its times go to the stage.
    #[cold]
    pub(crate) fn end_own_part(&self) {
        let now = self.runtime().now();
        let take = || self.inner.state.lock().more().own_stamps.take().map(|stamps| stamps.times(now));
        self.controls().sink_ended().keep(take);
    }
}

/// What each of them is doing that has not ended.
fn workers(members: &[Arc<dyn Member>], now: Instant) -> Vec<WorkerPicture> {
    members.iter().filter_map(|member| member.picture(now)).collect()
}

/// How long the workers of a stage were in each state, all together, and what each of them is doing that has not ended.
fn times_and_workers(
    stage: &Tally,
    members: &[Arc<dyn Member>],
    now: Instant,
) -> (Times, Vec<WorkerPicture>) {
    let (mut times, workers) = stage.past().with(|| workers(members, now));
    add_up(&mut times, &workers);
    (times, workers)
}

fn add_up(times: &mut Times, workers: &[WorkerPicture]) {
    for worker in workers {
        times.add_all(&worker.times);
    }
}

/// A stage, with those who work for it.
fn picture_of(
    station: &Station,
    members: &[Arc<dyn Member>],
    (now, begun): (Instant, Instant),
) -> StagePicture {
    let (times, mut workers) = times_and_workers(&station.tally, members, now);
    workers.sort_by_key(|worker| worker.number);
    let stats = station.tally.stats(&station.name);
    // It may have been changed since it was attached.
    let (buffer, changes) = station.tally.past().sizes();
    let changes = changes.into_iter().map(|(of, WorkerChange { at, from, to, why })| ChangePicture {
        of,
        at: at.saturating_duration_since(begun),
        from,
        to,
        why,
    });
    StagePicture {
        id: station.tally.number(),
        held: stats.held(),
        name: stats.name,
        kind: station.about.kind,
        taken: station.about.counts.then_some(stats.taken),
        delivered: station.about.counts.then_some(stats.delivered),
        filtered: stats.filtered,
        failed: stats.failed,
        panicked: stats.panicked,
        cancelled: stats.cancelled,
        left: stats.left,
        buffer: buffer.or(station.about.buffer),
        workers,
        changes: changes.collect(),
        times,
        blocks: station.about.blocks,
    }
}

/// What is known of sources and sinks by what is known of the stages beside them.
fn derive(stages: &mut [StagePicture], edges: &[Edge]) {
    // How many ways lead to a stage, and what those took from it that are its only way; each edge is looked at once.
    let mut before = vec![0_usize; stages.len()];
    let mut behind = vec![0_usize; stages.len()];
    for edge in edges {
        before[edge.to] += 1;
        behind[edge.from] += 1;
    }
    let mut came = vec![Some(0_u64); stages.len()];
    for edge in edges {
        let from = &stages[edge.from];
        let is_known = from.kind != StageKind::Source && behind[edge.from] == 1;
        let given = if is_known { from.delivered } else { None };
        came[edge.to] = came[edge.to].zip(given).map(|(sum, given)| sum + given);
    }
    for at in 0..stages.len() {
        if stages[at].kind == StageKind::Sink && stages[at].taken.is_none() && before[at] > 0 {
            stages[at].taken = came[at];
        }
    }
    for edge in edges {
        if stages[edge.from].kind != StageKind::Source || !stages[edge.from].workers.is_empty() {
            continue;
        }
        let behind = &stages[edge.to];
        let (taken, times) = (behind.taken, behind.times);
        let source = &mut stages[edge.from];
        if before[edge.to] == 1 {
            source.delivered = taken;
        }
        source.times = Times {
            awaiting: times.input,
            room: times.working().saturating_add(times.room),
            ..Times::default()
        };
    }
}
