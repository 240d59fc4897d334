//! The items that registered operators are tried with.

use std::cmp::Ordering as Compared;
use std::fmt;
use std::future::poll_fn;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use anypipe_core::scope::current_runtime;

/// The value whose use panics: [`Item::value`] of it raises [`POISONED`].
pub const POISON: i64 = i64::MIN;
/// The text of that panic.
pub const POISONED: &str = "the item is poison";

/// An item: a number that is counted while it lives.
///
/// Items are equal, ordered and hashed by their numbers. A clone is counted as one more.
pub struct Item {
    value: i64,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    live: AtomicUsize,
    made: AtomicUsize,
    most: AtomicUsize,
}

/// Makes items and counts them. Clones count together.
///
/// # Examples
///
/// ```
/// use anypipe_conformance::registry::Census;
///
/// let tally = Census::new();
/// let item = tally.item(5);
/// assert_eq!((item.value(), tally.live()), (5, 1));
/// drop(item);
/// assert_eq!(tally.live(), 0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Census {
    counts: Arc<Counts>,
}

impl Census {
    /// A count at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// An item of this value.
    pub fn item(&self, value: i64) -> Item {
        Item::counted(value, &self.counts)
    }

    /// How many items are alive.
    pub fn live(&self) -> usize {
        self.counts.live.load(Ordering::SeqCst)
    }

    /// How many items there ever were, clones included.
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// The most items that were alive at once.
    pub fn most(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }
}

impl Item {
    fn counted(value: i64, counts: &Arc<Counts>) -> Self {
        counts.made.fetch_add(1, Ordering::SeqCst);
        let live = counts.live.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(live, Ordering::SeqCst);
        Self { value, counts: Arc::clone(counts) }
    }

    /// The value, as the user's closure of an operator looks at it.
    ///
    /// # Panics
    ///
    /// Where it is [`POISON`]: that is how a panic in a closure is tried.
    pub fn value(&self) -> i64 {
        assert!(self.value != POISON, "{POISONED}");
        self.value
    }

    /// The value, for what stands around an operator and is not tried itself.
    pub fn raw(&self) -> i64 {
        self.value
    }

    /// The same item with another value.
    ///
    /// # Panics
    ///
    /// As [`value`](Item::value).
    pub fn map(mut self, f: impl FnOnce(i64) -> i64) -> Self {
        self.value = f(self.value());
        self
    }

    /// The same item with another value, for what stands around an operator and is not tried itself.
    pub fn revalued(mut self, value: i64) -> Self {
        self.value = value;
        self
    }

    /// A further item.
    pub fn beside(&self, value: i64) -> Self {
        Self::counted(value, &self.counts)
    }

    /// What an asynchronous closure does with an item: it gives way, or naps, as the value says.
    ///
    /// # Panics
    ///
    /// As [`value`](Item::value).
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops nothing but the wait.
    pub async fn work(&self) {
        let value = self.value().unsigned_abs();
        if value % 7 == 0 {
            if let Some(runtime) = current_runtime() {
                runtime.sleep(Duration::from_micros(value % 1000)).await;
            }
        }
        for _ in 0..value % 4 {
            give_way().await;
        }
    }

    /// One item for a list of them, which the operator has put together; `None` where the list is
    /// empty. Its value is the [`mix`] of theirs.
    pub fn of_list(list: impl IntoIterator<Item = Item>) -> Option<Self> {
        let mut list = list.into_iter();
        let mut first = list.next()?;
        let values: Vec<i64> = std::iter::once(first.value).chain(list.map(|item| item.value)).collect();
        first.value = mix(&values);
        Some(first)
    }

    /// The item as a result: an `Err` where [`fails`] says so.
    ///
    /// # Errors
    ///
    /// For about every fifth value.
    pub fn into_result(self) -> Result<Item, Item> {
        if fails(self.value) { Err(self) } else { Ok(self) }
    }

    /// The item of a result: the [`mix`] of its value with 1 for an `Ok`, with 0 for an `Err`.
    pub fn of_result(result: Result<Item, Item>) -> Self {
        let (mut item, tag) = match result {
            Ok(item) => (item, 1),
            Err(item) => (item, 0),
        };
        item.value = mix(&[item.value, tag]);
        item
    }
}

/// One value for a list of values. The order and the length count.
///
/// It is never [`POISON`], nor negative.
pub fn mix(values: &[i64]) -> i64 {
    let start = values.len() as u64;
    let mixed = values.iter().fold(start, |mixed, value| {
        let mixed = (mixed ^ value.unsigned_abs()).wrapping_mul(0x0100_0000_01B3);
        mixed ^ (mixed >> 29)
    });
    i64::try_from(mixed % 1_000_003).expect("a small number")
}

/// Whether [`Item::into_result`] makes an `Err` of this value.
pub fn fails(value: i64) -> bool {
    value % 5 == 3
}

/// What [`Item::of_result`] gives for the values, with `f` done to those of the `Ok`s.
pub fn result_value(value: i64, ok: impl FnOnce(i64) -> i64) -> i64 {
    if fails(value) { mix(&[value, 0]) } else { mix(&[ok(value), 1]) }
}

/// Gives way once.
pub(crate) async fn give_way() {
    let mut gone = false;
    poll_fn(|cx| {
        if gone {
            return Poll::Ready(());
        }
        gone = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl Clone for Item {
    fn clone(&self) -> Self {
        self.beside(self.value)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.counts.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl PartialEq for Item {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Item {}

impl PartialOrd for Item {
    fn partial_cmp(&self, other: &Self) -> Option<Compared> {
        Some(self.cmp(other))
    }
}

impl Ord for Item {
    fn cmp(&self, other: &Self) -> Compared {
        self.value.cmp(&other.value)
    }
}

impl Hash for Item {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.value.hash(state);
    }
}
