//! The laws, promises and acceptance cases of anypipe, each written once, as tests that every backend
//! must pass.

mod case;
pub mod channels;
pub mod registry;
mod suite;
mod tools;

pub use self::case::{Case, watched};
