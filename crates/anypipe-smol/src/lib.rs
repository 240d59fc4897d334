//! The smol backend of anypipe.
