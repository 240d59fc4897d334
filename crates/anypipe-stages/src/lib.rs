//! The operators, sources and sinks of anypipe.
