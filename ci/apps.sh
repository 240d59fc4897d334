#!/usr/bin/env bash
# The examples with heavy dependencies, each a workspace of its own: linted, tested and run, each of its programs. The
# arguments stand in a line `// ci: ...` of the program, as in `examples.sh`; without one there are none.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/apps
for manifest in examples/apps/*/Cargo.toml; do
    [ -f "$manifest" ] || continue
    folder=$(dirname "$manifest")
    say "app ${folder##*/}"
    cargo clippy --manifest-path "$manifest" --all-targets -- -D warnings
    cargo test --manifest-path "$manifest"
    for program in "$folder"/src/main.rs "$folder"/src/bin/*.rs; do
        [ -f "$program" ] || continue
        name=$(basename "$program" .rs)
        [ "$name" = main ] && name=${folder##*/}
        runs=$(sed -n 's|^// ci:\(.*\)$|\1|p' "$program")
        while read -r -a arguments; do
            (cd "$folder" && cargo run --quiet --bin "$name" -- "${arguments[@]}" </dev/null)
        done <<<"$runs"
    done
done
