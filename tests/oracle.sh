#!/usr/bin/env bash
# Compares `busbar decode` with cantools, an independent decoder, on the shared DBC files and
# recordings, and `busbar convert` with python-can, an independent reader and writer of recordings; and puts
# busbar and python-can on one bus, each behind an slcan adapter on a pseudo-terminal.
# Needs python3 with venv and, the first time, the Python package index; where something is missing it
# says so and ends with status 77.
#   BUSBAR=PROGRAM          the program to test; built where not given
#   BUSBAR_SHARED=FOLDER    the folder that holds data/; ../shared where not given
#   BUSBAR_VENV=FOLDER      a virtual environment to use
set -euo pipefail
cd "$(dirname "$0")/.."
data=${BUSBAR_SHARED:-../shared}/data
[ -d "$data/dbc" ] || { echo "skipped: tests/oracle.sh (no shared folder)"; exit 77; }
target=${CARGO_TARGET_DIR:-target}
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --bin busbar
    BUSBAR=$target/debug/busbar
fi
venv=${BUSBAR_VENV:-$target/oracle-venv}
if ! "$venv/bin/python" -c 'import cantools, can, asammdf, serial' 2> /dev/null; then
    python3 -m venv "$venv" || { echo "skipped: tests/oracle.sh (no python3 with venv)"; exit 77; }
    "$venv/bin/pip" install --quiet cantools python-can asammdf pyserial || {
        echo "skipped: tests/oracle.sh (cantools, python-can and asammdf cannot be installed here)"
        exit 77
    }
fi
status=0
"$venv/bin/python" tests/oracle/decode.py "$BUSBAR" "$data" || status=1
"$venv/bin/python" tests/oracle/formats.py "$BUSBAR" "$data" || status=1
"$venv/bin/python" tests/oracle/adapters.py "$BUSBAR" || status=1
"$venv/bin/python" tests/oracle/dbc.py "$BUSBAR" "$data" || status=1
exit $status
