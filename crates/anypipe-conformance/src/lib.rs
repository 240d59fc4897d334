//! The laws, promises and acceptance cases of anypipe, each written once, as tests that every backend
//! must pass.

pub mod registry;
