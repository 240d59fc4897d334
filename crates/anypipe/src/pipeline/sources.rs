//! Constructors of pipelines, and the free functions beside them.

use std::future::Future;
use std::ops::{Add, RangeBounds};
use std::time::Duration;

use anypipe_core::channel::{ChannelReceiver, Sender};
use anypipe_core::source::Gated;
use anypipe_stages::source::{
    self as sources, CountFrom, Empty, FromChannel, FromFn, FromIter, FromStream, Interval, Never, Once,
    Range, Repeat, RepeatN, Throw, Unfold,
};
use futures_core::Stream;

use super::Pipeline;

/// Only a place for the constructors: `Pipeline::from_iter` needs a type for `Pipeline`'s parameter.
impl Pipeline<()> {
    /// The items of an iterator, in order. A long one gives way to the runtime now and then.
    ///
    /// → `I::Item`. Holds nothing. The iterator runs in the task that pulls it, so it must not block.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn all() -> Vec<u8> {
    ///     Pipeline::from_iter([1, 2, 3]).collect().await
    /// }
    /// ```
    #[doc(alias("from_iterable", "par_bridge", "par_iter"))]
    #[expect(clippy::should_implement_trait, reason = "the field's name for it; a pipeline isn't collected")]
    pub fn from_iter<I>(iter: I) -> Pipeline<Gated<FromIter<I>>>
    where
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
    {
        Pipeline::from_source(sources::from_iter(iter))
    }

    /// The items of any stream.
    ///
    /// → `S::Item`. Holds nothing of its own. A stream's end is an end: one whose producer vanished can't
    /// be told from one that was complete.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    /// use futures_core::Stream;
    ///
    /// async fn count<S: Stream<Item = u8> + Send + 'static>(stream: S) -> usize {
    ///     Pipeline::from_stream(stream).fold(0, |count, _| count + 1).await
    /// }
    /// ```
    #[doc(alias("BroadcastStream", "LinesStream", "SignalStream", "WatchStream"))]
    pub fn from_stream<S>(stream: S) -> Pipeline<Gated<FromStream<S>>>
    where
        S: Stream<Item: Send + 'static> + Send + 'static,
    {
        Pipeline::from_source(sources::from_stream(stream))
    }

    /// What an asynchronous function sends: a generator.
    ///
    /// → `T`. Runs in a task of its own; holds its buffer (64) and the item that waits for room; a clone of the
    /// sender that waits too holds one more. The items end when the function has returned and every sender is
    /// gone; a sender that vanished fails the run as *broken*.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn countdown() -> Vec<u8> {
    ///     let pipeline = Pipeline::from_fn(|sender| async move {
    ///         for n in [3, 2, 1] {
    ///             if sender.send(n).await.is_err() {
    ///                 return; // nobody takes the rest
    ///             }
    ///         }
    ///     });
    ///     pipeline.collect().await
    /// }
    /// ```
    #[doc(alias("create", "iter_blocking"))]
    pub fn from_fn<T, F, Fut>(f: F) -> Pipeline<Gated<FromFn<F, T>>>
    where
        T: Send + 'static,
        F: FnOnce(Sender<T>) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Pipeline::from_source(sources::from_fn(f))
    }

    /// What a channel's receiver receives: anypipe's own, or a runtime's behind its adapter.
    ///
    /// → `T`. Holds nothing of its own. The end of input ends it; a sender that vanished fails the run as *broken*.
    /// Native channels of the runtimes can't tell the two apart.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::channel::bounded;
    /// use anypipe::prelude::*;
    ///
    /// async fn received() -> Vec<u8> {
    ///     let (sender, receiver) = bounded(2);
    ///     sender.try_send(1).unwrap();
    ///     drop(sender);
    ///     Pipeline::from_channel(receiver).collect().await // [1]
    /// }
    /// ```
    #[doc(alias("ReceiverStream", "UnboundedReceiverStream", "fromEvent"))]
    pub fn from_channel<T, R>(receiver: R) -> Pipeline<Gated<FromChannel<R, T>>>
    where
        T: Send + 'static,
        R: ChannelReceiver<T>,
    {
        Pipeline::from_source(sources::from_channel(receiver))
    }
}

/// As [`Pipeline::from_iter`].
pub fn iter<I>(iter: I) -> Pipeline<Gated<FromIter<I>>>
where
    I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
{
    Pipeline::from_iter(iter)
}

/// As [`Pipeline::from_stream`].
pub fn stream<S>(stream: S) -> Pipeline<Gated<FromStream<S>>>
where
    S: Stream<Item: Send + 'static> + Send + 'static,
{
    Pipeline::from_stream(stream)
}

/// As [`Pipeline::from_fn`].
pub fn from_fn<T, F, Fut>(f: F) -> Pipeline<Gated<FromFn<F, T>>>
where
    T: Send + 'static,
    F: FnOnce(Sender<T>) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Pipeline::from_fn(f)
}

/// As [`Pipeline::from_channel`].
pub fn channel<T, R>(receiver: R) -> Pipeline<Gated<FromChannel<R, T>>>
where
    T: Send + 'static,
    R: ChannelReceiver<T>,
{
    Pipeline::from_channel(receiver)
}

