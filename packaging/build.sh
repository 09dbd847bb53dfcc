#!/usr/bin/env bash
# Makes the packages out of this checkout: for the desktop (`busbar`) and for the listener alone
# (`busbar-server`, without the window and what it needs), each as .deb, .rpm and tarball.
#
#   packaging/build.sh            all of it; the packages are in target/package/out
#   BUSBAR_PROFILE=release        builds faster, and larger programs
#   BUSBAR_BUILT=FOLDER           takes FOLDER/desktop/busbar and FOLDER/server/busbar instead of building
#
# Needs Rust, a C compiler and python3, dpkg-dev for the .deb's dependencies, and the registry for cargo-deb
# and cargo-generate-rpm where they are not installed.
#
# The same checkout gives the same bytes: times are those of the last commit (SOURCE_DATE_EPOCH), orders
# are fixed, paths of the machine are taken out of the programs, and it is looked that they are.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
here=$(pwd -P)
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
profile=${BUSBAR_PROFILE:-dist}
home=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")
# Here whatever the target folder is: the list of files in Cargo.toml names these places.
stage=target/package
rm -rf "$stage"
mkdir -p "$stage"/{desktop,server,man,completions,doc,debian,out}

# The target folder last: it may lie in the checkout, and the last that fits counts.
mapped() { printf '%s=%s=/busbar %s=%s=/cargo %s=%s=/busbar/target' "$1" "$here" "$1" "$home" "$1" "$target"; }

# How the programs are made smaller: calls are inlined where that costs little code, functions of the same
# code are one, and what the loader has to move is listed in a tenth of the room. The linker that Rust brings
# on this machine does the latter two.
small="-Cllvm-args=-inline-threshold=40"
[ "$(uname -sm)" != "Linux x86_64" ] || small="$small -Clink-arg=-Wl,--icf=all -Clink-arg=-Wl,-z,pack-relative-relocs"

# program NAME FEATURES: builds one program and puts it aside.
program() {
    if [ -n "${BUSBAR_BUILT:-}" ]; then
        install -m755 "$BUSBAR_BUILT/$1/busbar" "$stage/$1/busbar"
    else
        RUSTFLAGS="${RUSTFLAGS:-} $small $(mapped --remap-path-prefix)" CFLAGS="${CFLAGS:-} $(mapped -ffile-prefix-map)" \
            cargo build --profile "$profile" --locked --bin busbar --no-default-features --features "$2"
        install -m755 "$target/$profile/busbar" "$stage/$1/busbar"
    fi
    local place
    for place in "$here" "$target" "$home"; do
        ! grep -qaF "$place/" "$stage/$1/busbar" || {
            echo "build.sh: the program names $place, a folder of this machine" >&2
            exit 1
        }
    done
}
program server web,mail,socketcan
program desktop desktop,web,mail,socketcan

tool() {
    command -v "$1" >/dev/null || RUSTFLAGS="" CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --quiet --locked --root "$target/tools" "$1@$2"
}
PATH=$PATH:$target/tools/bin
tool cargo-deb 3.8.0
tool cargo-generate-rpm 0.21.1

busbar=$stage/desktop/busbar
"$busbar" manual "$stage/man"
"$busbar" completions bash > "$stage/completions/busbar.bash"
"$busbar" completions zsh > "$stage/completions/_busbar"
"$busbar" completions fish > "$stage/completions/busbar.fish"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$stage/doc"
mv "$stage/doc/CHANGELOG.md" "$stage/doc/changelog"
python3 packaging/licences.py --text > "$stage/doc/licences.txt"
cp packaging/linux/busbar-vcan.8 "$stage/busbar-vcan.8"
# A package of rpm keeps the times of its files.
cp -r packaging/linux "$stage/linux"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
maintainer=$(sed -n 's/^maintainer = "\(.*\)"/\1/p' Cargo.toml)
for name in busbar busbar-server; do
    mkdir "$stage/debian/$name"
    printf '%s (%s-1) unstable; urgency=medium\n\n  * What changed is in changelog.gz.\n\n -- %s  %s\n' \
        "$name" "$version" "$maintainer" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >"$stage/debian/$name/changelog.Debian"
done
gzip -9n "$stage"/man/*.1 "$stage/busbar-vcan.8" "$stage/doc/changelog" "$stage/doc/licences.txt" "$stage"/debian/*/changelog.Debian
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

machine=$(uname -m)
cargo deb --quiet --no-build --no-strip --output "$stage/out/"
cargo deb --quiet --no-build --no-strip --variant server --output "$stage/out/"
rpm() { cargo generate-rpm --payload-compress zstd --source-date "$SOURCE_DATE_EPOCH" --output "$stage/out/" "$@"; }
rpm
rpm --variant server

# The tarball runs where it is unpacked; `share` has the rest for whoever wants to put it in place.
for kind in desktop server; do
    name=busbar-$version-$machine
    [ $kind = desktop ] || name=busbar-server-$version-$machine
    root=$stage/tar/$name
    mkdir -p "$root/share"
    install -m755 "$stage/$kind/busbar" "$root/busbar"
    cp -r "$stage/man" "$stage/completions" "$root/share/"
    cp "$stage/busbar-vcan.8.gz" "$root/share/man/"
    cp "$stage"/doc/* packaging/linux/deb/copyright "$root/"
    cp packaging/linux/{busbar.service,busbar-vcan@.service,busbar.default,80-busbar-can.rules,81-busbar-slcan.rules,vcan-up} "$root/share/"
    if [ $kind = desktop ]; then
        cp -r packaging/linux/{busbar.desktop,icons,mime} "$root/share/"
    fi
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        -C "$stage/tar" -cf - "$name" | gzip -9n > "$stage/out/$name.tar.gz"
done
(cd "$stage/out" && sha256sum -- * > SHA256SUMS && cat SHA256SUMS && ls -l)
