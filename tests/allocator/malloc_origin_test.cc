// malloc_origin_test LIBRARY: the program's malloc and operator new are those of LIBRARY. Some backends bring
// a malloc for the whole program that links them; which do is documented, and this looks.
#include <dlfcn.h>
#include <zmalloc/zm.h>

#include <cstdio>
#include <cstring>

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const char* library = arguments[1];
  void* p = zm::allocate(zm::Tag::other, 10);  // the backend is linked
  zm::deallocate(zm::Tag::other, p);
  bool good = true;
  for (const char* function : {"malloc", "free", "calloc", "realloc", "_Znwm", "_ZdlPv"}) {
    Dl_info from{};
    void* address = dlsym(RTLD_DEFAULT, function);
    const bool found = address != nullptr && dladdr(address, &from) != 0;
    if (found && std::strstr(from.dli_fname, library) != nullptr) continue;
    std::fprintf(stderr, "%s is from %s\n", function, found ? from.dli_fname : "nowhere");
    good = false;
  }
  return good ? 0 : 1;
}
