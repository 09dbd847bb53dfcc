#!/usr/bin/env bash
# The first way to a guest: Debian's user-mode Linux, a kernel that is a program. Runs code as fast
# as the machine and starts in two seconds. Called by tests/vcan.sh. Exit 75: cannot be had here.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || exit 75
flock 9
version=$(cat "$cache/uml.version" 2>/dev/null || true)
if [ -z "$version" ]; then
    say "fetching the package user-mode-linux (40 MB, once)"
    fetch user-mode-linux "$cache/uml" || exit 75
    # modprobe looks for lib/modules, the package has them elsewhere.
    mkdir -p "$cache/uml/lib"
    mv "$cache/uml/usr/lib/uml/modules" "$cache/uml/lib/modules"
    version=$(basename "$cache"/uml/lib/modules/*)
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$cache/uml" "$version"
    printf '%s\n' "$version" >"$cache/uml.version"
fi
flock -u 9

work=$(mktemp -d "$out/uml.XXXXXX")
job uml >"$work/job"
{
    echo '#!/bin/bash'
    echo 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin'
    echo 'mount -t proc proc /proc'
    modules "$cache/uml" "$version" overlay can-raw vcan | sed 's/^/insmod /'
    cat <<'I'
# The machine's files, with a layer in memory for what is written.
mount -t tmpfs memory /mnt
mkdir /mnt/above /mnt/work /mnt/root
root=/mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/above,workdir=/mnt/work files $root
mount -n --move /proc $root/proc
mount -t sysfs sys $root/sys
mount -t devtmpfs dev $root/dev
mkdir -p $root/dev/pts $root/dev/shm
mount -t devpts pts $root/dev/pts
for folder in /dev/shm /run; do mount -t tmpfs memory $root$folder; done
I
    # Only this folder is the machine's own.
    printf 'mkdir -p %q\n' "/mnt/root$out"
    printf 'mount -t hostfs -o %q none %q\n' "$out" "/mnt/root$out"
    cat <<'I'
ip link set lo up
for name in vcan0 vcan1; do
    ip link add dev $name type vcan
    ip link set $name mtu 72 up
done
I
    printf 'chroot /mnt/root /bin/bash %q\n' "$work/job"
    printf 'echo $? >%q\n' "/mnt/root$out/status"
    echo 'sync'
    echo 'busybox poweroff -f'
} >"$work/init"
chmod +x "$work/init"

# Processors with AMX need a hand (see there); others get along without a compiler too.
preload=""
if ! need cc gcc libc6-dev || ! cc -shared -fPIC -O2 -o "$work/xstate.so" "$here/vcan/xstate.c"; then
    say "no compiler for tests/vcan/xstate.c: going on without"
else
    preload=$work/xstate.so
fi
# On more than one processor of the machine a user-mode kernel is ten times slower.
processor=$(shuf -n 1 -i 0-$(($(nproc) - 1)))
timeout --kill-after=10 "$seconds" env LD_PRELOAD="$preload" \
    taskset -c "$processor" "$cache/uml/usr/bin/linux.uml" \
    mem=2048M rootfstype=hostfs rootflags=/ ro init="$work/init" quiet loglevel=3 \
    con=null con0=fd:0,fd:1 ssl=null </dev/null 2>"$work/errors" | tr -d '\r' || true
if [ ! -s "$out/status" ]; then
    tail -n 20 "$work/errors"
    exit 1
fi
