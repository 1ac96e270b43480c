# Rooms and their doors.
#
# No room has the repository's root on its include path. Each gets a folder build/doors/ROOM holding
# symbolic links to the rooms it may see, and build/gen/ROOM for what is generated from its sources,
# so that an include that points the wrong way is a file that does not exist.
set(INVAR_DOORS ${CMAKE_BINARY_DIR}/doors)
set(INVAR_GEN ${CMAKE_BINARY_DIR}/gen)

# The include path of VIEWER, who sees the rooms that follow.
function(invar_doors viewer)
    set(place ${INVAR_DOORS}/${viewer})
    file(REMOVE_RECURSE ${place})
    file(MAKE_DIRECTORY ${place})
    foreach(room ${ARGN})
        file(MAKE_DIRECTORY ${INVAR_GEN}/${room})
        file(CREATE_LINK ${CMAKE_SOURCE_DIR}/${room} ${place}/${room} SYMBOLIC)
    endforeach()
endfunction()

function(invar_see target viewer)
    set(gens ${ARGN})
    list(TRANSFORM gens PREPEND ${INVAR_GEN}/)
    target_include_directories(${target} PRIVATE ${INVAR_DOORS}/${viewer} ${gens})
    target_compile_options(${target} PRIVATE "-ffile-prefix-map=${INVAR_DOORS}/${viewer}/=")
    target_include_directories(${target} SYSTEM PRIVATE ${INVAR_DEPS}/curl/include)
endfunction()

# Generated C of every lexer specification; names the results in OUT.
function(invar_re2c out room)
    set(made)
    foreach(source ${ARGN})
        cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE short)
        cmake_path(REPLACE_EXTENSION short LAST_ONLY .c OUTPUT_VARIABLE c)
        set(result ${INVAR_GEN}/${room}/${c})
        cmake_path(GET result PARENT_PATH folder)
        file(MAKE_DIRECTORY ${folder})
        add_custom_command(OUTPUT ${result}
            COMMAND ${INVAR_RE2C} -8 --no-generation-date -i -I ${CMAKE_SOURCE_DIR}
                --depfile ${result}.d -o ${result} ${source}
            DEPENDS ${source} DEPFILE ${result}.d VERBATIM COMMENT "re2c ${short}")
        list(APPEND made ${result})
    endforeach()
    set(${out} ${made} PARENT_SCOPE)
endfunction()

# Generated C of every protobuf definition, compiled without our warnings.
function(invar_protobuf room)
    if(NOT ARGN)
        return()
    endif()
    if(NOT INVAR_PROTOC_C)
        message(FATAL_ERROR "protoc-c not found: run packaging/install-deps.sh build")
    endif()
    set(made)
    foreach(source ${ARGN})
        cmake_path(RELATIVE_PATH source BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE short)
        cmake_path(REPLACE_EXTENSION short LAST_ONLY .pb-c.c OUTPUT_VARIABLE c)
        cmake_path(REPLACE_EXTENSION short LAST_ONLY .pb-c.h OUTPUT_VARIABLE h)
        add_custom_command(OUTPUT ${INVAR_GEN}/${room}/${c} ${INVAR_GEN}/${room}/${h}
            COMMAND ${INVAR_PROTOC_C} --c_out=${INVAR_GEN}/${room} -I ${CMAKE_SOURCE_DIR} ${source}
            DEPENDS ${source} VERBATIM COMMENT "protoc-c ${short}")
        list(APPEND made ${INVAR_GEN}/${room}/${c} ${INVAR_GEN}/${room}/${h})
    endforeach()
    add_library(wire_${room} OBJECT ${made})
    target_compile_options(wire_${room} PRIVATE -w)
    target_include_directories(wire_${room} PRIVATE ${INVAR_GEN}/${room})
    add_dependencies(room_${room} wire_${room})
    target_sources(room_${room} PRIVATE $<TARGET_OBJECTS:wire_${room}>)
endfunction()

# invar_room(NAME SEES rooms...): the library room_NAME of everything found in the folder NAME.
function(invar_room room)
    cmake_parse_arguments(arg "" "" "SEES" ${ARGN})
    set(root ${CMAKE_SOURCE_DIR}/${room})
    file(GLOB_RECURSE c CONFIGURE_DEPENDS ${root}/*.c)
    file(GLOB_RECURSE cxx CONFIGURE_DEPENDS ${root}/*.cc)
    file(GLOB_RECURSE re CONFIGURE_DEPENDS ${root}/*.re)
    file(GLOB_RECURSE proto CONFIGURE_DEPENDS ${root}/*.proto)
    # The tree-sitter grammar is a package of its own (tree_sitter.cmake); tokens.re is included only.
    list(FILTER c EXCLUDE REGEX "/grammar/(src|bindings|node_modules)/")
    list(FILTER re EXCLUDE REGEX "/grammar/(src/|tokens\\.re$)")
    invar_doors(${room} ${arg_SEES})
    invar_re2c(generated ${room} ${re})

    set(above ${arg_SEES})
    list(REMOVE_ITEM above ${room})
    list(REVERSE above)
    list(TRANSFORM above PREPEND room_)

    set(sources ${c} ${cxx} ${generated})
    if(NOT sources)
        add_library(room_${room} INTERFACE)
        target_link_libraries(room_${room} INTERFACE ${above})
        return()
    endif()
    add_library(room_${room} STATIC ${sources})
    invar_own(room_${room})
    invar_see(room_${room} ${room} ${arg_SEES})
    # Linked to the rooms above for the program's sake only: their include paths stay their own.
    target_link_libraries(room_${room} INTERFACE ${above})
    foreach(lib ${above})
        get_target_property(kind ${lib} TYPE)
        if(NOT kind STREQUAL "INTERFACE_LIBRARY")
            get_target_property(needs ${lib} INVAR_GENERATES)
            if(needs)
                add_dependencies(room_${room} ${needs})
            endif()
        endif()
    endforeach()
    invar_protobuf(${room} ${proto})
    if(TARGET wire_${room})
        set_target_properties(room_${room} PROPERTIES INVAR_GENERATES wire_${room})
    endif()
endfunction()
