use std::future::poll_fn;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::OnceLock;
use std::time::Duration;

use anypipe_core::drive::{At, Threads, Work};
use anypipe_core::runtime::RuntimeHandle;
use anypipe_core::scope::{current_runtime, note_retry};
use anypipe_core::stage::poll_go_on;

use super::Wrapping;

/// How often work on an item is tried, and how long to wait in between: what `.retry(policy)` takes.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # mod anypipe { pub mod stage { pub use anypipe_stages::option::RetryPolicy; } }
/// use anypipe::stage::RetryPolicy;
///
/// // Five times, with waits of up to 100, 200, 400 and 500 milliseconds.
/// let policy = RetryPolicy::new(5)
///     .backoff(Duration::from_millis(100), Duration::from_millis(500))
///     .jitter(0.5);
/// # let _ = policy;
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    tries: u32,
    min: Duration,
    max: Duration,
    jitter: f64,
}

impl RetryPolicy {
    /// Up to `tries` tries for each item, the first included, with no wait in between.
    ///
    /// # Panics
    ///
    /// Where `tries` is 0.
    #[track_caller]
    pub fn new(tries: u32) -> Self {
        assert!(tries > 0, "a retry policy of 0 tries would do no work");
        Self { tries, min: Duration::ZERO, max: Duration::ZERO, jitter: 0.0 }
    }

    /// Waits `min` before the second try, and twice as long before each further one, up to `max`.
    ///
    /// # Panics
    ///
    /// Where `min` is longer than `max`.
    #[track_caller]
    pub fn backoff(mut self, min: Duration, max: Duration) -> Self {
        assert!(min <= max, "the first wait of a retry policy is longer than its longest");
        (self.min, self.max) = (min, max);
        self
    }

    /// Shortens each wait by a part of it, from nothing up to `most` (0 to 1), so that those who failed
    /// together don't try again together. On the simulator it is the same in each run.
    ///
    /// # Panics
    ///
    /// Where `most` is not between 0 and 1.
    #[track_caller]
    pub fn jitter(mut self, most: f64) -> Self {
        assert!((0.0..=1.0).contains(&most), "a jitter of {most} is not between 0 and 1");
        self.jitter = most;
        self
    }

    /// The wait after this many tries of the work on this item.
    fn wait(&self, runtime: &RuntimeHandle, at: At<'_>, tries: u32) -> Duration {
        let doubled = 1_u32.checked_shl(tries - 1).and_then(|factor| self.min.checked_mul(factor));
        let wait = doubled.unwrap_or(self.max).min(self.max);
        if self.jitter == 0.0 {
            return wait;
        }
        // A simulation must not depend on chance; elsewhere processes must differ from each other.
        let seed = if runtime.name() == "sim" { 0 } else { process_seed() };
        let drawn = mix(seed ^ mix(at.index ^ mix(u64::from(tries))));
        // 32 bits of it, as a part of 1.
        let part = f64::from(u32::try_from(drawn >> 32).unwrap_or(0)) / f64::from(u32::MAX);
        // The product of the longest wait there is may be rounded up beyond it.
        let seconds = wait.as_secs_f64() * (1.0 - self.jitter * part);
        Duration::try_from_secs_f64(seconds).map_or(wait, |shorter| shorter.min(wait))
    }
}

impl<In, W, T, E> Wrapping<In, W> for RetryPolicy
where
    In: Clone + Send + 'static,
    W: Work<In, Out = Result<T, E>>,
    T: Send + 'static,
    E: Send + 'static,
{
    type Out = Result<T, E>;

    fn threads(&self, work: &W) -> Threads {
        // Nothing runs beside a try; in a wait between two no thread is held.
        work.threads()
    }

    fn is_err(made: &Self::Out) -> bool {
        made.is_err()
    }

    async fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> Option<Self::Out> {
        for tries in 1..self.tries {
            let made = work.call(state, at, item.clone()).await;
            if !matches!(made, Some(Err(_))) {
                return made;
            }
            drop(made);
            // A try that was given up may run on, on a thread: the next begins, with its limit, after it.
            poll_fn(|cx| work.poll_settled(state, cx)).await;
            let runtime = current_runtime().expect("work is done in a task of a run");
            let wait = self.wait(&runtime, at, tries);
            note_retry(tries, wait);
            if wait.is_zero() {
                poll_fn(poll_go_on).await;
            } else {
                runtime.sleep(wait).await;
            }
        }
        work.call(state, at, item).await
    }
}

/// A number that differs between processes.
fn process_seed() -> u64 {
    static SEED: OnceLock<u64> = OnceLock::new();
    *SEED.get_or_init(|| RandomState::new().build_hasher().finish())
}

/// Spreads the bits of a number over all of another (the finishing step of `SplitMix64`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
