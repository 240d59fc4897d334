#!/usr/bin/env bash
# The screen `anypipe-top`, a workspace of its own: linted, tested cell by cell, and worked by keys in a terminal.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/top
manifest=tools/anypipe-top/Cargo.toml
cargo clippy --manifest-path "$manifest" --all-targets --locked -- -D warnings
cargo test --manifest-path "$manifest" --locked
