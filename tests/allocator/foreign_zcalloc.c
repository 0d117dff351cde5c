/* A function of the name and kind that zlib exports when linked statically. */
#include <stdlib.h>

static int calls = 0;

void *zcalloc(void *opaque, unsigned items, unsigned size);
void *zcalloc(void *opaque, unsigned items, unsigned size) {
  (void)opaque;
  ++calls;
  return calloc(items, size);
}

int foreign_zcalloc_calls(void);
int foreign_zcalloc_calls(void) { return calls; }

void *call_foreign_zcalloc(unsigned items, unsigned size);
void *call_foreign_zcalloc(unsigned items, unsigned size) { return zcalloc(NULL, items, size); }
