//! Sources of one type behind which any source can stand.

use std::fmt;
use std::pin::Pin;

use anypipe_core::{Holds, Scope, Source};
use futures_core::Stream;

type BoxStream<T> = Pin<Box<dyn Stream<Item = T> + Send>>;
type Attach<T> = Box<dyn FnOnce(&Scope) -> BoxStream<T> + Send>;

/// Any source of `T`s behind one type; made by [`BoxSource::new`].
///
/// It costs an allocation when the run starts, and an indirect call for each item.
///
/// # Examples
///
/// ```
/// use anypipe_stages::{BoxSource, source::from_iter};
///
/// let sources: Vec<BoxSource<i32>> =
///     vec![BoxSource::new(from_iter(0..3)), BoxSource::new(from_iter(vec![7]))];
/// assert_eq!(sources.len(), 2);
/// ```
pub struct BoxSource<T> {
    /// Starts it.
    attach: Attach<T>,
    /// What the source behind it holds.
    holds: Holds,
}

impl<T: Send + 'static> BoxSource<T> {
    /// Puts `source` behind the common type.
    pub fn new(source: impl Source<Item = T>) -> Self {
        let holds = source.holds();
        Self { attach: Box::new(|scope| Box::pin(source.attach(scope))), holds }
    }
}

impl<T: Send + 'static> Source for BoxSource<T> {
    type Item = T;

    fn attach(self, scope: &Scope) -> impl Stream<Item = T> + Send + 'static {
        (self.attach)(scope)
    }

    fn holds(&self) -> Holds {
        self.holds
    }
}

impl<T> fmt::Debug for BoxSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxSource").field("holds", &self.holds).finish_non_exhaustive()
    }
}
