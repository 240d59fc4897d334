//! The pictures of the operators. Each is the code it shows, run: to add one, write it in its chapter. Inputs are written as
//! `Scene::letters` reads them, a column for each 100 ms.

use anypipe::channel::bounded;
use anypipe::prelude::*;
use anypipe::stage::{Overflow, Rate};
use anypipe::time::sleep;

use crate::marble::Marble;
use crate::track::{Scene, ms};

/// A file of three lines.
const THREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/three.txt");

/// `marble!(name: kind("input") => operator(..))`: an operator on one input. With names for the inputs, or for what goes
/// to sinks, the code is written whole: `marble!(name: a = kind("input"), b = kind("input") => a.zip(b))`.
macro_rules! marble {
    ($name:ident: $kind:ident($text:literal) => $($code:tt)+) => {
        Marble {
            name: stringify!($name),
            code: stringify!($($code)+),
            rows: Scene::run(|scene| scene.$kind($text).$($code)+),
        }
    };
    ($name:ident: $($input:ident = $kind:ident($text:literal)),+ => $($code:tt)+) => {
        Marble {
            name: stringify!($name),
            code: stringify!($($code)+),
            rows: Scene::run(|scene| {
                $(let $input = scene.$kind($text);)+
                $($code)+
            }),
        }
    };
    ($name:ident: => $($code:tt)+) => {
        Marble {
            name: stringify!($name),
            code: stringify!($($code)+),
            rows: Scene::run(|_| $($code)+),
        }
    };
}

pub(crate) fn chapters() -> Vec<(&'static str, Vec<Marble>)> {
    vec![
        ("Sources", sources()),
        ("Something else of each item", transform()),
        ("Some of the items", select()),
        ("Several sources, several branches", combine()),
        ("Items that become streams", higher_order()),
        ("Running aggregates", aggregate()),
        ("Time", time()),
        ("Results", results()),
        ("Tasks and buffers", boundaries()),
    ]
}

fn sources() -> Vec<Marble> {
    vec![
        marble!(from_iter: => Pipeline::from_iter([1, 2, 3])),
        marble!(from_stream: a = letters("a-b-c|") => Pipeline::from_stream(a.into_stream())),
        marble!(from_fn: => Pipeline::from_fn(async |to| {
            for n in 1..=3 {
                sleep(ms(100)).await;
                if to.send(n).await.is_err() {
                    return;
                }
            }
        })),
        marble!(from_channel: => {
            let (sender, receiver) = bounded(4);
            for n in 1..=3 {
                sender.try_send(n).expect("there is room for four");
            }
            drop(sender);
            Pipeline::from_channel(receiver)
        }),
        marble!(once: => source::once(7)),
        marble!(empty: => source::empty::<u32>()),
        marble!(never: => source::never::<u32>().race(source::once(1).delay(ms(300)))),
        marble!(repeat: => source::repeat(7).take(3)),
        marble!(repeat_n: => source::repeat_n(7, 2)),
        marble!(range: => source::range(1..4)),
        marble!(count_from: => source::count_from(10, 5).take(3)),
        marble!(throw: => source::throw::<u32, _>('x')),
        marble!(interval: => source::interval(ms(200)).take(4)),
        marble!(unfold: => source::unfold(1, async |n| {
            sleep(ms(100)).await;
            (n < 9).then_some((n, n * 2))
        })),
        marble!(blocking_iter: => source::blocking_iter([1, 2, 3])),
        Marble {
            name: "read_lines",
            code: "source::read_lines(\"three.txt\")",
            rows: Scene::run(|_| source::read_lines(THREE).map_err(|error| error.kind())),
        },
        Marble {
            name: "read_chunks",
            code: "source::read_chunks(\"three.txt\", 6)",
            rows: Scene::run(|_| {
                source::read_chunks(THREE, 6)
                    .map_ok(|chunk| chunk.escape_ascii().to_string())
                    .map_err(|error| error.kind())
            }),
        },
        Marble {
            name: "walk",
            code: "source::walk(\"three.txt\")",
            rows: Scene::run(|_| {
                source::walk(THREE)
                    .map_ok(|entry| {
                        entry.path().file_name().map(std::ffi::OsStr::to_os_string).unwrap_or_default()
                    })
                    .map_err(|error| error.kind())
            }),
        },
        marble!(cycle: => Pipeline::from_iter(['a', 'b']).cycle().take(5)),
    ]
}

