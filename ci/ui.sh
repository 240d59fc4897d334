#!/usr/bin/env bash
# None of the mistakes that people make first compiles, and each gets its advice.
#
# Those that people make first are also tried behind a chain of ten stages and more, where no answer may show a long type.
# This writes the compiler's answers beside the mistakes. What decides is the advice in them; the rest
# changes with the compiler, and is there to be read.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/ui
# A panic's backtrace would be part of an answer.
export RUST_BACKTRACE=0
cd tests/ui
cargo clippy --all-targets -- -D warnings
TRYBUILD=overwrite cargo test --test answers
TRYBUILD=overwrite cargo test --test first -- --nocapture
cargo test --test advice

changed=$(git status --short cases first 2>/dev/null || true)
if [ -n "$changed" ]; then
    say "these answers are new: read them as a user would, and commit them"
    echo "$changed"
fi
