# cmake -DBUILD=<tree> -DSOURCE=<consumer> -DWORK=<scratch> -DGENERATOR=... -DC=... -DCXX=... -DFLAGS=... -P consumer.cmake
# Installs the library to a fresh prefix and builds and runs a project that finds it there.
function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --component zmalloc --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE} -B ${WORK}/build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_C_COMPILER=${C} -DCMAKE_CXX_COMPILER=${CXX} "-DCMAKE_C_FLAGS=${FLAGS}" "-DCMAKE_CXX_FLAGS=${FLAGS}")
run(${CMAKE_COMMAND} --build ${WORK}/build -j2)
run(${WORK}/build/use_from_c)
run(${WORK}/build/use_from_cpp)
