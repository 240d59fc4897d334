//! The attribute macros of anypipe.
