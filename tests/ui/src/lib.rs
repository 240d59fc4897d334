//! Programs that don't compile, in `cases/`, and what the compiler says to each, in the file beside it.
//!
//! A line `//~ text` in a case is advice that has to be in the answer. The rest of an answer is the
//! compiler's own affair, and changes with it and with our types: `ci/ui.sh` writes the answers anew.
//! Read what changed as the user would who made the mistake.
//!
//! Those in `first/` are what people do wrong first, at the end of a long chain; `tests/first.rs` holds their answers to no long type.
