//! Entries: sources that stand alone.

use std::pin::Pin;
use std::task::{Context, Poll};

use anypipe_core::Holds;
use anypipe_core::channel::bounded;
use anypipe_core::drive::DEFAULT_BUFFER;
use anypipe_stages::source;
use futures_core::Stream;

use super::{BuiltSource, Item, Origin, Tally, give_way};

/// A stream of others', that is pending now and then.
struct Foreign {
    values: std::vec::IntoIter<i64>,
    tally: Tally,
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
            // The one that waits for room is held by the user's own future.
            BuiltSource::new("from_fn", source, values).holds(Holds::at_most(DEFAULT_BUFFER))
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
];
