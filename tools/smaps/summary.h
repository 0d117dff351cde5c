// The mappings of a process grouped by name.
#pragma once

#include <sys/types.h>
#include <zmalloc/process_memory.h>

#include <string>
#include <vector>

namespace plimsoll::smaps {

// All mappings of one name: the kernel's name for it, or "[anon]" where it has none.
struct Group {
  std::string name;
  std::size_t mappings = 0;
  zm::SmapsBytes bytes;
};

struct Summary {
  std::vector<Group> groups;
  Group total;  // name "total"
};

enum class Order { field, name, mappings };

// Returns 0 or an errno value: those of process_memory.h, and ENOMEM.
int summarize(pid_t pid, const char* proc_root, Summary* summary);

// By the field, largest first, or by name, or by the number of mappings, most first; names break ties.
// reversed turns the whole order round.
void sort_groups(Summary& summary, Order order, zm::SmapsField field, bool reversed);

}  // namespace plimsoll::smaps
