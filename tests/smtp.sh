#!/usr/bin/env bash
# Sends invitations, resets and a report through real mail servers on loopback, plain and with STARTTLS. Needs
# openssl, python3 with venv and, the first time, the Python package index; where something is
# missing it says so and ends with status 77.
#   BUSBAR_VENV=FOLDER      a virtual environment to use
#   BUSBAR_FEATURES=LIST    features to build the tests with; the default ones where not given
set -euo pipefail
cd "$(dirname "$0")/.."
command -v openssl > /dev/null || { echo "skipped: tests/smtp.sh (no openssl)"; exit 77; }
target=${CARGO_TARGET_DIR:-target}
venv=${BUSBAR_VENV:-$target/smtp-venv}
if ! "$venv/bin/python" -c 'import aiosmtpd' 2> /dev/null; then
    python3 -m venv "$venv" || { echo "skipped: tests/smtp.sh (no python3 with venv)"; exit 77; }
    "$venv/bin/pip" install --quiet aiosmtpd || {
        echo "skipped: tests/smtp.sh (aiosmtpd cannot be installed here)"
        exit 77
    }
fi
features=()
[ -z "${BUSBAR_FEATURES:-}" ] || features=(--no-default-features --features "$BUSBAR_FEATURES")

folder=$(mktemp -d)
server=""
finish() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
mkdir "$folder/box"
# An authority of the test's own, and the server's certificate signed by it.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Busbar test authority" \
    -keyout "$folder/authority.key" -out "$folder/authority.pem" 2> /dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" \
    -keyout "$folder/server.key" -out "$folder/server.csr" 2> /dev/null
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' > "$folder/server.ext"
openssl x509 -req -in "$folder/server.csr" -CA "$folder/authority.pem" -CAkey "$folder/authority.key" \
    -CAcreateserial -days 2 -extfile "$folder/server.ext" -out "$folder/server.pem" 2> /dev/null

"$venv/bin/python" tests/smtp/servers.py "$folder/box" "$folder/server.pem" "$folder/server.key" \
    > "$folder/ports" &
server=$!
for _ in $(seq 100); do
    [ "$(wc -l < "$folder/ports")" -ge 2 ] && break
    kill -0 "$server" || { echo "the mail servers did not start"; exit 1; }
    sleep 0.1
done
{ read -r plain; read -r secured; } < "$folder/ports"

BUSBAR_SMTP_PLAIN=127.0.0.1:$plain \
BUSBAR_SMTP_STARTTLS=localhost:$secured \
BUSBAR_SMTP_BOX=$folder/box \
SSL_CERT_FILE=$folder/authority.pem \
    cargo test --test it "${features[@]}" -- accounts::mail --include-ignored
[ "$(ls "$folder/box" | grep -c '\.eml$')" = 3 ] || { echo "not three mails: $(ls "$folder/box")"; exit 1; }
echo "mail: an invitation and a report in the clear, a reset over STARTTLS, and none to a server without it"
