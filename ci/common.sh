# Sourced by every script here: stops at the first failure, and works from the root of the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

# Small and whole: nothing here is debugged, and little is built twice.
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
export CARGO_NET_RETRY=${CARGO_NET_RETRY:-5}

say() {
    printf '\n-- %s\n' "$*"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# The programs that are workspaces of their own, each told by its folder.
own_workspaces() {
    local manifest
    for manifest in tests/features/*/Cargo.toml tests/ui/Cargo.toml \
        benches/instructions/Cargo.toml benches/peers/Cargo.toml examples/apps/*/Cargo.toml tools/*/Cargo.toml; do
        if [ -f "$manifest" ]; then
            dirname "$manifest"
        fi
    done
}
