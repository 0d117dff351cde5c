#!/usr/bin/env bash
# no_malloc_calls.sh ROOT: kvstore and server take memory from libzmalloc alone: no call of the C library's malloc family.
. "$(dirname "$0")/common.sh"
cd "$1"

family='malloc|calloc|realloc|reallocarray|free|cfree|strdup|strndup|aligned_alloc|posix_memalign|memalign|valloc|asprintf|vasprintf|getline|getdelim'
for part in kvstore server; do
  [ -d "$part" ] || continue
  # A name behind another identifier is a declaration of a function of that name; behind . or -> or a scope it is a member.
  while IFS= read -r line; do
    report "$line"
  done < <(code_files "$part" | xargs -r grep -HnE "(^|[^A-Za-z0-9_.>:]|std::|(^|[^A-Za-z0-9_>])::)($family)[[:space:]]*\(" |
    grep -vE '^[^:]+:[0-9]+:[[:space:]]*(//|\*)' |
    grep -vE "//.*($family)[[:space:]]*\(" || true)
done
finish "memory that is not counted"
