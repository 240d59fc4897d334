#!/usr/bin/env bash
# By hand: what an item costs in instructions, counted and not timed, beside what people wire by hand.
# Prints markdown. Decides nothing by itself; benches/instructions/README.md tells the method.
#
#   ci/instructions.sh [COMMIT]                   the work tree, beside this commit where one is named
#   ci/instructions.sh --only PATTERN [COMMIT]    only cases that match, as in '^hop (1|64) anypipe'
#   ci/instructions.sh --annotate PATTERN         whose the instructions are: functions and lines
#   ci/instructions.sh --list                     the cases
source "$(dirname "$0")/common.sh"

pattern=
commit=
todo=table
while (($#)); do
    case $1 in
    --only | --annotate)
        [ "$1" = --only ] || todo=annotate
        pattern=${2:?$1 wants a pattern}
        shift
        ;;
    --list) todo=list ;;
    -*) fail "no such option: $1" ;;
    *) commit=$(git rev-parse --verify --quiet --short "$1^{commit}") || fail "no such commit: $1" ;;
    esac
    shift
done

valgrind=$(command -v valgrind) || [ "$todo" = list ] ||
    fail "valgrind isn't installed, which counts the instructions: apt-get install valgrind, or the like"

target=$root/target/ci/instructions
scratch=$(mktemp -d)
clean() {
    [ ! -e "$scratch/tree" ] || git worktree remove --force "$scratch/tree"
    rm -rf "$scratch"
}
trap clean EXIT

# Builds the program of this tree, in this folder, and leaves it under this name.
build() {
    cargo build --quiet --release --manifest-path "$1/benches/instructions/Cargo.toml" --target-dir "$2" >&2 &&
        cp "$2/release/instructions" "$3"
}

