#!/usr/bin/env bash
# Every example runs to its end, as a reader would run it.
#
# A line `// ci: --workers 2` in an example is one run with these arguments; an example without such a
# line is run without any.
source "$(dirname "$0")/common.sh"

for file in examples/examples/*.rs examples/examples/*/main.rs; do
    [ -f "$file" ] || continue
    name=${file#examples/examples/}
    name=${name%/main.rs}
    name=${name%.rs}
    runs=$(sed -n 's|^// ci:\(.*\)$|\1|p' "$file")
    while read -r -a arguments; do
        say "example $name ${arguments[*]}"
        cargo run --quiet --release --example "$name" -- "${arguments[@]}" </dev/null
    done <<<"$runs"
done
