# The tree-sitter parser of the language: the generated grammar/src/parser.c and its scanner.
# Tests and fuzz targets link it; the program does not.
file(GLOB ts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/grammar/src/*.c)
file(GLOB ts_re CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/grammar/src/*.re)
if(ts)
    find_library(LIB_TREE_SITTER NAMES libtree-sitter.a)
    invar_re2c(ts_generated tree_sitter ${ts_re})
    add_library(tree_sitter_alloy STATIC EXCLUDE_FROM_ALL ${ts} ${ts_generated})
    target_include_directories(tree_sitter_alloy PRIVATE ${CMAKE_SOURCE_DIR}/grammar/src)
    target_compile_options(tree_sitter_alloy PRIVATE -w)
    if(LIB_TREE_SITTER)
        target_link_libraries(tree_sitter_alloy INTERFACE ${LIB_TREE_SITTER})
    endif()
endif()