/// Writes a constructor and the free function beside it, for sources that are named the same in both
/// places.
macro_rules! constructor {
    (
        $(#[$doc:meta])*
        $name:ident $(<$($P:ident),+>)? ($($arg:ident: $Arg:ty),*) -> $Source:ty;
        where $($bounds:tt)*
    ) => {
        impl Pipeline<()> {
            $(#[$doc])*
            #[track_caller]
            pub fn $name $(<$($P),+>)? ($($arg: $Arg),*) -> Pipeline<Gated<$Source>>
            where
                $($bounds)*
            {
                Pipeline::from_source(sources::$name($($arg),*))
            }
        }

        #[doc = concat!("As [`Pipeline::", stringify!($name), "`](crate::Pipeline::", stringify!($name), ").")]
        #[track_caller]
        pub fn $name $(<$($P),+>)? ($($arg: $Arg),*) -> Pipeline<Gated<$Source>>
        where
            $($bounds)*
        {
            Pipeline::$name($($arg),*)
        }
    };
}
pub(super) use constructor;

constructor! {
    /// One item.
    ///
    /// → `T`. Holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::once(7).collect().await // [7]
    /// }
    /// ```
    #[doc(alias("just", "startWith"))]
    once<T>(item: T) -> Once<T>;
    where T: Send + 'static,
}

constructor! {
    /// No items: it ends at once.
    ///
    /// → `T`. Holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::empty::<u8>().collect().await // []
    /// }
    /// ```
    empty<T>() -> Empty<T>;
    where T: Send + 'static,
}

constructor! {
    /// Neither an item nor an end; a stop of the run ends it.
    ///
    /// → `T`. Holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Result<Vec<u8>, RunError> {
    ///     let second = std::time::Duration::from_secs(1);
    ///     Pipeline::never::<u8>().collect().deadline(second).checked().await // timed out
    /// }
    /// ```
    never<T>() -> Never<T>;
    where T: Send + 'static,
}

constructor! {
    /// Clones of an item for ever.
    ///
    /// → `T`. Holds nothing but the item that it clones.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::repeat(7).take(3).collect().await // [7, 7, 7]
    /// }
    /// ```
    repeat<T>(item: T) -> Repeat<T>;
    where T: Clone + Send + 'static,
}

constructor! {
    /// An item `n` times: clones of it, and the item itself as the last.
    ///
    /// → `T`. Holds nothing but the item that it clones.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::repeat_n(7, 2).collect().await // [7, 7]
    /// }
    /// ```
    repeat_n<T>(item: T, n: usize) -> RepeatN<T>;
    where T: Clone + Send + 'static,
}

constructor! {
    /// The numbers of a range: `0..9`, `1..=9`, or `1..` without an end.
    ///
    /// → `T`. Holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::range(1..4).collect().await // [1, 2, 3]
    /// }
    /// ```
    range<T, R>(range: R) -> Range<R>;
    where T: Send + 'static, R: RangeBounds<T> + Iterator<Item = T> + Send + 'static,
}

constructor! {
    /// `start`, and for ever what the last number and `step` add up to.
    ///
    /// → `T`. Holds nothing. Past the last number of the type the run fails with a panic, in every build: it
    /// neither ends, which would look complete, nor begins anew. A `step` of `T::default()` stands for none.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u8> {
    ///     Pipeline::count_from(1, 10).take(3).collect().await // [1, 11, 21]
    /// }
    /// ```
    count_from<T>(start: T, step: T) -> CountFrom<T>;
    where T: Add<Output = T> + Clone + Default + PartialOrd + Send + 'static,
}

constructor! {
    /// The numbers 0, 1, 2, … one a period, the first at once.
    ///
    /// → `u64`. Holds nothing. A tick that was asked for too late comes at once; those that were missed altogether
    /// are left out, and the next one is in time again.
    ///
    /// # Panics
    ///
    /// Where `period` is zero.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> () {
    ///     let second = std::time::Duration::from_secs(1);
    ///     Pipeline::interval(second).take(3).for_each(|tick| println!("{tick}")).await;
    /// }
    /// ```
    #[doc(alias("IntervalStream", "timer"))]
    interval(period: Duration) -> Interval;
    where
}

constructor! {
    /// The items that `f` makes of a state, asynchronously: `Some((item, state))` goes on, `None` is the end.
    ///
    /// → `T`. Runs in a task of its own; holds its buffer (64), the item in the making included. For a synchronous
    /// closure there is `from_iter(std::iter::from_fn(..))`, and for more than one item at a time
    /// [`from_fn`](Self::from_fn).
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Vec<u32> {
    ///     let halve = async |n| (n > 0).then_some((n, n / 2));
    ///     Pipeline::unfold(20, halve).collect().await // [20, 10, 5, 2, 1]
    /// }
    /// ```
    #[doc(alias("generate", "par_unfold", "par_unfold_blocking"))]
    unfold<St, T, F, Fut>(init: St, f: F) -> Unfold<St, F>;
    where
        St: Send + 'static,
        T: Send + 'static,
        F: Fn(St) -> Fut + Send + 'static,
        Fut: Future<Output = Option<(T, St)>> + Send + 'static,
}

constructor! {
    /// One `Err`, and then the end.
    ///
    /// → `Result<T, E>`. Holds nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// async fn items() -> Result<Vec<u8>, &'static str> {
    ///     Pipeline::throw::<u8, _>("no luck").try_collect().await // Err("no luck")
    /// }
    /// ```
    #[doc(alias("throwError"))]
    throw<T, E>(error: E) -> Throw<T, E>;
    where T: Send + 'static, E: Send + 'static,
}
