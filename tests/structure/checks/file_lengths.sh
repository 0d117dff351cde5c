#!/usr/bin/env bash
# file_lengths.sh ROOT [ALLOWED]: no source file has more than 600 lines, but for those in the list ALLOWED, each a line
# "path reason". A listed file that is no longer so long is a violation too.
. "$(dirname "$0")/common.sh"
allowed_list=${2:-/dev/null}
allowed_list=$(realpath "$allowed_list")
cd "$1"
longest=600

declare -A allowed=()
while read -r path reason; do
  [[ -n $path && $path != '#'* ]] || continue
  [ -n "$reason" ] || report "$path is allowed to be long without a reason"
  allowed[$path]=1
done <"$allowed_list"

while read -r lines file; do
  file=${file#./}
  [ -n "${allowed[$file]:-}" ] || report "$file has $lines lines"
  unset "allowed[$file]"
done < <(written_files | grep -E '(\.(h|cc|c|def|cmake|sh|js|mjs|py)|/CMakeLists\.txt|/tools/[a-z]+|/\.ci/run)$' |
  tr '\n' '\0' | xargs -0 wc -l | awk -v longest="$longest" '$2 != "total" && $1 > longest')
for path in "${!allowed[@]}"; do report "$path is listed as long and is not"; done
finish "files of more than $longest lines"
