#!/usr/bin/env bash
# The examples with heavy dependencies, each a workspace of its own: linted, tested and run. Its
# arguments stand in a line `// ci: ...` of its `src/main.rs`, as in `examples.sh`.
source "$(dirname "$0")/common.sh"

export CARGO_TARGET_DIR=$root/target/ci/apps
for manifest in examples/apps/*/Cargo.toml; do
    [ -f "$manifest" ] || continue
    folder=$(dirname "$manifest")
    say "app ${folder##*/}"
    cargo clippy --manifest-path "$manifest" --all-targets -- -D warnings
    cargo test --manifest-path "$manifest"
    runs=$(sed -n 's|^// ci:\(.*\)$|\1|p' "$folder/src/main.rs")
    while read -r -a arguments; do
        (cd "$folder" && cargo run --quiet -- "${arguments[@]}" </dev/null)
    done <<<"$runs"
done
