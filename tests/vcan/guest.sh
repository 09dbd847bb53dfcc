#!/usr/bin/env bash
# Runs inside the guest, as root, with vcan0 and vcan1 up. Called by tests/vcan.sh, which sets
# BUSBAR_VCAN, BUSBAR_GUEST (uml or qemu), TEST_BINARY, BUSBAR and OUT. Exit status: the number of
# steps that failed, at most 99.
set -uo pipefail
failed=0
step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
good() { printf 'ok: %s (at %s s)\n' "$*" "$SECONDS"; }
bad() {
    printf 'FAILED: %s\n' "$*"
    failed=$((failed + 1))
}
# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$until" ] || return 1
        sleep 0.2
    done
}
echo "guest: kernel $(uname -r), $(nproc) processor, $(ip -brief link show type vcan | wc -l) vcan interfaces"

step "the bus tests of the library on $BUSBAR_VCAN"
log=$OUT/tests.log
if timeout 240 "$TEST_BINARY" --nocapture --test-threads=1 engine::can:: >"$log" 2>&1; then
    grep -E '^(skipped|[0-9]+ frames in|test result)' "$log" | sort -u
    if grep -q 'skipped: no kernel CAN' "$log"; then
        bad "the tests on a kernel bus were skipped"
    else
        good "the conformance suite and the SocketCAN tests"
    fi
else
    tail -n 60 "$log"
    bad "the bus tests (see above)"
fi

# shellcheck source=tests/vcan/program.sh
. "$(dirname "${BASH_SOURCE[0]}")/program.sh"
# shellcheck source=tests/vcan/charge.sh
. "$(dirname "${BASH_SOURCE[0]}")/charge.sh"

step "a pack is found, named, limited and handed to a second machine"
if ! command -v python3 >/dev/null; then
    echo "skipped: there is no python3"
elif said=$(timeout 300 python3 "$(dirname "${BASH_SOURCE[0]}")/handover.py" "$BUSBAR" 2>&1); then
    echo "$said"
    good "the whole way, on $BUSBAR_VCAN"
else
    echo "$said"
    bad "handing a pack over (see above)"
fi

[ "$failed" -le 99 ] || failed=99
if [ "$failed" = 0 ]; then
    printf '\nall steps passed\n'
else
    printf '\n%s steps FAILED\n' "$failed"
fi
exit "$failed"
