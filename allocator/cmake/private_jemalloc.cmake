# cmake -DARCHIVE=<backend archive> -DJEMALLOC=<libjemalloc_pic.a> -DWORK=<scratch> -DAR=... -DLD=... -DOBJCOPY=...
#       -P private_jemalloc.cmake
# Makes one object of the backend and a copy of jemalloc. jemalloc's public functions are renamed zm_je_* there and its
# internal ones made local: the program's own malloc and operator new stay what they are, and another jemalloc may be
# linked beside this one.
cmake_minimum_required(VERSION 3.25)
file(REMOVE_RECURSE ${WORK})
file(MAKE_DIRECTORY ${WORK}/jemalloc ${WORK}/backend)
function(run_in directory)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${directory} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run_in(${WORK}/jemalloc ${AR} x ${JEMALLOC})
run_in(${WORK}/backend ${AR} x ${ARCHIVE})
file(GLOB objects ${WORK}/jemalloc/*.o ${WORK}/backend/*.o)
list(FILTER objects EXCLUDE REGEX "/jemalloc_cpp[^/]*$")  # its operators new and delete
# Without section groups: what is local could not stand in for the same inline function of another object.
run_in(${WORK} ${LD} -r --force-group-allocation -o together.o ${objects})

set(map "")
foreach(name malloc calloc realloc free aligned_alloc posix_memalign memalign valloc malloc_usable_size malloc_stats_print
             mallocx rallocx xallocx sallocx dallocx sdallocx nallocx mallctl mallctlnametomib mallctlbymib malloc_message
             malloc_conf malloc_conf_2_conf_harder)
  string(APPEND map "${name} zm_je_${name}\n")
endforeach()
file(WRITE ${WORK}/names "${map}")
run_in(${WORK} ${OBJCOPY} --redefine-syms=names together.o renamed.o)
run_in(${WORK} ${OBJCOPY} --wildcard --keep-global-symbol=_ZN2zm7backend* --keep-global-symbol=zm_je_* renamed.o
               backend_jemalloc_private.o)
file(REMOVE ${ARCHIVE})
run_in(${WORK} ${AR} qcs ${ARCHIVE} backend_jemalloc_private.o)
