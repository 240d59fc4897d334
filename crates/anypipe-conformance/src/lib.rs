//! The laws and promises of anypipe as tests that every backend must pass.
