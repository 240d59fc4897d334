//! What a test drives a pipeline with.
