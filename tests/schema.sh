#!/usr/bin/env bash
# Runs Schemathesis, which makes requests out of the OpenAPI document, against a running
# `busbar serve --demo`: no fault of the server's own, no answer that the document does not tell, no
# body that does not fit its schema. Needs python3 with venv and, the first time, the Python package
# index; where something is missing it says so and ends with status 77.
#   BUSBAR=PROGRAM          the program to test; built where not given
#   BUSBAR_VENV=FOLDER      a virtual environment to use
#   BUSBAR_SEED=NUMBER      what the requests are made from; printed, random where not given
#   BUSBAR_EXAMPLES=NUMBER  requests a route, at most; 20 where not given
set -euo pipefail
cd "$(dirname "$0")/.."
# Schemathesis runs elsewhere, so that what it leaves behind does not stay here.
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
if [ -z "${BUSBAR:-}" ]; then
    cargo build --quiet --bin busbar
    BUSBAR=$target/debug/busbar
fi
venv=${BUSBAR_VENV:-$target/schema-venv}
if ! "$venv/bin/python" -c 'import schemathesis' 2> /dev/null; then
    python3 -m venv "$venv" || { echo "skipped: tests/schema.sh (no python3 with venv)"; exit 77; }
    "$venv/bin/pip" install --quiet 'schemathesis>=4,<5' || {
        echo "skipped: tests/schema.sh (schemathesis cannot be installed here)"
        exit 77
    }
fi

desk=$(mktemp -d)
server=""
clear_up() {
    if [ -n "$server" ]; then
        kill "$server" 2> /dev/null || true
        wait "$server" 2> /dev/null || true
    fi
    rm -rf "$desk"
}
trap clear_up EXIT
free_port() {
    "$venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
place=http://127.0.0.1:$(free_port)
data=$desk/data

printf %s "four dull words here" |
    "$BUSBAR" user add ada --permission administrator --password-stdin --data-dir "$data" > /dev/null
# Requests are mostly about small numbers: these accounts stand in front of the one that asks.
"$BUSBAR" serve --demo --listen "${place#http://}" --data-dir "$data" > "$desk/out" 2> "$desk/err" &
server=$!
"$venv/bin/python" - "$place" > "$desk/token" << 'PYTHON'
import json, sys, time, urllib.error, urllib.request

place = sys.argv[1] + "/api/v1"

def ask(path, token=None, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = "Bearer " + token
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(place + path, data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)

for attempt in range(100):
    try:
        ask("/health")
        break
    except (urllib.error.URLError, ConnectionError):
        time.sleep(0.1)
signed = ask("/session", None, {"username": "ada", "password": "four dull words here"})
ada = signed["token"]
for number in range(60):
    last = ask("/users", ada, {"name": f"robot {number}", "kind": "machine", "preset": "administrator"})
for number in range(60):
    made = ask("/tokens", ada, {"account": last["id"], "name": f"token {number}"})
print(made["token"], last["id"], made["id"])
PYTHON
read -r token own_account own_token < "$desk/token"

seed=${BUSBAR_SEED:-$RANDOM$RANDOM}
echo "seed $seed"
status=0
# What a schema cannot say (a password that is too common, a name that is taken) is refused with 422
# or 409: whether data that fits the schema is always taken is not asked.
# Whoever asks does not lock itself out.
cat > "$desk/hooks.py" << PYTHON
import schemathesis

OWN = {"/api/v1/users/{id}": $own_account, "/api/v1/tokens/{id}": $own_token}

# A profile pack: what is generated is none, and goes out as it is.
schemathesis.serializer.alias("application/zip", "application/octet-stream")

@schemathesis.hook
def before_call(context, case, kwargs):
    for path, own in OWN.items():
        if case.path.startswith(path) and str((case.path_parameters or {}).get("id")) == str(own):
            case.path_parameters["id"] = 999999
PYTHON
# DELETE of a charge stops it: the pack and how it stands are there as before. What is too long for an
# address is refused with 414, what is too large with 413, before anybody looks at it.
cat > "$desk/schemathesis.toml" << TOML
[checks]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 422, 428, 429, "5xx"]
[[operations]]
include-path = "/api/v1/packs/{id}/charge"
[operations.checks]
use_after_free.enabled = false
TOML
(cd "$desk" && SCHEMATHESIS_HOOKS=hooks "$venv/bin/schemathesis" run "$place/api/v1/openapi.json" \
    --header "Authorization: Bearer $token" \
    --checks all --exclude-checks positive_data_acceptance \
    --exclude-path /api/v1/live \
    --seed "$seed" --max-examples "${BUSBAR_EXAMPLES:-20}" --workers 2 \
    --request-timeout 30 --no-color) || status=$?
"$venv/bin/python" - "$place" "$token" << 'PYTHON' || { echo "the token was lost on the way: what came after it tested nothing"; status=1; }
import sys, urllib.request
request = urllib.request.Request(sys.argv[1] + "/api/v1/session")
request.add_header("Authorization", "Bearer " + sys.argv[2])
urllib.request.urlopen(request, timeout=30)
PYTHON
kill -0 "$server" 2> /dev/null || { echo "the server has ended:"; tail -5 "$desk/err"; status=1; }
if grep -E "panicked|ended by a panic" "$desk/err"; then status=1; fi
exit "$status"
