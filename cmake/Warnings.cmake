# Every target of ours links plimsoll_warnings privately; embedders never inherit it.
add_library(plimsoll_warnings INTERFACE)
target_compile_options(plimsoll_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                       -Wno-missing-field-initializers)
option(PLIMSOLL_WERROR "Treat warnings as errors" OFF)
if(PLIMSOLL_WERROR)
  target_compile_options(plimsoll_warnings INTERFACE -Werror)
endif()
