#!/usr/bin/env bash
# Starts the real program under Xvfb and looks at it: the window is there and not blank, the cell
# map is on it (its colour scale by pixels, its cells in the accessibility tree), and a click on the
# rail brings the CAN page. Pictures stay in target/window/.
#
# Status 77: it could not be run here, and the reason is said. BUSBAR=FILE takes a built program.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 2

skip() { printf '\n*** SKIPPED: the window was not tested: %s\n' "$*"; exit 77; }
fail() { printf '\nFAILED: %s\n' "$*"; exit 1; }

[ "$(uname -s)" = Linux ] || skip "this is no Linux"
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
need() { # need PROGRAM PACKAGE...
    local program=$1
    shift
    command -v "$program" >/dev/null && return 0
    if command -v apt-get >/dev/null && $as_root true 2>/dev/null; then
        DEBIAN_FRONTEND=noninteractive timeout 300 $as_root apt-get -qq install -y --no-install-recommends "$@" >/dev/null 2>&1
    fi
    command -v "$program" >/dev/null
}
need Xvfb xvfb || skip "there is no Xvfb (apt-get install xvfb)"
need xdotool xdotool || skip "there is no xdotool (apt-get install xdotool)"
need import imagemagick || skip "there is no ImageMagick (apt-get install imagemagick)"
need openbox openbox || skip "there is no window manager (apt-get install openbox)"
libraries() { ldconfig -p 2>/dev/null | grep -q "$1"; }
if ! libraries libxkbcommon-x11.so.0 || ! libraries libGL.so.1 || ! libraries libXcursor.so.1; then
    need no-such-program libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libgl1-mesa-dri
fi

target=${CARGO_TARGET_DIR:-target}
busbar=${BUSBAR:-}
if [ -z "$busbar" ]; then
    timeout 1500 cargo build --bin busbar || fail "the program does not build"
    busbar=$target/debug/busbar
fi
[ -x "$busbar" ] || fail "there is no program at $busbar"
pictures=$target/window
mkdir -p "$pictures"
work=$(mktemp -d) || exit 2

# Without a display the program must say so in a sentence, at once.
out=$(env -u DISPLAY -u WAYLAND_DISPLAY -u WAYLAND_SOCKET HOME="$work" timeout 20 "$busbar" --demo 2>&1)
status=$?
[ $status -ne 0 ] && [ $status -ne 124 ] || fail "without a display it ended with status $status: $out"
case $out in
*"busbar serve"*) echo "without a display: $out" ;;
*) fail "without a display it does not name the command that works there: $out" ;;
esac

