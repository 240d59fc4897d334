#!/usr/bin/env bash
# Every file is formatted, those of the workspaces of their own included.
source "$(dirname "$0")/common.sh"

cargo fmt --all --check
for folder in $(own_workspaces); do
    cargo fmt --manifest-path "$folder/Cargo.toml" --all --check
done
# Compile-fail programs belong to no target that `cargo fmt` knows.
rustfmt --edition 2024 --check tests/ui/cases/*.rs tests/ui/first/*.rs
