//! A value that is made once, when it is first asked for.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::OnceLock;

use crate::gate::{Gate, Pass};
use crate::statistics::OnceCellStatistics;
use crate::turn::go_on;

/// A value that is made once, by an asynchronous closure, when it is first asked for.
///
/// One makes it at a time, and the others wait. Where the one that makes it fails, panics or is dropped, the first of
/// those who wait makes it instead, with a closure of its own.
///
/// # Examples
///
/// ```
/// # use anypipe_sync::__anypipe as anypipe;
/// use anypipe::sync::OnceCell;
///
/// static SETTINGS: OnceCell<String> = OnceCell::new();
///
/// async fn settings() -> &'static str {
///     SETTINGS.get_or_init(async || String::from("quiet")).await
/// }
///
/// anypipe::run(async {
///     assert_eq!(settings().await, "quiet");
///     assert_eq!(SETTINGS.get().unwrap(), "quiet");
/// });
/// ```
#[doc(alias("lru_cache"))]
pub struct OnceCell<T> {
    value: OnceLock<T>,
    /// One permit, for whoever makes the value; as many as can be once it is there.
    gate: Gate,
}

impl<T> OnceCell<T> {
    /// A cell without a value.
    pub const fn new() -> Self {
        Self { value: OnceLock::new(), gate: Gate::new(1) }
    }

    /// The value, where there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert_eq!(anypipe::sync::OnceCell::<u8>::new().get(), None);
    /// ```
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, of a cell that nobody else can be at.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let mut cell = anypipe::sync::OnceCell::from(1);
    /// *cell.get_mut().unwrap() += 1;
    /// assert_eq!(cell.get(), Some(&2));
    /// ```
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Takes the value out; the cell is as new.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let mut cell = anypipe::sync::OnceCell::from(1);
    /// assert_eq!((cell.take(), cell.take()), (Some(1), None));
    /// assert_eq!(cell.set(2), Ok(()));
    /// ```
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value, of a cell that nobody else has any more.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// assert_eq!(anypipe::sync::OnceCell::from(1).into_inner(), Some(1));
    /// ```
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// Puts a value in.
    ///
    /// # Errors
    ///
    /// Where there is one already, and where somebody is making one, or waits to; the value comes back.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let cell = anypipe::sync::OnceCell::new();
    /// assert_eq!((cell.set(1), cell.set(2)), (Ok(()), Err(2)));
    /// ```
    pub fn set(&self, value: T) -> Result<(), T> {
        if !self.gate.try_take(1) {
            return Err(value);
        }
        let pass = Pass::new(&self.gate, 1);
        if self.value.get().is_some() {
            return Err(value);
        }
        self.put(value, pass);
        Ok(())
    }

    /// The value, which is made now where there is none yet.
    ///
    /// The closure must not ask the same cell: it would wait for itself.
    ///
    /// # Panics
    ///
    /// As the closure and its future do; the next one makes the value then.
    ///
    /// # Cancel safety
    ///
    /// Dropped while pending it leaves the queue; where it was making the value, its future is dropped and the next one
    /// makes it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::run(async {
    ///     let cell = anypipe::sync::OnceCell::new();
    ///     assert_eq!(cell.get_or_init(async || 1).await, &1);
    ///     assert_eq!(cell.get_or_init(async || 2).await, &1);
    /// });
    /// ```
    pub async fn get_or_init<F, Fut>(&self, make: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        let value = self.get_or_try_init(|| async { Ok::<_, Infallible>(make().await) }).await;
        value.unwrap_or_else(|never| match never {})
    }

    /// As [`get_or_init`](Self::get_or_init), where making the value may fail.
    ///
    /// # Errors
    ///
    /// That of the closure's future. The cell has no value then, and the next one makes it.
    ///
    /// # Panics
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_init`](Self::get_or_init).
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// anypipe::run(async {
    ///     let cell = anypipe::sync::OnceCell::new();
    ///     assert_eq!(cell.get_or_try_init(async || "no".parse::<u8>().map_err(drop)).await, Err(()));
    ///     assert_eq!(cell.get_or_try_init(async || "7".parse().map_err(drop)).await, Ok(&7));
    /// });
    /// ```
    pub async fn get_or_try_init<E, F, Fut>(&self, make: F) -> Result<&T, E>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        if let Some(value) = self.value.get() {
            go_on().await;
            return Ok(value);
        }
        self.gate.take(1).await;
        let pass = Pass::new(&self.gate, 1);
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = make().await?;
        Ok(self.put(value, pass))
    }

    /// Puts the value in, and lets all who wait go on.
    fn put(&self, value: T, pass: Pass<'_>) -> &T {
        let value = self.value.get_or_init(|| value);
        pass.open();
        value
    }

    /// What the cell is doing now.
    ///
    /// # Examples
    ///
    /// ```
    /// # use anypipe_sync::__anypipe as anypipe;
    /// let statistics = anypipe::sync::OnceCell::<u8>::new().statistics();
    /// assert!(!statistics.is_set && !statistics.is_being_made);
    /// assert_eq!(statistics.waiting, 0);
    /// ```
    pub fn statistics(&self) -> OnceCellStatistics {
        let (free, waiting) = self.gate.counts();
        let is_set = self.value.get().is_some();
        OnceCellStatistics { is_set, is_being_made: !is_set && free == 0, waiting }
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self { value: OnceLock::from(value), gate: Gate::new(1) }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("OnceCell");
        match self.value.get() {
            Some(value) => told.field("value", value),
            None => told.field("value", &format_args!("<unset>")),
        };
        told.field("waiting", &self.gate.counts().1).finish_non_exhaustive()
    }
}
