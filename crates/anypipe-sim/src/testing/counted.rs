use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the values it was given to hold: how many are alive, were ever, and were at most.
///
/// Cheap to clone; all clones count together.
///
/// # Examples
///
/// ```
/// use anypipe_sim::testing::Resources;
///
/// let resources = Resources::new();
/// let item = resources.hold(5);
/// assert_eq!((*item, resources.live()), (5, 1));
/// drop(item);
/// resources.assert_none_left();
/// ```
#[derive(Clone, Debug, Default)]
pub struct Resources {
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    live: AtomicUsize,
    made: AtomicUsize,
    most: AtomicUsize,
}

impl Resources {
    /// A counter at zero.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts `value` until it is dropped.
    pub fn hold<T>(&self, value: T) -> Counted<T> {
        Counted { value, token: Token::new(&self.counts) }
    }

    /// How many are alive now.
    pub fn live(&self) -> usize {
        self.counts.live.load(Ordering::SeqCst)
    }

    /// How many there ever were, clones included.
    pub fn made(&self) -> usize {
        self.counts.made.load(Ordering::SeqCst)
    }

    /// How many were alive at once, at most.
    pub fn most(&self) -> usize {
        self.counts.most.load(Ordering::SeqCst)
    }

    /// Checks that all are gone.
    ///
    /// # Panics
    ///
    /// Where one is alive.
    #[track_caller]
    pub fn assert_none_left(&self) {
        let (live, made) = (self.live(), self.made());
        assert_eq!(live, 0, "{live} of {made} resources are still alive");
    }
}

/// A value that [`Resources`] counts until it is dropped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted<T> {
    value: T,
    token: Token,
}

impl<T> Counted<T> {
    /// The value, that is counted no more.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Counted<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Counted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

/// One count; equal to any other, so that counted values compare as their values do.
struct Token {
    counts: Arc<Counts>,
}

impl Token {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.made.fetch_add(1, Ordering::SeqCst);
        let live = counts.live.fetch_add(1, Ordering::SeqCst) + 1;
        counts.most.fetch_max(live, Ordering::SeqCst);
        Self { counts: Arc::clone(counts) }
    }
}

impl Clone for Token {
    fn clone(&self) -> Self {
        Self::new(&self.counts)
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.counts.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl PartialEq for Token {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Token {}

impl PartialOrd for Token {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Token {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl std::hash::Hash for Token {
    fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_and_compare_as_their_values() {
        let resources = Resources::new();
        let one = resources.hold("one");
        let (copy, two) = (one.clone(), resources.hold("two"));
        assert_eq!(one, copy);
        assert_ne!(one, two);
        assert_eq!((resources.live(), resources.made(), resources.most()), (3, 3, 3));
        assert_eq!(two.into_inner(), "two");
        drop((one, copy));
        assert_eq!((resources.live(), resources.made(), resources.most()), (0, 3, 3));
    }

    #[test]
    #[should_panic(expected = "1 of 2 resources are still alive")]
    fn one_that_is_left_is_told() {
        let resources = Resources::new();
        let _left = resources.hold(());
        drop(resources.hold(()));
        resources.assert_none_left();
    }
}
