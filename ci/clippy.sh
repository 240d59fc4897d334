#!/usr/bin/env bash
# No lint of ours and none of clippy's pedantic group is left, in any target.
source "$(dirname "$0")/common.sh"

cargo clippy --workspace --all-targets --all-features -- -D warnings
