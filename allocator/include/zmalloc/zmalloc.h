/* zmalloc: the C interface, for C99 and C++.
 *
 * Every block is charged to a tag, the calls that name none to ZM_TAG_other, and refunded to the same tag;
 * zadopt moves a block's charge. Blocks of this interface and of the C++ one (zm.h) are the same and may be
 * freed by either.
 *
 * A request of 0 bytes gives a block distinct from all others; one of SIZE_MAX/2 bytes or more fails, as does
 * a product that overflows. A failed plain call runs the out-of-memory handler once, with the size asked for,
 * and returns NULL if the handler returns; a failed try call just returns NULL. All functions are
 * thread-safe.
 *
 * The symbols that reach the linker carry a prefix (zm_c_zmalloc, ...), so that a program may hold another
 * zcalloc, such as zlib's, beside this one. */
#ifndef ZMALLOC_ZMALLOC_H_
#define ZMALLOC_ZMALLOC_H_

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define ZM_NOEXCEPT noexcept
#else
#define ZM_NOEXCEPT
#endif

#define ZM_SYMBOL(name) __asm__("zm_c_" #name)
#define ZM_ALLOC_SIZE(position) __attribute__((alloc_size(position), warn_unused_result))
#define ZM_ALLOC_PRODUCT(a, b) __attribute__((alloc_size(a, b), warn_unused_result))
#define ZM_MALLOC __attribute__((malloc))
/* Calls that report a usable size carry no alloc_size: the compiler would hold the caller to what was asked
   for and fortified functions would stop a write to the rest. */
#define ZM_USABLE __attribute__((warn_unused_result))

typedef enum zm_tag {
#define ZM_TAG(name, group, description) ZM_TAG_##name,
#include <zmalloc/tags.def>
#undef ZM_TAG
  ZM_TAG_COUNT
} zm_tag;

/* Plain: the handler runs on failure. */
void* zmalloc(size_t n) ZM_NOEXCEPT ZM_SYMBOL(zmalloc) ZM_MALLOC ZM_ALLOC_SIZE(1);
void* zcalloc(size_t n) ZM_NOEXCEPT ZM_SYMBOL(zcalloc) ZM_MALLOC ZM_ALLOC_SIZE(1);
void* zcalloc_num(size_t count, size_t size) ZM_NOEXCEPT ZM_SYMBOL(zcalloc_num) ZM_MALLOC
    ZM_ALLOC_PRODUCT(1, 2);
/* p NULL allocates; n 0 frees p and returns NULL without the handler. On failure p stays valid and charged.
 */
void* zrealloc(void* p, size_t n) ZM_NOEXCEPT ZM_SYMBOL(zrealloc) ZM_ALLOC_SIZE(2);

/* Try: NULL on failure, no handler. */
void* ztrymalloc(size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztrymalloc) ZM_MALLOC ZM_ALLOC_SIZE(1);
void* ztrycalloc(size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztrycalloc) ZM_MALLOC ZM_ALLOC_SIZE(1);
void* ztrycalloc_num(size_t count, size_t size) ZM_NOEXCEPT ZM_SYMBOL(ztrycalloc_num)
    ZM_MALLOC ZM_ALLOC_PRODUCT(1, 2);
void* ztryrealloc(void* p, size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztryrealloc) ZM_ALLOC_SIZE(2);

/* The same, reporting the bytes the caller may use; *usable is 0 when NULL is returned. usable may be NULL.
 */
void* zmalloc_usable(size_t n, size_t* usable) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_usable) ZM_MALLOC ZM_USABLE;
void* zcalloc_usable(size_t n, size_t* usable) ZM_NOEXCEPT ZM_SYMBOL(zcalloc_usable) ZM_MALLOC ZM_USABLE;
void* zrealloc_usable(void* p, size_t n, size_t* usable) ZM_NOEXCEPT ZM_SYMBOL(zrealloc_usable) ZM_USABLE;
void* ztrymalloc_usable(size_t n, size_t* usable) ZM_NOEXCEPT
    ZM_SYMBOL(ztrymalloc_usable) ZM_MALLOC ZM_USABLE;
void* ztrycalloc_usable(size_t n, size_t* usable) ZM_NOEXCEPT
    ZM_SYMBOL(ztrycalloc_usable) ZM_MALLOC ZM_USABLE;
void* ztryrealloc_usable(void* p, size_t n, size_t* usable) ZM_NOEXCEPT
    ZM_SYMBOL(ztryrealloc_usable) ZM_USABLE;

/* For a block whose usable size was learnt later: returns p, of which the compiler now knows that size. */
void* zmalloc_extend_to_usable(void* p, size_t usable) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_extend_to_usable)
    ZM_ALLOC_SIZE(2);

/* NULL is allowed in all of these. */
void zfree(void* p) ZM_NOEXCEPT ZM_SYMBOL(zfree);
/* usable: exactly what a *_usable call reported or zmalloc_usable_size says. Saves a look-up. */
void zfree_with_size(void* p, size_t usable) ZM_NOEXCEPT ZM_SYMBOL(zfree_with_size);
/* Reports what the block's holder could use. */
void zfree_usable(void* p, size_t* usable) ZM_NOEXCEPT ZM_SYMBOL(zfree_usable);

/* Copies of a string, of at most n bytes of it; with the handler. */
char* zstrdup(const char* s) ZM_NOEXCEPT ZM_SYMBOL(zstrdup) ZM_MALLOC ZM_USABLE;
char* zstrndup(const char* s, size_t n) ZM_NOEXCEPT ZM_SYMBOL(zstrndup) ZM_MALLOC ZM_USABLE;

