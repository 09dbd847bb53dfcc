#!/usr/bin/env bash
# Installs the packages of packaging/build.sh where nothing else is, and uses them: a bare Debian root for
# the listener, one for the desktop. What is checked is said as it goes; the first thing that is not so
# ends it with status 1. What this machine cannot do is said in a line that begins with "skipped:".
# Needs root, debootstrap and a Debian mirror for the better half of it.
#
#   packaging/test.sh             packages in target/package/out, built where they are missing
#   BUSBAR_PROFILE=release        builds them faster; see packaging/build.sh
#   PACKAGE_OUT=FOLDER            keeps the picture of the window there
#
# The bare root and the packages that it took are kept in the target folder for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
out=target/package/out
cache=$(realpath -m "${CARGO_TARGET_DIR:-target}")/bare
# What is aimed at, and what no program may be larger than until that is reached.
aim_bytes=$((25 * 1000 * 1000))
most_bytes=$((40 * 1000 * 1000))
profile=${BUSBAR_PROFILE:-dist}
pictures=${PACKAGE_OUT:-target/package}

ok() { printf 'ok: %s\n' "$*"; }
bad() { printf 'NOT OK: %s\n' "$*" >&2; exit 1; }
skip() { printf 'skipped: %s\n' "$*"; }
have() { command -v "$1" >/dev/null; }
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo -n"
# need PROGRAM PACKAGE: has it, or installs it where that is possible.
need() {
    have "$1" || ! have apt-get || timeout 300 $as_root apt-get -qq install -y --no-install-recommends "$2" >/dev/null 2>&1 || :
    have "$1"
}

compgen -G "$out/*.deb" >/dev/null || packaging/build.sh
desktop=$(ls "$out"/busbar_*.deb)
server=$(ls "$out"/busbar-server_*.deb)

# --- the files --------------------------------------------------------------------------------------
before=$(cat "$out/SHA256SUMS")
kept=$(mktemp -d)
cp -r target/package/desktop target/package/server "$kept/"
BUSBAR_BUILT=$kept packaging/build.sh >/dev/null
[ "$before" = "$(cat "$out/SHA256SUMS")" ] || bad "packing twice gives other bytes"
rm -rf "$kept"
ok "packing the same programs twice gives the same bytes"

for kind in desktop server; do
    size=$(stat -c %s "target/package/$kind/busbar")
    ok "the program of $kind has $size bytes"
    # What was built for speed of building is not what is handed out.
    [ "$profile" = dist ] || continue
    [ "$size" -le "$most_bytes" ] || bad "the program of $kind has $size bytes, more than $most_bytes"
    [ "$size" -le "$aim_bytes" ] || echo "missed: that is more than $aim_bytes, which is aimed at"
done
if need desktop-file-validate desktop-file-utils; then
    said=$(desktop-file-validate packaging/linux/busbar.desktop) && [ -z "$said" ] || bad "the desktop entry: $said"
    ok "the desktop entry is valid"
else skip "desktop-file-validate is not installed"; fi
if need lintian lintian; then
    # As root it would complain of that alone.
    lintian --allow-root --fail-on error --suppress-tags-from-file packaging/linux/lintian "$desktop" "$server" ||
        bad "lintian has errors"
    ok "lintian has no errors"
else skip "lintian is not installed"; fi
if need systemd-analyze systemd; then
    # From 10 to 49 of a hundred it is called "OK".
    said=$(systemd-analyze security --offline=true --threshold=49 packaging/linux/busbar.service) ||
        bad "the service is not sandboxed: $(tail -n 1 <<<"$said")"
    ok "the service is sandboxed:$(tail -n 1 <<<"$said" | tr -d '→')"
