#!/usr/bin/env bash
# readme_example.sh ROOT: the program that README.md shows is examples/embedded.cc.
set -euo pipefail
root=$1
shown=$(sed -n '/^```cpp$/,/^```$/p' "$root/README.md" | sed '1d;$d')
diff <(printf '%s\n' "$shown") "$root/examples/embedded.cc" || { echo "README.md shows another program than examples/embedded.cc" >&2; exit 1; }
