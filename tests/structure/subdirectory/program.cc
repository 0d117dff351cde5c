#include <plimsoll/store.h>

int main() {
  plimsoll::Store store;
  return store.size() == 0 ? 0 : 1;
}
