//! The laws, promises and acceptance cases of anypipe, each written once, as tests that every backend
//! must pass.

#![allow(clippy::similar_names, reason = "what does a thing and what sees it done are called alike")]

mod case;
pub mod channel_laws;
pub mod channels;
pub mod combining;
pub mod laws;
pub mod mapping;
pub mod novel;
pub mod operators;
pub mod peers;
pub mod permits;
pub mod pipelines;
mod plan;
pub mod promises_items;
pub mod promises_runs;
pub mod property;
pub mod registry;
pub mod runtime_laws;
pub mod scopes;
mod suite;
mod tools;

pub use self::case::{Case, watched};
