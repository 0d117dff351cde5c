# Sourced by tools/run, tools/test and the CI: installs Debian packages that are missing, and says so.
# need PACKAGE...
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  local sudo=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "missing packages, and neither root nor sudo: ${missing[*]}" >&2; return 1; }
    sudo=sudo
  fi
  echo "Installing: ${missing[*]}"
  # Package installation must not start services: a redis-server of the system would hold port 6379.
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get update -q >/dev/null &&
    $sudo env RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null
}

# What the programs are built from.
BUILD_PACKAGES=(g++ cmake ninja-build pkg-config libasio-dev libjemalloc-dev libspdlog-dev libxxhash-dev libcli11-dev
                libedit-dev nlohmann-json3-dev libzstd-dev liburing-dev)
# What the tests need beyond that.
TEST_PACKAGES=(libgtest-dev libgmock-dev redis-server redis-tools libhiredis-dev libgoogle-perftools-dev libmimalloc-dev libbenchmark-dev
               binutils)
command -v npm >/dev/null || TEST_PACKAGES+=(nodejs npm)
# What tools/test --all needs beyond that.
ALL_PACKAGES=(clang libclang-rt-14-dev)
