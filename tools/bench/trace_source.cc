#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#ifdef PLIMSOLL_BENCH_HAS_ZSTD
#include <zstd.h>
#endif

#include "error.h"
#include "trace.h"

namespace plimsoll::bench {
namespace {

class FileSource : public ByteSource {
 public:
  explicit FileSource(const std::string& path) : path_(path), file_(std::fopen(path.c_str(), "rb")) {
    if (file_ == nullptr) throw BenchError(with_errno("cannot read " + path, errno));
  }
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override { std::fclose(file_); }

  size_t read(char* into, size_t size) override {
    const size_t got = std::fread(into, 1, size, file_);
    if (got == 0 && std::ferror(file_)) throw BenchError(with_errno("cannot read " + path_, errno));
    return got;
  }

  // The first bytes, to be read again.
  std::string peek(size_t size) {
    std::string bytes(size, '\0');
    bytes.resize(read(bytes.data(), size));
    std::rewind(file_);
    return bytes;
  }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::FILE* file_;
};

#ifdef PLIMSOLL_BENCH_HAS_ZSTD
class ZstdSource : public ByteSource {
 public:
  explicit ZstdSource(std::unique_ptr<FileSource> file)
      : file_(std::move(file)),
        stream_(ZSTD_createDStream(), ZSTD_freeDStream),
        input_(ZSTD_DStreamInSize()) {
    if (stream_ == nullptr) throw BenchError("out of memory for zstd");
  }

  size_t read(char* into, size_t size) override {
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        in_ = {input_.data(), file_->read(input_.data(), input_.size()), 0};
        if (in_.size == 0 && in_frame_)
          throw BenchError(file_->path() + " ends in the middle of its zstd data");
        if (in_.size == 0) return 0;
      }
      const size_t status = ZSTD_decompressStream(stream_.get(), &out, &in_);
      if (ZSTD_isError(status)) throw BenchError(file_->path() + " is damaged: " + ZSTD_getErrorName(status));
      in_frame_ = status != 0;
    }
    return out.pos;
  }

 private:
  std::unique_ptr<FileSource> file_;
  std::unique_ptr<ZSTD_DStream, decltype(&ZSTD_freeDStream)> stream_;
  std::vector<char> input_;
  ZSTD_inBuffer in_{nullptr, 0, 0};
  bool in_frame_ = false;
};
#endif

}  // namespace

std::unique_ptr<ByteSource> open_source(const std::string& path) {
  auto file = std::make_unique<FileSource>(path);
  if (file->peek(4) != "\x28\xb5\x2f\xfd") return file;
#ifdef PLIMSOLL_BENCH_HAS_ZSTD
  return std::make_unique<ZstdSource>(std::move(file));
#else
  throw BenchError(
      path + " is compressed and this program was built without libzstd; decompress it: zstd -d " + path);
#endif
}

}  // namespace plimsoll::bench
