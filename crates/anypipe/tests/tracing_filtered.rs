//! Where the spans of runs are filtered out, what a stage logs stands in the caller's span still; on every backend.
#![cfg(all(
    feature = "tracing",
    feature = "macros",
    any(feature = "tokio", feature = "smol", feature = "async-std", feature = "sim")
))]

use std::sync::{Mutex, Once};

use anypipe::prelude::*;
use anypipe::tracing::Traced;
use tracing::{Event, Instrument, Metadata, Subscriber, info, info_span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// The spans around each event of the tests.
static HEARD: Mutex<Vec<Vec<&'static str>>> = Mutex::new(Vec::new());

/// Wants nothing of ours.
struct Filter;

impl<S: Subscriber> Layer<S> for Filter {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target() != "anypipe"
    }
}

struct Ear;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Ear {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        assert_ne!(event.metadata().target(), "anypipe");
        let path =
            context.event_scope(event).map(|spans| spans.from_root().map(|span| span.name()).collect());
        HEARD.lock().unwrap().push(path.unwrap_or_default());
    }
}

#[anypipe::test]
async fn the_callers_span_is_carried_where_ours_are_filtered_out() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let heard = Registry::default().with(Filter).with(Ear);
        tracing::subscriber::set_global_default(heard).expect("no other is there");
    });
    let logs = async |n: u32| {
        info!("of a stage");
        n
    };
    let run = Pipeline::from_iter(0..10u32).then(logs).workers(3).count().traced();
    assert_eq!(run.instrument(info_span!("caller")).await, 10);
    let heard = HEARD.lock().unwrap();
    assert!(heard.len() >= 10 && heard.iter().all(|path| path == &["caller"]), "{heard:?}");
}
