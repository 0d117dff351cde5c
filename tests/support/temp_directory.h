#pragma once

#include <string>

namespace plimsoll::test {

// A fresh directory under $TMPDIR (or /tmp), removed with everything in it when the object dies.
// The name is short, so that a unix socket inside it stays below the 108 bytes of sun_path.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace plimsoll::test
