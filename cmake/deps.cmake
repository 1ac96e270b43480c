# Libraries of others: static archives where Debian's link without a tail of their own, OpenSSL and
# libc dynamic (security updates), libcurl from packaging/build-curl.sh. Rare libraries are loaded at
# run time and have no place here.
if(DEFINED ENV{INVAR_DEPS})
    set(deps_default "$ENV{INVAR_DEPS}")
else()
    set(deps_default "${CMAKE_SOURCE_DIR}/build/deps")
endif()
set(INVAR_DEPS "${deps_default}" CACHE PATH "folder of the libraries built from source, kept across builds")

execute_process(COMMAND ${CMAKE_SOURCE_DIR}/packaging/build-curl.sh ${INVAR_DEPS}
    RESULT_VARIABLE curl_result)
if(NOT curl_result EQUAL 0)
    message(FATAL_ERROR "packaging/build-curl.sh failed; `make build` installs what it needs")
endif()

function(invar_archive out name)
    find_library(${out} NAMES ${name})
    if(NOT ${out})
        message(FATAL_ERROR "${name} not found: run packaging/install-deps.sh build")
    endif()
endfunction()

invar_archive(LIB_CARES libcares.a)
invar_archive(LIB_DEFLATE libdeflate.a)
invar_archive(LIB_JANSSON libjansson.a)
invar_archive(LIB_NGHTTP2 libnghttp2.a)
invar_archive(LIB_PROTOBUF_C libprotobuf-c.a)
invar_archive(LIB_RE2 libre2.a)
invar_archive(LIB_SNAPPY libsnappy.a)
invar_archive(LIB_UV libuv_a.a)
invar_archive(LIB_XXHASH libxxhash.a)
invar_archive(LIB_YAML libyaml.a)
invar_archive(LIB_Z libz.a)
invar_archive(LIB_ZSTD libzstd.a)
find_package(Threads REQUIRED)

add_library(deps_base INTERFACE)
target_link_libraries(deps_base INTERFACE ${LIB_RE2} ${LIB_YAML} ${LIB_JANSSON} ${LIB_DEFLATE} ${LIB_Z}
    ${LIB_ZSTD} ${LIB_SNAPPY} ${LIB_XXHASH} Threads::Threads ${CMAKE_DL_LIBS} m)

add_library(deps_runtime INTERFACE)
target_link_libraries(deps_runtime INTERFACE ${INVAR_DEPS}/curl/lib/libcurl.a ${LIB_NGHTTP2}
    ${LIB_CARES} ${LIB_UV} ${LIB_PROTOBUF_C} ssl crypto Threads::Threads ${CMAKE_DL_LIBS} rt m)
target_include_directories(deps_runtime SYSTEM INTERFACE ${INVAR_DEPS}/curl/include)

find_program(INVAR_RE2C re2c REQUIRED)
find_program(INVAR_PROTOC_C protoc-c)
