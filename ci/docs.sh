#!/usr/bin/env bash
# The documentation is built, and every link in it leads somewhere.
source "$(dirname "$0")/common.sh"

RUSTDOCFLAGS="-D warnings ${RUSTDOCFLAGS:-}" cargo doc --workspace --all-features --no-deps
