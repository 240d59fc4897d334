//! The tokio backend of anypipe.
