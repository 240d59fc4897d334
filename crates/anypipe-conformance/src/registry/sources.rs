//! Entries: sources that stand alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use anypipe_core::channel::bounded;
use anypipe_core::{Holds, Source};
use anypipe_stages::{Piped, source, stage};
use futures_core::Stream;

use super::{BuiltSource, Census, Item, Origin, give_way};

/// A stream of others', that is pending now and then.
struct Foreign {
    values: std::vec::IntoIter<i64>,
    tally: Census,
    waits: bool,
}

impl Stream for Foreign {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let left = self.values.len();
        self.waits = !self.waits && left % 3 == 1;
        if self.waits {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let value = self.values.next();
        Poll::Ready(value.map(|value| self.tally.item(value)))
    }
}

/// A place for a file or a directory of one source, that goes with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
        Self(std::env::temp_dir().join(format!("anypipe-registry-{process}-{next}")))
    }

    fn path(&self) -> &Path {
        &self.0
    }

    /// What comes of a source that reads it, as values.
    fn beside<S: Source>(
        self,
        source: S,
        value: impl Fn(S::Item) -> i64 + Send + Sync + 'static,
    ) -> impl Source<Item = i64> {
        let stage = stage::map(move |item| {
            let _kept = &self;
            value(item)
        });
        Piped { source, stage }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.path()).or_else(|_| fs::remove_dir_all(self.path()));
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).expect("a small number")
}

/// A source of values as one of items, made when they come.
fn counted(values: impl Source<Item = i64>, tally: &Census) -> impl Source<Item = Item> {
    let tally = tally.clone();
    Piped { source: values, stage: stage::map(move |value| tally.item(value)) }
}

