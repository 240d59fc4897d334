//! What `ci/instructions.sh` runs: one case, with as many items as it is told, and no clock.
//!
//! `instructions NUMBER ITEMS` runs a case. Without arguments all are listed, one in a line: its number, what is
//! counted, the scenario, the row and the contender, the fewer and the more items, the parts each item counts
//! for, and what the scenario's table says above its rows.

mod bare;
mod ends;
mod fused;
mod group;
mod hops;
mod operators;
mod start;
mod waiters;
mod workers;

use self::bare::Bare;

/// Runs a contender with so many items, and gives their sum.
type Contender = Box<dyn Fn(&Bare, u64) -> u64>;

/// One figure.
struct Case {
    /// What is counted: instructions or allocations.
    counted: &'static str,
    /// The table it stands in.
    scenario: &'static str,
    /// Its row in the table.
    row: String,
    /// Its column in the table.
    contender: &'static str,
    /// The items of the two runs whose difference counts.
    items: (u64, u64),
    /// The parts that an item's figure is divided by, such as its hops.
    parts: u64,
    /// The run.
    run: Contender,
}

/// What says above the rows of a scenario what they are, and what its figures are.
const TITLES: [(&str, &str); 12] = [
    ("hop", "hop, by capacity: instructions for an item and hop"),
    ("watched", "hop, watched, by capacity: instructions for an item and hop"),
    ("rendezvous", "rendezvous, beside tokio's channel of one: instructions for an item and hop"),
    ("ends", "ends behind one hop, by capacity: instructions for an item"),
    ("workers", "workers, eight: instructions for an item"),
    ("crowd", "crowd, whose futures wait a turn: instructions for an item"),
    ("fused", "fused: instructions for an item"),
    ("operators", "operators: instructions for an item"),
    ("tasks", "tasks of a group: instructions for a task, from its spawn to its join"),
    ("start", "start: instructions for a run of four hops over one item"),
    ("waiters", "waiters, of one thing: instructions for one of them"),
    ("allocations", "allocations"),
];

/// The items of most: a multiple of every capacity, and enough for what happens now and then.
const ITEMS: (u64, u64) = (4096, 12_288);
/// The items of a crowd: several for each worker.
const ITEMS_OF_A_CROWD: (u64, u64) = (40_000, 120_000);
/// Those who wait, and ten times as many: what each costs is the same, or it isn't linear.
const FEW: (u64, u64) = (1000, 10_000);
const MANY: (u64, u64) = (10_000, 100_000);
/// The runs where a run is what counts.
const RUNS: (u64, u64) = (50, 150);
/// The capacity where there is one only.
const CAPACITY: usize = 64;

/// A contender that runs in anypipe, or on the bare executor alone.
macro_rules! contender {
    (anypipe, $name:literal, $run:path) => {
        ($name, |capacity| -> Contender {
            Box::new(move |on, items| anypipe::run_on(on, $run(on, capacity, items)))
        })
    };
    (bare, $name:literal, $run:path) => {
        ($name, |capacity| -> Contender { Box::new(move |on, items| on.run($run(on, capacity, items))) })
    };
}

