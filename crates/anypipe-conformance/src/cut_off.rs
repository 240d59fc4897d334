//! What was cut off never looks like an end, and a panic ends nothing but its own task.
//!
//! A future of the user's that is dropped before its end breaks what it was sending into, whatever drops it. A
//! sender asks whether *its task* unwinds, not whether the thread does; destructors and wakers that panic leave
//! nothing behind and abort nothing.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use anypipe_core::channel::{Receiver, RecvError, Sender, TryRecvError, bounded};
use anypipe_core::run::{RunStream, inherit, move_on_after, scoped, task_group};
use anypipe_core::scope::CancelToken;
use anypipe_core::{ErrorKind, Run};
use anypipe_stages::option::TimeoutEach;
use anypipe_stages::{sink, source, stage};
use futures_core::Stream;

use crate::tools::{flow, once, unit, until};

crate::suite::cases! { ($) cut_off as __cut_off {
    promise_p05_work_that_nobody_wants_is_no_end(),
    promise_p05_work_that_is_late_is_no_end(),
    promise_p05_a_body_that_is_interrupted_is_no_end(),
    promise_p05_a_run_that_never_began_is_no_end(),
    a_run_in_a_destructor_ends_as_any_other(),
    a_waker_that_panics_leaves_no_run_hanging(),
    an_item_in_hand_survives_the_panics_of_its_input(),
} }

/// Sends one item, and never gets to its end.
async fn sends(sender: Sender<u32>) -> u32 {
    sender.send(1).await.expect("it is received");
    pending::<()>().await;
    0
}

/// One item came, and then no end.
async fn is_cut_off(receiver: &Receiver<u32>) {
    assert_eq!(receiver.recv().await, Ok(1));
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));
}

async fn promise_p05_work_that_nobody_wants_is_no_end() {
    // The consumer goes while the run goes on, so that nothing but its going drops the work.
    for workers in [2, 3] {
        let (sender, receiver) = bounded(4);
        let (senders, sent) = (Mutex::new(Some(sender)), receiver.clone());
        let work = stage::then(move |item: u32| {
            let sender = if item == 0 { senders.lock().unwrap().take() } else { None };
            let sent = sent.clone();
            async move {
                match sender {
                    Some(sender) => sends(sender).await,
                    // Not before the other is at work: for a consumer that has gone it would not begin.
                    None => {
                        until(|| sent.statistics().used > 0).await;
                        item
                    }
                }
            }
        });
        let first = flow(source::from_iter(0..2)).pipe(work).workers(workers).unordered();
        let next = source::from_fn(|items| async move {
            is_cut_off(&receiver).await;
            items.send(7).await.expect("it is received");
        });
        assert_eq!(first.pipe(stage::take(1)).pipe(stage::chain(next)).collect().await, [1, 7]);
    }

    // A source's own task.
    let (sender, receiver) = bounded(4);
    let generator = source::from_fn(move |items| async move {
        items.send(7).await.expect("it is received");
        sends(sender).await;
    });
    let run = flow(generator).pipe(stage::take(1)).pipe(stage::then(move |item: u32| {
        let receiver = receiver.clone();
        async move {
            is_cut_off(&receiver).await;
            item
        }
    }));
    assert_eq!(run.collect().await, [7]);
}

