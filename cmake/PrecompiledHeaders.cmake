# Headers of the system that most files include are parsed once for many targets: half of a build's time is parsing.
# Headers of our own are not among them, so that a file without the includes it needs still fails.
option(PLIMSOLL_PCH "Precompile system headers" ${PROJECT_IS_TOP_LEVEL})

# g++ 12 takes copies of strings for accesses beyond their ends (GCC bugs 105329 and 105651), and says so where its library comes
# from a precompiled header.
if(PLIMSOLL_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
endif()

set(pch_core
    <algorithm> <array> <atomic> <charconv> <chrono> <cmath> <cstddef> <cstdint> <cstdio> <cstring> <deque> <functional>
    <limits> <map> <memory> <memory_resource> <mutex> <new> <optional> <span> <string> <string_view> <thread> <type_traits>
    <utility> <vector>)
set(pch_server ${pch_core} <asio/io_context.hpp> <asio/post.hpp> <fmt/core.h>)
set(pch_tests ${pch_core} <filesystem> <fstream> <gmock/gmock.h> <gtest/gtest.h> <random> <set> <sstream>)

# Code for programs is compiled in another way than code for libraries, and their precompiled headers do not mix. What only
# tests link is for programs.
function(plimsoll_for_programs target)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL EXECUTABLE)
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIE)
  endif()
endfunction()

# Makes the precompiled header of a kind; the arguments are the libraries whose headers are among it.
function(plimsoll_add_precompiled kind)
  if(NOT PLIMSOLL_PCH)
    return()
  endif()
  set(source ${CMAKE_BINARY_DIR}/precompiled_${kind}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "// Nothing but precompiled headers.\n")
  add_library(precompiled_${kind} OBJECT ${source})
  target_link_libraries(precompiled_${kind} PRIVATE ${ARGN} plimsoll_warnings)
  if(kind STREQUAL tests)
    plimsoll_for_programs(precompiled_${kind})
  endif()
  target_precompile_headers(precompiled_${kind} PRIVATE ${pch_${kind}})
endfunction()

# plimsoll_precompiled(KIND TARGET...): kind core for libraries, tests for what tests are made of.
function(plimsoll_precompiled kind)
  if(NOT PLIMSOLL_PCH)
    return()
  endif()
  foreach(target ${ARGN})
    if(kind STREQUAL tests)
      plimsoll_for_programs(${target})
    endif()
    target_precompile_headers(${target} REUSE_FROM precompiled_${kind})
  endforeach()
endfunction()
