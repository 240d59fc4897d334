#!/usr/bin/env bash
# By hand: every test that the simulator runs, under many seeds. `ci/seeds.sh 2000` is the default.
source "$(dirname "$0")/common.sh"

export ANYPIPE_SIM_SEEDS=${1:-2000}
# A case counts as hanging after a minute, all its seeds together; so many of them take longer.
export ANYPIPE_CASE_TIMEOUT=1200
cargo test --release --workspace --all-features --tests --no-fail-fast sim
