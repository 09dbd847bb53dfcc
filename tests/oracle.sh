#!/usr/bin/env bash
# Compares `busbar decode` with cantools, an independent decoder, on the shared DBC files and
# recordings. Needs python3 with venv and, the first time, the Python package index.
#   BUSBAR=PROGRAM          the program to test; built where not given
#   BUSBAR_SHARED=FOLDER    the folder that holds data/; ../shared where not given
#   BUSBAR_VENV=FOLDER      a virtual environment to use
set -euo pipefail
cd "$(dirname "$0")/.."
data=${BUSBAR_SHARED:-../shared}/data
[ -d "$data/dbc" ] || { echo "skipped: tests/oracle.sh (no shared folder)"; exit 0; }
target=${CARGO_TARGET_DIR:-target}
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --no-default-features --bin busbar
    BUSBAR=$target/debug/busbar
fi
venv=${BUSBAR_VENV:-$target/oracle-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
if ! "$venv/bin/python" -c 'import cantools' 2> /dev/null; then
    "$venv/bin/pip" install --quiet cantools || {
        echo "NOT RUN: tests/oracle.sh: cantools cannot be installed here" >&2
        exit 0
    }
fi
exec "$venv/bin/python" tests/oracle/decode.py "$BUSBAR" "$data"
