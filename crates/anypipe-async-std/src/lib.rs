//! The async-std backend of anypipe.
