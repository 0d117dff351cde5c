# cmake -DARCHIVE=<backend archive> -DJEMALLOC=<libjemalloc_pic.a> -DWORK=<scratch> -DAR=... -DOBJCOPY=...
#       -P private_jemalloc.cmake
# Puts a copy of jemalloc into the backend's archive and renames its public functions there, in jemalloc's objects and
# the backend's alike: the program's own malloc and operator new stay what they are.
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK})
function(run)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${WORK} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${AR} x ${JEMALLOC})
file(GLOB objects ${WORK}/*.o)
list(FILTER objects EXCLUDE REGEX "jemalloc_cpp")  # its operators new and delete
run(${AR} q ${ARCHIVE} ${objects})

set(map "")
foreach(name malloc calloc realloc free aligned_alloc posix_memalign memalign valloc malloc_usable_size malloc_stats_print
             mallocx rallocx xallocx sallocx dallocx sdallocx nallocx mallctl mallctlnametomib mallctlbymib malloc_message
             malloc_conf malloc_conf_2_conf_harder)
  string(APPEND map "${name} zm_je_${name}\n")
endforeach()
file(WRITE ${WORK}/names "${map}")
run(${OBJCOPY} --redefine-syms=${WORK}/names ${ARCHIVE})
run(${AR} s ${ARCHIVE})
