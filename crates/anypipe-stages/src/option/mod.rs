//! The options that wrap the work of a stage on each item, one a file.

mod catch_panics;
mod located;
mod retry;
mod timeout_each;
mod with_input;

use std::future::Future;
use std::task::{Context, Poll};

use anypipe_core::drive::{At, Work};
use anypipe_core::option::{CanBlock, Wrap};

pub use self::catch_panics::{CatchPanics, Panicked, TryCatchPanics};
pub use self::located::{Locate, Located};
pub use self::retry::RetryPolicy;
pub use self::timeout_each::{TimeoutEach, TryTimeoutEach};
pub use self::with_input::{Failed, WithInput};
use crate::stage::{
    FilterAsync, FilterMapAsync, MapWithOnPool, MapWithTasks, OrElse, Then, ThenWith, TryThenWith,
};
use crate::{OnPool, Pass, Tasks};

/// A way to wrap work on one item.
pub trait Wrapping<In, W: Work<In>>: Send + Sync + 'static {
    /// What comes of an item.
    type Out: Send + 'static;

    /// Whether something is an `Err`, as [`Work::is_err`] tells it.
    fn is_err(made: &Self::Out) -> bool;

    /// Does the work on one item, in this way.
    fn call<'a>(
        &'a self,
        work: &'a W,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<Self::Out>> + Send + 'a;
}

/// Work that is wrapped.
#[derive(Clone, Debug)]
pub struct Wrapped<K, W> {
    how: K,
    work: W,
}

impl<K, W> Wrapped<K, W> {
    /// Wraps `work` in the way of `how`.
    pub fn new(how: K, work: W) -> Self {
        Self { how, work }
    }
}

impl<In, K, W> Work<In> for Wrapped<K, W>
where
    In: Send + 'static,
    W: Work<In>,
    K: Wrapping<In, W>,
{
    type Out = K::Out;
    type State = W::State;

    fn is_err(made: &K::Out) -> bool {
        K::is_err(made)
    }

    fn call<'a>(
        &'a self,
        state: &'a mut W::State,
        at: At<'a>,
        item: In,
    ) -> impl Future<Output = Option<K::Out>> + Send + 'a {
        self.how.call(&self.work, state, at, item)
    }

    fn poll_settled(&self, state: &mut W::State, cx: &mut Context<'_>) -> Poll<()> {
        self.work.poll_settled(state, cx)
    }
}

impl<K, W: CanBlock> CanBlock for Wrapped<K, W> {
    type OnPool = Wrapped<K, W::OnPool>;

    fn on_pool(self) -> Self::OnPool {
        Wrapped { how: self.how, work: self.work.on_pool() }
    }
}

/// Work that is wrapped as it is.
macro_rules! wraps {
    ($($Work:ident $(<$($P:ident),+>)?;)+) => {
        $(
            impl<How $(, $($P),+)?> Wrap<How> for $Work $(<$($P),+>)? {
                type Wrapped = Wrapped<How, Self>;

                fn wrap(self, how: How) -> Self::Wrapped {
                    Wrapped::new(how, self)
                }
            }
        )+
    };
}

wraps! {
    FilterAsync<F>;
    FilterMapAsync<F>;
    MapWithOnPool<I, F>;
    MapWithTasks<I, F>;
    OnPool<Y>;
    OrElse<F>;
    Pass;
    Tasks<Y>;
    Then<F>;
    ThenWith<I, F>;
    TryThenWith<I, F>;
    Wrapped<K, W>;
}
