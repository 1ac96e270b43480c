# The tree-sitter parser of the language: grammar/src/parser.c and scanner.c, both generated and
# committed (grammar/generate.sh), as editors want them. Tests and fuzz targets link them.
file(GLOB ts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/grammar/src/*.c)
if(ts)
    find_library(LIB_TREE_SITTER NAMES libtree-sitter.a)
    add_library(tree_sitter_alloy STATIC EXCLUDE_FROM_ALL ${ts})
    target_include_directories(tree_sitter_alloy PRIVATE ${CMAKE_SOURCE_DIR}/grammar/src)
    target_compile_options(tree_sitter_alloy PRIVATE -w)
    if(LIB_TREE_SITTER)
        target_link_libraries(tree_sitter_alloy INTERFACE ${LIB_TREE_SITTER})
    endif()
endif()
