#!/usr/bin/env bash
# Makes the packages out of this checkout: for the desktop (`busbar`) and for the listener alone
# (`busbar-server`, without the window and what it needs), each as .deb, .rpm and tarball.
#
#   packaging/build.sh            all of it; the packages are in target/package/out
#   BUSBAR_BUILT=FOLDER           takes FOLDER/desktop/busbar and FOLDER/server/busbar instead of building
#
# Needs Rust and a C compiler, dpkg-dev for the .deb's dependencies, and the registry for cargo-deb and
# cargo-generate-rpm where they are not installed.
#
# The same checkout gives the same bytes: times are those of the last commit (SOURCE_DATE_EPOCH), orders
# are fixed, paths of the machine are taken out of the programs.
set -euo pipefail
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH
target=${CARGO_TARGET_DIR:-target}
# Here whatever the target folder is: the list of files in Cargo.toml names these places.
stage=target/package
rm -rf "$stage"
mkdir -p "$stage"/{desktop,server,man,completions,doc,out}

# name FEATURES: builds one program and puts it aside.
program() {
    if [ -n "${BUSBAR_BUILT:-}" ]; then
        install -m755 "$BUSBAR_BUILT/$1/busbar" "$stage/$1/busbar"
        return
    fi
    local home=${CARGO_HOME:-$HOME/.cargo}
    RUSTFLAGS="${RUSTFLAGS:-} --remap-path-prefix=$PWD=/busbar --remap-path-prefix=$home=/cargo" \
        cargo build --release --locked --bin busbar --no-default-features --features "$2"
    install -m755 "$target/release/busbar" "$stage/$1/busbar"
}
program server web,mail,socketcan
program desktop desktop,web,mail,socketcan

tool() {
    command -v "$1" >/dev/null || [ -x "$target/tools/bin/$1" ] ||
        cargo install --quiet --locked --root "$target/tools" "$1@$2"
}
PATH=$PATH:$(realpath -m "$target/tools/bin")
tool cargo-deb 3.8.0
tool cargo-generate-rpm 0.21.1

busbar=$stage/desktop/busbar
"$busbar" manual "$stage/man"
"$busbar" completions bash > "$stage/completions/busbar.bash"
"$busbar" completions zsh > "$stage/completions/_busbar"
"$busbar" completions fish > "$stage/completions/busbar.fish"
cp README.md CHANGELOG.md LICENSE-MIT LICENSE-APACHE "$stage/doc"
cp packaging/linux/deb/copyright "$stage/doc/copyright"
mv "$stage/doc/CHANGELOG.md" "$stage/doc/changelog"
find assets/licences -type f -name '*.txt' | sort | xargs cat > "$stage/doc/licences.txt"
gzip -9n "$stage"/man/*.1 "$stage/doc/changelog" "$stage/doc/licences.txt"
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
machine=$(uname -m)
cargo deb --quiet --no-build --no-strip --output "$stage/out/"
cargo deb --quiet --no-build --no-strip --variant server --output "$stage/out/"
cargo generate-rpm --payload-compress zstd --source-date "$SOURCE_DATE_EPOCH" --output "$stage/out/"
cargo generate-rpm --payload-compress zstd --source-date "$SOURCE_DATE_EPOCH" --variant server --output "$stage/out/"

# The tarball runs where it is unpacked; `share` has the rest for whoever wants to put it in place.
for kind in desktop server; do
    name=busbar-$version-$machine
    [ $kind = desktop ] || name=busbar-server-$version-$machine
    root=$stage/tar/$name
    mkdir -p "$root/share"
    install -m755 "$stage/$kind/busbar" "$root/busbar"
    cp -r "$stage/man" "$stage/completions" "$root/share/"
    cp "$stage"/doc/* "$root/"
    cp packaging/linux/{busbar.service,busbar-vcan@.service,busbar.default,80-busbar-can.rules,81-busbar-slcan.rules,vcan-up} "$root/share/"
    if [ $kind = desktop ]; then
        cp -r packaging/linux/{busbar.desktop,icons,mime} "$root/share/"
    fi
    tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
        -C "$stage/tar" -cf - "$name" | gzip -9n > "$stage/out/$name.tar.gz"
done
(cd "$stage/out" && sha256sum -- * > SHA256SUMS && cat SHA256SUMS && ls -l)
