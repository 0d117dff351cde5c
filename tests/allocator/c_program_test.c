/* The C interface from a C program, with fortified string functions and a zcalloc of somebody else's beside ours. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmalloc/zmalloc.h>

int foreign_zcalloc_calls(void);
void *call_foreign_zcalloc(unsigned items, unsigned size);

#define CHECK(condition)                                                     \
  do {                                                                       \
    if (!(condition)) {                                                      \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);        \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

/* memset is checked against what the compiler knows of the block's size: writing all usable bytes must pass. */
static void fill_usable(void) {
  size_t usable = 0;
  char *p = zmalloc_usable(100, &usable);
  CHECK(p != NULL && usable >= 100);
  memset(p, 'x', usable);
  zfree_with_size(p, usable);
  char *q = zmalloc(100);
  usable = zmalloc_usable_size(q);
  q = zmalloc_extend_to_usable(q, usable);
  memset(q, 'y', usable);
  zfree(q);
}

static void two_zcallocs(void) {
  void *foreign = call_foreign_zcalloc(3, 5);
  CHECK(foreign_zcalloc_calls() == 1);
  free(foreign);
  char *ours = zcalloc(15);
  CHECK(foreign_zcalloc_calls() == 1);
  CHECK(ours[0] == 0 && ours[14] == 0);
  zfree(ours);
}

static size_t refused = 0;
static void remember(size_t n) { refused = n; }

int main(void) {
  size_t before = zmalloc_used_memory();
  fill_usable();
  two_zcallocs();
  char *s = zstrdup("from C");
  CHECK(strcmp(s, "from C") == 0);
  CHECK(zmalloc_used_memory() == before + zmalloc_size(s));
  zfree(s);
  int *numbers = zmalloc_tagged(ZM_TAG_set, 10 * sizeof(int));
  CHECK(zmalloc_tag_bytes(ZM_TAG_set) == zmalloc_size(numbers));
  zadopt(numbers, ZM_TAG_set, ZM_TAG_list);
  CHECK(zmalloc_tag_bytes(ZM_TAG_set) == 0);
  zfree_tagged(ZM_TAG_list, numbers);
  zmalloc_set_oom_handler(remember);
  volatile size_t too_large = (size_t)-1 / 2;
  CHECK(zmalloc(too_large) == NULL && refused == too_large);
  CHECK(zmalloc_get_rss() > 0);
  CHECK(zmalloc_used_memory() == before);
  return 0;
}