fn transform() -> Vec<Marble> {
    vec![
        marble!(map: numbers("1-2-3|") => map(|n| n * 10)),
        marble!(then: numbers("1-2-3|") => then(async |n| {
            sleep(ms(300)).await;
            n * 10
        }).workers(2)),
        marble!(map_with: numbers("1-2-3|") => map_with(|| 100, |state, n| {
            *state += n;
            *state
        })),
        marble!(then_with: numbers("1-2-3|") => then_with(async || 100, async |state: &mut u32, n| {
            *state += n;
            *state
        })),
        marble!(try_then_with: numbers("1-2-3|") => try_then_with(async || Ok(100), async |state: &mut u32, n| {
            *state += n;
            if n == 2 { Err('x') } else { Ok(*state) }
        })),
        marble!(flat_map: numbers("1--2--3---|") => flat_map(|n| vec![n; n as usize])),
        marble!(flat_map_async: numbers("1--2----|") => flat_map_async(async |n| {
            sleep(ms(100)).await;
            vec![n; n as usize]
        })),
        marble!(flatten: letters("a--b--|") => map(|c| vec![c, c]).flatten()),
        marble!(enumerate: letters("a-b-c|") => enumerate()),
        marble!(enumerate_from: letters("a-b-c|") => enumerate_from(7)),
        marble!(scan: numbers("1-2-3|") => scan(0, |sum, n| {
            *sum += n;
            Some(*sum)
        })),
        marble!(chunks: letters("abcde-|") => chunks(2)),
        marble!(windows: letters("a-b-c-d|") => windows(3, 1)),
        marble!(pairwise: letters("a-b-c-d|") => pairwise()),
        marble!(intersperse: letters("a-b-c|") => intersperse('+')),
        marble!(inspect: letters("a-b-c|") => inspect(|c| assert!(c.is_alphabetic()))),
    ]
}

fn select() -> Vec<Marble> {
    vec![
        marble!(filter: numbers("1-2-3-4|") => filter(|n| n % 2 == 0)),
        marble!(filter_async: numbers("1-2-3-4|") => filter_async(async |n| {
            sleep(ms(100)).await;
            n % 2 == 0
        })),
        marble!(filter_map: numbers("1-2-3-4|") => filter_map(|n| (n > 2).then_some(n * 10))),
        marble!(filter_map_async: numbers("1-2-3-4|") => filter_map_async(async |n| {
            sleep(ms(100)).await;
            (n > 2).then_some(n * 10)
        })),
        marble!(take: letters("a-b-c-d|") => take(2)),
        marble!(take_last: letters("a-b-c-d|") => take_last(2)),
        marble!(skip: letters("a-b-c-d|") => skip(2)),
        marble!(skip_last: letters("a-b-c-d|") => skip_last(2)),
        marble!(nth: letters("a-b-c-d|") => nth(2)),
        marble!(step_by: letters("a-b-c-d-e|") => step_by(2)),
        marble!(take_while: numbers("1-2-3-1|") => take_while(|n| *n < 3)),
        marble!(until: numbers("1-2-3-1|") => until(|n| *n == 3)),
        marble!(skip_while: numbers("1-2-3-1|") => skip_while(|n| *n < 3)),
        marble!(dedup: letters("aab-b-a|") => dedup()),
        marble!(dedup_by_key: letters("aAb-B-a|") => dedup_by_key(char::to_ascii_lowercase)),
    ]
}

fn combine() -> Vec<Marble> {
    vec![
        marble!(merge: a = letters("a---b--c|"), b = numbers("-1-2|")
            => a.merge(b.map(|n| char::from_digit(n, 10).unwrap_or('?')))),
        marble!(merge_first: a = letters("-ab----c|"), b = letters("xyz---|") => a.merge_first(b, 2)),
        Marble {
            name: "merge_first_of_three",
            code: "source::merge_first([a, b, c], 2)",
            rows: Scene::run(|scene| {
                let sources = ["abcde-|", "pqr---|", "xy----|"].map(|text| scene.letters(text));
                source::merge_first(sources, 2)
            }),
        },
        marble!(merge_sorted_by: a = letters("a-c-f-|"), b = letters("-b-d--|") => a.merge_sorted_by(b, char::cmp)),
        marble!(chain: a = letters("a-b|"), b = letters("--x-y-z|") => a.chain(b)),
        marble!(zip: a = letters("a-b--c|"), b = numbers("--1-2---3|") => a.zip(b)),
        marble!(zip_strict: a = letters("a-b|"), b = numbers("--1--2--3|") => a.zip_strict(b)
            .map(|pair| pair.map_err(|_| '!'))),
        marble!(zip_latest: a = letters("a----b----|"), b = numbers("--1----2---|") => a.zip_latest(b)),
        marble!(zip_latest_partial: a = letters("a----b---|"), b = numbers("--1-----|") => a.zip_latest_partial(b)
            .map(|(a, b)| (a.unwrap_or('-'), b.unwrap_or(0)))),
        marble!(race: a = letters("--a-b|"), b = letters("-x--y--z|") => a.race(b)),
        marble!(broadcast: numbers("1---2---3|") => broadcast((map(|n: u32| n * 10), map(|n: u32| n * 100)))),
        marble!(route: numbers("1-2-3-4|") => route(|n| usize::from(n % 2 == 0), (
            map(|n: u32| n * 10),
            map(|n: u32| n * 100),
        ))),
        Marble {
            name: "tee",
            code: "tee(sink)",
            rows: Scene::run(|scene| {
                let input = scene.letters("a-b-c|");
                let sink = scene.watch("sink");
                input.tee(sink::for_each(sink))
            }),
        },
    ]
}