async fn promise_p05_work_that_is_late_is_no_end() {
    let (sender, receiver) = bounded(4);
    assert_eq!(move_on_after(inherit, unit(), sends(sender)).await, None);
    is_cut_off(&receiver).await;

    let (sender, receiver) = bounded(4);
    let late = stage::then(move |_: u32| sends(sender.clone()));
    let run = flow(source::from_iter([0])).pipe(late).wrap(TimeoutEach { limit: unit() });
    let seen = run.pipe(stage::then(move |made: Result<u32, _>| {
        let receiver = receiver.clone();
        async move {
            assert!(made.is_err());
            // Its stage holds a sender still; the one that was in the work broke the channel all the same.
            assert_eq!(receiver.recv().await, Ok(1));
            receiver
        }
    }));
    let receiver = seen.collect().await.pop().expect("one came");
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));

    // Cancelled in the middle, and before the first poll.
    let token = CancelToken::new();
    let (sender, receiver) = bounded(4);
    {
        let mut until_cancelled = pin!(token.run_until_cancelled(sends(sender)));
        assert!(once(&mut until_cancelled).await.is_pending());
        token.cancel();
        assert_eq!(once(&mut until_cancelled).await, Poll::Ready(None));
    }
    is_cut_off(&receiver).await;
    let (sender, receiver) = bounded(4);
    assert_eq!(token.run_until_cancelled(sends(sender)).await, None);
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));
}

async fn promise_p05_a_body_that_is_interrupted_is_no_end() {
    let (sender, receiver) = bounded(4);
    let group = task_group(inherit, move |group| async move {
        group.spawn_try(async {
            let failed: Result<(), u32> = Err(7);
            failed
        });
        Ok(sends(sender).await)
    });
    assert_eq!(group.await, Err(7));
    let rest = [receiver.recv().await, receiver.recv().await];
    assert!(rest.contains(&Err(RecvError::Broken)), "{rest:?}");
}

async fn promise_p05_a_run_that_never_began_is_no_end() {
    // Dropped without a poll.
    let cut_off = |make: &dyn Fn(Sender<u32>)| {
        let (sender, receiver) = bounded(4);
        make(sender);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Broken));
    };
    let drain = |sender| flow(source::from_iter([1])).into(sink::send_to(sender));
    let run = |sender| Run::new("run", inherit, move |_scope| sends(sender));
    let tee = |sender: Sender<u32>| {
        let tee = stage::inspect(move |item: &u32| {
            let _ = sender.try_send(*item);
        });
        RunStream::new(inherit, flow(source::from_iter([1])).pipe(tee).0)
    };
    cut_off(&|sender| drop(drain(sender)));
    cut_off(&|sender| drop(run(sender).checked()));
    cut_off(&|sender| drop(task_group(inherit, move |_group| sends(sender))));
    cut_off(&|sender| drop(scoped("scoped", inherit, sends(sender))));
    cut_off(&|sender| drop(tee(sender)));

    // Polled where there is no runtime.
    #[expect(clippy::disallowed_methods, reason = "a thread that no scope is known on")]
    let elsewhere = std::thread::spawn(move || {
        fn poll<F: Future>(future: F) -> Poll<F::Output> {
            pin!(future).poll(&mut Context::from_waker(Waker::noop()))
        }
        let none = |polled| matches!(polled, Poll::Ready(Some(ErrorKind::NoRuntime)));
        let kind = |error: anypipe_core::RunError| error.kind();
        cut_off(&|sender| assert!(none(poll(drain(sender).checked()).map(|end| end.err().map(kind)))));
        cut_off(&|sender| assert!(none(poll(run(sender).start()).map(|end| end.err().map(kind)))));
        cut_off(&|sender| {
            assert!(none(poll(scoped("scoped", inherit, sends(sender))).map(|end| end.err().map(kind))));
        });
        cut_off(&|sender| {
            let mut stream = pin!(tee(sender).checked());
            let next = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()));
            assert!(none(next.map(|next| next.and_then(Result::err).map(kind))));
        });
    });
    elsewhere.join().unwrap();
}

/// Calls a closure when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

