#!/usr/bin/env bash
# By hand: the whole suite, again and again, on a machine that is busy. Tells every test that ever failed,
# and how often; the output of a run with one is kept.
#
#   ci/flakes.sh [times] [busy loops]     20 times where nothing is said, beside a loop for each core
source "$(dirname "$0")/common.sh"

times=${1:-20}
busy=${2:-$(nproc)}
kept=$root/target/ci/flakes
rm -rf "$kept"
mkdir -p "$kept"

cargo test --workspace --all-features --no-run

loops=()
trap 'kill "${loops[@]}" 2>/dev/null || true' EXIT
for ((i = 0; i < busy; i++)); do
    while :; do :; done &
    loops+=($!)
done

for ((run = 1; run <= times; run++)); do
    output=$kept/$run.log
    began=$SECONDS
    if cargo test --workspace --all-features --no-fail-fast >"$output" 2>&1; then
        say "run $run of $times: good, after $((SECONDS - began)) s"
        rm "$output"
    else
        say "run $run of $times: FAILED, after $((SECONDS - began)) s"
    fi
done

# Each test with its program; a program that ended without naming one stands for itself.
failed=$(
    for output in "$kept"/*.log; do
        [ -f "$output" ] || continue
        awk '
            / Running / || /   Doc-tests / { sub(/^ */, ""); sub(/ \(.*/, ""); program = $0; named = 0 }
            /^test .* FAILED$/ { sub(/^test /, ""); sub(/ \.\.\. FAILED$/, ""); print program ": " $0; named = 1 }
            /^error: (test|doctest) failed/ { if (!named) print program }
        ' "$output"
    done | sort | uniq -c | sort -rn
)
if [ -n "$failed" ]; then
    say "what failed, and how often; the output is in $kept"
    printf '%s\n' "$failed"
    exit 1
fi
say "none failed in $times runs"
