#!/usr/bin/env bash
# wording.sh ROOT: no marks of unfinished work, no switched-off tests, no path of somebody's machine in any file written here.
. "$(dirname "$0")/common.sh"
cd "$1"

# The brackets keep the patterns from finding themselves.
marks='(^|[^A-Za-z])(TO[D]O|FIX[M]E|XX[X]|HA[C]K)([^A-Za-z]|$)'
switched_off='DIS[A]BLED_'
paths='(^|[^A-Za-z0-9_.~/-])/([h]ome|[U]sers|[r]oot|[w]ork)/[A-Za-z0-9_.]'
while IFS= read -r line; do
  report "${line:0:200}"
done < <(written_files | grep -vE '/(package-lock\.json|LICENSE)$' | xargs grep -HInE "$marks|$switched_off|$paths" || true)
finish "unfinished work, switched-off tests or paths of one machine"
