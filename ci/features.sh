#!/usr/bin/env bash
# Features only add. Each combination is built and linted, each single feature is tested, and programs
# that see one feature alone, or some, give what they should.
#
#   ci/features.sh [lint|test|tree|programs|windows]...     all of them where none is named
source "$(dirname "$0")/common.sh"

# A folder of its own, so that the builds here don't wait for others, and nothing in it is debugged.
export CARGO_TARGET_DIR=$root/target/ci/features
export CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_TEST_DEBUG=0
unset ANYPIPE_RUNTIME

features=(tokio smol async-std sim flume macros signal)
# They only look at runs: each is tried alone and beside a backend, and not in pairs.
looks=(metrics progress tracing top)

# ---- Every combination compiles, without a warning.

lint() {
    say "lint: $*"
    cargo clippy --quiet -p anypipe --no-deps "$@" -- -D warnings
}

lint_combinations() {
    local i j
    lint --all-targets
    lint --all-targets --all-features
    for i in "${looks[@]}"; do
        lint --all-targets --features "$i"
        lint --all-targets --features "smol,macros,$i"
    done
    for i in "${!features[@]}"; do
        lint --all-targets --features "${features[i]}"
        for ((j = i + 1; j < ${#features[@]}; j++)); do
            lint --all-targets --features "${features[i]},${features[j]}"
        done
    done
}

# ---- The facade's tests pass with each feature alone, and with none.

test_single_features() {
    local feature
    say "test: no feature"
    cargo test --quiet -p anypipe
    for feature in "${features[@]}"; do
        say "test: $feature"
        cargo test --quiet -p anypipe --features "$feature"
    done
    # The attributes' own tests need a backend beside them.
    for feature in tokio smol async-std sim; do
        say "test: $feature and macros"
        cargo test --quiet -p anypipe --features "$feature,macros" --tests
    done
    for feature in "${looks[@]}"; do
        say "test: $feature beside two backends"
        cargo test --quiet -p anypipe --features "smol,sim,macros,$feature" --test "$feature*"
    done
}

# ---- No feature, no runtime.

tree_without_runtime() {
    local crates runtimes
    crates=$(cargo tree -p anypipe --edges normal,build --prefix none --format '{p}' | cut -d' ' -f1 | sort -u)
    say "without a feature, anypipe is $(wc -l <<<"$crates") crates:" $crates
    runtimes='tokio.*|mio|smol|async-std|async-executor|async-global-executor|async-io|async-task|blocking|polling|flume|signal-hook.*|metrics|indicatif|console|tracing|anypipe-(tokio|smol|async-std|sim|flume|macros|signal|serve|metrics|progress|tracing)'
    if grep -xE "$runtimes" <<<"$crates"; then
        fail "a feature-less anypipe contains the above"
    fi
    [ "$(wc -l <<<"$crates")" -le 12 ] || fail "these are more than 12"
}

# ---- Programs.

# The sum of the first hundred squares: what every program comes to.
sum=338350

# Builds the programs of a folder, with these features of anypipe.
build() {
    cargo build --quiet --manifest-path "tests/features/$1/Cargo.toml" --bins --features "$2"
}

# Runs a program and leaves what it says, its errors included, in `output`. None runs for longer than a
# second; one that hangs is ended.
output=
run() {
    local status=0
    output=$(cd "$CARGO_TARGET_DIR/debug" && RUST_BACKTRACE=0 timeout 300 "./$@" 2>&1 </dev/null) || status=$?
    if [ "$status" -ge 124 ]; then
        fail "\`$*\` ended with status $status: $output"
    fi
}

# Runs a program, which says this and nothing else.
says() {
    local expected=$1
    shift
    run "$@"
    [ "$output" = "$expected" ] || fail "\`$*\` ($context) says:
$output
and not:
$expected"
    printf '%-28s %-34s %s\n' "$*" "$context" "${output//$'\n'/, }"
}

# Runs a program, which says all of these and perhaps more.
tells() {
    local program=$1 part
    shift
    run "$program"
    for part in "$@"; do
        grep -qF -- "$part" <<<"$output" || fail "\`$program\` ($context) says:
$output
and nowhere:
$part"
    done
    printf '%-28s %-34s %s\n' "$program" "$context" "${output//$'\n'/$'\n    '}"
}

# Every set of features that holds a backend, `macros` with it: one in a line.
sets_with_a_backend() {
    local bits set i
    for ((bits = 1; bits < 32; bits++)); do
        ((bits & 7)) || continue
        set=macros
        for i in 0 1 2 3 4; do
            ((bits >> i & 1)) && set+=",${features[i]}"
        done
        echo "$set"
    done
}

# A plain main and an attribute of each kind give, under each set of features that holds their own,
# what they give with their own alone.
run_supersets() {
    local context name first
    for name in tokio smol async-std; do
        context=$name
        build "plain-$name" "$name"
        says "$name $sum" "plain-$name"
    done
    while read -r context; do
        build attributes "$context"
        first=
        for name in tokio smol async-std; do
            [[ ,$context, == *,$name,* ]] || continue
            first=${first:-$name}
            build "plain-$name" "$context"
            says "$name $sum" "plain-$name"
            says "$name $sum" "main_${name//-/_}"
        done
        says "$first $sum" main_any
        [[ ,$context, != *,tokio,* ]] || says "tokio $sum" main_tokio_current_thread
        [[ ,$context, != *,smol,* ]] || says "smol $sum" main_smol_one_thread
    done < <(sets_with_a_backend)
}

# Two libraries, each with a feature of its own, under each runtime. Outside tokio the one that needs
# no context carries both.
run_two_libraries() {
    local context="tokio and smol" under on
    cargo build --quiet --manifest-path tests/features/two-libraries/Cargo.toml
    for under in tokio smol async-std; do
        on=smol
        [ "$under" != tokio ] || on=tokio
        says "on-tokio: $on $sum"$'\n'"on-smol: $on $sum" two-libraries "$under"
    done
}

run_without_a_backend() {
    local context="no feature" names='Turn on its feature `tokio`, `smol` or `async-std` in the application'
    cargo build --quiet --manifest-path tests/features/nothing/Cargo.toml
    tells nothing "entered: no runtime: anypipe was built without a backend. $names" \
        "awaited: no runtime: anypipe was built without a backend. $names" "panicked at"
    # Each of the three ways tells it; the last one by its panic.
    [ "$(grep -cF "$names" <<<"$output")" -eq 3 ] || fail "not each way to run names the features"
    ! grep -q '^unchecked: ' <<<"$output" || fail "a run without a runtime gave a value"
}

# A tokio program, where tokio is not what a run needs.
run_astray_in_tokio() {
    local context=tokio
    build plain-tokio "$context"
    tells plain_thread "no tokio runtime is running here" "\`#[tokio::main]\`" "\`.on(runtime)\`" \
        "\`anypipe::runtime::set_default\`"
    tells no_timer "this tokio runtime has no timer: build it with" "\`.on(runtime)\`"
    context=tokio,smol,async-std,sim,flume,macros
    build plain-tokio "$context"
    # The hole that the docs tell of: smol needs no context, so the thread's run is on it.
    says "smol $sum" plain_thread
    tells no_timer "this tokio runtime has no timer: build it with" "\`.on(runtime)\`"
}

lint_programs() {
    local folder
    for folder in tests/features/*/; do
        say "lint: $folder"
        cargo clippy --quiet --manifest-path "$folder/Cargo.toml" --all-targets --all-features -- -D warnings
    done
}

programs() {
    say "programs under every set of features"
    run_supersets
    say "a program of two libraries"
    run_two_libraries
    say "a program without a backend"
    run_without_a_backend
    say "a tokio program, astray"
    run_astray_in_tokio
    lint_programs
}

# ---- What looks at runs and steers them type-checks for Windows, where there are no Unix sockets. No linker is needed.

windows() {
    local target=x86_64-pc-windows-gnu
    say "windows: type-checked for $target"
    if ! rustup target add "$target"; then
        echo "skipped: its standard library is not to be had here"
        return
    fi
    cargo check --quiet --target "$target" -p anypipe --all-features
    cargo check --quiet --target "$target" -p anypipe-serve --all-targets
    cargo check --quiet --target "$target" --manifest-path tools/anypipe-top/Cargo.toml --all-targets --locked
}

[ $# -gt 0 ] || set -- lint test tree programs windows
for part in "$@"; do
    case $part in
        lint) lint_combinations ;;
        test) test_single_features ;;
        tree) tree_without_runtime ;;
        programs) programs ;;
        windows) windows ;;
        *) fail "no part is called \`$part\`" ;;
    esac
done