# Builds the present program on the commit's crates, so that only what it measures differs. It is kept
# for the next time, under what it was made of.
build_commit() {
    local made kept
    made=$({ rustc -V; set | grep '^CARGO_PROFILE' || true; cat benches/instructions/{Cargo.*,src/*}; } | cksum)
    kept=$target/of-$commit-${made%% *}
    if [ ! -e "$kept" ]; then
        git worktree add --quiet --detach "$scratch/tree" "$commit"
        rm -rf "$scratch/tree/benches/instructions"
        mkdir -p "$scratch/tree/benches"
        cp -r benches/instructions "$scratch/tree/benches/"
        # A method of runtimes that older commits don't have, and don't ask for.
        grep -q 'fn is_current' "$scratch/tree/crates/anypipe-core/src/runtime/handle.rs" ||
            sed -i '/fn is_current/,/^    }/d' "$scratch/tree/benches/instructions/src/bare.rs"
        build "$scratch/tree" "$scratch/target" "$kept" || fail "benches/instructions doesn't build on $commit"
    fi
    cp "$kept" "$scratch/theirs"
}

# A program's cases that are asked for.
cases() {
    "$scratch/ours" | awk -F'\t' -v pattern="$pattern" '($3 " " $4 " " $5) ~ pattern'
}

# valgrind, which says what it has to say in `log`. Nothing of the surroundings gets in.
tool() {
    env -i "$valgrind" --log-file="$scratch/log" "$@" >&2 || fail "$(cat "$scratch/log")"
}

# Runs a case with so many items and prints what was counted.
count() {
    local program=$1 measure=$2 at=$3 items=$4
    case $measure in
    instructions)
        tool --tool=cachegrind --cache-sim=no --cachegrind-out-file="$scratch/out-$items" \
            "$scratch/$program" "$at" "$items"
        awk '$1 == "summary:" {print $2}' "$scratch/out-$items"
        ;;
    allocations)
        tool --tool=memcheck --leak-check=no "$scratch/$program" "$at" "$items"
        awk '/total heap usage:/ {gsub(",", ""); print $5}' "$scratch/log"
        ;;
    esac
}

# The figures of a program: title, row, contender and what an item costs, one in a line.
figures() {
    local program=$1 at measure scenario row contender few many parts title a b
    while IFS=$'\t' read -r at measure scenario row contender few many parts title; do
        a=$(count "$program" "$measure" "$at" "$few")
        b=$(count "$program" "$measure" "$at" "$many")
        awk -v OFS='\t' -v t="$title" -v r="$row" -v c="$contender" -v n=$(((many - few) * parts)) \
            -v d=$((b - a)) 'BEGIN {print t, r, c, d / n}'
    done
}

# One table for each scenario, of the figures of the work tree and those of the commit.
tables() {
    awk -F'\t' -v commit="$commit" '
        function show(x) { return x < 1 ? sprintf("%.3f", x) : x < 10 ? sprintf("%.2f", x) : x < 100 ? sprintf("%.1f", x) : sprintf("%.0f", x) }
        function flush(    head, rule, line, r, c, x, y) {
            head = "| " title " |"; rule = "|---|"
            for (c = 1; c <= columns; c++) {
                head = head " " column[c] " |"; rule = rule "--:|"
                if (commit && column[c] == "anypipe") { head = head " " commit " | ratio |"; rule = rule "--:|--:|" }
            }
            print ""; print head; print rule
            for (r = 1; r <= rows; r++) {
                line = "| " row[r] " |"
                for (c = 1; c <= columns; c++) {
                    x = figure[row[r], column[c]]
                    line = line " " (x == "" ? "" : show(x)) " |"
                    if (commit && column[c] == "anypipe") {
                        y = before[title, row[r]]
                        line = line " " show(y) " | " (y > 0 ? sprintf("%.3f", x / y) : "") " |"
                    }
                }
                print line
            }
            delete figure; delete seen; rows = columns = 0
        }
        FILENAME == ARGV[1] { before[$1, $2] = $4; next }
        $1 != title { if (rows) flush(); title = $1 }
        !(("row", $2) in seen) { seen["row", $2]; row[++rows] = $2 }
        !(("column", $3) in seen) { seen["column", $3]; column[++columns] = $3 }
        { figure[$2, $3] = $4 }
        END { if (rows) flush() }
    ' "$scratch/before" "$scratch/present"
}

# What the run with more items has beyond the one with fewer, by function and by line.
annotate() {
    local at measure scenario row contender few many parts title
    while IFS=$'\t' read -r at measure scenario row contender few many parts title; do
        [ "$measure" = instructions ] || continue
        say "$title: $row, $contender"
        count ours "$measure" "$at" "$few" >/dev/null
        count ours "$measure" "$at" "$many" >/dev/null
        awk -v n=$(((many - few) * parts)) -v root="$root/" -v functions="$scratch/functions" -v lines="$scratch/lines" '
            FNR == 1 { sign = NR == 1 ? -1 : 1 }
            /^fl=/ { file = substr($0, 4); sub(root, "", file); sub(/^.*\/(library|registry\/src\/[^\/]*)\//, "", file) }
            /^fn=/ { name = substr($0, 4) }
            /^[0-9]/ { by_function[name] += sign * $2; by_line[file ":" $1] += sign * $2 }
            END {
                printf "" > functions; printf "" > lines
                for (x in by_function) if (by_function[x] > n / 200) printf "%9.2f  %s\n", by_function[x] / n, x > functions
                for (x in by_line) if (by_line[x] > n / 200) printf "%9.2f  %s\n", by_line[x] / n, x > lines
            }
        ' "$scratch/out-$few" "$scratch/out-$many"
        sort -rn "$scratch/functions" | sed -n 1,25p
        echo
        sort -rn "$scratch/lines" | sed -n 1,40p
    done
}

build "$root" "$target" "$scratch/ours"
case $todo in
list) cases | awk -F'\t' '{print $3 " " $4 " " $5}' ;;
annotate) cases | annotate ;;
table)
    : >"$scratch/before"
    if [ -n "$commit" ]; then
        build_commit
        cases | awk -F'\t' '$5 == "anypipe"' | figures theirs >"$scratch/before"
    fi
    cases | figures ours >"$scratch/present"
    tables
    ;;
esac
