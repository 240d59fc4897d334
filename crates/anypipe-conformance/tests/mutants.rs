//! A backend with one thread that keeps every rule, and the same with a fault: the suite takes the first and
//! rejects the others, with the rule in the message.

#![allow(clippy::disallowed_methods, reason = "a backend is where threads and the clock are used")]

#[allow(dead_code, reason = "only its runtime is used here")]
#[allow(unreachable_pub, reason = "it is written as in a crate of its own")]
mod threads;

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, Weak};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use anypipe_conformance::{Case, runtime_laws, watched_for};
use anypipe_core::runtime::{AsHandle, Enter, Job, Runtime, RuntimeHandle, Sleep, Spawner, Task, Timer};
use threads::Threads;

/// Which rule is broken.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// `spawn` panics once the runtime is gone.
    PanicsWhenGone,
    /// What waits when the runtime goes is kept for ever.
    KeepsWhatWaits,
    /// A task that wakes itself is polled again at once.
    SelfWakeFirst,
}

/// What the thread shares with handles and wakers.
struct Pool {
    fault: Fault,
    state: Mutex<State>,
    /// Tells the thread of work, and of the end.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What can be polled, first come first.
    queue: VecDeque<Arc<Entry>>,
    /// All tasks that have not ended, by where they are.
    all: BTreeMap<usize, Arc<Entry>>,
    over: bool,
}

struct Entry {
    pool: Weak<Pool>,
    /// The task, while nobody polls it.
    task: Mutex<Option<Task>>,
    /// True while it is in the queue, or was woken while it was polled.
    woken: Mutex<bool>,
}

impl Wake for Entry {
    fn wake(self: Arc<Self>) {
        let Some(pool) = self.pool.upgrade() else { return };
        if !std::mem::replace(&mut *self.woken.lock().unwrap(), true) && self.task.lock().unwrap().is_some() {
            pool.enqueue(self);
        }
    }
}

impl Pool {
    fn enqueue(&self, entry: Arc<Entry>) {
        self.state.lock().unwrap().queue.push_back(entry);
        self.changed.notify_one();
    }

    fn run(&self) {
        loop {
            let mut state = self.state.lock().unwrap();
            let entry = loop {
                if state.over {
                    return;
                }
                match state.queue.pop_front() {
                    Some(entry) => break entry,
                    None => state = self.changed.wait(state).unwrap(),
                }
            };
            drop(state);
            self.poll(entry);
        }
    }

    fn poll(&self, entry: Arc<Entry>) {
        let waker = Waker::from(Arc::clone(&entry));
        let Some(mut task) = entry.task.lock().unwrap().take() else { return };
        loop {
            *entry.woken.lock().unwrap() = false;
            if Pin::new(&mut task).poll(&mut Context::from_waker(&waker)).is_ready() {
                self.state.lock().unwrap().all.remove(&Arc::as_ptr(&entry).addr());
                return;
            }
            if self.fault != Fault::SelfWakeFirst || !*entry.woken.lock().unwrap() {
                break;
            }
            // So that it takes no other test's time.
            thread::sleep(Duration::from_millis(1));
        }
        if self.state.lock().unwrap().over {
            return;
        }
        // Back first: a wake from now on finds the task, and one before is seen here.
        let mut woken = entry.woken.lock().unwrap();
        *entry.task.lock().unwrap() = Some(task);
        if std::mem::replace(&mut *woken, false) {
            *woken = true;
            drop(woken);
            self.enqueue(entry);
        }
    }
}

/// The runtime: it goes with its last clone.
#[derive(Clone)]
struct OneThread(Arc<Owner>);

