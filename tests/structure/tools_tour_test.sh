#!/usr/bin/env bash
# tools_tour_test.sh ROOT BIN_DIRECTORY: the tour goes through to its end, and what it shows is so: keys went, and the limits held.
set -euo pipefail
root=$1
output=$("$root/tools/tour" "$2")
failed=0

# last FIELD: its last figure in the tour
last() { sed -n "s/^ *$1:\([0-9]*\).*/\1/p" <<<"$output" | tail -n 1; }
# holds CONDITION
holds() { (($1)) || { echo "not so: $2"; failed=1; }; }

limit=$(last maxmemory)
holds "$(last used_memory) > limit / 2 && $(last used_memory) <= limit + (1 << 20)" "used_memory is at the limit of $limit bytes"
holds "$(last evicted_keys) > 0" "keys were evicted"
holds "$(last keyspace_hits) > 0" "keys were found"
holds "$(last plimsoll_breakdown_dataset) > 0" "the breakdown is shown"
[[ $output == *"That is it."* ]] || { echo "the tour did not come to its end"; failed=1; }
[ $failed -eq 0 ] || printf '%s\n' "$output"
exit $failed
