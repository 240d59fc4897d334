#!/usr/bin/env bash
# The guide as a book with search, in target/book, and every page of it is there. Links and code are held by
# `cargo test -p examples`. mdBook is taken from the PATH, else built: two to three minutes on two cores, 11 MB, kept in target/ci/mdbook;
# what its build leaves (311 MB) is removed.
source "$(dirname "$0")/common.sh"

version=0.4.52
mdbook=$(command -v mdbook || true)
if [ -z "$mdbook" ]; then
    kept=$root/target/ci/mdbook
    mdbook=$kept/bin/mdbook
    if [ "$("$mdbook" --version 2>/dev/null)" != "mdbook v$version" ]; then
        # Nothing but search: neither a server nor a watch on the files.
        cargo install --quiet --locked --force mdbook --version "$version" --no-default-features --features search \
            --root "$kept" --target-dir "$kept/build"
        rm -rf "$kept/build"
    fi
fi

rm -rf target/book
"$mdbook" build docs
missing=()
while read -r page; do
    page=${page#docs/guide/}
    case $page in
        SUMMARY.md) continue ;;
        README.md) built=target/book/index.html ;;
        *) built=target/book/${page%.md}.html ;;
    esac
    [ -f "$built" ] || missing+=("$page")
done < <(find docs/guide -name '*.md')
[ ${#missing[@]} -eq 0 ] || fail "these pages are in no book, name them in docs/guide/SUMMARY.md: ${missing[*]}"
find target/book -name 'searchindex*' | grep -q . || fail "the book has no search"
say "$(find target/book -name '*.html' | wc -l) pages are built"
