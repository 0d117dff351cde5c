#!/bin/sh
# smaps_tool.sh PLIMSOLL_SMAPS DATA: the program on recorded files, on itself, and on what is wrong.
set -eu
tool=$1
data=$2

fail() {
  echo "smaps_tool.sh: $*" >&2
  exit 1
}

# Prints what the tool says to standard error; fails when it exits 0.
complaint() {
  if "$tool" "$@" 2>&1 >/dev/null; then fail "no error for: $*"; fi
}

expect() {
  [ "$1" = "$2" ] || fail "expected:
$2
got:
$1"
}

recorded() { "$tool" 100 --proc "$data/proc" "$@"; }

expect "$(recorded --field Rss,Pss_Anon --top 2)" "  Rss  Pss_Anon  Mappings  Name
 1.5M         -         1  [heap]
60.0K         -         1  [stack]
 1.7M         -        15  total"

expect "$("$tool" -f Rss -f Swap 100 --proc "$data/proc" -n 1 | head -n 1)" " Rss  Swap  Mappings  Name"

expect "$(recorded -f rss -b -s mappings -n 1 | tail -n +2)" "  16384         5  /usr/bin/python3.11
1757184        15  total"

expect "$(recorded -f rss -b -s name -n 1 | sed -n 2p | sed 's/.*  //')" "/srv/gone file (deleted)"
expect "$(recorded -f rss -b -s name -r | sed -n 2p | sed 's/.*  //')" "[vvar_vclock]"
expect "$(recorded -f rss --json -n 1)" '{"pid": 100, "mappings": [
  {"name": "[heap]", "mappings": 1, "Rss": 1609728}
], "total": {"name": "total", "mappings": 15, "Rss": 1757184}}'
expect "$(recorded -f Rss,Pss,rss --json -n 1 | sed -n 2p)" '  {"name": "[heap]", "mappings": 1, "Rss": 1609728, "Pss": 1609728}'
expect "$(recorded -f all,Rss -f all --json -n 1)" "$(recorded -f all --json -n 1)"
recorded -f all --json | grep -q '"name": "/srv/odd dir/new\\\\012line (x) file"' || fail "a backslash in a JSON name"
recorded -f all | head -n 1 | grep -q 'Size .*Locked' || fail "all fields"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/7"
printf '1000-2000 rw-p 0 00:00 0 /a"\033[2J\377\nRss: 4 kB\n' >"$scratch/7/smaps"
expect "$("$tool" 7 --proc "$scratch" -f rss | sed -n 2p)" "$(printf '4.0K         1  /a"\\033[2J\377')"
"$tool" 7 --proc "$scratch" -f rss --json | grep -qF '"name": "/a\"\u001b[2J\ufffd"' || fail "escapes in JSON"

"$tool" $$ --json | grep -q '"name": "\[heap\]"' || fail "a live process"

complaint 1073741824 | grep -q '/proc/1073741824/smaps: no such process' || fail "no such process"
complaint 100 --proc "$data" | grep -q 'no such process' || fail "missing directory"
mkdir "$scratch/8"
printf '' >"$scratch/8/smaps"
chmod 0 "$scratch/8/smaps"
if ! [ -r "$scratch/8/smaps" ]; then  # root may read it all the same
  expect "$(complaint 8 --proc "$scratch")" "plimsoll-smaps: $scratch/8/smaps: Permission denied"
fi
complaint | grep -q 'PID is required' || fail "no PID"
for pid in 0 -1 abc 99999999999 1x; do
  complaint "$pid" >/dev/null
done
complaint 100 --field Nonsense | grep -q "unknown field 'Nonsense'; there are: all Size" || fail "unknown field"
complaint 100 --sort Nonsense | grep -q "cannot sort by 'Nonsense'" || fail "unknown order"
complaint 100 --top -5 >/dev/null
# More names than memory: an error, no crash. (Some builds reserve more address space than this and do not start at all.)
small() { (ulimit -v 150000 && "$tool" "$@"); }
if small 100 --proc "$data/proc" >/dev/null 2>&1; then
  mkdir "$scratch/9"
  awk 'BEGIN { for (i = 0; i < 300000; ++i) printf "1000-2000 rw-p 0 00:00 0 /%0200d\nRss: 4 kB\n", i }' \
    >"$scratch/9/smaps"
  if small 9 --proc "$scratch" >/dev/null 2>"$scratch/error"; then fail "300000 names fitted"; fi
  grep -q '/9/smaps: Cannot allocate memory' "$scratch/error" || fail "out of memory: $(cat "$scratch/error")"
fi
if [ -c /dev/full ] && recorded >/dev/full; then fail "a full disk went unnoticed"; fi
