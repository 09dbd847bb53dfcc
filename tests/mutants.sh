#!/usr/bin/env bash
# Puts every deliberate defect of tests/mutants/table.txt into a copy of the sources, one after the
# other, and looks whether the unit tests of charging and the guard, or a campaign, notice it. A
# defect that nobody notices fails the script. It takes about a minute for each.
#
# tests/mutants.sh             all of them
# tests/mutants.sh FIRST N     N of them from the FIRST, counted from 1
# BUSBAR_MUTANT_RUNS           runs of the campaign where the unit tests notice nothing (3000)
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2
first=${1:-1} count=${2:-1000} runs=${BUSBAR_MUTANT_RUNS:-3000}
command -v python3 >/dev/null || { echo "skipped: there is no python3 to put the defects in"; exit 77; }
work=${BUSBAR_MUTANT_DIR:-$(mktemp -d)}
[ -n "${BUSBAR_MUTANT_DIR:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work/tree"
export CARGO_TARGET_DIR="$work/target" CARGO_INCREMENTAL=1 CARGO_TERM_COLOR=never
export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_PROFILE_DEV_OPT_LEVEL=1

fresh() {
    git ls-files -z --cached --others --exclude-standard | tar --null -T - -cf - | tar -xf - -C "$work/tree"
}
unit() {
    (cd "$work/tree" && cargo test --lib --no-default-features --features testing -- \
        engine::charge engine::can::guard engine::campaign) >"$work/unit.log" 2>&1
}
campaign() {
    (cd "$work/tree" && cargo build --release --no-default-features --bin busbar) >"$work/build.log" 2>&1 || return 2
    "$work/target/release/busbar" campaign --seed 5 --runs "$runs" >"$work/campaign.log" 2>&1
}

fresh
unit || { tail -30 "$work/unit.log"; echo "without a defect the tests fail already"; exit 1; }
total=$(grep -c '^== ' tests/mutants/table.txt)
missed=() broken=() caught=0
for ((n = first; n < first + count && n <= total; n++)); do
    fresh
    name=$(python3 tests/mutants/apply.py tests/mutants/table.txt "$n" "$work/tree") ||
        { echo "$name"; broken+=("$n"); continue; }
    if ! unit; then
        if grep -q '^error: could not compile\|^error\[E' "$work/unit.log"; then
            by="nothing: it does not compile" && broken+=("$n $name")
        else
            by="unit tests: $(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$work/unit.log" | head -1)"
            caught=$((caught + 1))
        fi
    elif ! campaign; then
        by="campaign: $(grep -m1 '^seed' "$work/campaign.log" | cut -d: -f2)"
        caught=$((caught + 1))
    else
        by="NOBODY" && missed+=("$n $name")
    fi
    printf '%2d  %-45s %s\n' "$n" "$name" "$by"
done
echo "$caught noticed, ${#missed[@]} missed, ${#broken[@]} that cannot be put in"
[ ${#missed[@]} = 0 ] && [ ${#broken[@]} = 0 ]