struct Owner {
    pool: Arc<Pool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl OneThread {
    fn new(fault: Fault) -> Self {
        let pool = Arc::new(Pool { fault, state: Mutex::default(), changed: Condvar::new() });
        let runs = Arc::clone(&pool);
        Self(Arc::new(Owner { pool, thread: Some(thread::spawn(move || runs.run())) }))
    }
}

/// What the faulty one keeps.
static KEPT: Mutex<Vec<Arc<Entry>>> = Mutex::new(Vec::new());

impl Drop for Owner {
    fn drop(&mut self) {
        self.pool.state.lock().unwrap().over = true;
        self.pool.changed.notify_one();
        let thread = self.thread.take().unwrap();
        // On its own thread it can't be waited for: what is being polled there goes when it gives way.
        if thread.thread().id() != thread::current().id() {
            thread.join().unwrap();
        }
        let mut state = self.pool.state.lock().unwrap();
        let (queue, all) = (std::mem::take(&mut state.queue), std::mem::take(&mut state.all));
        drop(state);
        drop(queue);
        if self.pool.fault == Fault::KeepsWhatWaits {
            return KEPT.lock().unwrap().extend(all.into_values());
        }
        for entry in all.into_values() {
            let task = entry.task.lock().unwrap().take();
            drop(task);
        }
    }
}

impl AsHandle for OneThread {
    fn handle(&self) -> RuntimeHandle {
        RuntimeHandle::new(Native { pool: Arc::downgrade(&self.0.pool), fault: self.0.pool.fault })
    }

    fn keep_alive(&self) -> Option<Arc<dyn std::any::Any + Send + Sync>> {
        Some(Arc::clone(&self.0) as Arc<dyn std::any::Any + Send + Sync>)
    }
}

impl Enter for OneThread {
    fn block_on(&self, root: Pin<&mut dyn Future<Output = ()>>) {
        Threads.block_on(root);
    }
}

struct Native {
    pool: Weak<Pool>,
    fault: Fault,
}

impl Native {
    fn pool(&self) -> Option<Arc<Pool>> {
        self.pool.upgrade().filter(|pool| !pool.state.lock().unwrap().over)
    }
}

impl Spawner for Native {
    fn spawn(&self, task: Task) {
        let Some(pool) = self.pool() else {
            assert!(self.fault != Fault::PanicsWhenGone, "the runtime is gone");
            return;
        };
        let (task, woken) = (Mutex::new(Some(task)), Mutex::new(true));
        let entry = Arc::new(Entry { pool: self.pool.clone(), task, woken });
        pool.state.lock().unwrap().all.insert(Arc::as_ptr(&entry).addr(), Arc::clone(&entry));
        pool.enqueue(entry);
    }

    fn spawn_blocking(&self, job: Job) {
        if self.pool().is_some() {
            Threads.handle().spawn_blocking(job);
        }
    }
}

impl Timer for Native {
    fn now(&self) -> Instant {
        Threads.handle().now()
    }

    fn sleep(&self, length: Duration) -> Sleep {
        Threads.handle().sleep(length)
    }
}

impl Runtime for Native {
    fn name(&self) -> &'static str {
        "one-thread"
    }
}

anypipe_conformance::suite!(without_a_fault, || OneThread::new(Fault::None));

/// The message with which a case rejects the backend with a fault.
fn rejected(case: &'static Case, fault: Fault) -> String {
    let test = move || case.run_on(move || OneThread::new(fault), 0);
    let path = format!("mutants::{}", case.name());
    let panic = catch_unwind(AssertUnwindSafe(|| watched_for(Duration::from_secs(3), &path, test)));
    *panic.expect_err("the fault was not seen").downcast::<String>().expect("a text")
}

fn assert_told(message: &str, told: &[&str]) {
    for told in told {
        assert!(message.contains(told), "`{told}` is missing in: {message}");
    }
}

#[test]
fn one_that_panics_when_it_is_gone_is_rejected() {
    let law = &runtime_laws::stamped::law_2_a_runtime_that_is_gone_drops_the_task;
    assert_told(
        &rejected(law, Fault::PanicsWhenGone),
        &["MUST 2 of a runtime", "it doesn't panic", "is gone"],
    );
}

#[test]
fn one_that_keeps_what_waits_is_rejected() {
    let law = &runtime_laws::stamped::law_1_a_runtime_that_goes_drops_the_tasks_that_wait;
    let told =
        ["hangs", "MUST 1 of a runtime", "shuts down drops the tasks", "`task` waits for its own future"];
    assert_told(&rejected(law, Fault::KeepsWhatWaits), &told);
}

#[test]
fn one_that_polls_again_at_once_what_wakes_itself_is_rejected() {
    let law = &runtime_laws::stamped::law_9_a_task_that_wakes_itself_goes_behind_the_others;
    let told = ["hangs", "MUST 9 of a runtime", "goes behind the others", "`task` has not begun"];
    assert_told(&rejected(law, Fault::SelfWakeFirst), &told);
}
