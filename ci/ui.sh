#!/usr/bin/env bash
# What the compiler says to the mistakes that people make first, word for word.
#
# The words are those of one compiler: with another, this writes what that one says in place of the
# stored answers, and only the advice in them has to be there.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/ui
# A panic's backtrace would be part of the answer.
export RUST_BACKTRACE=0
cd tests/ui
if [ "$(rustc --version | cut -d' ' -f2)" != "$(cat rustc-version)" ]; then
    say "the answers are those of rustc $(cat rustc-version): writing those of $(rustc --version)"
    export TRYBUILD=overwrite
fi
cargo clippy --all-targets -- -D warnings
# First the answers, then the advice in them.
cargo test --test answers
cargo test --test advice
