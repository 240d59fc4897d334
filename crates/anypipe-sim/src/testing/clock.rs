use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use crate::executor::World;
use crate::time::SimSleep;

/// Moves the virtual clock on by `length`, past every timer on the way, each with the tasks it
/// wakes; done when all other tasks are blocked again.
///
/// On a [manual clock](crate::Sim::manual_clock) nothing else moves it.
///
/// # Panics
///
/// Outside a simulation.
///
/// # Cancel safety
///
/// Dropping it stops the clock where it is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe_sim::{Sim, testing::advance};
///
/// let outcome = Sim::new(1).manual_clock().run(advance(Duration::from_secs(5)));
/// assert_eq!(outcome.elapsed, Duration::from_secs(5));
/// ```
pub async fn advance(length: Duration) {
    wait_all_blocked().await;
    sleep(length).await;
    wait_all_blocked().await;
}

fn sleep(length: Duration) -> SimSleep {
    let world = current("advance");
    SimSleep::new(Arc::downgrade(&world), Arc::clone(&world.clock), length, true)
}

/// Waits until every other task is blocked: on a channel, on a timer, on whatever it is.
///
/// Where several wait, one goes on at a time, the oldest first. The clock stands still meanwhile.
///
/// # Panics
///
/// Outside a simulation.
///
/// # Cancel safety
///
/// Dropping it stops the waiting and nothing else.
///
/// # Examples
///
/// ```
/// use anypipe_core::{Run, run::inherit};
/// use anypipe_sim::{Sim, testing::wait_all_blocked};
///
/// Sim::new(1).run(Run::new("blocked", inherit, |scope| {
///     scope.spawn("stuck", std::future::pending());
///     wait_all_blocked()
/// }));
/// ```
pub async fn wait_all_blocked() {
    AllBlocked { world: Weak::new(), ticket: None }.await;
}

/// Takes this much time in the middle of synchronous code, as a long computation would: in a
/// simulation the virtual clock moves on at once, elsewhere the thread sleeps.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use anypipe_sim::{Sim, testing::spend};
///
/// let outcome = Sim::new(1).run(async { spend(Duration::from_secs(60)) });
/// assert_eq!(outcome.elapsed, Duration::from_secs(60));
/// ```
pub fn spend(length: Duration) {
    match World::current() {
        Some(world) => world.clock.set(world.clock.after(length)),
        #[expect(clippy::disallowed_methods, reason = "work that holds its thread is what this stands for")]
        None => std::thread::sleep(length),
    }
}

fn current(what: &str) -> Arc<World> {
    World::current().unwrap_or_else(|| panic!("`{what}` was called outside a simulation: use `Sim::run`"))
}

struct AllBlocked {
    /// Where it waits, once it was polled.
    world: Weak<World>,
    /// Its place among those who wait; it is over once that is gone.
    ticket: Option<u64>,
}

impl Future for AllBlocked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let world = current("wait_all_blocked");
        let waker = cx.waker().clone();
        let mut state = world.lock();
        if self.ticket.is_some_and(|ticket| !state.idle.is_waiting(ticket)) {
            self.ticket = None;
            return Poll::Ready(());
        }
        let ticket = self.ticket.unwrap_or_else(|| state.idle.ticket());
        let old = state.idle.enter(ticket, waker);
        drop(state);
        drop(old);
        self.ticket = Some(ticket);
        self.world = Arc::downgrade(&world);
        Poll::Pending
    }
}

impl Drop for AllBlocked {
    fn drop(&mut self) {
        if let (Some(ticket), Some(world)) = (self.ticket, self.world.upgrade()) {
            let waker = world.lock().idle.leave(ticket);
            drop(waker);
        }
    }
}