pub(super) const ENTRIES: &[Origin] = &[
    Origin {
        name: "from_iter",
        build: |draw, tally| {
            let (values, tally) = (draw.values(30), tally.clone());
            let items = values.clone().into_iter().map(move |value| tally.item(value));
            BuiltSource::new("from_iter", source::from_iter(items), values)
        },
    },
    Origin {
        name: "blocking_iter",
        build: |draw, tally| {
            let (values, tally) = (draw.values(30), tally.clone());
            let items = values.clone().into_iter().map(move |value| tally.item(value));
            let options = draw.buffer();
            let source = options.apply(source::blocking_iter(items));
            let holds = options.buffer_holds() + Holds::at_most(1);
            BuiltSource::new(options.told_buffer("blocking_iter"), source, values).holds(holds)
        },
    },
    Origin {
        name: "read_lines",
        build: |draw, tally| {
            let (values, options) = (draw.values(30), draw.buffer());
            let file = Temporary::new();
            let lines: Vec<String> = values.iter().map(i64::to_string).collect();
            fs::write(file.path(), lines.join("\n")).expect("it can be written");
            let source = options.apply(source::read_lines(file.path()));
            let number =
                |line: io::Result<String>| line.expect("it is read").parse().expect("it is a number");
            let source = counted(file.beside(source, number), tally);
            let holds = options.buffer_holds() + Holds::at_most(1);
            BuiltSource::new(options.told_buffer("read_lines"), source, values).holds(holds)
        },
    },
    Origin {
        name: "read_chunks",
        build: |draw, tally| {
            let (length, size) = (draw.below(40), draw.within(1..=9));
            let (file, options) = (Temporary::new(), draw.buffer());
            fs::write(file.path(), vec![b'.'; length]).expect("it can be written");
            let source = options.apply(source::read_chunks(file.path(), size));
            let length_of = |chunk: io::Result<Vec<u8>>| number(chunk.expect("it is read").len());
            let source = counted(file.beside(source, length_of), tally);
            let full = std::iter::repeat_n(number(size), length / size);
            let values = full.chain((length % size > 0).then(|| number(length % size))).collect();
            let holds = options.buffer_holds() + Holds::at_most(1);
            BuiltSource::new(options.told_buffer(&format!("read_chunks({size})")), source, values)
                .holds(holds)
        },
    },
    Origin {
        name: "walk",
        build: |draw, tally| {
            let (files, options) = (draw.below(9), draw.buffer());
            let root = Temporary::new();
            fs::create_dir_all(root.path().join("below")).expect("it can be made");
            for n in 0..files {
                fs::write(root.path().join(format!("below/{n}")), "").expect("it can be written");
            }
            let source = options.apply(source::walk(root.path()));
            let depth = |entry: io::Result<source::WalkEntry>| number(entry.expect("it is read").depth());
            let source = counted(root.beside(source, depth), tally);
            let values = [0, 1].into_iter().chain(std::iter::repeat_n(2, files)).collect();
            let holds = options.buffer_holds() + Holds::at_most(1);
            BuiltSource::new(options.told_buffer("walk"), source, values).holds(holds)
        },
    },
    Origin {
        name: "from_stream",
        build: |draw, tally| {
            let values = draw.values(30);
            let stream = Foreign { values: values.clone().into_iter(), tally: tally.clone(), waits: false };
            BuiltSource::new("from_stream", source::from_stream(stream), values)
        },
    },
    Origin {
        name: "from_fn",
        build: |draw, tally| {
            let (values, tally) = (draw.values(30), tally.clone());
            let sent = values.clone();
            let source = source::from_fn(move |sender| async move {
                for value in sent {
                    if value % 4 == 1 {
                        give_way().await;
                    }
                    if sender.send(tally.item(value)).await.is_err() {
                        return;
                    }
                }
            });
            let options = draw.buffer();
            // And the one that waits for room.
            let holds = options.buffer_holds() + Holds::at_most(1);
            BuiltSource::new(options.told_buffer("from_fn"), options.apply(source), values).holds(holds)
        },
    },
    Origin {
        name: "from_channel",
        build: |draw, tally| {
            let values = draw.values(30);
            let (sender, receiver) = bounded(values.len().max(1));
            for &value in &values {
                sender.try_send(tally.item(value)).expect("there is room for all");
            }
            BuiltSource::new("from_channel", source::from_channel(receiver), values)
        },
    },
    Origin {
        name: "once",
        build: |draw, tally| {
            let value = draw.value();
            BuiltSource::new(format!("once({value})"), counted(source::once(value), tally), vec![value])
        },
    },
    Origin { name: "empty", build: |_, _| BuiltSource::new("empty", source::empty::<Item>(), vec![]) },
    Origin {
        name: "never",
        build: |_, _| BuiltSource::new("never", source::never::<Item>(), vec![]).endless(),
    },
    Origin {
        name: "repeat",
        build: |draw, tally| {
            let value = draw.value();
            let source = counted(source::repeat(value), tally);
            BuiltSource::new(format!("repeat({value})"), source, vec![value; 9]).endless()
        },
    },
    Origin {
        name: "repeat_n",
        build: |draw, tally| {
            let (value, n) = (draw.value(), draw.below(9));
            let source = counted(source::repeat_n(value, n), tally);
            BuiltSource::new(format!("repeat_n({value}, {n})"), source, vec![value; n])
        },
    },
    Origin {
        name: "range",
        build: |draw, tally| {
            let (start, end) = (draw.value(), draw.value());
            let end = end.min(start + 30);
            let source = counted(source::range(start..end), tally);
            BuiltSource::new(format!("range({start}..{end})"), source, (start..end).collect())
        },
    },
    Origin {
        name: "count_from",
        build: |draw, tally| {
            let (start, step) = (draw.value(), draw.value());
            let source = counted(source::count_from(start, step), tally);
            let model = (0..20).map(|n| start + n * step).collect();
            BuiltSource::new(format!("count_from({start}, {step})"), source, model).endless()
        },
    },
    Origin {
        name: "throw",
        build: |draw, tally| {
            let (value, tally) = (draw.value(), tally.clone());
            let take = move |thrown: Result<i64, i64>| tally.item(thrown.expect_err("it throws"));
            let source = Piped { source: source::throw(value), stage: stage::map(take) };
            BuiltSource::new(format!("throw({value})"), source, vec![value])
        },
    },
    Origin {
        name: "interval",
        build: |_, tally| {
            let tally = tally.clone();
            let number = move |tick: u64| tally.item(i64::try_from(tick).expect("a small number"));
            let ticks = source::interval(Duration::from_micros(300));
            let source = Piped { source: ticks, stage: stage::map(number) };
            BuiltSource::new("interval", source, (0..9).collect()).endless()
        },
    },
    Origin {
        name: "unfold",
        build: |draw, tally| {
            let (values, tally) = (draw.values(30), tally.clone());
            let left = values.clone();
            let source = source::unfold(0, move |index| {
                let next = left.get(index).map(|&value| (tally.item(value), index + 1));
                async move {
                    if index % 4 == 1 {
                        give_way().await;
                    }
                    next
                }
            });
            let options = draw.buffer();
            // Without a buffer it is the one in the making.
            let holds = Holds::at_most(options.buffer_holds().limit().unwrap_or_default().max(1));
            BuiltSource::new(options.told_buffer("unfold"), options.apply(source), values).holds(holds)
        },
    },
    Origin {
        name: "cycle",
        build: |draw, tally| {
            let (values, tally) = (draw.values(6), tally.clone());
            let round = values.clone().into_iter().map(move |value| tally.item(value));
            let (source, model) = (source::cycle(source::from_iter(round)), values.repeat(4));
            let built = BuiltSource::new("cycle(from_iter)", source, model);
            if values.is_empty() { built } else { built.endless() }
        },
    },
];
