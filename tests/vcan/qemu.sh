#!/usr/bin/env bash
# The second way to a guest: QEMU without help from the processor, with Debian's own kernel. Twenty
# times slower than user-mode Linux. Called by tests/vcan.sh. Exit 75: cannot be had here.
set -euo pipefail
[ "$(uname -m)" = x86_64 ] || exit 75
need qemu-system-x86_64 qemu-system-x86 || need qemu-system-x86_64 qemu-system-x86 qemu-utils/bookworm || exit 75
need cpio cpio || exit 75
flock 9
version=$(cat "$cache/qemu.version" 2>/dev/null || true)
if [ -z "$version" ]; then
    apt_refresh
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends:/ { print $2; exit }')
    [ -n "$package" ] || exit 75
    say "fetching the package $package (70 MB, once)"
    fetch "$package" "$cache/qemu" || exit 75
    version=$(basename "$cache"/qemu/lib/modules/*)
    PATH=$PATH:/usr/sbin:/sbin depmod -b "$cache/qemu" "$version"
    printf '%s\n' "$version" >"$cache/qemu.version"
fi
flock -u 9

work=$(mktemp -d "$out/qemu.XXXXXX")
job qemu >"$work/job"
tree=$work/tree
mkdir -p "$tree"/{bin,dev,proc,sys,modules,host,memory,root}
cp "$(command -v busybox)" "$tree/bin/busybox"
{
    cat <<'I'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
I
    number=100
    modules "$cache/qemu" "$version" virtio_pci virtio_rng 9pnet_virtio 9p overlay can-raw vcan |
        while read -r file; do
            number=$((number + 1))
            cp "$file" "$tree/modules/$number.ko"
            printf 'insmod /modules/%s.ko\n' "$number"
        done
    cat <<'I'
share=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o ro,cache=loose,$share files /host || poweroff -f
# The machine's files, with a layer in memory for what is written.
mount -t tmpfs memory /memory
mkdir /memory/above /memory/work
mount -t overlay -o lowerdir=/host,upperdir=/memory/above,workdir=/memory/work files /root
for folder in proc sys dev; do mount --move /$folder /root/$folder; done
mkdir -p /root/dev/pts /root/dev/shm
mount -t devpts pts /root/dev/pts
for folder in /dev/shm /run; do mount -t tmpfs memory /root$folder; done
I
    # Only this folder is the machine's own.
    printf 'mkdir -p %q\n' "/root$out"
    printf 'mount -t 9p -o $share out %q\n' "/root$out"
    cat <<'I'
ip link set lo up
for name in vcan0 vcan1; do
    ip link add dev $name type vcan
    ip link set $name mtu 72
    ip link set $name up
done
I
    printf 'chroot /root /bin/bash %q\n' "$work/job"
    printf 'echo $? >%q\n' "/root$out/status"
    echo 'sync'
    echo 'poweroff -f'
} >"$tree/init"
chmod +x "$tree/init"
(cd "$tree" && find . | cpio -o -H newc --quiet) >"$work/initrd"

timeout --kill-after=10 "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 \
    -nodefaults -no-user-config -display none -no-reboot -monitor none -serial stdio \
    -kernel "$cache/qemu/boot/vmlinuz-$version" -initrd "$work/initrd" \
    -append "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off random.trust_cpu=on" \
    -device virtio-rng-pci \
    -virtfs local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap \
    -virtfs "local,path=$out,mount_tag=out,security_model=none" </dev/null 2>"$work/errors" |
    tr -d '\r' || true
if [ ! -s "$out/status" ]; then
    tail -n 20 "$work/errors"
    exit 1
fi
