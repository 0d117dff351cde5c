// Holds a pthread mutex for a scope. Not std::mutex: these mutexes are constant-initialized and serve before
// the first and after the last of the program's own code.
#pragma once

#include <pthread.h>

namespace zm::detail {

class MutexLock {
 public:
  explicit MutexLock(pthread_mutex_t* mutex) noexcept : mutex_(mutex) { pthread_mutex_lock(mutex_); }
  ~MutexLock() { pthread_mutex_unlock(mutex_); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  pthread_mutex_t* mutex_;
};

}  // namespace zm::detail
