# The program: cli/ linked with every room. The release build splits debug information off.
set(INVAR_ROOMS base grammar compiler stdlib runtime components fleet)
set(INVAR_LIBS room_fleet room_components room_runtime room_stdlib room_compiler room_grammar room_base)

file(GLOB_RECURSE cli CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cli/*.c)
set(cli_main ${CMAKE_SOURCE_DIR}/cli/main.c)
list(REMOVE_ITEM cli ${cli_main})
invar_doors(cli ${INVAR_ROOMS} cli)

# Commands are a library too, so that tests can call them without main.
if(cli)
    add_library(room_cli STATIC ${cli})
    invar_own(room_cli)
    invar_see(room_cli cli ${INVAR_ROOMS} cli)
    target_link_libraries(room_cli INTERFACE ${INVAR_LIBS})
else()
    add_library(room_cli INTERFACE)
    target_link_libraries(room_cli INTERFACE ${INVAR_LIBS})
endif()

add_executable(invar ${cli_main})
invar_own(invar)
invar_see(invar cli ${INVAR_ROOMS} cli)
target_link_libraries(invar PRIVATE room_cli)

foreach(target room_cli invar)
    foreach(room ${INVAR_ROOMS})
        get_target_property(kind ${target} TYPE)
        if(TARGET wire_${room} AND NOT kind STREQUAL "INTERFACE_LIBRARY")
            add_dependencies(${target} wire_${room})
        endif()
    endforeach()
endforeach()

if(INVAR_FLAVOR STREQUAL "release")
    add_custom_command(TARGET invar POST_BUILD
        COMMAND ${CMAKE_OBJCOPY} --only-keep-debug $<TARGET_FILE:invar> $<TARGET_FILE:invar>.debug
        COMMAND ${CMAKE_STRIP} $<TARGET_FILE:invar>
        COMMAND ${CMAKE_OBJCOPY} --add-gnu-debuglink=$<TARGET_FILE:invar>.debug $<TARGET_FILE:invar>
        VERBATIM)
endif()
