#!/usr/bin/env bash
# Decodes the same frames with C that cantools generates for each DBC file and with our codec, one
# after the other in one run, on one core. The last two columns are our frames grouped by message, as the
# index of a log has them.
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
line() {
    echo "$1 $2 $3" | awk '{
        near = 1e-9 * ($4 < 0 ? -$4 : $4)
        same = $4 - $7 <= near && $7 - $4 <= near
        printf "%-58s %8.1f %8.1f %8.1f %8.1f %7.2f %8.1f %7.2f%s\n", $1, $2/1e6, $5/1e6, $3/1e6, $6/1e6, $5/$2, $8/1e6, $8/$2, same ? "" : "  SUMS DIFFER " $4 " " $7 }'
}
# The warnings are those of generated code.
gcc="gcc $flags -w"
echo "gcc $flags; M frames/s and M signals/s on one core, best of 12 rounds, one after the other"
printf '%-58s %8s %8s %8s %8s %7s %8s %7s\n' file 'C fr' 'our fr' 'C sig' 'our sig' ratio 'by id' ratio
mapfile -t files < "$work/files"
parts=()
for dbc in "${files[@]}"; do
    name=$(basename "$dbc" .dbc)
    $gcc -o "$work/$name" "$work/$name.c"
    $gcc -DMIX -c -o "$work/$name.o" "$work/$name.c"
    parts+=("$work/$name.o")
    line "$name" "$("$work/$name" "$work/$name.frames")" \
        "$(BUSBAR_DBC=$dbc BUSBAR_FRAMES=$work/$name.frames "$ours")"
done
$gcc -o "$work/mix" "$work/mix_main.c" "${parts[@]}"
all=$(IFS=:; echo "${files[*]}")
for _ in 1 2 3; do
    line all-messages-of-all-files-in-random-order "$("$work/mix" "$work/mix.frames")" \
        "$(BUSBAR_DBC=$all BUSBAR_FRAMES=$work/mix.frames "$ours")"
done