async fn a_run_in_a_destructor_ends_as_any_other() {
    // A run that sends and receives in one poll, and ends well.
    fn ends_well(ended: &AtomicUsize) {
        let run = Run::new("run", inherit, |_scope| async {
            let (sender, receiver) = bounded(1);
            sender.send(1).await.expect("it is received");
            drop(sender);
            (receiver.recv().await, receiver.recv().await)
        });
        let end = pin!(run.checked()).poll(&mut Context::from_waker(Waker::noop()));
        let Poll::Ready(Ok(end)) = end else { panic!("it did not end well") };
        assert_eq!(end, (Ok(1), Err(RecvError::Closed)));
        ended.fetch_add(1, Ordering::SeqCst);
    }
    let ended = Arc::new(AtomicUsize::new(0));
    // While the thread unwinds.
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _ends = OnDrop(|| ends_well(&ended));
        resume_unwind(Box::new("outside"));
    }));
    assert!(unwound.is_err());
    assert_eq!(ended.load(Ordering::SeqCst), 1);
    // While what was cut off is dropped.
    let counts = Arc::clone(&ended);
    let cut_off = move_on_after(inherit, unit(), async move {
        let _ends = OnDrop(|| ends_well(&counts));
        pending::<()>().await;
    });
    assert_eq!(cut_off.await, None);
    assert_eq!(ended.load(Ordering::SeqCst), 2);
    // And a task that unwinds breaks what it sends into.
    let (sender, receiver) = bounded::<u32>(1);
    let run = Run::new("run", inherit, |_scope| async move {
        let _sender = sender;
        resume_unwind(Box::new("inside"));
    });
    assert!(run.checked().await.is_err());
    assert_eq!(receiver.recv().await, Err(RecvError::Broken));
}

async fn a_waker_that_panics_leaves_no_run_hanging() {
    struct Bad(Arc<AtomicUsize>);
    impl Wake for Bad {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
            resume_unwind(Box::new("a waker"));
        }
    }
    let (sender, receiver) = bounded::<u32>(1);
    let group = task_group(inherit, move |group| async move {
        group.spawn(async move { receiver.recv().await });
    });
    let mut group = Box::pin(group.checked());
    let woken = Arc::new(AtomicUsize::new(0));
    let bad = Waker::from(Arc::new(Bad(Arc::clone(&woken))));
    assert!(group.as_mut().poll(&mut Context::from_waker(&bad)).is_pending());
    until(|| sender.statistics().waiting_receivers == 1).await;
    sender.try_send(1).unwrap();
    until(|| woken.load(Ordering::SeqCst) > 0).await;
    // It ends; and tells of the panic, unless it was polled to its end before that got to it.
    if let Err(error) = group.await {
        assert!(error.is_panic() && error.to_string().contains("a waker"), "{error}");
    }
}

async fn an_item_in_hand_survives_the_panics_of_its_input() {
    /// Panics whenever it is dropped.
    struct Loud;
    impl Drop for Loud {
        fn drop(&mut self) {
            resume_unwind(Box::new("a destructor"));
        }
    }
    let items = || flow(source::from_iter((0..6).map(|_| Loud)));
    let told =
        |error: &anypipe_core::RunError| error.is_panic() && error.to_string().contains("a destructor");
    // Two panics at once would abort the process.
    let runs = [
        items().pipe(stage::take(1)).into(sink::first()),
        items().pipe(stage::nth(2)).into(sink::first()),
        items().pipe(stage::until(|_: &Loud| true)).into(sink::first()),
        items().pipe(stage::buffer(2)).pipe(stage::take(1)).into(sink::first()),
        items().pipe(stage::chunks(1)).pipe(stage::flatten()).pipe(stage::take(1)).into(sink::first()),
        items().into(sink::first()),
        items().pipe(stage::buffer(2)).into(sink::first()),
    ];
    for run in runs {
        match run.checked().await {
            Err(error) => assert!(told(&error), "{error}"),
            Ok(item) => assert!(catch_unwind(AssertUnwindSafe(|| drop(item))).is_err()),
        }
    }
    let fails = items().pipe(stage::map(Err::<(), Loud>)).into(sink::try_collect::<Vec<_>>());
    match fails.checked().await {
        Err(error) => assert!(told(&error), "{error}"),
        Ok(result) => assert!(catch_unwind(AssertUnwindSafe(|| drop(result))).is_err()),
    }
}
