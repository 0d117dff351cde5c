# Sourced by the checks. Each is called with the root of a source tree and prints one line for each violation.
set -euo pipefail
shopt -s nullglob globstar

violations=0
report() {
  printf '%s\n' "$1"
  violations=$((violations + 1))
}
finish() {
  [ "$violations" -eq 0 ] || { printf '%d violations: %s\n' "$violations" "$1" >&2; exit 1; }
}

# Every file that people write here: no build trees, no downloaded packages. Paths are relative to the current directory.
written_files() {
  find . \( -name .git -o -name build -o -name node_modules \) -prune -o -type f -print | sort
}

# The C and C++ files among the arguments' folders.
code_files() {
  find "$@" -type f \( -name '*.h' -o -name '*.cc' -o -name '*.c' -o -name '*.def' -o -name '*.in.h' \) | sort
}
