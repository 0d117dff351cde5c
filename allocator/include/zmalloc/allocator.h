// Standard containers, pmr and owning pointers whose bytes are charged to a tag. Nothing here touches
// operator new.
#pragma once

#include <zmalloc/zm.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <set>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace zm {

// A stateless standard allocator: all instances of one tag are equal, of any T.
template <class T, Tag kTag>
struct allocator {
  using value_type = T;
  using is_always_equal = std::true_type;
  using propagate_on_container_move_assignment = std::true_type;

  // The tag is no type, so allocator_traits cannot rebind without help.
  template <class U>
  struct rebind {
    using other = allocator<U, kTag>;
  };

  allocator() noexcept = default;
  template <class U>
  allocator(const allocator<U, kTag>&) noexcept {}

  [[nodiscard]] T* allocate(std::size_t n) {
    if (n > std::numeric_limits<std::size_t>::max() / sizeof(T)) {
      refuse(kTag, std::numeric_limits<std::size_t>::max());
    }
    if constexpr (alignof(T) > backend::kAlignment) {
      return static_cast<T*>(zm::allocate_aligned(kTag, n * sizeof(T), alignof(T)));
    } else {
      return static_cast<T*>(zm::allocate(kTag, n * sizeof(T)));
    }
  }

  void deallocate(T* p, std::size_t n) noexcept {
    if constexpr (alignof(T) > backend::kAlignment) {
      zm::deallocate(kTag, p);
    } else {
      zm::deallocate_requested(kTag, p, n * sizeof(T));
    }
  }

  template <class U>
  bool operator==(const allocator<U, kTag>&) const noexcept {
    return true;
  }
};

template <Tag kTag>
using string = std::basic_string<char, std::char_traits<char>, allocator<char, kTag>>;

template <class T, Tag kTag>
using vector = std::vector<T, allocator<T, kTag>>;
template <class T, Tag kTag>
using deque = std::deque<T, allocator<T, kTag>>;
template <class T, Tag kTag>
using list = std::list<T, allocator<T, kTag>>;
template <class K, class V, Tag kTag, class Less = std::less<K>>
using map = std::map<K, V, Less, allocator<std::pair<const K, V>, kTag>>;
template <class K, Tag kTag, class Less = std::less<K>>
using set = std::set<K, Less, allocator<K, kTag>>;
template <class K, class V, Tag kTag, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
using unordered_map = std::unordered_map<K, V, Hash, Equal, allocator<std::pair<const K, V>, kTag>>;
template <class K, Tag kTag, class Hash = std::hash<K>, class Equal = std::equal_to<K>>
using unordered_set = std::unordered_set<K, Hash, Equal, allocator<K, kTag>>;

// std::hash is not specialized for strings with another allocator; this one hashes and compares any of them
// and string_view alike (transparent: no temporary string for a look-up).
struct string_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

template <class V, Tag kTag>
using string_map = unordered_map<string<kTag>, V, kTag, string_hash, std::equal_to<>>;

// The process-wide memory resource of a tag: never destroyed, equal only to itself. allocate() throws
// std::bad_alloc.
std::pmr::memory_resource* resource(Tag tag) noexcept;

// Destroys and frees what make_unique made. A polymorphic object may be deleted through a base with a virtual
// destructor; the block is found from the whole object.
template <class T, Tag kTag>
struct deleter {
  deleter() noexcept = default;
  template <class U, class = std::enable_if_t<std::is_convertible_v<U*, T*> &&
                                              (std::is_same_v<std::remove_cv_t<U>, std::remove_cv_t<T>> ||
                                               std::has_virtual_destructor_v<T>)>>
  deleter(const deleter<U, kTag>&) noexcept {}

  void operator()(T* object) const noexcept {
    void* block = const_cast<std::remove_cv_t<T>*>(object);
    if constexpr (std::is_polymorphic_v<T>)
      block = dynamic_cast<void*>(const_cast<std::remove_cv_t<T>*>(object));
    std::destroy_at(object);
    zm::deallocate(kTag, block);
  }
};

template <class T, Tag kTag>
using unique_ptr = std::unique_ptr<T, deleter<T, kTag>>;

template <class T, Tag kTag, class... Args>
unique_ptr<T, kTag> make_unique(Args&&... args) {
  static_assert(!std::is_array_v<T>, "use zm::vector for arrays");
  void* block = alignof(T) > backend::kAlignment ? zm::allocate_aligned(kTag, sizeof(T), alignof(T))
                                                 : zm::allocate(kTag, sizeof(T));
  if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
    return unique_ptr<T, kTag>(::new (block) T(std::forward<Args>(args)...));
  } else {
    try {
      return unique_ptr<T, kTag>(::new (block) T(std::forward<Args>(args)...));
    } catch (...) {
      zm::deallocate(kTag, block);
      throw;
    }
  }
}

// Base of classes with a virtual destructor: the compiler's deleting destructor then names these operators
// and not the global ones, so that a library of such classes refers to no operator new or delete. Objects are
// made one at a time, as aligned as their class asks; for arrays there is zm::vector.
template <Tag kTag>
struct counted {
  static void* operator new(std::size_t n) { return zm::allocate(kTag, n); }
  static void* operator new(std::size_t n, std::align_val_t alignment) {
    return zm::allocate_aligned(kTag, n, static_cast<std::size_t>(alignment));
  }
  static void* operator new(std::size_t, void* place) noexcept { return place; }
  static void operator delete(void* p) noexcept { zm::deallocate(kTag, p); }
  static void operator delete(void* p, std::align_val_t) noexcept { zm::deallocate(kTag, p); }
  static void operator delete(void*, void*) noexcept {}
  static void* operator new[](std::size_t) = delete;
  static void* operator new[](std::size_t, std::align_val_t) = delete;
};

}  // namespace zm
