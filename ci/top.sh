#!/usr/bin/env bash
# The screen `anypipe-top`, a workspace of its own: linted, tested cell by cell, and worked by keys in a terminal.
source "$(dirname "$0")/common.sh"

# Nothing in it is debugged.
export CARGO_TARGET_DIR=$root/target/ci/top CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
manifest=tools/anypipe-top/Cargo.toml
cargo clippy --manifest-path "$manifest" --all-targets --locked -- -D warnings
cargo test --manifest-path "$manifest" --locked
