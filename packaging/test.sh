#!/usr/bin/env bash
# Installs the packages of packaging/build.sh where nothing else is, and uses them: a bare Debian root for
# the listener, one for the desktop. What is checked is said as it goes; the first thing that is not so
# ends it with status 1. Needs root, debootstrap and a Debian mirror; without them it says what it skips.
#
#   packaging/test.sh             packages in target/package/out, built where they are missing
#   PACKAGE_OUT=FOLDER            keeps the picture of the window there
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
out=target/package/out
most_bytes=$((25 * 1000 * 1000))
pictures=${PACKAGE_OUT:-target/package}

ok() { printf 'ok: %s\n' "$*"; }
bad() { printf 'NOT OK: %s\n' "$*" >&2; exit 1; }
skip() { printf 'skipped: %s\n' "$*"; }

compgen -G "$out/*.deb" >/dev/null || packaging/build.sh
desktop=$(ls "$out"/busbar_*.deb)
server=$(ls "$out"/busbar-server_*.deb)

# Twice the same packages from the same programs.
before=$(cat "$out/SHA256SUMS")
kept=$(mktemp -d)
cp -r target/package/desktop target/package/server "$kept/"
BUSBAR_BUILT=$kept packaging/build.sh >/dev/null
[ "$before" = "$(cat "$out/SHA256SUMS")" ] || bad "packing twice gives other bytes"
rm -rf "$kept"
ok "packing twice gives the same bytes"

for kind in desktop server; do
    size=$(stat -c %s "target/package/$kind/busbar")
    echo "the program of $kind has $size bytes"
    [ "$size" -le "$most_bytes" ] || bad "that is more than $most_bytes"
done
if command -v desktop-file-validate >/dev/null; then
    desktop-file-validate packaging/linux/busbar.desktop && ok "the desktop entry is valid"
else skip "desktop-file-validate is not installed"; fi
if command -v lintian >/dev/null; then
    lintian --fail-on error --suppress-tags-from-file packaging/linux/lintian "$desktop" "$server" ||
        bad "lintian has errors"
    ok "lintian has no errors"
else skip "lintian is not installed"; fi
if command -v systemd-analyze >/dev/null; then
    systemd-analyze security --offline=true --threshold=40 packaging/linux/busbar.service | tail -n 1
    ok "the service is sandboxed"
else skip "systemd-analyze is not installed"; fi
if command -v rpm >/dev/null; then
    for package in "$out"/*.rpm; do
        rpm -qp --nosignature --list "$package" | grep -qx /usr/bin/busbar || bad "$package has no program"
        rpm -K --nosignature "$package" >/dev/null || bad "$package is broken"
    done
    ok "the .rpm packages are whole"
    skip "installing them: no machine with rpm as its own package manager is at hand"
else skip "rpm is not installed"; fi

[ "$(id -u)" = 0 ] || { skip "installing, which needs root"; exit 0; }
command -v debootstrap >/dev/null || { skip "installing: debootstrap is not installed"; exit 0; }
roots=$(mktemp -d)
finish() {
    for pid in $(ls /proc | grep -E '^[0-9]+$'); do
        case $(readlink "/proc/$pid/root" 2>/dev/null) in "$roots"/*) kill -9 "$pid" 2>/dev/null || : ;; esac
    done
    umount -q "$roots"/*/proc 2>/dev/null || :
    rm -rf --one-file-system "$roots"
}
trap finish EXIT
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
mirror=$(grep -rhoE 'https?://[^ ]+' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1)
debootstrap --variant=minbase "$suite" "$roots/bare" "${mirror:-http://deb.debian.org/debian}" \
    >"$roots/log" 2>&1 || { tail -n 3 "$roots/log"; skip "installing: no bare Debian could be had"; exit 0; }
# The mirror may be one that only this machine knows how to reach.
for file in /etc/apt/apt.conf.d/*proxy* /etc/apt/sources.list /etc/resolv.conf /etc/ssl/certs/ca-certificates.crt; do
    [ -e "$file" ] && install -D "$file" "$roots/bare$file"
done
[ ! -d /etc/apt/sources.list.d ] || cp -r /etc/apt/sources.list.d "$roots/bare/etc/apt/"
ok "a bare Debian ($suite)"

# in ROOT COMMAND...: runs it in that root.
in_root() { chroot "$roots/$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    DEBIAN_FRONTEND=noninteractive "${@:2}"; }
fresh() {
    cp -a "$roots/bare" "$roots/$1"
    mount -t proc proc "$roots/$1/proc"
    cp "$2" "$roots/$1/new.deb"
    in_root "$1" apt-get -qq update >/dev/null 2>&1 || :
}
put_in() { in_root "$1" apt-get -qq install -y --no-install-recommends "$2" >"$roots/log" 2>&1 || {
    tail -n 20 "$roots/log"; bad "$2 does not install in $1"; }; }

# --- the listener alone -----------------------------------------------------------------------------
fresh server "$server"
# The same package as an earlier version, so that there is something to upgrade.
work=$(mktemp -d -p "$roots")
dpkg-deb -R "$server" "$work/old"
sed -i 's/^Version: .*/Version: 0.0.1-1/' "$work/old/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/old" "$roots/server/old.deb" >/dev/null
put_in server /old.deb
ok "busbar-server installs with its dependencies"
in_root server sh -c 'ldd /usr/bin/busbar' | grep -iE 'x11|gl|wayland' && bad "the listener needs graphics"

