#!/usr/bin/env bash
# By how much replayed frames are late on a kernel bus: `busbar replay` beside `canplayer -g 0` of can-utils,
# in turn in one run. Where this machine has vcan0, there; else in the small guest that tests/vcan.sh
# starts.
#   benches/replay_in_guest.sh [FRAMES]     10,000 by default, a thousand a second
#   BUSBAR=PROGRAM          the program to measure; built as a release where not given
#   ROUNDS=3                rounds of either, in turn
# Needs can-utils and python3. Exit 77: no kernel CAN bus can be had here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# What runs where the bus is.
measure() {
    local frames=$1 rounds=$2 work python round way told
    work=$(mktemp -d)
    python=$(PATH=/usr/bin:/bin:$PATH command -v python3)
    awk -v frames="$frames" 'BEGIN {
        for (n = 0; n < frames; n++)
            printf "(%d.%06d) can0 %03X#%016X\n", 1436509000 + int(n / 1000), n % 1000 * 1000, 1536 + n % 42, n
    }' >"$work/log"
    local heard=()
    echo "kernel $(uname -r), $(nproc) processor(s), $frames frames a round, $rounds rounds in turn"
    for ((round = 0; round < rounds; round++)); do
        for way in busbar canplayer; do
            rm -f "$work/ready"
            "$python" benches/replay_lateness.py vcan0 "$work/log" "$work/ready" "$work/$way.$round" &
            told=$!
            until [ -e "$work/ready" ]; do sleep 0.1; done
            if [ "$way" = busbar ]; then
                "$BUSBAR" replay "$work/log" --bus vcan0 </dev/null >"$work/out" 2>&1 || { cat "$work/out"; return 1; }
                heard+=("busbar replay=$work/$way.$round")
            else
                canplayer -g 0 -I "$work/log" vcan0=can0 </dev/null
                heard+=("canplayer -g 0=$work/$way.$round")
            fi
            wait "$told"
        done
    done
    "$python" benches/replay_lateness.py "${heard[@]}"
    rm -rf "$work"
}

if [ -n "${BUSBAR_GUEST:-}" ]; then
    measure "${LATENESS_FRAMES:-10000}" "${LATENESS_ROUNDS:-3}"
    exit
fi
export LATENESS_FRAMES=${1:-10000} LATENESS_ROUNDS=${ROUNDS:-3}
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --release --bin busbar
    BUSBAR=${CARGO_TARGET_DIR:-target}/release/busbar
fi
BUSBAR=$(realpath "$BUSBAR")
export BUSBAR
if [ -e /sys/class/net/vcan0 ]; then
    measure "$LATENESS_FRAMES" "$LATENESS_ROUNDS"
    exit
fi
VCAN_BUSBAR=$BUSBAR VCAN_JOB=$PWD/benches/replay_in_guest.sh \
    VCAN_PASS="LATENESS_FRAMES LATENESS_ROUNDS" exec tests/vcan.sh
