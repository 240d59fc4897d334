#!/usr/bin/env bash
# By hand: every test that the simulator runs, under many seeds. `ci/seeds.sh 2000` is the default, and takes about an hour.
# Laws that try each of all operators, sources or sinks under each seed get a twentieth of these. `ci/property.sh` has the
# random pipelines.
source "$(dirname "$0")/common.sh"

seeds=${1:-2000}
# A case counts as hanging after a minute, all its seeds together; so many of them take longer.
export ANYPIPE_CASE_TIMEOUT=3600
under() {
    ANYPIPE_SIM_SEEDS=$1 cargo test --release --workspace --all-features --tests --no-fail-fast -- "${@:2}"
}
each=(every_operator every_source every_sink)
skipped=(--skip sim::property)
for law in "${each[@]}"; do skipped+=(--skip "$law"); done
under "$seeds" sim "${skipped[@]}"
under $((seeds / 20 + 1)) "${each[@]/#/sim::laws::}"
