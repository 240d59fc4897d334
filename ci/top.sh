#!/usr/bin/env bash
# The screen `anypipe-top`, a workspace of its own: linted, tested cell by cell, and worked by keys in a terminal; attached
# to the example `watch` as well, which is where `examples.sh` has it from.
source "$(dirname "$0")/common.sh"

cargo build --quiet --release --example watch

# Nothing in it is debugged. The tests call cargo for the example, so the folder is told to these two alone.
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
own=(--manifest-path tools/anypipe-top/Cargo.toml --target-dir "$root/target/ci/top" --locked)
cargo clippy "${own[@]}" --all-targets -- -D warnings
cargo test "${own[@]}"
