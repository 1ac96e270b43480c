# What a flavor means: optimisation, sanitizers, hardening. Included once, before any target.
set(INVAR_FLAVOR "asan" CACHE STRING "debug, release, asan, tsan, sim, fuzz or cover")
set_property(CACHE INVAR_FLAVOR PROPERTY STRINGS debug release asan tsan sim fuzz cover)
if(NOT INVAR_FLAVOR MATCHES "^(debug|release|asan|tsan|sim|fuzz|cover)$")
    message(FATAL_ERROR "INVAR_FLAVOR=${INVAR_FLAVOR}: expected debug, release, asan, tsan, sim, fuzz or cover")
endif()
set(CMAKE_BUILD_TYPE "" CACHE STRING "unused: see INVAR_FLAVOR" FORCE)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(INVAR_CCACHE ccache)
if(INVAR_CCACHE)
    # Paths are made relative to the source, so that several clones share their results.
    set(launcher env "CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}" CCACHE_NOHASHDIR=1 "${INVAR_CCACHE}")
    set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

add_compile_definitions(_GNU_SOURCE INVAR_VERSION="${PROJECT_VERSION}")
add_compile_options(-g -fno-strict-aliasing -ffunction-sections -fdata-sections
    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=" -fPIE)
add_compile_options("$<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions;-fno-rtti>")
add_link_options(-pie -Wl,--gc-sections -Wl,--as-needed)

# Deliberate bugs that tests switch on (base/mutant.h).
if(NOT INVAR_FLAVOR STREQUAL "release")
    add_compile_definitions(INVAR_MUTANTS=1)
endif()

set(hardening -fstack-protector-strong -fstack-clash-protection -fcf-protection=full
    -ftrivial-auto-var-init=zero -fno-strict-overflow -fno-delete-null-pointer-checks)

if(INVAR_FLAVOR STREQUAL "release")
    # Debian's compilers may define a lower level themselves.
    add_compile_options(-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 ${hardening})
    add_link_options(-Wl,-O1 -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
        -static-libgcc -static-libstdc++)
elseif(INVAR_FLAVOR STREQUAL "debug")
    add_compile_options(-O0)
elseif(INVAR_FLAVOR STREQUAL "asan")
    add_compile_options(-O1 -fno-omit-frame-pointer -fsanitize=address,undefined
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
    add_compile_definitions(INVAR_ASAN=1)
elseif(INVAR_FLAVOR STREQUAL "sim")
    add_compile_options(-O2 ${hardening} -fsanitize=undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=undefined)
elseif(INVAR_FLAVOR STREQUAL "tsan")
    add_compile_options(-O1 -fno-omit-frame-pointer -fsanitize=thread)
    add_link_options(-fsanitize=thread)
    add_compile_definitions(INVAR_TSAN=1)
elseif(INVAR_FLAVOR STREQUAL "fuzz")
    add_compile_options(-O1 -fno-omit-frame-pointer
        -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
    add_link_options(-fsanitize=address,undefined)
    add_compile_definitions(INVAR_ASAN=1 INVAR_FUZZ=1)
elseif(INVAR_FLAVOR STREQUAL "cover")
    add_compile_options(-O0 -fprofile-instr-generate -fcoverage-mapping)
    add_link_options(-fprofile-instr-generate)
endif()
