//! The laws, promises and acceptance cases of anypipe, each written once, as tests that every backend
//! must pass.
//!
//! [`suite!`] stamps all of them onto a variant of a backend, [`channel_suite!`] the laws of channels onto
//! a channel. The stamping is in the tests of each backend, in `tests/conformance.rs` and
//! `tests/channel.rs`; a third party does the same in its own crate. [`operator_suite!`] stamps the laws of operators onto
//! those of others.
//!
//! | What | Where |
//! |---|---|
//! | what an implementer of a runtime, or of a channel, MUST do | [`runtime_laws`], [`channel_laws`] |
//! | the promises, as `promise_pNN_…` | [`promises_runs`], [`promises_items`] |
//! | the acceptance cases, by their first letters | [`channels`] (A), [`scopes`] and [`shields`] (B), [`permits`] (C), [`mapping`] and [`gathers`] (D), [`operators`] and [`combining`] (E), [`pipelines`] (F), [`novel`] (G), [`peers`] (H2 and I) |
//! | what holds for every registered operator alone | [`laws`] |
//! | P7, whatever ends a run, at each call of the user's code | [`accounting`] |
//! | what must not grow with the length or the depth of a program | [`growth`] |
//! | what a run's pictures show, and which stage they call slow | [`pictures`], [`bottlenecks`] |
//! | which stage a run warns of that is stuck | [`stalls`] |
//! | what was cut off, and what unwinds | [`cut_off`] |
//! | stages that are resized while they run, and those that are by themselves | [`resizing`], [`resizing_at_random`]; [`auto`] |
//! | values that tasks inherit | [`locals`] |
//! | children that are started, handles, tokens | [`tasks`] |
//! | a run as a stream | [`streams`] |
//! | options, in every form and order | [`options`] |
//! | P11 and latency, where what was quick turns slow | [`latency`] |
//! | limits of time, and how loops give way | [`limits`] |
//! | waits and ticks | [`clocks`] |
//! | limits that are moved while work runs, and what there is at one | [`deadlines`], [`partials`] |
//! | the channel of one item, the one to each subscriber, the one of the latest value | [`oneshots`], [`broadcasts`] and [`broadcast_ring`], [`watches`] |
//! | the channels' calls for plain threads | [`plain_threads`] |
//! | what is kept of work on threads, and tasks that are polled there | [`blocking`], [`pooled`] |
//! | calls into a scope from plain threads | [`portals`] |
//! | what wakers and destructors may do | [`locks`] |
//! | permits and events of `anypipe-sync`: the cases (C again), a model, whose turn it is, and what goes wrong | [`sync_cases`], [`permit_models`], [`permit_turns`], [`permit_faults`] |
//! | very many who wait | [`crowds`] |
//! | where tasks wait for each other | [`conditions`], [`barriers`], [`once_cells`] |
//! | random pipelines against the same over `Vec`s | [`property`] |
//! | how each operator is built, and what it means | [`registry`] |
//!
//! # Adding a case
//!
//! Write it as a private `async fn` in its file and name it in the list at the top; it is then stamped
//! everywhere. One that is not in the list is dead code, which the compiler tells. A case that draws
//! something takes a seed, and one that makes runtimes itself takes what makes them.
//!
//! A case that isn't done after a minute, all its seeds together, fails as hanging; `ANYPIPE_CASE_TIMEOUT`
//! gives it more seconds. What fails tells the rule that it is about, and what hangs also what each of its tasks
//! waits for. On a real runtime what is drawn is the same each time, unless
//! `ANYPIPE_CASE_SEED` gives another seed.

#![allow(clippy::similar_names, reason = "what does a thing and what sees it done are called alike")]

pub mod accounting;
pub mod auto;
pub mod barriers;
pub mod blocking;
pub mod bottlenecks;
pub mod broadcast_ring;
pub mod broadcasts;
mod case;
pub mod channel_laws;
pub mod channels;
pub mod clocks;
pub mod combining;
pub mod conditions;
pub mod crowds;
pub mod cut_off;
pub mod deadlines;
pub mod gathers;
pub mod growth;
pub mod latency;
pub mod laws;
pub mod limits;
pub mod locals;
pub mod locks;
pub mod mapping;
pub mod novel;
pub mod once_cells;
pub mod oneshots;
pub mod operators;
pub mod options;
pub mod partials;
pub mod peers;
pub mod permit_faults;
pub mod permit_models;
pub mod permit_turns;
pub mod permits;
pub mod pictures;
pub mod pipelines;
pub mod plain_threads;
mod plan;
pub mod pooled;
pub mod portals;
pub mod promises_items;
pub mod promises_runs;
pub mod property;
pub mod registry;
pub mod resizing;
pub mod resizing_at_random;
mod rules;
pub mod runtime_laws;
pub mod scopes;
pub mod shields;
pub mod stalls;
pub mod streams;
mod subjects;
mod suite;
pub mod sync_cases;
pub mod tasks;
mod tools;
pub mod watches;

#[doc(hidden)]
pub use self::case::{Body, watched_for};
pub use self::case::{Case, seed, watched};
