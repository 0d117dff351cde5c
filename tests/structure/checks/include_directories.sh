#!/usr/bin/env bash
# include_directories.sh ROOT COMPILE_COMMANDS: what the compiler is given as search directories lets a part find no more than
# layers.sh allows, so that no header is reached by another way.
. "$(dirname "$0")/common.sh"
root=$(realpath "$1")
commands=$2
[ -f "$commands" ] || { echo "$commands: no compilation database" >&2; exit 2; }

# The directories, below the root, that a file may be compiled with.
allowed_directories() {
  case "$1" in
    allocator/*) echo "allocator allocator/include allocator/src" ;;
    kvstore/*) echo "kvstore kvstore/include allocator/include" ;;
    server/*) echo "server kvstore/include allocator/include" ;;
    examples/*) echo "kvstore/include allocator/include" ;;
    tools/*)
      local tool=${1#tools/}
      tool=tools/${tool%%/*}
      echo "$tool $tool/src $tool/include tools/client/include kvstore/include allocator/include"
      ;;
  esac
}

judged=0
command=""
while IFS= read -r line; do
  case "$line" in
    *'"command": '*) command=$line ;;
    *'"file": '*)
      file=${line#*\"file\": \"}
      file=${file%\"*}
      [[ $file == "$root"/* ]] || continue
      file=${file#"$root"/}
      allowed=$(allowed_directories "$file")
      [ -n "$allowed" ] || continue
      judged=$((judged + 1))
      while read -r directory; do
        directory=$(realpath -m "$directory")
        [[ $directory == "$root"/* && $directory != "$root"/build/* ]] || continue
        directory=${directory#"$root"/}
        [[ " $allowed " == *" $directory "* ]] || report "$file is compiled with -I$directory"
      done < <(grep -oE '(-I|-isystem )/[^ "\\]+' <<<"$command" | sed -E 's/^(-I|-isystem )//' | sort -u)
      ;;
  esac
done <"$commands"
[ "$judged" -gt 0 ] || { echo "$commands names no file of $root" >&2; exit 2; }
finish "search directories"
