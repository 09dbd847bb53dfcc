#!/usr/bin/env bash
# Puts every deliberate defect of tests/mutants/table.txt into a copy of the sources, one after the
# other, and says which test and which rule of the campaign notices it. Fails where nobody notices
# one, where one cannot be put in because the sources have moved on, and where the sources as they are
# are complained of already, and where the disk is full. All of them take about ten minutes on two
# cores and at most 600 MB.
#
# tests/mutants.sh                  all of them
# tests/mutants.sh 7 "stop said"    by number, or by a part of the name
# tests/mutants.sh --some 12        about so many, others with every commit
# tests/mutants.sh --list           what there is
# --runs N --jobs N --work FOLDER --table FILE   (see --help)
set -eu
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || { echo "skipped: there is no python3 to put the defects in"; exit 77; }
exec python3 tests/mutants/mutants.py "$@"
