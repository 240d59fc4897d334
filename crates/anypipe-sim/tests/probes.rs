//! The probe source and the probe sink.

use anypipe_core::run::inherit;
use anypipe_core::{Run, Sink, Source, Stage};
use anypipe_sim::Sim;
use anypipe_sim::testing::{SinkProbe, SourceProbe, probe_sink, probe_source, wait_all_blocked};

/// A test with a source wired to a sink.
fn wired<F>(test: impl Fn(SourceProbe<u32>, SinkProbe<u32>) -> F + Copy + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    Sim::each(40, |sim| {
        sim.run(Run::new("wired", inherit, move |scope| {
            let ((items, source), (results, sink)) = (probe_source(), probe_sink());
            let drained = sink.drain(source.attach(scope), scope);
            scope.spawn("drain", drained);
            test(items, results)
        }));
    });
}

#[test]
fn nothing_is_taken_before_it_is_asked_for() {
    wired(|mut items, mut results| async move {
        (0..5).for_each(|item| items.send(item));
        wait_all_blocked().await;
        assert_eq!((items.taken(), results.received().len()), (0, 0));
        results.request(2);
        wait_all_blocked().await;
        assert_eq!((items.taken(), results.received()), (2, vec![0, 1]));
        results.expect(2..5).await;
        assert!(!items.is_wanted());
        results.request(1);
        items.wanted().await;
        assert!(items.is_wanted());
    });
}

#[test]
fn the_end_goes_through() {
    wired(|mut items, mut results| async move {
        items.send(1);
        items.end();
        assert!(!results.is_ended());
        results.expect([1]).await;
        results.expect_end().await;
        assert!(results.is_ended());
        items.dropped().await;
    });
}

#[test]
fn a_sink_that_stops_lets_go_of_the_source() {
    wired(|mut items, mut results| async move {
        results.request(usize::MAX);
        items.wanted().await;
        results.stop();
        items.dropped().await;
        items.send(1);
        assert!(items.is_dropped() && results.received().is_empty() && !results.is_ended());
    });
}

#[test]
fn demand_without_end_gives_way() {
    wired(|mut items, mut results| async move {
        results.request(usize::MAX);
        (0..1000).for_each(|item| items.send(item));
        results.expect(0..1000).await;
    });
}

#[test]
#[should_panic(expected = "stage `probe` panicked: broken pipe")]
fn a_source_can_panic() {
    wired(|mut items, mut results| async move {
        items.panic("broken pipe");
        results.expect_end().await;
    });
}

#[test]
#[should_panic(expected = "dropped the probe of this source before its end")]
fn a_forgotten_end_is_no_end() {
    wired(|items, mut results| async move {
        drop(items);
        results.expect_end().await;
    });
}

#[test]
#[should_panic(expected = "another item came than was expected")]
fn another_item_than_expected_is_told() {
    wired(|mut items, mut results| async move {
        items.send(1);
        results.expect([2]).await;
    });
}

#[test]
#[should_panic(expected = "let go of the sink before the end")]
fn a_sink_that_is_dropped_has_seen_no_end() {
    Sim::new(1).run(async {
        let (mut results, sink) = probe_sink::<u32>();
        drop(sink);
        results.expect_end().await;
    });
}

#[test]
fn a_sink_can_stand_as_a_last_stage() {
    Sim::each(40, |sim| {
        sim.run(Run::new("tail", inherit, |scope| {
            let ((mut items, source), (mut results, sink)) = (probe_source(), probe_sink());
            let mut tail = Box::pin(Stage::attach(sink, source.attach(scope), scope));
            scope.spawn("tail", async move {
                let end = std::future::poll_fn(|cx| futures_core::Stream::poll_next(tail.as_mut(), cx)).await;
                assert!(end.is_none());
            });
            async move {
                items.send("one");
                results.expect(["one"]).await;
                items.end();
                results.expect_end().await;
            }
        }));
    });
}
