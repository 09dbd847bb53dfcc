#!/usr/bin/env bash
# Decodes the same frames with C that cantools generates for each DBC file and with our codec, one
# after the other in one run, on one core.
#   benches/against_c.sh DBC...        CFLAGS="-O3 -march=native" by default
# Needs python3 with venv, the Python package index and gcc.
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || { echo "usage: benches/against_c.sh DBC..." >&2; exit 2; }
flags=${CFLAGS:--O3 -march=native}
venv=${BUSBAR_VENV:-target/oracle-venv}
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -c 'import cantools' 2>/dev/null || "$venv/bin/pip" -q install cantools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" benches/against_c.py "$work" "$@"
built=$(cargo bench --no-default-features --features testing --bench decode --no-run 2>&1)
ours=$(sed -n 's/.*Executable.*(\(.*\)).*/\1/p' <<< "$built")
[ -n "$ours" ] || { echo "$built" >&2; exit 1; }
echo "gcc $flags; M frames/s and M signals/s on one core, best of 12 rounds"
printf '%-36s %9s %9s %9s %9s %7s\n' file 'C fr' 'our fr' 'C sig' 'our sig' ratio
for dbc in "$@"; do
    name=$(basename "$dbc" .dbc)
    [ -f "$work/$name.c" ] || continue
    # The warnings are those of generated code.
    if ! gcc $flags -w -o "$work/$name" "$work/$name.c" 2> /dev/null; then
        echo "left out: $name: the C that cantools generates does not compile" >&2
        continue
    fi
    c=$("$work/$name" "$work/$name.frames")
    rust=$(BUSBAR_DBC="$dbc" BUSBAR_FRAMES="$work/$name.frames" "$ours")
    echo "$name $c $rust" | awk '{
        same = ($4 - $7) <= 1e-9 * ($4 < 0 ? -$4 : $4) && ($7 - $4) <= 1e-9 * ($4 < 0 ? -$4 : $4)
        printf "%-36s %9.1f %9.1f %9.1f %9.1f %7.2f%s\n", $1, $2/1e6, $5/1e6, $3/1e6, $6/1e6, $5/$2, same ? "" : "  SUMS DIFFER " $4 " " $7 }'
    echo "$c $rust" >> "$work/all"
done
awk '{ cf += 1/$1; of += 1/$4; cs += $2/$1; os += $5/$4; n++ } END {
    printf "%-36s %9.1f %9.1f %9.1f %9.1f %7.2f\n", "all files, the same number of frames", n/cf/1e6, n/of/1e6, cs/cf/1e6, os/of/1e6, cf/of }' "$work/all"
