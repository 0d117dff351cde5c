#!/usr/bin/env bash
# self_test.sh CHECKS SCRATCH: each check passes on a small sound tree and finds one violation put into it.
set -euo pipefail
checks=$(realpath "$1")
scratch=$2
failed=0

fresh_tree() {
  rm -rf "$scratch"
  mkdir -p "$scratch"/{allocator/include/zmalloc,kvstore/include/plimsoll,kvstore/table,server,tools/client/include/resp_client,tools/cli}
  cd "$scratch"
  echo '#include <cstddef>' >allocator/include/zmalloc/zm.h
  printf '#include <zmalloc/zm.h>\n#include "plimsoll/options.h"\n' >kvstore/include/plimsoll/store.h
  echo '#include <sys/types.h>' >kvstore/include/plimsoll/options.h
  echo 'struct Table {};' >kvstore/table/table.h
  printf '#include "table/table.h"\n#include "plimsoll/store.h"\nint pool_free(int);\nint f() { return pool_free(1); }  // not free(p)\n' >kvstore/engine.cc
  printf '#include <plimsoll/store.h>\n#include "main.h"\n' >server/main.cc
  echo 'int main();' >server/main.h
  echo 'struct Value {};' >tools/client/include/resp_client/connection.h
  printf '#include <resp_client/connection.h>\n#include <zmalloc/zm.h>\n' >tools/cli/main.cc
}

passes() {
  "$checks/$@" >/dev/null 2>&1 || { echo "refuses a sound tree: $*"; failed=1; }
}

# finds TEXT CHECK...: the check fails and its output has TEXT.
finds() {
  local text=$1 output
  shift
  if output=$("$checks/$@" 2>&1); then
    echo "overlooks a violation ($text): $*"
    failed=1
  elif [[ $output != *"$text"* ]]; then
    printf 'does not say "%s" but:\n%s\n' "$text" "$output"
    failed=1
  fi
}

fresh_tree
passes layers.sh .
passes no_malloc_calls.sh .
passes wording.sh .
passes file_lengths.sh .

echo '#include <plimsoll/store.h>' >>allocator/include/zmalloc/zm.h
finds "not below" layers.sh .
fresh_tree
echo '#include "table/table.h"' >>server/main.cc
finds "not a file of server" layers.sh .
fresh_tree
echo '#include <table/table.h>' >>server/main.cc
finds "private file of kvstore" layers.sh .
fresh_tree
echo '#include <resp_client/connection.h>' >>server/main.cc
finds "not below" layers.sh .
fresh_tree
echo '#include "../kvstore/table/table.h"' >>server/main.cc
finds "leads out of server" layers.sh .
fresh_tree
echo '#include <plimsoll/engine.h>' >>server/main.cc
finds "not a public header" layers.sh .
fresh_tree
echo '#include "../cli/main.cc"' >>tools/client/include/resp_client/connection.h
finds "leads out of tools/client" layers.sh .

for call in 'p = malloc(8);' 'std::free(p);' '::strdup(s);' 'x=realloc (p, 9);'; do
  fresh_tree
  echo "$call" >>kvstore/engine.cc
  finds "$call" no_malloc_calls.sh .
done

for text in "// TO""DO" "// FIX""ME: later" "TEST(A, DIS""ABLED_B)" "see /ho""me/me/notes" "in /wo""rk/tree"; do
  fresh_tree
  echo "$text" >>server/main.h
  finds "server/main.h:2" wording.sh .
done

fresh_tree
for ((i = 0; i < 601; ++i)); do echo "// $i"; done >server/long.cc
finds "server/long.cc has 601 lines" file_lengths.sh .
echo "server/long.cc one table of data" >allowed
passes file_lengths.sh . allowed
echo "server/long.cc" >allowed
finds "without a reason" file_lengths.sh . allowed
printf 'server/long.cc one table\nserver/main.cc another\n' >allowed
finds "server/main.cc is listed as long" file_lengths.sh . allowed

fresh_tree
mkdir examples
echo 'int main() {}' | tee examples/embedded.cc | { printf 'text\n```cpp\n'; cat; printf '```\n'; } >README.md
passes readme_example.sh .
echo 'int more;' >>examples/embedded.cc
finds "another program" readme_example.sh .

printf 'GET *\tthe reason\n' >differences
passes wire_differences.sh differences
for ((i = 0; i < 20; ++i)); do printf 'SET %d\tthe reason\n' "$i"; done >>differences
finds "21 lines" wire_differences.sh differences
printf 'GET *\n' >differences
finds "gives no reason" wire_differences.sh differences

entry() { printf '[{"directory": "/",\n  "command": "c++ -I%s -c %s",\n  "file": "%s"}]\n' "$PWD/$1" "$PWD/$2" "$PWD/$2"; }
entry kvstore/include server/main.cc >commands.json
passes include_directories.sh . commands.json
entry kvstore server/main.cc >commands.json
finds "server/main.cc is compiled with -Ikvstore" include_directories.sh . commands.json

exit $failed
