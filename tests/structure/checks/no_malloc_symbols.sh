#!/usr/bin/env bash
# no_malloc_symbols.sh ARCHIVE: no object of the archive refers to the C library's malloc family, whatever the source looks like.
. "$(dirname "$0")/common.sh"
[ -f "$1" ] || { echo "$1: no such archive" >&2; exit 2; }
symbols=$(nm --undefined-only --print-file-name "$1")
[ -n "$symbols" ] || { echo "$1: no symbols to judge" >&2; exit 2; }
while IFS= read -r line; do
  report "$line"
done < <(grep -E ' (malloc|calloc|realloc|reallocarray|free|strdup|__strdup|strndup|aligned_alloc|posix_memalign|memalign|valloc|asprintf|vasprintf|getline|getdelim)$' <<<"$symbols" || true)
finish "$1 takes memory that is not counted"
