#!/usr/bin/env bash
# tools_run_test.sh ROOT SCRATCH: what tools/run gives the server, and what it tells of it. Build and server are stand-ins.
set -euo pipefail
root=$(realpath "$1")
scratch=$2
rm -rf "$scratch"
mkdir -p "$scratch"/{tools,path,elsewhere,build/release/bin}
cp "$root/tools/run" "$scratch/tools/run"
printf 'need() { :; }\nBUILD_PACKAGES=()\n' >"$scratch/tools/packages.sh"
printf '#!/bin/sh\nexit 0\n' >"$scratch/path/cmake"
printf '#!/bin/sh\necho "server in $PWD:" "$@"\n' >"$scratch/build/release/bin/plimsoll-server"
chmod +x "$scratch/path/cmake" "$scratch/build/release/bin/plimsoll-server"
cd "$scratch/elsewhere"
here=$PWD
printf '# port 1\nPort 7001\nmaxmemory 1mb\n' >my.conf
failed=0

# gives EXPECTED ARGUMENT...: the server's arguments
gives() {
  local expected="server in $here: $1" output
  shift
  output=$(PATH="$scratch/path:$PATH" "$scratch/tools/run" "$@" </dev/null | tail -n 1)
  [ "$output" = "$expected" ] || { echo "tools/run $*: '$output', not '$expected'"; failed=1; }
}

# tells TEXT ARGUMENT...
tells() {
  local text=$1 output
  shift
  output=$(PATH="$scratch/path:$PATH" "$scratch/tools/run" "$@" </dev/null)
  [[ $output == *"$text"* ]] || { echo "tools/run $* does not tell '$text'"; failed=1; }
}

gives '--bind 127.0.0.1 --port 6379'
gives '--bind 127.0.0.1 --port 6379 --port 7000 --maxmemory 1mb' --port 7000 --maxmemory 1mb
gives 'my.conf' my.conf
gives 'my.conf --port 7002' my.conf --port 7002
gives '-' -
gives '--help' --help
gives '-v' -v
tells 'plimsoll-cli -p 6379'
tells 'plimsoll-cli -p 7000' --port 7000
tells 'plimsoll-cli -p 7001' my.conf
tells 'plimsoll-cli -p 7002' my.conf --port 7002
tells 'plimsoll-bench run --server 127.0.0.1:7000' --port 7000
exit $failed
