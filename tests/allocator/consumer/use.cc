#include <zmalloc/allocator.h>
#include <zmalloc/process_memory.h>
#include <zmalloc/region.h>

#include <cstdio>
#include <memory>

int main() {
  const std::size_t other = zm::tag_bytes(zm::Tag::other);
  auto plain = std::make_unique<char[]>(1000);
  zm::vector<int, zm::Tag::list> numbers(1000);
  std::uint64_t resident = 0;
  const bool counted = zm::tag_bytes(zm::Tag::other) >= other + 1000 &&
                       zm::tag_bytes(zm::Tag::list) >= 4000 && zm::read_resident(-1, &resident) == 0 &&
                       resident > 0;
  std::printf("%zu bytes used, %llu resident\n", zm::used_memory(),
              static_cast<unsigned long long>(resident));
  return counted ? 0 : 1;
}
