#!/usr/bin/env bash
# Tests on a real kernel CAN bus, on a machine whose kernel has none: starts a small guest kernel
# with vcan0 and vcan1 up and runs in it the bus tests of the library and the program itself, the
# window included, against candump and cansend.
#
#   tests/vcan.sh            builds what it needs and runs everything
#
#   VCAN_WAY=uml|qemu        only this way (otherwise user-mode Linux first, then QEMU)
#   VCAN_REQUIRED=1          exit 1 where no guest can be had (otherwise say so loudly and exit 77)
#   VCAN_SECONDS=1200        longest time for the guest
#   VCAN_OUT=DIR             keep logs and pictures here
#   VCAN_CARGO="ARGS"        features of the build, as for cargo
#   VCAN_BUSBAR=FILE         test this program instead of the one that cargo builds
#   VCAN_JOB=FILE            run this script in the guest instead of the tests, with VCAN_BUSBAR; nothing
#                            is built then
#   VCAN_PASS="NAME..."      variables that it is to have
#
# Needs apt-get (Debian, Ubuntu). As root it installs missing programs; the guest's kernel is only
# unpacked, into ${XDG_CACHE_HOME:-~/.cache}/busbar-vcan. Nothing of this machine is changed by the
# guest: it sees the file system read-only under a layer in memory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
checkout=$(dirname "$here")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/busbar-vcan
seconds=${VCAN_SECONDS:-1200}
export here checkout cache seconds
mkdir -p "$cache"
# One run at a time prepares the cache.
exec 9>"$cache/lock"

say() { printf 'vcan: %s\n' "$*"; }

no_guest() {
    printf '\n%s\n' '********************************************************************'
    printf '*** NOT TESTED on a kernel CAN bus: %s\n' "$*"
    printf '%s\n\n' '********************************************************************'
    if [ "${VCAN_REQUIRED:-0}" = 1 ]; then exit 1; fi
    # What .ci/run counts as skipped.
    exit 77
}

# need PROGRAM PACKAGE...: sees to it that the program is there.
need() {
    local program=$1
    shift
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null && return 0
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" != 0 ]; then
        say "missing: $program (apt-get install $*)"
        return 1
    fi
    say "installing $*"
    apt_refresh
    DEBIAN_FRONTEND=noninteractive timeout 300 apt-get install -qq -y --no-install-recommends \
        --allow-downgrades "$@" >>"$cache/apt.log" 2>&1 || return 1
    PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null
}

# The list of packages, fetched once a run and only when something has to be fetched.
apt_refresh() {
    [ -z "${apt_refreshed:-}" ] || return 0
    apt_refreshed=1
    [ "$(id -u)" != 0 ] || timeout 120 apt-get update -qq >>"$cache/apt.log" 2>&1 || true
}

# fetch PACKAGE FOLDER: unpacks a package into a folder without installing it.
fetch() {
    local package=$1 folder=$2 download
    download=$(mktemp -d "$cache/download.XXXXXX")
    if ! (cd "$download" && timeout 300 apt-get download -q "$package") >>"$cache/apt.log" 2>&1; then
        apt_refresh
        (cd "$download" && timeout 300 apt-get download -q "$package") >>"$cache/apt.log" 2>&1 || {
            rm -rf "$download"
            return 1
        }
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    dpkg -x "$download"/*.deb "$folder" && rm -rf "$download"
}

# The guest's modules in the order in which they are loaded. $1: folder with lib/modules, $2: version.
modules() {
    local folder=$1 version=$2
    shift 2
    for module in "$@"; do
        PATH=$PATH:/usr/sbin:/sbin modprobe -d "$folder" -S "$version" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# What both ways run once the guest's file system stands: prints the script.
job() {
    printf 'exec </dev/null\ntouch %q\ncd %q\n' "$out/begun" "$checkout"
    printf 'export PATH=%q HOME=/root LANG=C.UTF-8\n' "$PATH:/usr/sbin:/sbin"
    printf 'export BUSBAR_VCAN=vcan0 BUSBAR_GUEST=%q\n' "$1"
    printf 'export TEST_BINARY=%q BUSBAR=%q OUT=%q checkout=%q\n' "$test_binary" "$busbar" "$out" "$checkout"
    local name
    for name in ${VCAN_PASS:-}; do printf 'export %s=%q\n' "$name" "${!name}"; done
    printf 'bash %q\n' "${VCAN_JOB:-$here/vcan/guest.sh}"
}
export -f say need fetch modules job apt_refresh

cd "$checkout"
if [ -n "${VCAN_JOB:-}" ]; then
    test_binary="" busbar=${VCAN_BUSBAR:?the program for the script}
else
    say "building"
    read -ra features <<<"${VCAN_CARGO:-}"
    # Exactly what "cargo test" builds: the tests of the library, and the program for those of tests/it.
    messages=$(cargo test --no-run --lib --test it --message-format=json "${features[@]}" \
        2>"$cache/build.log") || {
        tail -n 60 "$cache/build.log"
        exit 1
    }
    # built KIND: the executable that cargo made of the target of this kind.
    built() { sed -n "/\"kind\":\[\"$1\"\]/s/.*\"executable\":\"\([^\"]*\)\".*/\1/p" <<<"$messages" | tail -n 1; }
    test_binary=$(built lib)
    busbar=${VCAN_BUSBAR:-$(built bin)}
    [ -x "$test_binary" ] && [ -x "$busbar" ] || {
        say "no program to test: cargo made '$test_binary' and '$busbar'"
        exit 1
    }
fi

if [ -n "${VCAN_OUT:-}" ]; then
    mkdir -p "$VCAN_OUT"
    out=$(cd "$VCAN_OUT" && pwd)
else
    out=$(mktemp -d "${TMPDIR:-/tmp}/busbar-vcan.XXXXXX")
    trap 'rm -rf "$out"' EXIT
fi
rm -f "$out/status"
export test_binary busbar out

[ "$(uname -s)" = Linux ] || no_guest "this is not Linux"
need modprobe kmod || no_guest "modprobe is missing (package kmod)"
need ip iproute2 || no_guest "ip is missing (package iproute2)"
need busybox busybox-static || no_guest "busybox is missing (package busybox-static)"
need candump can-utils || no_guest "candump is missing (package can-utils)"
# The window is tested where these can be had; the guest says when it goes without.
[ -n "${VCAN_JOB:-}" ] || { need Xvfb xvfb && need import imagemagick && need xdotool xdotool; } || true

refused=""
for way in ${VCAN_WAY:-uml qemu}; do
    say "guest: $way"
    started=$(date +%s)
    status=0
    rm -f "$out/begun"
    bash "$here/vcan/$way.sh" || status=$?
    if [ -s "$out/status" ]; then
        status=$(cat "$out/status")
        say "guest ended after $(($(date +%s) - started)) s with status $status"
        exit "$status"
    fi
    # 75: this way cannot be had here. Not begun: its kernel does not come up on this machine. Anything else
    # without a status: the guest died.
    if [ "$status" != 75 ] && [ ! -e "$out/begun" ]; then
        say "the kernel of the guest ($way) did not come up (exit $status)"
        refused=1
    elif [ "$status" != 75 ]; then
        say "the guest ($way) left no status (exit $status): it crashed or took longer than $seconds s"
        exit 1
    fi
done
# A kernel that is there and does not come up is no reason to skip.
[ -z "$refused" ] || exit 1
no_guest "no guest kernel could be had (packages user-mode-linux and linux-image-amd64 with
***   qemu-system-x86; see $cache/apt.log)"