xvfb="" manager="" program=""
finish() {
    # The program runs in a group of its own: the session bus and its services end with it.
    [ -n "$program" ] && kill -TERM -- "-$program" 2>/dev/null
    for pid in "$manager" "$xvfb"; do [ -n "$pid" ] && kill "$pid" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
exec 5<>"$work/number"
Xvfb -displayfd 5 -screen 0 1440x900x24 -nolisten tcp >"$work/xvfb.log" 2>&1 &
xvfb=$!
for _ in $(seq 50); do [ -s "$work/number" ] && break; sleep 0.1; done
number=$(tr -d '[:space:]' <"$work/number")
[ -n "$number" ] || fail "Xvfb does not start: $(cat "$work/xvfb.log")"
export DISPLAY=:$number HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config LIBGL_ALWAYS_SOFTWARE=1
unset WAYLAND_DISPLAY WAYLAND_SOCKET
openbox >/dev/null 2>&1 &
manager=$!

if ! command -v dbus-run-session >/dev/null || [ ! -x /usr/libexec/at-spi-bus-launcher ] || ! /usr/bin/python3 -c 'import pyatspi' 2>/dev/null; then
    need no-such-program dbus-daemon dbus-bin dbus-user-session at-spi2-core python3-pyatspi gir1.2-atspi-2.0
fi
tree=yes
/usr/bin/python3 -c 'import pyatspi' 2>/dev/null && command -v dbus-run-session >/dev/null || tree=no

# The tree needs a session bus around the program and the reader; the reader writes what it finds.
cat >"$work/read-tree.py" <<'PY'
import sys, time
import pyatspi
deadline, cells, names = time.time() + 25, 0, set()
def walk(node, depth=0):
    global cells
    if node is None or depth > 30:
        return
    try:
        name = node.name or ""
        if " cell " in name and "mV" in name:
            cells += 1
        names.add(name)
        for at in range(min(node.childCount, 2000)):
            walk(node.getChildAtIndex(at), depth + 1)
    except Exception:
        return
while time.time() < deadline and cells < 8:
    cells, names = 0, set()
    for app in list(pyatspi.Registry.getDesktop(0)):
        walk(app)
    time.sleep(0.5)
wanted = {"Pack", "CAN", "Parts", "About"}
print(f"accessibility tree: {cells} cells, {len(names)} names, rail {sorted(wanted & names)}")
sys.exit(0 if cells >= 8 and wanted <= names else 1)
PY
cat >"$work/session.sh" <<'SH'
if [ "$2" = yes ]; then
    gdbus call --session --dest org.a11y.Bus --object-path /org/a11y/bus \
        --method org.freedesktop.DBus.Properties.Set org.a11y.Status IsEnabled '<true>' >/dev/null 2>&1 ||
    dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus \
        org.freedesktop.DBus.Properties.Set string:org.a11y.Status string:IsEnabled variant:boolean:true >/dev/null 2>&1
fi
"$1" --demo &
program=$!
trap 'kill $program 2>/dev/null' TERM EXIT
if [ "$2" = yes ]; then
    sleep 3
    timeout 40 /usr/bin/python3 "$3/read-tree.py" >"$3/tree" 2>&1
    echo $? >"$3/tree.status"
fi
wait $program
SH
if [ $tree = yes ]; then
    setsid dbus-run-session -- bash "$work/session.sh" "$busbar" yes "$work" >"$work/program.log" 2>&1 &
else
    echo "*** the accessibility tree is not read: python3-pyatspi or dbus-run-session is missing"
    setsid bash "$work/session.sh" "$busbar" no "$work" >"$work/program.log" 2>&1 &
fi
program=$!

window=""
for _ in $(seq 150); do
    window=$(xdotool search --onlyvisible --name '^Busbar' 2>/dev/null | tail -1)
    [ -n "$window" ] && break
    kill -0 "$program" 2>/dev/null || fail "the program ended: $(cat "$work/program.log")"
    sleep 0.2
done
[ -n "$window" ] || fail "no window within 30 s: $(cat "$work/program.log")"
xdotool windowsize --sync "$window" 1280 800 2>/dev/null || true

shot() { timeout 20 import -window root "$pictures/$1.png" || fail "no picture could be taken"; }
colours() { convert "$pictures/$1.png" -format '%k' info:; }
# Pixels on the colour scale of the cell map: green to yellow tiles, which no other part has.
tiles() {
    convert "$pictures/$1.png" -alpha off -fuzz 14% -fill white -opaque '#9cc555' -opaque '#3fb682' -opaque '#e2cd4a' \
        -fill black +opaque white -format '%[fx:int(mean*w*h)]' info:
}

# The first values come with the first frames of the simulated bus; wait for them, not for a time.
cells=0
for _ in $(seq 60); do
    sleep 0.5
    shot pack
    cells=$(tiles pack)
    [ "$cells" -gt 20000 ] && break
done
[ "$(colours pack)" -gt 100 ] || fail "the window is blank: $(colours pack) colours"
[ "$cells" -gt 20000 ] || fail "no cells on the Pack page: $cells pixels on the colour scale"
echo "Pack page: $(colours pack) colours, $cells pixels of cells"

# The second entry of the rail.
xdotool mousemove --window "$window" 37 132 click 1
before=$cells
for _ in $(seq 20); do
    sleep 0.3
    shot can
    cells=$(tiles can)
    [ "$cells" -lt $((before / 3)) ] && break
done
[ "$cells" -lt $((before / 3)) ] || fail "a click on CAN does not leave the Pack page ($before, then $cells pixels of cells)"
[ "$(colours can)" -gt 100 ] || fail "the CAN page is blank"
echo "CAN page: $(colours can) colours"
xdotool key --window "$window" ctrl+1
sleep 0.5

if [ $tree = yes ]; then
    for _ in $(seq 80); do [ -s "$work/tree.status" ] && break; sleep 0.5; done
    cat "$work/tree" 2>/dev/null
    if [ "$(cat "$work/tree.status" 2>/dev/null)" != 0 ]; then
        fail "the cells are not in the accessibility tree"
    fi
fi
kill -0 "$program" 2>/dev/null || fail "the program ended by itself: $(cat "$work/program.log")"
echo "the window stands; pictures are in $pictures"
