//! Flume channels as sources and sinks of anypipe.
