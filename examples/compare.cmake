# cmake -DPROGRAM=... -DEXPECTED=<file> -P compare.cmake: the program succeeds and prints what the file holds, in which *
# stands for a number of bytes that differs from one malloc to the next.
execute_process(COMMAND ${PROGRAM} OUTPUT_VARIABLE printed COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\r\n" "\n" printed "${printed}")
string(REGEX REPLACE "using [0-9]+ of" "using * of" printed "${printed}")
file(READ ${EXPECTED} expected)
if(NOT printed STREQUAL expected)
  message(FATAL_ERROR "${PROGRAM} printed\n${printed}\ninstead of\n${expected}")
endif()
