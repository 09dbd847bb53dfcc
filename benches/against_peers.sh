#!/usr/bin/env bash
# Reads and converts the same recordings with python-can, asammdf, can-utils, a Rust crate for BLF where
# there are such, and with us, in turn in one run, and prints a table with ratios; then what receiving
# and decoding a frame takes here and with python-can and cantools.
#   benches/against_peers.sh [FRAMES]     100,000 by default, about five minutes; ten million take hours
#                                         in Python, so that peers are given a tenth of what is above
#                                         a million
#   BUSBAR=PROGRAM          the program to measure; built as a release where not given
#   BUSBAR_RECEIVE=PROGRAM  the bench of receiving; built where not given
#   BUSBAR_VENV=FOLDER      a virtual environment to use
# Needs python3 with venv and the Python package index. can-utils (apt-get install can-utils) and cargo's
# registry are used where they are there, and missed by name where they are not.
set -euo pipefail
cd "$(dirname "$0")/.."
frames=${1:-100000}
target=${CARGO_TARGET_DIR:-target}
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --release --bin busbar
    BUSBAR=$target/release/busbar
fi
venv=${BUSBAR_VENV:-$target/oracle-venv}
if ! "$venv/bin/python" -c 'import cantools, can, asammdf' 2> /dev/null; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet cantools python-can asammdf
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Readers in Rust, where the registry has them.
rust=""
mkdir -p "$work/crate/src"
cat > "$work/crate/Cargo.toml" << 'TOML'
[package]
name = "peer"
version = "0.0.0"
edition = "2021"
[workspace]
[dependencies]
blf_asc = "0.2"
TOML
cat > "$work/crate/src/main.rs" << 'RUST'
fn main() {
    let path = std::env::args().nth(1).expect("a file");
    let frames = if path.ends_with(".blf") {
        blf_asc::BlfReader::open(&path).expect("it opens").count()
    } else {
        blf_asc::AscReader::open(&path).expect("it opens").count()
    };
    println!("{frames}");
}
RUST
if CARGO_TARGET_DIR="$work/crate/target" cargo build --quiet --release \
    --manifest-path "$work/crate/Cargo.toml" 2> "$work/crate.log"; then
    rust=$work/crate/target/release/peer
else
    echo "missed: the crate blf_asc: $(tail -n 1 "$work/crate.log")"
fi
command -v log2asc > /dev/null || echo "missed: can-utils (log2asc, asc2log): apt-get install can-utils"
echo "canplayer has a run of its own: benches/replay_in_guest.sh"
"$venv/bin/python" benches/against_peers.py "$BUSBAR" "$work" "$frames" "$rust"
# Receiving and decoding the same stream: ours is everything the engine does with a frame.
if [ -n "${BUSBAR_RECEIVE:-}" ]; then
    BUSBAR_SECONDS=5 "$BUSBAR_RECEIVE"
else
    BUSBAR_SECONDS=5 cargo bench --quiet --bench receive
fi
"$venv/bin/python" benches/receive_peer.py 100000