else skip "systemd-analyze is not installed"; fi
if need rpm rpm; then
    for package in "$out"/*.rpm; do
        listed=$(rpm -qp --nosignature --list "$package")
        grep -qx /usr/bin/busbar <<<"$listed" || bad "$package has no program"
        rpm -K --nosignature "$package" >/dev/null || bad "$package is broken"
    done
    ok "the .rpm packages are whole (installing them takes a machine with rpm as its own package manager)"
else skip "rpm is not installed"; fi

# --- a bare Debian ----------------------------------------------------------------------------------
[ "$(id -u)" = 0 ] || { skip "installing, which needs root"; exit 0; }
need debootstrap debootstrap || { skip "installing: debootstrap is not installed"; exit 0; }
roots=$(mktemp -d)
# Ends what still runs in the roots, and nothing else.
finish() {
    local proc
    for proc in /proc/[0-9]*; do
        case $(readlink "$proc/root" 2>/dev/null) in "$roots"/*) kill -9 "${proc#/proc/}" 2>/dev/null || : ;; esac
    done
    [ -z "${xvfb:-}" ] || kill "$xvfb" 2>/dev/null || :
    mountpoint -q "$roots/server/proc" && umount "$roots/server/proc"
    mountpoint -q "$roots/desktop/proc" && umount "$roots/desktop/proc"
    rm -rf --one-file-system "$roots"
}
trap finish EXIT
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
if [ ! -e "$cache/$suite.tar" ]; then
    # The mirror may be one that only this machine knows how to reach.
    mirror=$(apt-cache policy libc6 2>/dev/null | grep -oE 'https?://[^ ]+' | head -n 1 || :)
    mkdir -p "$cache/archives"
    debootstrap --variant=minbase "$suite" "$roots/bare" "${mirror:-http://deb.debian.org/debian}" >"$roots/log" 2>&1 ||
        { tail -n 3 "$roots/log"; skip "installing: no bare Debian could be had"; exit 0; }
    rm -f "$roots"/bare/var/cache/apt/archives/*.deb
    for file in $(grep -lE 'Proxy|Check-' /etc/apt/apt.conf /etc/apt/apt.conf.d/* 2>/dev/null) /etc/resolv.conf; do
        [ ! -e "$file" ] || install -D "$file" "$roots/bare$file"
    done
    tar -C "$roots/bare" -cf "$cache/$suite.part" . && mv "$cache/$suite.part" "$cache/$suite.tar"
    rm -rf --one-file-system "$roots/bare"
fi
ok "a bare Debian ($suite)"

# in_root ROOT COMMAND...: runs it there.
in_root() {
    chroot "$roots/$1" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive "${@:2}"
}
# fresh ROOT PACKAGE: a bare root with the package in it, not installed yet.
fresh() {
    mkdir "$roots/$1"
    tar -C "$roots/$1" -xf "$cache/$suite.tar"
    mount -t proc proc "$roots/$1/proc"
    cp "$2" "$roots/$1/new.deb"
    cp "$cache"/archives/*.deb "$roots/$1/var/cache/apt/archives/" 2>/dev/null || :
    in_root "$1" apt-get -qq update >"$roots/log" 2>&1 || { cat "$roots/log"; bad "apt-get update fails in a bare Debian"; }
}
put_in() {
    in_root "$1" apt-get -qq install -y --no-install-recommends "$2" >"$roots/log" 2>&1 ||
        { tail -n 20 "$roots/log"; bad "$2 does not install in $1"; }
    cp -u "$roots/$1"/var/cache/apt/archives/*.deb "$cache/archives/" 2>/dev/null || :
}

# --- the listener alone -----------------------------------------------------------------------------
fresh server "$server"
# The same package as an earlier version, so that there is something to upgrade.
dpkg-deb -R "$server" "$roots/old"
sed -i 's/^Version: .*/Version: 0.0.1-1/' "$roots/old/DEBIAN/control"
dpkg-deb --root-owner-group -b "$roots/old" "$roots/server/old.deb" >/dev/null
put_in server /old.deb
ok "busbar-server installs with its dependencies"
needed=$(in_root server ldd /usr/bin/busbar)
! grep -iE 'x11|gl|wayland|xkb|not found' <<<"$needed" || bad "the listener needs more than it says"
unit=$roots/server/usr/lib/systemd/system
if have systemd-analyze; then
    # Nothing of it is installed on this machine, so that the paths of the programs are taken as given.
    mkdir "$roots/units"
    for file in busbar.service busbar-vcan@.service; do
        sed -E 's,^(Exec[A-Za-z]*=)[^ ]+,\1/bin/true,; /^Documentation=/d' "$unit/$file" >"$roots/units/$file"
    done
    said=$(systemd-analyze verify "$roots/units/busbar.service" "$roots/units/busbar-vcan@vcan0.service" 2>&1) &&
        ! grep -F "$roots" <<<"$said" || bad "the units: $said"
    ok "systemd understands the units"
fi

