# Warnings of our own sources; generated sources of others' shape get none of them.
set(INVAR_WARNINGS -Wall -Wextra -Wformat=2 -Wconversion -Wno-sign-conversion -Wvla -Walloca
    -Wshadow -Wundef
    "$<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes;-Wstrict-prototypes>")
if(INVAR_FLAVOR MATCHES "^(debug|release)$")
    list(APPEND INVAR_WARNINGS -Wframe-larger-than=16384)
else()
    # Instrumentation makes GCC lose track of values; the other flavors keep these warnings.
    list(APPEND INVAR_WARNINGS -Wno-maybe-uninitialized -Wno-format-truncation)
endif()
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    list(APPEND INVAR_WARNINGS -Werror)
else()
    list(APPEND INVAR_WARNINGS -Wno-unknown-warning-option -Wno-ignored-attributes
        -Wno-format-nonliteral)
endif()

# The header that takes unsafe functions away is seen by every C file of ours.
set(INVAR_BANNED "$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${CMAKE_SOURCE_DIR}/base/banned.h>")

function(invar_own target)
    target_compile_options(${target} PRIVATE ${INVAR_WARNINGS} ${INVAR_BANNED})
endfunction()

# The one place that may call malloc and free, and two helpers of tests that stand outside of them.
set_property(SOURCE ${CMAKE_SOURCE_DIR}/base/memory.c ${CMAKE_SOURCE_DIR}/tests/support/fuzz/replay.c
    ${CMAKE_SOURCE_DIR}/tests/support/asan/fork_guard.c
    APPEND PROPERTY COMPILE_DEFINITIONS INVAR_ALLOW_MALLOC)
