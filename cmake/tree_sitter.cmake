# The tree-sitter parser of the language: grammar/src/parser.c and scanner.c, both generated and
# committed (grammar/generate.sh), as editors want them. The language server, tests and fuzz targets
# link them, with the runtime from Debian.
invar_archive(LIB_TREE_SITTER libtree-sitter.a)
file(GLOB ts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/grammar/src/*.c)
add_library(tree_sitter_alloy STATIC ${ts})
target_include_directories(tree_sitter_alloy PRIVATE ${CMAKE_SOURCE_DIR}/grammar/src)
target_compile_options(tree_sitter_alloy PRIVATE -w)
target_link_libraries(tree_sitter_alloy INTERFACE ${LIB_TREE_SITTER})
target_link_libraries(room_compiler INTERFACE tree_sitter_alloy)

# The server's queries are the grammar package's.
file(GLOB queries CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/grammar/queries/*.scm)
set_source_files_properties(compiler/lsp/tree.c PROPERTIES
    COMPILE_DEFINITIONS "QUERIES_PATH=\"${CMAKE_SOURCE_DIR}/grammar/queries\""
    OBJECT_DEPENDS "${queries}")
