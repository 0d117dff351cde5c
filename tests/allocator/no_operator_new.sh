#!/bin/sh
# no_operator_new.sh ARCHIVE: fails when an object of the archive refers to a global operator new or delete. A library
# whose archive passes leaves an embedder's operators alone, and counts every byte under a tag of its own.
set -eu
archive=$1
[ -f "$archive" ] || { echo "$archive: no such archive" >&2; exit 2; }
symbols=$(nm --undefined-only --print-file-name "$archive")
[ -n "$symbols" ] || { echo "$archive: no symbols to judge" >&2; exit 2; }
# Placement new (..mPv) allocates nothing and is inline.
found=$(printf '%s\n' "$symbols" | grep -E ' _Z(nw|na|dl|da)' | grep -vE ' _Z(nw|na)[mj]Pv$| _Z(dl|da)PvS_$' || true)
if [ -n "$found" ]; then
  echo "$archive refers to global operators:" >&2
  printf '%s\n' "$found" | c++filt >&2
  exit 1
fi
