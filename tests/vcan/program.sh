# The program itself on a kernel bus, against candump and cansend: part of guest.sh.
# shellcheck shell=bash

# stop PROCESS: ends it as a person would, with Ctrl-C, and waits for it.
stop() {
    # What runs in the background of a script does not hear Ctrl-C, unless it asks to.
    kill -INT "$1" 2>/dev/null
    wait_for 5 dead "$1" || kill -TERM "$1" 2>/dev/null
    wait_for 5 dead "$1" || kill -KILL "$1" 2>/dev/null
    wait "$1" 2>/dev/null
}
dead() { ! kill -0 "$1" 2>/dev/null; }
# enough FILE LINES PROCESS: the file has the lines, or the process that makes them has ended.
enough() { [ "$(wc -l <"$1")" -ge "$2" ] || dead "$3"; }

simulated_devices_are_seen_by_candump() {
    local log=$OUT/simulate.candump candump simulate
    candump -L vcan0 >"$log" &
    candump=$!
    timeout 120 "$BUSBAR" simulate --scene demo --bus socketcan:vcan0 \
        >"$OUT/simulate.out" 2>"$OUT/simulate.err" </dev/null &
    simulate=$!
    wait_for 60 enough "$log" 400 "$simulate" || true
    if dead "$simulate"; then
        cat "$OUT/simulate.err"
        bad "busbar simulate ended by itself"
    else
        good "busbar simulate runs on socketcan:vcan0"
    fi
    stop "$simulate"
    stop "$candump"
    # Heartbeat, first and last module's cells, and the pack's totals of a pack of 14 modules.
    for id in 600 601 602 603 628 62A 6FA 6FD; do
        if grep -q " $id#" "$log"; then
            good "candump saw $id: $(grep -c " $id#" "$log") times"
        else
            bad "candump saw no frame $id"
        fi
    done
}

a_missing_interface_is_said_in_a_sentence() {
    local said
    said=$(timeout 20 "$BUSBAR" simulate --scene demo --bus socketcan:vcan7 2>&1 </dev/null)
    local status=$?
    if [ "$status" != 0 ] && [ "$status" != 124 ] &&
        grep -q 'sudo ip link add dev vcan7 type vcan' <<<"$said"; then
        good "a missing interface: $(tail -n 1 <<<"$said")"
    else
        bad "a missing interface gave status $status and: $said"
    fi
}

# module_frames: what a BMU says of one module of eight cells: 4.000 to 4.007 V, 25.0 and 26.1 degrees,
# 32 V in all.
module_frames() {
    local frame
    for frame in 600#0010000039300000 601#01000000FA000501 602#A00FA10FA20FA30F \
        603#A40FA50FA60FA70F 6F8#A00FA70F01000107 6FA#007D000000000000 \
        6FB#0410FF0F8001A303 6FD#8000000000000000; do
        cansend vcan0 "$frame" || return 1
    done
}

window_or_end() { xdotool search --onlyvisible --name . || dead "$1"; }
picture() { import -window root "$1"; }
# changed FIRST SECOND: how many pixels differ.
changed() { compare -metric AE "$1" "$2" null: 2>&1 | awk '{ printf "%d", $1 }'; }

the_window_shows_frames_of_cansend() {
    local xvfb busbar before=$OUT/window-before.png after=$OUT/window-after.png
    export DISPLAY=:77 LIBGL_ALWAYS_SOFTWARE=1 XDG_RUNTIME_DIR=/run/window
    unset WAYLAND_DISPLAY
    mkdir -p "$XDG_RUNTIME_DIR" && chmod 700 "$XDG_RUNTIME_DIR"
    Xvfb :77 -screen 0 1440x900x24 -noreset -nolisten tcp >"$OUT/xvfb.log" 2>&1 &
    xvfb=$!
    wait_for 20 xdotool getdisplaygeometry || bad "Xvfb does not start"
    "$BUSBAR" --data-dir "$(mktemp -d)" --profile "$checkout/tests/vcan/profile.toml" \
        >"$OUT/window.out" 2>"$OUT/window.err" </dev/null &
    busbar=$!
    wait_for 60 window_or_end "$busbar"
    if ! xdotool search --onlyvisible --name . >/dev/null 2>&1; then
        if grep -q 'this build has no window' "$OUT/window.err"; then
            echo "left out: this build has no window"
        else
            cat "$OUT/window.err"
            bad "no window came up"
        fi
        stop "$busbar"
        stop "$xvfb"
        return
    fi
    sleep 3
    picture "$before"
    # A pack that goes on sending, as a real one does, while the picture is taken.
    while module_frames; do sleep 0.1; done &
    local pack=$!
    sleep 5
    picture "$after"
    dead "$pack" && bad "cansend failed"
    stop "$pack"
    if dead "$busbar"; then
        cat "$OUT/window.err"
        bad "the window closed by itself"
    fi
    local colours pixels
    colours=$(identify -format '%k' "$before")
    pixels=$(changed "$before" "$after")
    if [ "$colours" -ge 20 ]; then
        good "the window is not blank ($colours colours)"
    else
        bad "the window is blank ($colours colours)"
    fi
    if [ "$pixels" -ge 5000 ]; then
        good "frames of cansend are on the screen ($pixels pixels changed)"
    else
        bad "frames of cansend changed only $pixels pixels"
    fi
    stop "$busbar"
    stop "$xvfb"
}

