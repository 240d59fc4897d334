//! Waiting for something about a value under a lock.

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::guarded::Guarded;
use crate::lock::LockGuard;
use crate::statistics::ConditionStatistics;
use crate::wait_list::{Left, Place, WaitList};

/// Waiting until something is so about the value under a [`Lock`](crate::Lock).
///
/// Who waits gives the lock away meanwhile, and has it again afterwards. [`wait`](Self::wait) takes the guard, so that
/// nobody can wait without the lock. A notification is for those who wait at that moment, in the order in which they
/// came; where nobody does, it is for nobody. So the value is changed under the lock, and looked at there:
/// [`wait_while`](Self::wait_while) does that.
///
/// One condition belongs to the value of one lock; it doesn't hold it, and may stand beside it, in a `static` too.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use std::sync::Arc;
/// use anypipe::sync::{Condition, Lock};
///
/// let (lock, changed) = (Arc::new(Lock::new(0)), Arc::new(Condition::new()));
/// let (adds, notifies) = (Arc::clone(&lock), Arc::clone(&changed));
/// let thread = std::thread::spawn(move || {
///     anypipe::run(async {
///         *adds.lock().await += 1;
///         notifies.notify_one();
///     });
/// });
/// anypipe::run(async {
///     let total = changed.wait_while(lock.lock().await, |total| *total == 0).await;
///     assert_eq!(*total, 1);
/// });
/// thread.join().unwrap();
/// ```
#[doc(alias("ParkingLot"))]
pub struct Condition {
    list: Guarded<WaitList<()>>,
}

impl Condition {
    /// A condition for which nobody waits.
    pub const fn new() -> Self {
        Self { list: Guarded::new(WaitList::new()) }
    }

    /// Gives the lock away, waits until it is notified, and takes the lock again.
    ///
    /// It stands in the queue before the lock is free. It may go on without need, where one that was notified is
    /// dropped and the notification is handed on: look at the value again, or [wait while](Self::wait_while) it is not so.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it has given the lock away, and leaves the queue. Where it was notified already the next one
    /// is instead, also if it waits for the lock by then: no notification is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use std::pin::pin;
    /// use std::task::{Context, Waker};
    /// use anypipe::sync::{Condition, Lock};
    ///
    /// let (lock, condition) = (Lock::new(1), Condition::new());
    /// let mut waits = pin!(condition.wait(lock.try_lock().unwrap()));
    /// assert!(waits.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    /// *lock.try_lock().expect("it was given away") += 1;
    /// condition.notify_one();
    /// assert_eq!(*anypipe::run(waits), 2);
    /// ```
    pub async fn wait<'a, T: ?Sized>(&self, guard: LockGuard<'a, T>) -> LockGuard<'a, T> {
        let lock = LockGuard::lock(&guard);
        let (mut wait, mut guard) = (Wait { condition: self, place: None }, Some(guard));
        poll_fn(|cx| {
            let polled = wait.poll(cx);
            // Only once it stands in the queue: who changes the value finds it there.
            drop(guard.take());
            polled
        })
        .await;
        let guard = lock.lock().await;
        wait.accept();
        guard
    }

    /// Waits while something is so about the value, which may be not at all; gives the lock when it is not.
    ///
    /// # Panics
    ///
    /// As the closure does; the lock is given back.
    ///
    /// # Cancel safety
    ///
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// use anypipe::sync::{Condition, Lock};
    ///
    /// anypipe::run(async {
    ///     let (queue, condition) = (Lock::new(vec![1]), Condition::new());
    ///     let mut queue = condition.wait_while(queue.lock().await, |queue| queue.is_empty()).await;
    ///     assert_eq!(queue.pop(), Some(1));
    /// });
    /// ```
    pub async fn wait_while<'a, T, F>(&self, mut guard: LockGuard<'a, T>, mut is_so: F) -> LockGuard<'a, T>
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        while is_so(&mut guard) {
            guard = self.wait(guard).await;
        }
        guard
    }

    /// Notifies the first of those who wait.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// // Nobody waits: nothing happens.
    /// anypipe::sync::Condition::new().notify_one();
    /// ```
    pub fn notify_one(&self) {
        self.notify(1);
    }

    /// Notifies so many of those who wait, the first ones.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::sync::Condition::new().notify(3);
    /// ```
    pub fn notify(&self, many: usize) {
        self.list.with(|list, wakes| {
            for _ in 0..many.min(list.len()) {
                wakes.add(list.grant_first());
            }
        });
    }

    /// Notifies all who wait now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::sync::Condition::new().notify_all();
    /// ```
    pub fn notify_all(&self) {
        self.notify(usize::MAX);
    }

    /// What the condition is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert_eq!(anypipe::sync::Condition::new().statistics().waiting, 0);
    /// ```
    pub fn statistics(&self) -> ConditionStatistics {
        ConditionStatistics { waiting: self.list.look(WaitList::len) }
    }
}

impl Default for Condition {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition").field("waiting", &self.statistics().waiting).finish()
    }
}

/// The wait for a notification.
struct Wait<'a> {
    condition: &'a Condition,
    /// Where it stands, from the first poll until it has the lock again.
    place: Option<Place>,
}

impl Wait<'_> {
    /// Enters, or looks whether it was notified.
    fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        // Cloned before the lock is taken: that may run anybody's code.
        let waker = cx.waker().clone();
        let place = &mut self.place;
        let notified = self.condition.list.with(|list, wakes| match place {
            Some(place) => {
                wakes.put_away(list.rewake(place, waker));
                list.is_granted(place)
            }
            None => {
                *place = Some(list.enter((), waker));
                false
            }
        });
        if notified { Poll::Ready(()) } else { Poll::Pending }
    }

    /// The notification has reached its end.
    fn accept(&mut self) {
        if let Some(place) = self.place.take() {
            self.condition.list.with(|list, _| list.leave(place));
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place.take() else { return };
        self.condition.list.with(|list, wakes| match list.leave(place) {
            Left::Waited((), waker) => wakes.put_away(waker),
            Left::Granted(()) => wakes.add(list.grant_first()),
        });
    }
}
