#!/usr/bin/env bash
# include_directories.sh ROOT COMPILE_COMMANDS: what the compiler is given as search directories lets a part find no more than
# layers.sh allows, so that no header is reached by another way.
. "$(dirname "$0")/common.sh"
root=$(realpath "$1")
commands=$2
[ -f "$commands" ] || { echo "$commands: no compilation database" >&2; exit 2; }

# Sets `allowed` to the directories, below the root, that a file may be compiled with.
allowed_directories() {
  case "$1" in
    allocator/*) allowed="allocator allocator/include allocator/src" ;;
    kvstore/*) allowed="kvstore kvstore/include allocator/include" ;;
    server/*) allowed="server kvstore/include allocator/include" ;;
    examples/*) allowed="kvstore/include allocator/include" ;;
    tools/*)
      local tool=${1#tools/}
      tool=tools/${tool%%/*}
      allowed="$tool $tool/src $tool/include tools/client/include kvstore/include allocator/include"
      ;;
    *) allowed="" ;;
  esac
}

# "file directory" lines of the database: a command stands before its file.
searched_directories() {
  awk '
    /"command": / {
      command = $0
    }
    /"file": / {
      file = $0
      sub(/.*"file": "/, "", file)
      sub(/".*/, "", file)
      print file
      rest = command
      while (match(rest, /(-I|-isystem )\/[^ "\\]+/)) {
        directory = substr(rest, RSTART, RLENGTH)
        sub(/^(-I|-isystem )/, "", directory)
        if (!seen[file, directory]++) print file, directory
        rest = substr(rest, RSTART + RLENGTH)
      }
    }' "$commands"
}

judged=0
declare -A real=()
while read -r file directory; do
  [[ $file == "$root"/* ]] || continue
  file=${file#"$root"/}
  allowed_directories "$file"
  [ -n "$allowed" ] || continue
  judged=$((judged + 1))
  [ -n "$directory" ] || continue
  [ -n "${real[$directory]:-}" ] || real[$directory]=$(realpath -m "$directory")
  directory=${real[$directory]}
  [[ $directory == "$root"/* && $directory != "$root"/build/* ]] || continue
  directory=${directory#"$root"/}
  [[ " $allowed " == *" $directory "* ]] || report "$file is compiled with -I$directory"
done < <(searched_directories)
[ "$judged" -gt 0 ] || { echo "$commands names no file of $root" >&2; exit 2; }
finish "search directories"
