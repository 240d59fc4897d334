//! The registry of operators: each operator, source and sink of `anypipe-stages` with how to build
//! it, what it means for a plain `Vec`, and what it holds.
//!
//! The property, fault and promise tests draw from it, so an operator that is entered here has all of
//! them; one that is not fails `every_operator_is_entered`.
//!
//! # How to enter an operator
//!
//! Add an entry to the `ENTRIES` of its category's file, under the name of its function in
//! `anypipe_stages`:
//!
//! ```
//! use anypipe_conformance::registry::{BuiltStage, Item, Operator};
//! use anypipe_core::Holds;
//! use anypipe_stages::stage;
//!
//! const ENTRIES: &[Operator] = &[
//!     // A stage with a synchronous closure is drawn fused, with workers or blocking.
//!     Operator {
//!         name: "map",
//!         build: |draw| {
//!             let stage = stage::map(|item: Item| item.map(|n| n + 1));
//!             BuiltStage::synchronous(draw, "map", stage, |all| all.iter().map(|n| n + 1).collect())
//!         },
//!     },
//!     // A fused stage without options.
//!     Operator {
//!         name: "take",
//!         build: |draw| {
//!             let n = draw.below(5);
//!             let model = move |all: &[i64]| all.iter().copied().take(n).collect();
//!             BuiltStage::new(format!("take({n})"), stage::take(n), model)
//!         },
//!     },
//!     // A boundary.
//!     Operator {
//!         name: "buffer",
//!         build: |draw| {
//!             let n = draw.within(1..=5);
//!             BuiltStage::new(format!("buffer({n})"), stage::buffer(n), <[i64]>::to_vec)
//!                 .itemwise()
//!                 .holds(Holds::at_most(n + 1))
//!         },
//!     },
//! ];
//! # assert_eq!(ENTRIES.len(), 3);
//! ```
//!
//! - Everything that is drawn (sizes, workers, order) is drawn in `build` and told in the name, since the
//!   name is what a failure prints.
//! - Items are [`Item`]s: counted numbers. A user's closure looks at them with [`Item::value`] or
//!   [`Item::map`], which panic for poison; an asynchronous one awaits [`Item::work`] first. Where the
//!   operator makes items of several, [`Item::of_list`] does so on one side and [`mix`] on the other;
//!   further items are made by `clone` or [`Item::beside`].
//! - An operator on results stands [`around`] two adapters: [`Item::into_result`] before it and
//!   [`Item::of_result`] behind it, with [`fails`] and [`result_value`] in the model.
//! - The meaning is over the values of a finite input. What depends on time says how much of it is to
//!   be seen ([`Agree::Part`]); what changes the order says so ([`Agree::AnyOrder`]).
//! - [`itemwise`](BuiltStage::itemwise) if what becomes of an item doesn't depend on the others;
//!   [`needs_end`](BuiltStage::needs_end) if an endless input gets it nowhere;
//!   [`takes_all`](BuiltStage::takes_all) if it never holds back what comes.
//! - A source makes its items of the [`Census`] it is given, lazily; one without an end is
//!   [`endless`](BuiltSource::endless) and tells how it begins.

mod aggregate;
mod boundaries;
mod built;
mod combine;
mod draw;
mod expand;
mod groups;
mod higher_order;
mod item;
mod results;
mod select;
mod sinks;
mod sources;
mod time;
mod transform;

pub use self::built::{Agree, BuiltSink, BuiltSource, BuiltStage, Operator, Origin, Terminal, around};
pub use self::draw::{Draw, Options};
pub(crate) use self::item::give_way;
pub use self::item::{Census, Item, POISON, POISONED, fails, mix, result_value};

/// All stages.
pub fn operators() -> impl Iterator<Item = &'static Operator> + Clone {
    let files = [
        transform::ENTRIES,
        select::ENTRIES,
        combine::ENTRIES,
        higher_order::ENTRIES,
        expand::ENTRIES,
        groups::ENTRIES,
        aggregate::ENTRIES,
        time::ENTRIES,
        results::ENTRIES,
        boundaries::ENTRIES,
    ];
    files.into_iter().flatten()
}

/// All sources.
pub fn origins() -> impl Iterator<Item = &'static Origin> + Clone {
    [sources::ENTRIES, combine::SOURCES, time::SOURCES].into_iter().flatten()
}

/// All sinks.
pub fn terminals() -> impl Iterator<Item = &'static Terminal> + Clone {
    sinks::ENTRIES.iter()
}
