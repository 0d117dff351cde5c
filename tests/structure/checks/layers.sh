#!/usr/bin/env bash
# layers.sh ROOT: a part includes its own headers by "name" and, by <name>, only public headers (<part>/include/**) of itself and the
# parts below it: tools > server > kvstore > allocator. The folder tools/client is public to the other tools.
. "$(dirname "$0")/common.sh"
cd "$1"

declare -A public_root=([zmalloc]=allocator/include [plimsoll]=kvstore/include [resp_client]=tools/client/include)

# Which of those a part may use.
allowed_names() {
  case "$1" in
    allocator) echo "zmalloc" ;;
    kvstore | server | examples) echo "zmalloc plimsoll" ;;
    tools/*) echo "zmalloc plimsoll resp_client" ;;
  esac
}

# check_public FILE NAME ALLOWED: an include by <first/...> where `first` is a part's name.
check_public() {
  local file=$1 name=$2 first=${2%%/*}
  if [[ " $3 " != *" $first "* ]]; then
    report "$file: <$name> belongs to a part that is not below this one"
  elif [ ! -f "${public_root[$first]}/$name" ]; then
    report "$file: <$name> is not a public header"
  fi
}

# A system header, unless a part has a private file of that path.
check_system() {
  local file=$1 name=$2 folder
  [[ $name == */* ]] || return 0
  for folder in allocator allocator/src kvstore server tools tools/*/ tools/*/src; do
    [ ! -f "$folder/$name" ] || report "$file: <$name> is a private file of $folder"
  done
}

# check_own FILE NAME PART: a file of the part itself, found beside the including file or from one of the part's roots.
check_own() {
  local file=$1 name=$2 part=$3 folder found
  for folder in "${file%/*}" "$part" "$part/include" "$part/src"; do
    [ -f "$folder/$name" ] || continue
    found=$folder/$name
    [[ $name != *..* ]] || found=$(realpath --relative-to=. "$found")
    [[ $found == "$part"/* ]] || report "$file: \"$name\" leads out of $part"
    return 0
  done
  report "$file: \"$name\" is not a file of $part; public headers of other parts are included by <name>"
}

parts=(allocator kvstore server tools/*/ examples)
for part in "${parts[@]}"; do
  part=${part%/}
  [ -d "$part" ] || continue
  allowed=$(allowed_names "$part")
  while IFS=: read -r file include; do
    case "$include" in
      '<'*)
        name=${include#<}
        name=${name%>}
        if [[ -n ${public_root[${name%%/*}]:-} && $name == */* ]]; then
          check_public "$file" "$name" "$allowed"
        else
          check_system "$file" "$name"
        fi
        ;;
      '"'*)
        name=${include#\"}
        check_own "$file" "${name%\"}" "$part"
        ;;
    esac
  done < <(code_files "$part" | xargs -r grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*(<[^>]+>|"[^"]+")' |
    sed -E 's/:[[:space:]]*#[[:space:]]*include[[:space:]]*/:/')
done
finish "a part includes only public headers of the parts below it"