/// A contender's name, and how one of this capacity is made.
type Named = (&'static str, fn(usize) -> Contender);

const HOPS: [Named; 8] = [
    contender!(anypipe, "anypipe", hops::anypipe),
    contender!(anypipe, "anypipe `then`", hops::anypipe_then),
    contender!(bare, "tokio", hops::tokio),
    contender!(bare, "tokio `recv_many`", hops::tokio_many),
    contender!(bare, "flume", hops::flume),
    contender!(bare, "crossfire", hops::crossfire),
    contender!(bare, "kanal", hops::kanal),
    contender!(bare, "async-channel", hops::async_channel),
];
const WATCHED: [Named; 2] =
    [contender!(anypipe, "anypipe", hops::watched), contender!(anypipe, "not watched", hops::anypipe)];
const RENDEZVOUS: [Named; 4] = [
    contender!(anypipe, "anypipe", hops::rendezvous),
    contender!(bare, "its channel", hops::rendezvous_channel),
    contender!(bare, "tokio", hops::tokio),
    contender!(anypipe, "tokio, in a group", hops::tokio_in_group),
];
const FOR_EACH: [Named; 1] = [contender!(anypipe, "anypipe", ends::for_each)];
const INTO_STREAM: [Named; 1] = [contender!(anypipe, "anypipe", ends::into_stream)];
const TEE: [Named; 1] = [contender!(anypipe, "anypipe", ends::tee)];
const BROADCAST_TO_ONE: [Named; 1] = [contender!(anypipe, "anypipe", ends::broadcast_to_one)];
const BROADCAST: [Named; 1] = [contender!(anypipe, "anypipe", ends::broadcast)];
const ORDERED: [Named; 2] =
    [contender!(anypipe, "anypipe", workers::ordered), contender!(bare, "futures", workers::buffered)];
const UNORDERED: [Named; 3] = [
    contender!(anypipe, "anypipe", workers::unordered),
    contender!(bare, "futures", workers::buffer_unordered),
    contender!(bare, "flume", workers::flume),
];
const CROWD: [Named; 2] =
    [contender!(anypipe, "anypipe", workers::crowd), contender!(bare, "flume", workers::crowd_flume)];
const CROWD_ROOMY: [Named; 2] = [
    contender!(anypipe, "anypipe", workers::crowd_roomy),
    contender!(bare, "flume", workers::crowd_flume_roomy),
];
const MAPS: [Named; 3] = [
    contender!(anypipe, "anypipe", fused::maps::anypipe),
    contender!(bare, "futures", fused::maps::futures),
    contender!(bare, "Iterator", fused::maps::iterator),
];
const FILTERS: [Named; 3] = [
    contender!(anypipe, "anypipe", fused::filters::anypipe),
    contender!(bare, "futures", fused::filters::futures),
    contender!(bare, "Iterator", fused::filters::iterator),
];
const STREAMS: [Named; 2] = [
    contender!(anypipe, "anypipe", fused::streams::anypipe),
    contender!(bare, "futures", fused::streams::futures),
];

const OPERATORS: [(&str, &[Named]); 11] = [
    (
        "expand, 8 of each",
        &[contender!(anypipe, "anypipe", operators::expand), contender!(bare, "by hand", operators::queue)],
    ),
    ("group_by, 4 keys", &[contender!(anypipe, "anypipe", operators::group_by)]),
    (
        "windows of 4, beside chunks",
        &[
            contender!(anypipe, "anypipe", operators::windows),
            contender!(bare, "futures", operators::futures_chunks),
        ],
    ),
    (
        "merge of two, beside select",
        &[
            contender!(anypipe, "anypipe", operators::merge),
            contender!(bare, "futures", operators::futures_select),
        ],
    ),
    ("merge_sorted_by of two", &[contender!(anypipe, "anypipe", operators::merge_sorted_by)]),
    ("merge_first", &[contender!(anypipe, "anypipe", operators::merge_first)]),
    ("merge_first of a list of two", &[contender!(anypipe, "anypipe", operators::merge_first_of)]),
    (
        "partition",
        &[
            contender!(anypipe, "anypipe", operators::partition),
            contender!(bare, "Iterator", operators::iterator_partition),
        ],
    ),
    ("intersperse", &[contender!(anypipe, "anypipe", operators::intersperse)]),
    (
        "buffer_lossy, beside buffer",
        &[
            contender!(anypipe, "anypipe", operators::buffer_lossy),
            contender!(anypipe, "anypipe `buffer`", operators::buffer),
        ],
    ),
    ("blocking_iter", &[contender!(anypipe, "anypipe", operators::blocking_iter)]),
];

const GROUP: [Named; 2] =
    [contender!(anypipe, "anypipe", group::anypipe), contender!(bare, "by hand", group::by_hand)];
const GROUP_TURN: [Named; 2] =
    [contender!(anypipe, "anypipe", group::anypipe_turn), contender!(bare, "by hand", group::by_hand_turn)];
const GATHER: [Named; 2] =
    [contender!(anypipe, "anypipe", group::gather), contender!(bare, "futures", group::join_all)];
const GATHER_TURN: [Named; 2] =
    [contender!(anypipe, "anypipe", group::gather_turn), contender!(bare, "futures", group::join_all_turn)];
const START: [Named; 2] =
    [contender!(anypipe, "anypipe", start::anypipe), contender!(bare, "tokio", start::tokio)];

/// What is waited for, with few who wait and with many.
macro_rules! waiters {
    ($($row:literal: $run:path;)+) => {
        [$(($row, [contender!(bare, "to 10 000", $run)], [contender!(bare, "to 100 000", $run)])),+]
    };
}

const WAITERS: [(&str, [Named; 1], [Named; 1]); 14] = waiters! {
    "lock": waiters::lock;
    "rw lock, readers": waiters::rw_lock;
    "semaphore": waiters::semaphore;
    "limiter": waiters::limiter;
    "event": waiters::event;
    "condition": waiters::condition;
    "barrier": waiters::barrier;
    "once cell": waiters::once_cell;
    "cancel token": waiters::token;
    "channel, receivers": waiters::receivers;
    "channel, senders": waiters::senders;
    "oneshot, closed": waiters::watching_oneshot;
    "broadcast": waiters::subscribers;
    "watch": waiters::watchers;
};

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |counted, scenario, row: &str, contenders: &[Named], capacity, items, parts| {
        for &(contender, make) in contenders {
            let (row, run) = (row.to_owned(), make(capacity));
            cases.push(Case { counted, scenario, row, contender, items, parts, run });
        }
    };
    for capacity in [1, 16, 64, 1024] {
        add("instructions", "hop", &capacity.to_string(), &HOPS, capacity, ITEMS, 4);
    }
    for capacity in [64, 1024] {
        add("instructions", "watched", &capacity.to_string(), &WATCHED, capacity, ITEMS, 4);
    }
    add("instructions", "rendezvous", "4 hops", &RENDEZVOUS, 1, ITEMS, 4);
    for capacity in [64, 1024] {
        for (end, contenders) in [
            ("for_each", FOR_EACH),
            ("into_stream", INTO_STREAM),
            ("tee", TEE),
            ("broadcast to one", BROADCAST_TO_ONE),
            ("broadcast to two", BROADCAST),
        ] {
            add("instructions", "ends", &format!("{end}, {capacity}"), &contenders, capacity, ITEMS, 1);
        }
    }
    add("instructions", "workers", "ordered", &ORDERED, CAPACITY, ITEMS, 1);
    add("instructions", "workers", "unordered", &UNORDERED, CAPACITY, ITEMS, 1);
    for workers in [100, 10_000] {
        add("instructions", "crowd", &format!("{workers} workers"), &CROWD, workers, ITEMS_OF_A_CROWD, 1);
    }
    for workers in [100, 10_000] {
        let row = format!("{workers} workers, room for all");
        add("instructions", "crowd", &row, &CROWD_ROOMY, workers, ITEMS_OF_A_CROWD, 1);
    }
    add("instructions", "fused", "3 maps", &MAPS, CAPACITY, ITEMS, 1);
    add("instructions", "fused", "2 filters, half gone", &FILTERS, CAPACITY, ITEMS, 1);
    add("instructions", "fused", "a stream, scan", &STREAMS, CAPACITY, ITEMS, 1);
    for (row, contenders) in OPERATORS {
        add("instructions", "operators", row, contenders, CAPACITY, ITEMS, 1);
    }
    for (row, contenders) in [("ready at once", GROUP), ("wait a turn", GROUP_TURN)] {
        add("instructions", "tasks", row, &contenders, CAPACITY, ITEMS, 1);
    }
    for (row, contenders) in [("gathered, ready at once", GATHER), ("gathered, wait a turn", GATHER_TURN)] {
        add("instructions", "tasks", row, &contenders, CAPACITY, ITEMS, 1);
    }
    for (row, few, many) in &WAITERS {
        add("instructions", "waiters", row, few, 1, FEW, 1);
        add("instructions", "waiters", row, many, 1, MANY, 1);
    }
    add("instructions", "start", "4 hops", &START, CAPACITY, RUNS, 1);
    add("allocations", "allocations", "an item and hop, capacity 64", &HOPS, CAPACITY, ITEMS, 4);
    add("allocations", "allocations", "a task of a group", &GROUP, CAPACITY, ITEMS, 1);
    add("allocations", "allocations", "a run of 4 hops over one item", &START, CAPACITY, RUNS, 1);
    cases
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(number) = arguments.next() else {
        for (number, case) in cases().iter().enumerate() {
            let Case { counted, scenario, row, contender, items: (few, many), parts, .. } = case;
            let (_, title) =
                TITLES.iter().find(|(of, _)| of == scenario).expect("every scenario has its title");
            println!("{number}\t{counted}\t{scenario}\t{row}\t{contender}\t{few}\t{many}\t{parts}\t{title}");
        }
        return;
    };
    let number: usize = number.parse().expect("the number of a case");
    let items = arguments.next().and_then(|items| items.parse().ok()).expect("how many items");
    let sum = (cases()[number].run)(&Bare::new(), items);
    assert_eq!(sum, (0..items).sum(), "items were lost");
}
