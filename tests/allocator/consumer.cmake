# cmake -DBUILD=<tree> -DTESTS=<tests/allocator> -DWORK=<scratch> -DGENERATOR=... -DC=... -DCXX=... -DFLAGS=...
#       [-DSOURCE=<project> -DBACKEND=<name>] -P consumer.cmake
# Installs the library to a fresh prefix and builds and runs projects in C and in C++ that find it there. With a backend
# the library is built anew in the scratch directory, over that backend.
cmake_minimum_required(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
if(BACKEND)
  set(BUILD ${WORK}/tree)
  run(${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G ${GENERATOR} -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=${C}
      -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_C_FLAGS=${FLAGS}" "-DCMAKE_CXX_FLAGS=${FLAGS}" -DPLIMSOLL_TESTS=OFF
      -DZMALLOC_BACKEND=${BACKEND})
  run(${CMAKE_COMMAND} --build ${BUILD} -j2 --target zmalloc_core zmalloc_backend_${BACKEND} zmalloc_new_delete)
endif()
run(${CMAKE_COMMAND} --install ${BUILD} --component zmalloc --prefix ${WORK}/prefix)

# use_from(PROJECT PROGRAM [option...])
function(use_from project program)
  run(${CMAKE_COMMAND} -S ${TESTS}/${project} -B ${WORK}/${project} -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix ${ARGN})
  run(${CMAKE_COMMAND} --build ${WORK}/${project} -j2)
  run(${WORK}/${project}/${program})
endfunction()

use_from(consumer_c use_from_c -DCMAKE_C_COMPILER=${C} "-DCMAKE_C_FLAGS=${FLAGS}")
use_from(consumer use_from_cpp -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_CXX_FLAGS=${FLAGS}")
