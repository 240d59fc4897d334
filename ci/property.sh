#!/usr/bin/env bash
# By hand: random pipelines of all operators give what the same does over `Vec`s, and leave nothing behind, under many
# seeds of ten pipelines each, on the simulator. `ci/property.sh 5000000` is the default, and takes hours.
source "$(dirname "$0")/common.sh"

export ANYPIPE_SIM_SEEDS=${1:-5000000}
# A case counts as hanging after so many seconds, all its seeds together.
export ANYPIPE_CASE_TIMEOUT=20000
cargo test --release --package anypipe-sim --test conformance -- sim::property
