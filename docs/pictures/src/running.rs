//! A pipeline at work: which worker has which item, and when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anypipe::prelude::*;
use anypipe::runtime::Sim;
use anypipe::time::{now, sleep};

use crate::svg::{HUES, Svg};

const CODE: [&str; 5] = [
    "Pipeline::from_iter(1..=12)",
    "    .then(fetch).workers(3)    // three at a time, and yet in order",
    "    .buffer_size(2)            // room for two that are done",
    "    .then(store)               // one at a time: the slowest sets the pace",
    "    .collect()",
];

/// An item in a lane, from when to when.
#[derive(Clone, Debug)]
struct Stay {
    stage: usize,
    item: u64,
    from: f64,
    to: f64,
}

#[derive(Clone)]
struct Watch {
    start: Instant,
    stays: Arc<Mutex<Vec<Stay>>>,
}

impl Watch {
    async fn work(&self, stage: usize, item: u64, length: u64) -> u64 {
        let since = || (now() - self.start).as_secs_f64() * 1000.0;
        let from = since();
        sleep(Duration::from_millis(length)).await;
        let stay = Stay { stage, item, from, to: since() };
        self.stays.lock().unwrap_or_else(PoisonError::into_inner).push(stay);
        item
    }
}

/// The stays in each stage, and the milliseconds it took.
fn run() -> (Vec<Stay>, f64) {
    let outcome = Sim::new(1).jitter(0).run(async {
        let watch = Watch { start: now(), stays: Arc::default() };
        let fetch =
            using(watch.clone(), async |watch, item: u64| watch.work(0, item, 60 + item * 37 % 5 * 20).await);
        let store = using(watch.clone(), async |watch, item: u64| watch.work(1, item, 45).await);
        let all: Vec<u64> =
            Pipeline::from_iter(1..=12).then(fetch).workers(3).buffer_size(2).then(store).collect().await;
        assert!(all.is_sorted(), "in input order");
        watch.stays
    });
    let stays = outcome.value.lock().unwrap_or_else(PoisonError::into_inner).clone();
    (stays, outcome.elapsed.as_secs_f64() * 1000.0)
}

pub(crate) fn drawn() -> String {
    let (mut stays, length) = run();
    stays.sort_by(|a, b| (a.stage, a.from).partial_cmp(&(b.stage, b.from)).expect("times are numbers"));
    let (left, top, lane) = (100.0, 132.0, 30.0);
    let scale = 720.0 / length;
    let lanes = ["fetch 1", "fetch 2", "fetch 3", "store"];
    let mut svg = Svg::new(left + 720.0 + 20.0, top + lanes.len() as f64 * lane + 30.0);
    for (at, line) in CODE.iter().enumerate() {
        svg.text((12.0, 20.0 + at as f64 * 19.0), "start", "", &line.replace(' ', "\u{a0}"));
    }
    for (at, name) in lanes.iter().enumerate() {
        svg.text((12.0, top + at as f64 * lane + 12.0), "start", "faint", name);
    }
    let mut free = [0.0_f64; 4];
    for stay in &stays {
        let mine = if stay.stage == 0 { 0..3 } else { 3..4 };
        let at = mine
            .clone()
            .find(|&at| free[at] <= stay.from + 1e-6)
            .expect("no more at a time than there are workers");
        free[at] = stay.to;
        let (x, width) = (left + stay.from * scale, (stay.to - stay.from) * scale);
        let y = top + at as f64 * lane;
        svg.rect((x, y), (width - 1.5, 24.0), 4.0, Some(HUES[stay.item as usize % HUES.len()]));
        svg.text((x + width / 2.0, y + 12.0), "middle", "on", &stay.item.to_string());
    }
    let y = top + lanes.len() as f64 * lane + 6.0;
    svg.line((left, y), (left + 720.0, y));
    svg.text((left, y + 12.0), "start", "faint", "0 ms");
    svg.text((left + 720.0, y + 12.0), "end", "faint", &format!("{length:.0} ms of the simulator's clock"));
    svg.drawn("Twelve items in a pipeline of two stages: three are fetched at a time, one is stored at a time, in order")
}
