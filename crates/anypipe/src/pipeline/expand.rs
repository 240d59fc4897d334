//! Work that makes work, and its options.

use std::future::Future;
use std::hash::Hash;

use anypipe_core::Source;
use anypipe_stages::stage::{Branching, EveryItem, Expand, FirstOfKey, MappedRows, Rows, TryRows};
use anypipe_stages::{Joined, Parallel, Piped};

use super::operator::operator;
use super::{Pipeline, Segment};

operator! {
    /// Gives each item, and works on what `f` makes of it in the same way: a walk through a tree or a graph, a queue of
    /// jobs that make jobs. It ends when the input has ended, nothing waits and nothing is worked on.
    ///
    /// `In: Clone` → `In`, asynchronous; `f` gives anything that iterates over `In`. A boundary: it holds the buffer (64), one
    /// item for each worker (1), and without a bound what waits to be worked on. Takes `.workers(n)` and all that goes
    /// behind [`then`](Self::then), and four options of its own, directly behind it or behind those:
    ///
    /// - [`depth_first()`](Pipeline::depth_first), the default, works next on what is deepest, and
    ///   [`breadth_first()`](Pipeline::breadth_first) on what waits longest;
    /// - [`dedup_by(key)`](Pipeline::dedup_by) works on the first item of each key. A graph with a circle needs it;
    /// - [`max_depth(n)`](Pipeline::max_depth) makes nothing of what is `n` steps from the input.
    ///
    /// An item goes out when `f` is done with it, in the order in which they were begun: with one worker an item before what
    /// was made of it. A further item of the input is begun when nothing else waits. With several workers it depends on how
    /// long each takes which is begun first. Who takes nothing holds `f` back, as behind any stage.
    ///
    /// What `f` gives is iterated as it is needed, so that what waits are rows and not items: depth first there are at most as
    /// many as there are workers for each step of depth, which is little for a tree of millions, and next to nothing where
    /// `f` gives an iterator that isn't a list. Breadth first they are as many as the widest level has items. No option bounds
    /// them by number: what is more could only be lost, or be waited for by what it waits for.
    ///
    /// A stop ends the input, and what was made of it is still worked on. Where that has no end, have `f` look at the token
    /// and give nothing, or stop with a grace.
    ///
    /// # Panics
    ///
    /// A panic of `f`, or of the iterator that it gave, fails the run, which tells it as "stage `expand` panicked: …".
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// # async fn links(url: String) -> Vec<String> { vec![url] }
    /// // The addresses that are reached from one in three steps, eight pages at a time.
    /// async fn reached(start: String) -> Vec<String> {
    ///     Pipeline::once(start).expand(links).workers(8).dedup_by(String::clone).max_depth(3).collect().await
    /// }
    /// ```
    #[doc(alias("walk_tree"))]
    expand<F>(f: F) -> Expand<EveryItem, Parallel<Branching<Rows, F>>>;
    [Fut, Y] where
        S::Item: Clone,
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Y> + Send + 'static,
        Y: IntoIterator<Item = S::Item, IntoIter: Send + 'static>,
}

operator! {
    /// As [`expand`](Self::expand), where `f` can fail: the item goes out as an `Ok`, or the error in its place, and nothing
    /// is made of that. The others go on.
    ///
    /// `In: Clone` → `Result<In, E>`, asynchronous. All options are those of `expand`, and `.retry(policy)`,
    /// `.located()` and `.with_input()` besides. What is [`max_depth`](Pipeline::max_depth) away is not tried, and goes out as
    /// an `Ok`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io;
    /// use std::path::PathBuf;
    /// use anypipe::prelude::*;
    ///
    /// # async fn entries(folder: PathBuf) -> io::Result<Vec<PathBuf>> { Ok(Vec::new()) }
    /// async fn folders(root: PathBuf) -> io::Result<Vec<PathBuf>> {
    ///     Pipeline::once(root).try_expand(entries).workers(4).try_collect().await
    /// }
    /// ```
    try_expand<F>(f: F) -> Expand<EveryItem, Parallel<Branching<TryRows, F>>>;
    [Fut, Y, E] where
        S::Item: Clone,
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Y, E>> + Send + 'static,
        Y: IntoIterator<Item = S::Item, IntoIter: Send + 'static>,
        E: Send + 'static,
}

