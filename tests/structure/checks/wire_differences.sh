#!/usr/bin/env bash
# wire_differences.sh FILE: at most 20 lines, each "pattern<TAB>reason".
. "$(dirname "$0")/common.sh"
[ -f "$1" ] || { echo "$1: no such file" >&2; exit 2; }
lines=0
while IFS= read -r line || [ -n "$line" ]; do
  lines=$((lines + 1))
  [[ $line == *$'\t'*[[:alpha:]]* ]] || report "line $lines gives no reason: $line"
done <"$1"
[ "$lines" -le 20 ] || report "$1 has $lines lines; 20 are allowed"
finish "known differences from Redis"