/* Bytes charged for p, and bytes its holder may use; they differ by the prefix on the libc-prefix backend. 0
 * for NULL. */
size_t zmalloc_size(const void* p) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_size);
size_t zmalloc_usable_size(const void* p) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_usable_size);

/* The calls above with a tag. A tag out of range counts as ZM_TAG_other. */
void* zmalloc_tagged(zm_tag tag, size_t n) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_tagged) ZM_MALLOC ZM_ALLOC_SIZE(2);
void* zcalloc_tagged(zm_tag tag, size_t n) ZM_NOEXCEPT ZM_SYMBOL(zcalloc_tagged) ZM_MALLOC ZM_ALLOC_SIZE(2);
void* zrealloc_tagged(zm_tag tag, void* p, size_t n) ZM_NOEXCEPT ZM_SYMBOL(zrealloc_tagged) ZM_ALLOC_SIZE(3);
void* ztrymalloc_tagged(zm_tag tag, size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztrymalloc_tagged) ZM_MALLOC
    ZM_ALLOC_SIZE(2);
void* ztrycalloc_tagged(zm_tag tag, size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztrycalloc_tagged) ZM_MALLOC
    ZM_ALLOC_SIZE(2);
void* ztryrealloc_tagged(zm_tag tag, void* p, size_t n) ZM_NOEXCEPT ZM_SYMBOL(ztryrealloc_tagged)
    ZM_ALLOC_SIZE(3);
void zfree_tagged(zm_tag tag, void* p) ZM_NOEXCEPT ZM_SYMBOL(zfree_tagged);
void zfree_with_size_tagged(zm_tag tag, void* p, size_t usable) ZM_NOEXCEPT ZM_SYMBOL(zfree_with_size_tagged);
/* The block's charge moves from one tag to the other. */
void zadopt(const void* p, zm_tag from, zm_tag to) ZM_NOEXCEPT ZM_SYMBOL(zadopt);

/* "client_input" and so on; NULL for a tag out of range. */
const char* zmalloc_tag_name(zm_tag tag) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_tag_name);
size_t zmalloc_tag_bytes(zm_tag tag) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_tag_bytes);

/* Bytes charged by all threads to all tags: exact at a quiescent moment, never below 0. */
size_t zmalloc_used_memory(void) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_used_memory);

/* NULL restores the default, which prints the size to standard error and aborts. The handler may be called by
   several threads at once. It may return or end the process; it must not throw. */
void zmalloc_set_oom_handler(void (*handler)(size_t n)) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_set_oom_handler);

/* Process memory, in bytes; process_memory.h tells more and distinguishes errors. */

/* Resident set size of this process; the used memory where the system does not tell. */
size_t zmalloc_get_rss(void) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_get_rss);
/* Sum of the lines of /proc/PID/smaps that start with the field, colon included: "Rss:". pid -1 is this
   process. 0 when the file cannot be read. */
size_t zmalloc_get_smap_bytes_by_field(const char* field, long pid) ZM_NOEXCEPT
    ZM_SYMBOL(zmalloc_get_smap_bytes_by_field);
size_t zmalloc_get_private_dirty(long pid) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_get_private_dirty);
/* Physical memory of the machine. */
size_t zmalloc_get_memory_size(void) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_get_memory_size);

/* Figures of the backend's whole heap, in bytes; those it does not keep are 0. Meanings: backend.h. */
typedef struct zmalloc_allocator_info {
  size_t allocated;
  size_t active;
  size_t resident;
  size_t retained;
  size_t muzzy;
  size_t dirty;
  size_t metadata;
  size_t small_fragmentation;
  size_t large_padding;
  size_t thread_caches;
  size_t foreign;
} zmalloc_allocator_info;
/* 1 when the backend keeps figures, 0 (and all zeros) when not. */
int zmalloc_get_allocator_info(zmalloc_allocator_info* info) ZM_NOEXCEPT
    ZM_SYMBOL(zmalloc_get_allocator_info);
/* "jemalloc-5.3.0" and so on. */
const char* zmalloc_backend_version(void) ZM_NOEXCEPT ZM_SYMBOL(zmalloc_backend_version);
/* Returns free pages to the kernel; 0 on success, -1 where the backend cannot. */
int jemalloc_purge(void) ZM_NOEXCEPT ZM_SYMBOL(jemalloc_purge);
/* Lets jemalloc purge from threads of its own; a no-op elsewhere. */
void set_jemalloc_bg_thread(int enable) ZM_NOEXCEPT ZM_SYMBOL(set_jemalloc_bg_thread);

/* For memory that a library took from the C library's malloc: free() itself, uncounted. */
void zlibc_free(void* p) ZM_NOEXCEPT ZM_SYMBOL(zlibc_free);
/* malloc_trim where the C library has it. */
void zlibc_trim(void) ZM_NOEXCEPT ZM_SYMBOL(zlibc_trim);
/* Tells the kernel that the whole pages inside a block will not be read again before they are written; the
   block stays allocated and charged and its bytes become undefined. */
void zmadvise_dontneed(void* p) ZM_NOEXCEPT ZM_SYMBOL(zmadvise_dontneed);

#ifdef __cplusplus
}
#endif

#endif /* ZMALLOC_ZMALLOC_H_ */
