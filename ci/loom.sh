#!/usr/bin/env bash
# The channel, the join counter, the hand-over between workers, and the gate of locks and permits, under every order
# of events that loom can make of two or three threads.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/loom
RUSTFLAGS="--cfg loom ${RUSTFLAGS:-}" cargo test -p anypipe-core -p anypipe-sync --release --lib loom