port=18091
# What the unit runs, as its user.
start() {
    local command
    command=$(sed -n 's/^ExecStart=//p' "$roots/server/usr/lib/systemd/system/busbar.service")
    in_root server install -d -o busbar -g busbar -m 700 /var/lib/busbar
    in_root server setpriv --reuid=busbar --regid=busbar --clear-groups \
        ${command/\$BUSBAR_OPTIONS/"$1"} >"$roots/serve.log" 2>&1 &
    for _ in $(seq 100); do
        ! curl -sfo "$roots/answer" "http://127.0.0.1:$port/health" || return 0
        sleep 0.2
    done
    cat "$roots/serve.log"
    bad "the service does not answer"
}
stop() {
    local pid
    pid=$(pgrep -f "data-dir /var/lib/busbar serve" -u "$(stat -c %u "$roots/server/var/lib/busbar")" | head -n 1)
    kill -TERM "$pid"
    for _ in $(seq 100); do [ -e "/proc/$pid" ] || return 0; sleep 0.2; done
    bad "the service does not end"
}
start "--listen 127.0.0.1:$port --demo"
grep -q '/set-up/' "$roots/serve.log" || { cat "$roots/serve.log"; bad "no set-up link in the log"; }
ok "the service starts as its own user, prints its set-up link and answers"
stop
in_root server sh -c 'printf correct-horse-battery | setpriv --reuid=busbar --regid=busbar --clear-groups \
    busbar --data-dir /var/lib/busbar user add ada --permission administrator --password-stdin' >/dev/null
put_in server /new.deb
in_root server dpkg -s busbar-server | grep -q '^Version: 0.0.1-1' && bad "it was not upgraded"
in_root server setpriv --reuid=busbar --regid=busbar --clear-groups \
    busbar --data-dir /var/lib/busbar user list | grep -q ada || bad "an upgrade lost an account"
ok "an upgrade keeps accounts"
start "--listen 127.0.0.1:$port --demo"
grep -q '/set-up/' "$roots/serve.log" && bad "the upgraded service asks to be set up anew"
stop
in_root server apt-get -qq remove -y busbar-server >/dev/null 2>&1
[ -e "$roots/server/var/lib/busbar/busbar.db" ] || bad "removing lost the data"
in_root server apt-get -qq purge -y busbar-server >/dev/null 2>&1
[ ! -e "$roots/server/var/lib/busbar" ] || bad "purging left the data"
ok "removing keeps the data, purging does not"

# --- the desktop --------------------------------------------------------------------------------------
command -v Xvfb >/dev/null && command -v xdotool >/dev/null && command -v import >/dev/null ||
    { skip "the window: Xvfb, xdotool or ImageMagick is not installed"; exit 0; }
fresh desktop "$desktop"
put_in desktop /new.deb
ok "busbar installs with its dependencies"
display=:$((90 + RANDOM % 400))
Xvfb "$display" -screen 0 1280x800x24 -nolisten unix -listen tcp -ac >"$roots/xvfb.log" 2>&1 &
xvfb=$!
sleep 1
begun=$(date +%s%N)
chroot "$roots/desktop" /usr/bin/env -i PATH=/usr/bin HOME=/root DISPLAY="127.0.0.1$display" \
    busbar --demo >"$roots/window.log" 2>&1 &
program=$!
window=""
for _ in $(seq 200); do
    window=$(DISPLAY=127.0.0.1$display xdotool search --onlyvisible --name '^Busbar' 2>/dev/null | head -n 1) && [ -n "$window" ] && break
    kill -0 $program 2>/dev/null || { cat "$roots/window.log"; bad "the window does not open"; }
    sleep 0.1
done
[ -n "$window" ] || { cat "$roots/window.log"; bad "no window after 20 s"; }
echo "the window is there after $((($(date +%s%N) - begun) / 1000000)) ms"
sleep 4
DISPLAY=127.0.0.1$display import -window "$window" "$pictures/window.png"
colours=$(identify -format %k "$pictures/window.png")
[ "$colours" -gt 100 ] || bad "the window shows $colours colours, which is no pack"
echo "resident: $(awk '/VmRSS/ {print $2, $3}' /proc/$program/status)"
kill -TERM $program
for _ in $(seq 100); do [ -e /proc/$program ] || break; sleep 0.1; done
kill $xvfb
ok "the window opens on a bare system and shows the demo pack ($pictures/window.png)"
