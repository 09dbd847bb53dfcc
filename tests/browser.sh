#!/usr/bin/env bash
# Walks the pages in a real browser: set-up link, first administrator, live pack, users, a read-only
# colleague on a phone-sized page, permissions changed under an open page, profile packs and backups that
# go to another machine, accessibility by axe.
# Needs python3 with venv, Debian's chromium and, the first time, the Python package index; where
# something is missing it says so and ends with status 77.
#   BUSBAR=PROGRAM          the program to test; built where not given
#   BUSBAR_BROWSER=PROGRAM  the browser; looked for where not given
#   BUSBAR_VENV=FOLDER      a virtual environment to use
#   BUSBAR_SHOTS=FOLDER     keeps pictures of every page there
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
browser=${BUSBAR_BROWSER:-}
for name in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v "$name" || true)
done
[ -n "$browser" ] || { echo "skipped: tests/browser.sh (no chromium: apt-get install chromium)"; exit 77; }
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --bin busbar
    BUSBAR=$target/debug/busbar
fi
venv=${BUSBAR_VENV:-$target/browser-venv}
if ! "$venv/bin/python" -c 'import playwright, axe_playwright_python' 2> /dev/null; then
    python3 -m venv "$venv" || { echo "skipped: tests/browser.sh (no python3 with venv)"; exit 77; }
    "$venv/bin/pip" install --quiet playwright axe-playwright-python || {
        echo "skipped: tests/browser.sh (playwright cannot be installed here)"
        exit 77
    }
fi
exec "$venv/bin/python" tests/browser/walk.py "$BUSBAR" "$browser"
