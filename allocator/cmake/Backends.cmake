# Makes a target zmalloc_backend_<name> for every malloc found here and lists the names in ZMALLOC_BACKENDS.
set(ZMALLOC_BACKENDS "")

function(zmalloc_add_backend name source)
  add_library(zmalloc_backend_${name} STATIC ${source})
  set_target_properties(zmalloc_backend_${name} PROPERTIES EXPORT_NAME backend_${name})
  target_include_directories(zmalloc_backend_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/include)
  target_link_libraries(zmalloc_backend_${name} PRIVATE $<BUILD_INTERFACE:plimsoll_warnings> PUBLIC ${ARGN})
  set(ZMALLOC_BACKENDS ${ZMALLOC_BACKENDS} ${name} PARENT_SCOPE)
endfunction()

zmalloc_add_backend(libc src/backend_libc.cc)

# Sanitizers bring a malloc of their own; the others would fight it.
if(NOT PLIMSOLL_SANITIZE)
  find_library(ZMALLOC_JEMALLOC_LIBRARY jemalloc)
  find_path(ZMALLOC_JEMALLOC_INCLUDE jemalloc/jemalloc.h)
  if(ZMALLOC_JEMALLOC_LIBRARY AND ZMALLOC_JEMALLOC_INCLUDE)
    zmalloc_add_backend(jemalloc src/backend_jemalloc.cc ${ZMALLOC_JEMALLOC_LIBRARY})
    target_include_directories(zmalloc_backend_jemalloc PRIVATE ${ZMALLOC_JEMALLOC_INCLUDE})
  endif()
endif()
