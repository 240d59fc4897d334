#!/usr/bin/env bash
# The documentation is built, and every link in it leads somewhere.
source "$(dirname "$0")/common.sh"

RUSTDOCFLAGS="-D warnings ${RUSTDOCFLAGS:-}" cargo doc --workspace --all-features --no-deps

# The facade as docs.rs shows it: with the flags of its manifest, every backend is there and says what turns it on. What
# labels items is still unstable in rustdoc, which a stable one allows where it is told so.
for manifest in crates/*/Cargo.toml; do
    grep -q '^\[package.metadata.docs.rs\]' "$manifest" || fail "$manifest has no [package.metadata.docs.rs]"
done
RUSTC_BOOTSTRAP=1 RUSTDOCFLAGS="--cfg docsrs -D warnings ${RUSTDOCFLAGS:-}" CARGO_TARGET_DIR=$root/target/ci/docsrs \
    cargo doc -p anypipe --all-features --no-deps
labelled() {
    local page=$root/target/ci/docsrs/doc/anypipe/$1 feature=$2
    [ -f "$page" ] || fail "docs.rs would show no page $1"
    grep -qF "Available on <strong>crate feature <code>$feature</code></strong> only" "$page" ||
        fail "on docs.rs, $1 would not say that it needs the feature \`$feature\`"
}
labelled runtime/struct.Tokio.html tokio
labelled runtime/struct.Smol.html smol
labelled runtime/struct.AsyncStd.html async-std
labelled runtime/struct.Sim.html sim
labelled testing/index.html sim
labelled signal/index.html signal
labelled metrics/index.html metrics
labelled progress/index.html progress
labelled tracing/index.html tracing
labelled top/index.html top
labelled channel/flume/index.html flume
labelled attr.main.html macros
