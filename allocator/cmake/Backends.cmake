# Makes a target zmalloc_backend_<name> for every malloc found here and lists the names in ZMALLOC_BACKENDS.
set(ZMALLOC_BACKENDS "")

# zmalloc_add_backend(NAME SOURCES file... [INCLUDE directory] [LIBRARIES library...])
function(zmalloc_add_backend name)
  cmake_parse_arguments(backend "" "INCLUDE" "LIBRARIES;SOURCES" ${ARGN})
  set(target zmalloc_backend_${name})
  add_library(${target} STATIC ${backend_SOURCES})
  set_target_properties(${target} PROPERTIES EXPORT_NAME backend_${name})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/include ${backend_INCLUDE})
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:plimsoll_warnings> PUBLIC ${backend_LIBRARIES}
                                  INTERFACE $<$<LINK_LANGUAGE:C>:stdc++>)
  set(ZMALLOC_BACKENDS ${ZMALLOC_BACKENDS} ${name} PARENT_SCOPE)
endfunction()

zmalloc_add_backend(libc SOURCES src/backend_libc.cc src/no_slabs.cc src/no_statistics.cc)
zmalloc_add_backend(libc-prefix SOURCES src/backend_libc_prefix.cc src/no_slabs.cc src/no_statistics.cc)

# jemalloc, tcmalloc and mimalloc as Debian builds them take over the malloc of the whole program that links them, which
# suits a server: one heap to watch. jemalloc-private leaves the program's malloc alone, which suits a library inside
# somebody else's program. Sanitizers bring a malloc of their own, which the others would fight.
if(NOT PLIMSOLL_SANITIZE)
  set(jemalloc_sources src/backend_jemalloc.cc src/heap_calls.cc src/jemalloc_commits.cc
                       src/late_drops.cc)
  find_library(ZMALLOC_JEMALLOC_LIBRARY jemalloc)
  find_path(ZMALLOC_JEMALLOC_INCLUDE jemalloc/jemalloc.h)
  if(ZMALLOC_JEMALLOC_LIBRARY AND ZMALLOC_JEMALLOC_INCLUDE)
    zmalloc_add_backend(jemalloc SOURCES ${jemalloc_sources} INCLUDE ${ZMALLOC_JEMALLOC_INCLUDE}
                        LIBRARIES ${ZMALLOC_JEMALLOC_LIBRARY})
  endif()

  find_library(ZMALLOC_JEMALLOC_ARCHIVE libjemalloc_pic.a)
  if(ZMALLOC_JEMALLOC_ARCHIVE AND ZMALLOC_JEMALLOC_INCLUDE AND CMAKE_OBJCOPY AND CMAKE_LINKER)
    zmalloc_add_backend(jemalloc-private SOURCES ${jemalloc_sources} INCLUDE ${ZMALLOC_JEMALLOC_INCLUDE}
                        LIBRARIES Threads::Threads ${CMAKE_DL_LIBS})
    set(script ${CMAKE_CURRENT_SOURCE_DIR}/cmake/private_jemalloc.cmake)
    add_custom_command(TARGET zmalloc_backend_jemalloc-private POST_BUILD VERBATIM
      COMMAND ${CMAKE_COMMAND} -DARCHIVE=$<TARGET_FILE:zmalloc_backend_jemalloc-private>
              -DJEMALLOC=${ZMALLOC_JEMALLOC_ARCHIVE} -DWORK=${CMAKE_CURRENT_BINARY_DIR}/private_jemalloc
              -DAR=${CMAKE_AR} -DLD=${CMAKE_LINKER} -DOBJCOPY=${CMAKE_OBJCOPY} -P ${script})
  endif()

  find_library(ZMALLOC_TCMALLOC_LIBRARY NAMES tcmalloc_minimal tcmalloc)
  find_path(ZMALLOC_TCMALLOC_INCLUDE gperftools/tcmalloc.h)
  if(ZMALLOC_TCMALLOC_LIBRARY AND ZMALLOC_TCMALLOC_INCLUDE)
    zmalloc_add_backend(tcmalloc SOURCES src/backend_tcmalloc.cc src/no_slabs.cc INCLUDE ${ZMALLOC_TCMALLOC_INCLUDE}
                        LIBRARIES ${ZMALLOC_TCMALLOC_LIBRARY})
  endif()

  find_library(ZMALLOC_MIMALLOC_LIBRARY mimalloc)
  find_path(ZMALLOC_MIMALLOC_INCLUDE mimalloc.h)
  if(ZMALLOC_MIMALLOC_LIBRARY AND ZMALLOC_MIMALLOC_INCLUDE)
    zmalloc_add_backend(mimalloc SOURCES src/backend_mimalloc.cc src/no_slabs.cc INCLUDE ${ZMALLOC_MIMALLOC_INCLUDE}
                        LIBRARIES ${ZMALLOC_MIMALLOC_LIBRARY})
  endif()
endif()
