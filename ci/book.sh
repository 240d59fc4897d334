#!/usr/bin/env bash
# By hand: the guide as a book with search, in target/book. What decides is held by `cargo test -p examples --test guide`: every
# page is in the book, every link leads somewhere, all code is compiled. It gets mdBook where that isn't there.
source "$(dirname "$0")/common.sh"

command -v mdbook >/dev/null || cargo install --locked --version '^0.4' mdbook
mdbook build docs
[ -f target/book/index.html ] || fail "there is no book"
pages=$(find docs/guide -name '*.md' ! -name SUMMARY.md | wc -l)
built=$(find target/book -name '*.html' ! -name 'toc.html' ! -name 'print.html' ! -name '404.html' ! -name 'index.html' | wc -l)
say "$pages pages, $((built + 1)) built"
[ "$((built + 1))" -ge "$pages" ] || fail "some pages are in no book"
