// What faults.h says of a program that does not link zmalloc::faults. Nothing else may stand here: the linker
// takes this file out of the library only where faults.cc is not.
#include <zmalloc/faults.h>

namespace zm::faults {

bool linked() noexcept {
  return false;
}
void begin(Scope, const Plan&) noexcept {}
std::uint64_t refused(Scope) noexcept {
  return 0;
}
std::uint64_t end(Scope) noexcept {
  return 0;
}

}  // namespace zm::faults
