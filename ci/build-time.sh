#!/usr/bin/env bash
# By hand: how long twenty stages of anypipe take to build, beside the same chain of futures.
# Prints the processor time of rustc for each, in turn, and the ratio of the medians. Decides nothing.
set -euo pipefail
cd "$(dirname "$0")/../benches/build"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target}"
for profile in dev release; do
    cargo build --quiet --profile "$profile" --bins
    for name in ours theirs; do : > "/tmp/build-time-$$-$name"; done
    for _ in 1 2 3 4 5; do
        for name in ours theirs; do
            touch "src/bin/$name.rs"
            before=$(awk '{print $16 + $17}' /proc/$$/stat)
            cargo build --quiet --profile "$profile" --bin "$name"
            after=$(awk '{print $16 + $17}' /proc/$$/stat)
            echo $((after - before)) >> "/tmp/build-time-$$-$name"
        done
    done
    ours=$(sort -n "/tmp/build-time-$$-ours" | sed -n 3p)
    theirs=$(sort -n "/tmp/build-time-$$-theirs" | sed -n 3p)
    rm -f "/tmp/build-time-$$-ours" "/tmp/build-time-$$-theirs"
    echo "$profile: anypipe $ours, futures $theirs hundredths of a second; ratio $(awk "BEGIN {printf \"%.2f\", $ours / $theirs}")"
done