# What a person would write there; it has to outlive an upgrade.
port=18091
sed -i "s|^BUSBAR_OPTIONS=.*|BUSBAR_OPTIONS=\"--listen 127.0.0.1:$port --demo\"|" "$roots/server/etc/default/busbar"
as_busbar() {
    in_root server setpriv --reuid=busbar --regid=busbar --init-groups env HOME=/var/lib/busbar busbar \
        --data-dir /var/lib/busbar "$@"
}
# What the unit runs, as its user, with its environment and in its folder.
start() {
    local command user options
    user=$(sed -n 's/^User=//p' "$unit/busbar.service")
    in_root server install -d -o "$user" -g "$user" -m "$(sed -n 's/^StateDirectoryMode=//p' "$unit/busbar.service")" /var/lib/busbar
    options=$(. "$roots/server/etc/default/busbar" && echo "$BUSBAR_OPTIONS")
    command=$(sed -n 's/^ExecStart=//p' "$unit/busbar.service")
    command=${command/\$BUSBAR_OPTIONS/$options}
    # shellcheck disable=SC2086  # a command is a list of words
    (umask "$(sed -n 's/^UMask=//p' "$unit/busbar.service")" && exec chroot "$roots/server" /usr/bin/env -i \
        PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/busbar USER="$user" STATE_DIRECTORY=/var/lib/busbar \
        setpriv --reuid="$user" --regid="$user" --init-groups $command) >"$roots/serve.log" 2>&1 &
    service=$!
    for _ in $(seq 100); do
        ! curl -sfo "$roots/answer" "http://127.0.0.1:$port/health" || return 0
        [ -e "/proc/$service" ] || break
        sleep 0.2
    done
    cat "$roots/serve.log"
    bad "the service does not answer"
}
stop() {
    kill -TERM "$service"
    for _ in $(seq 100); do [ -e "/proc/$service" ] || return 0; sleep 0.2; done
    bad "the service does not end"
}
start
runs_as=$(stat -c %u "/proc/$service")
[ "$runs_as" = "$(stat -c %u "$roots/server/var/lib/busbar")" ] && [ "$runs_as" != 0 ] || bad "it runs as user $runs_as"
# It is made once the listener is open.
link=""
for _ in $(seq 100); do
    link=$(grep -oE 'http[^ ]*/set-up/[^ ]+' "$roots/serve.log" | head -n 1) && break
    sleep 0.2
done
[ -n "$link" ] || { cat "$roots/serve.log"; bad "no set-up link in the log"; }
said=$(curl -sf "$link") && grep -qi '<form' <<<"$said" || bad "the set-up link leads nowhere"
ok "the service starts as its own user, prints its set-up link to its log, and answers there"
echo "resident: $(awk '/VmRSS/ {print $2, $3}' "/proc/$service/status") with the demo and without a window"
stop
printf 'correct-horse-battery' | as_busbar user add ada --permission administrator --password-stdin >/dev/null
as_busbar profile list >"$roots/profiles-before"
put_in server /new.deb
said=$(in_root server dpkg-query -W -f '${Version}' busbar-server)
[ "$said" != 0.0.1-1 ] || bad "it was not upgraded"
accounts=$(as_busbar user list) && grep -q ada <<<"$accounts" || bad "an upgrade lost an account"
as_busbar profile list | diff "$roots/profiles-before" - || bad "an upgrade changed the profiles"
start
sleep 2
! grep -q '/set-up/' "$roots/serve.log" || bad "the upgraded service asks to be set up anew"
stop
ok "an upgrade from 0.0.1-1 to $said keeps accounts, profiles and the options of the service"
in_root server apt-get -qq remove -y busbar-server >/dev/null 2>&1
[ ! -e "$roots/server/usr/bin/busbar" ] || bad "removing left the program"
[ -s "$roots/server/var/lib/busbar/busbar.db" ] || bad "removing lost the data"
in_root server apt-get -qq purge -y busbar-server >/dev/null 2>&1
[ ! -e "$roots/server/var/lib/busbar" ] || bad "purging left the data"
[ ! -e "$roots/server/etc/default/busbar" ] || bad "purging left the settings"
ok "removing keeps the data, purging does not"
umount "$roots/server/proc"
rm -rf --one-file-system "$roots/server"

# --- the desktop --------------------------------------------------------------------------------------
need Xvfb xvfb && need xdotool xdotool && need import imagemagick ||
    { skip "the window: Xvfb, xdotool or ImageMagick is not installed"; exit 0; }
fresh desktop "$desktop"
display=:$((90 + RANDOM % 400))
# In front of a program: runs it in that root, as the very process that is started.
at=(chroot "$roots/desktop" /usr/bin/env -i PATH=/usr/bin:/bin HOME=/root "DISPLAY=127.0.0.1$display")

# The program by itself, without what it needs: it says what that is, and nothing else is missing then.
dpkg-deb -x "$roots/desktop/new.deb" "$roots/desktop/alone"
status=0
said=$("${at[@]}" /alone/usr/bin/busbar --demo 2>&1) || status=$?
[ "$status" = 2 ] || bad "without its libraries it ends with status $status: $said"
wanted=$(grep -oE 'apt-get install [^`]+' <<<"$said" | cut -d' ' -f3-)
[ -n "$wanted" ] || bad "without its libraries it does not say what to install: $said"
depends=$(dpkg-deb -f "$desktop" Depends)
for package in $wanted; do
    grep -qw -- "$package" <<<"$depends" || bad "it asks for $package, on which the package does not depend"
