#!/usr/bin/env bash
# Fuzzes what reads other people's bytes: DBC text, recordings, frames, profiles and packs of them, backups,
# filters, serial lines. Needs a nightly compiler with its address sanitizer; where there is none it says so and ends with status 77. Uses
# the compiler's own flags, so that cargo-fuzz need not be installed (with it, `cargo fuzz run --fuzz-dir
# tests/fuzz dbc_text` does the same).
#
# tests/fuzz.sh [SECONDS]    in all, shared by the targets; 60 if not given
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
seconds=${1:-60}
targets=(dbc_text log_lines log_blf log_capture log_mf4 frames profile_text profile_pack backup_stream
    filter_text slcan_lines)

skip() { echo "skipped: fuzzing ($*)"; exit 77; }
command -v rustup >/dev/null || skip "no rustup, so no nightly compiler"
rustc +nightly --version >/dev/null 2>&1 || skip "no nightly compiler: rustup toolchain install nightly"
command -v c++ >/dev/null || skip "no C++ compiler for libFuzzer: apt-get install g++"
host=$(rustc +nightly -vV | sed -n 's/^host: //p')

# As cargo-fuzz sets them: count edges and trace comparisons, find bad memory accesses.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address --cfg fuzzing -Ccodegen-units=4"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
timeout 800 cargo +nightly build --release  --manifest-path tests/fuzz/Cargo.toml \
    --target "$host" || { echo "the fuzz targets do not build"; exit 1; }

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0
each=$((seconds / ${#targets[@]}))
[ "$each" -gt 0 ] || each=1
for target in "${targets[@]}"; do
    # What is known to be interesting: our own files, then what was found before.
    mkdir -p "$work/$target" "$work/seeds-$target"
    case $target in
    dbc_text) find assets -name '*.dbc' -exec cp {} "$work/seeds-$target/" \; ;;
    log_lines)
        find assets -name '*.log' -exec cp {} "$work/seeds-$target/" \;
        cp tests/fuzz/seeds/*.asc tests/fuzz/seeds/*.trc "$work/seeds-$target/"
        ;;
    log_blf) cp tests/fuzz/seeds/*.blf "$work/seeds-$target/" ;;
    log_capture) cp tests/fuzz/seeds/*.pcap* "$work/seeds-$target/" ;;
    log_mf4) cp tests/fuzz/seeds/*.mf4 "$work/seeds-$target/" ;;
    profile_pack) cp tests/fuzz/packs/*.zip "$work/seeds-$target/" ;;
    backup_stream) cp tests/fuzz/backups/* "$work/seeds-$target/" ;;
    profile_text) find assets/scenes tests/golden/profile -type f -exec cp {} "$work/seeds-$target/" \; ;;
    filter_text)
        sed -n '/^const ASKED/,/^];/s/.*, "\(..*\)", .*/\1/p' benches/filter.rs |
            split -l 1 - "$work/seeds-$target/" ;;
    slcan_lines) printf 't1232AABB1F40\rT18FF50E50\rz\r\aV1013\rF04\rB18FF50E59000102030405060708090A0B\r' \
        >"$work/seeds-$target/all" ;;
    frames) head -c 512 Cargo.lock >"$work/seeds-$target/any" ;;
    esac
    log=$work/$target.txt
    timeout $((each + 60)) "$CARGO_TARGET_DIR/$host/release/$target" \
        -max_total_time="$each" -timeout=10 -rss_limit_mb=3072 -max_len=4096 -print_final_stats=1 \
        -artifact_prefix="$work/crash-$target-" "$work/$target" "$work/seeds-$target" >"$log" 2>&1
    if [ $? -eq 0 ]; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        echo "$target: $runs inputs in $each s, nothing found"
    else
        status=1
        echo "$target: FOUND SOMETHING"
        grep -E 'panicked|ERROR|SUMMARY|Test unit written' -A2 "$log" | tail -20
        for crash in "$work/crash-$target-"*; do
            [ -f "$crash" ] && echo "input, base64: $(base64 -w0 "$crash" | head -c 4000)"
        done
    fi
done
exit $status