operator! {
    /// As [`expand`](Self::expand), where `f` gives both what goes out for an item and what is to be worked on next: a
    /// crawler's page and its links.
    ///
    /// `In` → `U`, asynchronous; `f` gives a `(U, Y)`, and `Y` iterates over `In`. All options are those of `expand`; `f` is
    /// called for what is [`max_depth`](Pipeline::max_depth) away too, and what it gives to be worked on goes. Where `f` can
    /// fail let `U` be a result: `(Err(error), Vec::new())`.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// struct Page { text: String, links: Vec<String> }
    ///
    /// # struct Client;
    /// # impl Client { async fn get(&self, url: String) -> Page { Page { text: url, links: Vec::new() } } }
    /// async fn texts(client: Client, start: String) -> Vec<String> {
    ///     Pipeline::once(start)
    ///         .expand_map(using(client, async |client, url| {
    ///             let Page { text, links } = client.get(url).await;
    ///             (text, links)
    ///         }))
    ///         .workers(8)
    ///         .dedup_by(String::clone)
    ///         .collect()
    ///         .await
    /// }
    /// ```
    expand_map<F>(f: F) -> Expand<EveryItem, Parallel<Branching<MappedRows, F>>>;
    [Fut, U, Y] where
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = (U, Y)> + Send + 'static,
        U: Send + 'static,
        Y: IntoIterator<Item = S::Item, IntoIter: Send + 'static>,
}

/// Writes the options that belong to `expand` and its kin alone.
macro_rules! options {
    ([$($P:ident),*] $Of:ty, |$this:ident, $edit:ident| $made:expr) => {
        impl<$($P,)* D, P> $Of {
            /// Has [`expand`](Pipeline::expand) before it work next on what is deepest, first item first: with one worker each
            /// item is followed by all that comes of it. This is the default, since little waits then.
            pub fn depth_first(self) -> Self {
                self.edit_expand(Expand::depth_first)
            }

            /// Has [`expand`](Pipeline::expand) before it work next on what waits longest: with one worker what is nearer to
            /// an item of the input comes first. A whole level waits then.
            pub fn breadth_first(self) -> Self {
                self.edit_expand(Expand::breadth_first)
            }

            /// Has [`expand`](Pipeline::expand) before it make nothing of items that are `n` steps from the input, which has
            /// depth 0: they go out, and `f` is not called for them. `max_depth(0)` gives the input as it is.
            ///
            /// With [`dedup_by`](Pipeline::dedup_by) an item counts with the depth at which it came first; that is the least
            /// with one worker and [`breadth_first`](Self::breadth_first).
            pub fn max_depth(self, n: usize) -> Self {
                self.edit_expand(|expand| expand.max_depth(n))
            }

            fn edit_expand(self, edit: impl FnOnce(Expand<D, P>) -> Expand<D, P>) -> Self {
                let ($this, $edit) = (self, edit);
                $made
            }
        }
    };
}

options!([S] Pipeline<Piped<S, Expand<D, P>>>, |this, edit| {
    let Piped { source, stage } = this.source;
    Pipeline { source: Piped { source, stage: edit(stage) } }
});
options!([] Segment<Expand<D, P>>, |this, edit| Segment { stage: edit(this.stage) });
options!([A] Segment<Joined<A, Expand<D, P>>>, |this, edit| {
    let Joined { first, second } = this.stage;
    Segment { stage: Joined { first, second: edit(second) } }
});

impl<S: Source, D, P> Pipeline<Piped<S, Expand<D, P>>> {
    /// Has [`expand`](Pipeline::expand) before it work on the first item of each key, as `key` tells it; the others don't
    /// go out. The keys are kept until the run ends.
    ///
    /// # Panics
    ///
    /// A panic of `key` fails the run, and names the stage.
    ///
    /// # Examples
    ///
    /// ```
    /// use anypipe::prelude::*;
    ///
    /// // A circle of seven.
    /// async fn circle() -> Vec<u32> {
    ///     Pipeline::once(5_u32).expand(async |n| [(n + 1) % 7]).dedup_by(|n| *n).collect().await
    /// }
    /// ```
    pub fn dedup_by<F, K>(self, key: F) -> Pipeline<Piped<S, Expand<FirstOfKey<F>, P>>>
    where
        F: Fn(&S::Item) -> K + Send + 'static,
        K: Eq + Hash + Send + 'static,
    {
        let Piped { source, stage } = self.source;
        Pipeline { source: Piped { source, stage: stage.dedup_by(key) } }
    }
}

impl<D, P> Segment<Expand<D, P>> {
    /// As [`Pipeline::dedup_by`].
    pub fn dedup_by<F>(self, key: F) -> Segment<Expand<FirstOfKey<F>, P>> {
        Segment { stage: self.stage.dedup_by(key) }
    }
}

impl<A, D, P> Segment<Joined<A, Expand<D, P>>> {
    /// As [`Pipeline::dedup_by`].
    pub fn dedup_by<F>(self, key: F) -> Segment<Joined<A, Expand<FirstOfKey<F>, P>>> {
        let Joined { first, second } = self.stage;
        Segment { stage: Joined { first, second: second.dedup_by(key) } }
    }
}