done
ok "without its libraries it names them: $wanted"

Xvfb "$display" -screen 0 1280x800x24 -noreset -nolisten unix -listen tcp -ac >"$roots/xvfb.log" 2>&1 &
xvfb=$!
on() { DISPLAY=127.0.0.1$display "$@"; }
for _ in $(seq 50); do ! on xdotool getmouselocation >/dev/null 2>&1 || break; sleep 0.1; done
# Pixels of the green and yellow tiles of the cell map, which no other part has.
tiles() {
    convert "$pictures/window.png" -alpha off -fuzz 14% -fill white -opaque '#9cc555' -opaque '#3fb682' \
        -opaque '#e2cd4a' -fill black +opaque white -format '%[fx:int(mean*w*h)]' info:
}
# window PROGRAM: opens it, waits for the cells of the demo, closes it.
window() {
    "${at[@]}" "$1" --demo >"$roots/window.log" 2>&1 &
    local program=$! found="" cells=0
    for _ in $(seq 200); do
        found=$(on xdotool search --onlyvisible --name '^Busbar' 2>/dev/null | head -n 1) && [ -n "$found" ] && break
        kill -0 $program 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$found" ] || { cat "$roots/window.log"; bad "$1 opens no window"; }
    for _ in $(seq 40); do
        sleep 0.5
        on import -window "$found" "$pictures/window.png"
        cells=$(tiles)
        [ "$cells" -le 10000 ] || break
    done
    [ "$cells" -gt 10000 ] || bad "$1 shows no cells of the demo pack: $cells pixels of them in $pictures/window.png"
    echo "title: $(on xdotool getwindowname "$found"); $cells pixels of cells; resident:" \
        "$(awk '/VmRSS/ {print $2, $3}' "/proc/$program/status")"
    kill -TERM $program || bad "$1 ended by itself: $(cat "$roots/window.log")"
    for _ in $(seq 100); do [ -e /proc/$program ] || return 0; sleep 0.1; done
    bad "$1 does not end"
}
# shellcheck disable=SC2086  # a list of packages
in_root desktop apt-get -qq install -y --no-install-recommends $wanted >"$roots/log" 2>&1 ||
    { tail -n 20 "$roots/log"; bad "what it asks for cannot be installed: $wanted"; }
window /alone/usr/bin/busbar
ok "with what it named, the window opens"
put_in desktop /new.deb
ok "busbar installs with its dependencies"
window busbar
ok "the installed window shows the demo pack ($pictures/window.png)"
listed=$(in_root desktop dpkg -L busbar)
for file in usr/share/applications/busbar.desktop usr/share/icons/hicolor/48x48/apps/busbar.png \
    usr/share/mime/packages/busbar.xml usr/share/man/man1/busbar-serve.1.gz \
    usr/share/bash-completion/completions/busbar usr/share/zsh/vendor-completions/_busbar \
    usr/share/fish/vendor_completions.d/busbar.fish usr/lib/udev/rules.d/81-busbar-slcan.rules \
    usr/lib/systemd/system/busbar-vcan@.service usr/sbin/busbar-vcan usr/share/doc/busbar/licences.txt.gz; do
    grep -qx "/$file" <<<"$listed" || bad "the package has no /$file"
done
ok "entry, icons, kinds of files, manual, completions, rules, units and licences are in place"

# One takes the place of the other: what is left of the first is purged, and the data belongs to the second.
cp "$server" "$roots/desktop/server.deb"
in_root desktop install -d -o busbar -g busbar -m 0700 /var/lib/busbar
in_root desktop touch /var/lib/busbar/kept
put_in desktop /server.deb
! in_root desktop dpkg-query -W -f '${Status}' busbar 2>/dev/null | grep -q ' installed$' || bad "both are installed"
in_root desktop dpkg --purge busbar >/dev/null 2>&1 || bad "what is left of the desktop package cannot be purged"
[ -e "$roots/desktop/var/lib/busbar/kept" ] || bad "purging the desktop package took the data of the listener"
in_root desktop getent passwd busbar >/dev/null || bad "purging the desktop package took the listener's user"
in_root desktop apt-get -qq purge -y busbar-server >/dev/null 2>&1
[ ! -e "$roots/desktop/var/lib/busbar" ] || bad "purging the last of both left the data"
ok "the listener takes the desktop's place, and purging what is left of that keeps the data"
