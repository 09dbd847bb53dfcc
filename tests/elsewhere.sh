#!/usr/bin/env bash
# Checks that the program compiles for Windows and macOS, as far as that is known without their linkers and
# their C libraries: every type, every condition, no warning. What is written in C is not compiled. Needs rustup,
# which fetches Rust's own library for each; where it is not to be had, says so and ends with status 77.
#
# tests/elsewhere.sh [TARGET...]
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
targets=("$@")
[ $# -gt 0 ] || targets=(x86_64-pc-windows-gnu aarch64-apple-darwin)
command -v rustup >/dev/null || { echo "skipped: there is no rustup to fetch Rust's library for other systems"; exit 77; }

checked=0 status=0
for target in "${targets[@]}"; do
    if ! timeout 300 rustup --quiet target add "$target"; then
        echo "*** NOT TESTED for $target: rustup cannot fetch its library"
        continue
    fi
    # Nothing is linked, so nobody misses what a compiler that does nothing has not made.
    name=${target//-/_}
    checked=$((checked + 1))
    if env "CC_$name=true" "CXX_$name=true" "AR_$name=true" RUSTFLAGS="-D warnings" \
        cargo check --quiet --locked --target "$target" --lib --bins; then
        echo "$target: it compiles"
    else
        echo "$target: it does not compile"
        status=1
    fi
done
[ "$checked" -gt 0 ] || exit 77
exit $status