fn higher_order() -> Vec<Marble> {
    vec![
        marble!(concat_map: numbers("1-2----|") => concat_map(|n| source::interval(ms(100)).map(move |_| n).take(3), 1)),
        marble!(flat_map_stream: numbers("1-2----|")
            => flat_map_stream(|n| source::interval(ms(100)).map(move |_| n).take(3), 2)),
        marble!(group_by: numbers("1-2-3-4-5|") => group_by(|n| n % 2, |_| chunks(2), 2)),
        marble!(expand: numbers("2----|") => expand(async |n| {
            sleep(ms(100)).await;
            if n < 10 { vec![n * 10, n * 10 + 1] } else { vec![] }
        })),
        marble!(try_expand: numbers("2----|") => try_expand(async |n| {
            sleep(ms(100)).await;
            if n == 20 { Err('x') } else { Ok((n < 10).then_some(n * 10)) }
        })),
        marble!(expand_map: numbers("1----|") => expand_map(async |n| {
            sleep(ms(100)).await;
            (char::from_digit(n, 10).unwrap_or('?'), (n < 4).then_some(n + 1))
        })),
        marble!(switch_map: numbers("1-2----|") => switch_map(|n| source::interval(ms(100)).map(move |_| n).take(3))),
    ]
}

fn aggregate() -> Vec<Marble> {
    vec![
        marble!(accumulate: numbers("1-2-3|") => accumulate(|sum, n| sum + n)),
        marble!(accumulate_from: numbers("1-2-3|") => accumulate_from(100, |sum, n| sum + n)),
    ]
}

fn time() -> Vec<Marble> {
    vec![
        marble!(chunks_timeout: letters("abc---d--|") => chunks_timeout(2, ms(200))),
        marble!(window_time: letters("abc---d--|") => window_time(ms(300), ms(300)).map(|window| window.items)),
        marble!(window_event_time: numbers("1-3-5-2-9|")
            => window_event_time(|n| ms(u64::from(*n)), ms(4), ms(4), ms(0))
            .map(|window| window.map(|window| window.items).map_err(|late| late.item))),
        marble!(throttle: letters("abcd-----|") => throttle(2, ms(300))),
        marble!(throttle_by: letters("abcd-----|") => throttle_by(Rate::new(1, ms(200)))),
        marble!(space_out: letters("abc------|") => space_out(ms(200))),
        marble!(debounce: letters("ab--cd----|") => debounce(ms(200))),
        marble!(sample: letters("-abc---d--|") => sample(ms(200))),
        marble!(delay: letters("a-b-c|") => delay(ms(200))),
        marble!(timeout: letters("a-b-----c|") => timeout(ms(300)).map(|item| item.map_err(|_| '!'))),
    ]
}

fn results() -> Vec<Marble> {
    vec![
        marble!(and_then: results("1-x-3|") => and_then(async |n| {
            sleep(ms(100)).await;
            if n == 3 { Err('y') } else { Ok(n * 10) }
        })),
        marble!(try_then: results("1-x-3|") => try_then(async |n| {
            sleep(ms(100)).await;
            if n == 3 { Err('y') } else { Ok(n * 10) }
        })),
        marble!(or_else: results("1-x-3|") => or_else(async |e| if e == 'x' { Ok(0) } else { Err(e) })),
        marble!(map_ok: results("1-x-3|") => map_ok(|n| n * 10)),
        marble!(map_err: results("1-x-3|") => map_err(|e| e.to_ascii_uppercase())),
        marble!(inspect_ok: results("1-x-3|") => inspect_ok(|n| assert!(*n > 0))),
        marble!(inspect_err: results("1-x-3|") => inspect_err(|e| assert!(e.is_alphabetic()))),
        marble!(try_filter: results("1-x-2-3|") => try_filter(|n| n % 2 == 1)),
        marble!(recover: results("1-x-3|") => recover(|_| 0)),
        marble!(ok_only: results("1-x-3|") => ok_only()),
        marble!(err_only: results("1-x-3-y|") => err_only()),
        Marble {
            name: "dead_letter",
            code: "dead_letter(sink)",
            rows: Scene::run(|scene| {
                let input = scene.results("1-x-3-y|");
                let sink = scene.watch("sink");
                input.dead_letter(sink::for_each(sink))
            }),
        },
    ]
}

fn boundaries() -> Vec<Marble> {
    vec![
        marble!(boundary: letters("abc----|") => boundary().delay(ms(100))),
        marble!(buffer: letters("abcd----|") => buffer(1).then(async |c| {
            sleep(ms(200)).await;
            c
        })),
        marble!(buffer_lossy: letters("abcde---|") => buffer_lossy(1, Overflow::DropNewest).then(async |c| {
            sleep(ms(300)).await;
            c
        }).rendezvous()),
        marble!(latest: letters("abcde---|") => latest().then(async |c| {
            sleep(ms(300)).await;
            c
        }).rendezvous()),
        marble!(stage: numbers("1-2-3|") => stage(|mut input, output| async move {
            while let Some(n) = input.recv().await {
                if output.send(n * 10).await.is_err() {
                    return;
                }
            }
        })),
    ]
}
