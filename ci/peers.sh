#!/usr/bin/env bash
# By hand: the peers are linted, and every scenario of theirs works. What it prints is no figure; the
# README of `benches/peers` tells how to get those.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/peers
manifest=benches/peers/Cargo.toml
cargo clippy --manifest-path $manifest --all-targets -- -D warnings
cargo run --quiet --manifest-path $manifest -- all --quick
