#include <zmalloc/allocator.h>

#include <array>
#include <cstddef>
#include <new>

namespace zm {
namespace {

class TagResource final : public std::pmr::memory_resource {
 public:
  explicit TagResource(Tag tag) noexcept : tag_(tag) {}

  // Resources are placed in static storage and never deleted; naming the operator here keeps the virtual
  // destructor from referring to the global one.
  static void* operator new(std::size_t, void* place) noexcept { return place; }
  static void operator delete(void*) noexcept {}

 private:
  void* do_allocate(std::size_t n, std::size_t alignment) override {
    return alignment > backend::kAlignment ? zm::allocate_aligned(tag_, n, alignment) : zm::allocate(tag_, n);
  }

  void do_deallocate(void* p, std::size_t n, std::size_t alignment) override {
    if (alignment > backend::kAlignment) return zm::deallocate(tag_, p);
    zm::deallocate_requested(tag_, p, n);
  }

  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  Tag tag_;
};

// Never destroyed: containers of static storage may outlive any static object.
struct Resources {
  alignas(TagResource) std::array<std::byte, sizeof(TagResource) * kTagCount> storage;

  Resources() noexcept {
    for (std::size_t i = 0; i < kTagCount; ++i) new (at(i)) TagResource(static_cast<Tag>(i));
  }
  TagResource* at(std::size_t i) noexcept { return reinterpret_cast<TagResource*>(storage.data()) + i; }
};

}  // namespace

std::pmr::memory_resource* resource(Tag tag) noexcept {
  static Resources resources;
  return resources.at(static_cast<std::size_t>(tag));
}

}  // namespace zm
