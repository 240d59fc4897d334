#!/usr/bin/env bash
# The oldest Rust that we name is one that will do: every crate of ours names it and has clippy watch
# it (`incompatible_msrv`, see `clippy.sh`), and no package that users get asks for more.
source "$(dirname "$0")/common.sh"

msrv=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
[ -n "$msrv" ] || fail "Cargo.toml names no rust-version"
grep -q '^incompatible_msrv = ' Cargo.toml || fail "clippy's incompatible_msrv is off"

for manifest in crates/*/Cargo.toml; do
    grep -q '^rust-version.workspace = true$' "$manifest" || fail "$manifest takes no rust-version"
    grep -A1 '^\[lints\]$' "$manifest" | grep -q '^workspace = true$' || fail "$manifest takes no lints"
done

# True where the version $1 is newer than $2.
newer() {
    [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | tail -n 1)" = "$1" ]
}

# `name version` of all that users get: no dev-dependencies, and loom is for our own tests.
published=()
for manifest in crates/*/Cargo.toml; do
    published+=(-p "$(basename "$(dirname "$manifest")")")
done
needed=$(cargo tree "${published[@]}" --all-features --edges normal,build --target all --prune loom \
    --prefix none --format '{p}' | sed 's/^\([^ ]*\) v\([^ ]*\).*/\1-\2/' | sort -u)

# Of each package two fields are of use, and they come in this order.
count=0
while read -r folder && read -r version; do
    grep -qxF "$folder" <<<"$needed" || continue
    count=$((count + 1))
    if [ "$version" != null ] && newer "$version" "$msrv"; then
        fail "$folder needs Rust $version, and we promise $msrv"
    fi
done < <(cargo metadata --format-version 1 --all-features \
    | grep -o '"manifest_path":"[^"]*"\|"rust_version":"[^"]*"\|"rust_version":null' \
    | sed 's|^"manifest_path":"\(.*\)/Cargo.toml"$|\1|; s|.*/||; s|"rust_version":||; s|"||g')
[ "$count" -ge 20 ] || fail "only $count packages were looked at: this script reads them wrongly"
echo "Rust $msrv will do for the $count packages that users get"