step "simulated devices on vcan0, seen by candump"
simulated_devices_are_seen_by_candump
a_missing_interface_is_said_in_a_sentence

# payloads FILE: ids and bytes of a log, in order.
payloads() { awk 'NF == 3 { print $3 }' "$1"; }

# Two seconds of recorded traffic of twelve ids, by a fixed rule.
recording() {
    awk 'BEGIN {
        for (n = 0; n < 2000; n++)
            printf "(1436509000.%06d) can0 %03X#%02X%04X\n", n * 1000 % 1000000, 1536 + n % 12, n % 256, n
    }' | awk '{ if (NR > 1000) sub("1436509000", "1436509001"); print }'
}

a_recording_is_replayed_onto_vcan0() {
    local log=$OUT/replay.log heard=$OUT/replay.candump candump summary
    recording >"$log"
    candump -L vcan0 >"$heard" &
    candump=$!
    sleep 0.5
    if ! timeout 60 "$BUSBAR" replay "$log" --bus vcan0 --format json >"$OUT/replay.json" 2>"$OUT/replay.err" </dev/null; then
        cat "$OUT/replay.err"
        bad "busbar replay onto vcan0"
    fi
    sleep 0.5
    stop "$candump"
    summary=$(cat "$OUT/replay.json")
    if [ "$(payloads "$heard" | md5sum)" = "$(payloads "$log" | md5sum)" ]; then
        good "candump saw the $(wc -l <"$heard") frames of the recording, each as it was and in order"
    else
        bad "candump saw $(wc -l <"$heard") frames, the recording has $(wc -l <"$log"), or they differ"
    fi
    if grep -q '"ended":"end"' <<<"$summary" && grep -q '"frames_sent":2000' <<<"$summary"; then
        good "jitter of the replay, microseconds: $(grep -o '"late_us":{[^}]*}' <<<"$summary"), $(grep -o '"behind_s":[0-9.]*' <<<"$summary")"
    else
        bad "the summary of the replay: $summary"
    fi
    # All of them come at once: more than the kernel keeps for a reader that asks for no room.
    candump -r 4194304 -L vcan0 >"$heard.max" &
    candump=$!
    sleep 0.5
    timeout 60 "$BUSBAR" replay "$log" --bus vcan0 --speed max --filter id:600..603 \
        --map 0x600-0x603=0x200 --format json >"$OUT/replay.max.json" 2>&1 </dev/null
    sleep 0.5
    stop "$candump"
    if [ "$(wc -l <"$heard.max")" = 668 ] && ! grep -q ' 60[0-9A-B]#' "$heard.max" && grep -q ' 203#' "$heard.max"; then
        good "a filtered and mapped replay as fast as the bus takes it"
    else
        bad "the filtered replay gave $(wc -l <"$heard.max") frames: $(cat "$OUT/replay.max.json")"
    fi
}

# A stop is asked for in the middle; candump must see nothing later than one frame after it.
a_stopped_replay_sends_nothing_more() {
    local log=$OUT/replay.log heard=$OUT/replay.stop.candump candump replay asked status
    candump -L vcan0 >"$heard" &
    candump=$!
    timeout 60 "$BUSBAR" replay "$log" --bus vcan0 --loop --format json >"$OUT/replay.stop.json" 2>&1 </dev/null &
    replay=$!
    wait_for 30 enough "$heard" 500 "$replay" || true
    # The program itself, not the timeout that watches over it.
    local own
    own=$(pgrep -P "$replay" | head -n 1)
    kill -INT "${own:-$replay}"
    asked=$(date +%s.%N)
    wait_for 10 dead "$replay" || true
    wait "$replay" 2>/dev/null
    status=$?
    sleep 1
    stop "$candump"
    local after
    # The clock of the script is read after the signal went: what is later than 5 ms was sent after it.
    after=$(awk -v asked="$asked" '{ t = substr($1, 2) + 0; if (t > asked + 0.005) n++ } END { print n + 0 }' "$heard")
    if [ "$after" -le 1 ] && [ "$status" = 0 ]; then
        good "after the stop candump saw $after frames (of $(wc -l <"$heard") in all), exit status $status"
    else
        bad "after the stop candump saw $after frames, exit status $status: $(cat "$OUT/replay.stop.json")"
    fi
}

step "a recording replayed onto vcan0, seen by candump"
a_recording_is_replayed_onto_vcan0
a_stopped_replay_sends_nothing_more

step "the window on vcan0, fed by cansend"
if ! "$BUSBAR" --version | grep -q busbar; then
    bad "busbar does not say its version"
elif [ "$BUSBAR_GUEST" = qemu ]; then
    echo "left out: drawing takes too long in an emulated guest"
elif ! command -v Xvfb >/dev/null || ! command -v xdotool >/dev/null || ! command -v import >/dev/null; then
    echo "left out: no Xvfb, xdotool or imagemagick"
else
    the_window_shows_frames_of_cansend
fi
