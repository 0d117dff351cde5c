#include <stdio.h>
#include <string.h>
#include <zmalloc/zmalloc.h>

int main(void) {
  char *s = zstrdup("counted");
  size_t held = zmalloc_used_memory();
  printf("%s: %zu bytes over %s\n", s, held, zmalloc_backend_version());
  int counted = held == zmalloc_size(s) && strcmp(s, "counted") == 0;
  zfree(s);
  return counted && zmalloc_used_memory() == 0 ? 0 : 1;
}
