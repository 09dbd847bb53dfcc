# The program itself on a kernel bus: part of guest.sh.
# shellcheck shell=bash
