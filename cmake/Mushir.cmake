# The building blocks: mushir_library (a layer), mushir_program (a folder of services/), mushir_test.

add_library(mushir_flags INTERFACE)
target_include_directories(mushir_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(mushir_flags INTERFACE _GNU_SOURCE MUSHIR_VERSION="${PROJECT_VERSION}")
target_compile_options(mushir_flags INTERFACE -Wall -Wextra -Wshadow -Wcast-qual -Wvla
  -Wundef -Wconversion -Wsign-conversion -Wdouble-promotion -Wswitch-enum -Wformat=2 -fPIE -fstack-protector-strong
  "$<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes;-Wmissing-prototypes>"
  "$<$<CONFIG:Release>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=2>"
  -ffp-contract=off -fno-math-errno -fno-trapping-math -ffunction-sections -fdata-sections -fmacro-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(MUSHIR_WERROR)
  target_compile_options(mushir_flags INTERFACE -Werror)
endif()
if(MUSHIR_SANITIZE)
  add_compile_options(-fsanitize=${MUSHIR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${MUSHIR_SANITIZE})
endif()
add_link_options(-Wl,--gc-sections -Wl,-z,relro -Wl,-z,now)

# mushir_library(name [dependencies...]): libmu_<name> from every .c of the current folder's <name>/.
function(mushir_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  if(sources)
    add_library(mu_${name} STATIC ${sources})
    target_link_libraries(mu_${name} PUBLIC mushir_flags ${ARGN})
  else()
    add_library(mu_${name} INTERFACE)
    target_link_libraries(mu_${name} INTERFACE mushir_flags ${ARGN})
  endif()
endfunction()

# mushir_static(target): one file without shared objects, at an address of the kernel's choice, when MUSHIR_STATIC. Addresses that are
# adjusted at the start are listed in the compact form where the linker and glibc 2.36 know it: a file smaller by a sixteenth.
function(mushir_static target)
  if(MUSHIR_STATIC)
    file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/maps)
    if(CMAKE_LIBRARY_ARCHITECTURE MATCHES "^x86_64")
      target_link_options(${target} PRIVATE -Wl,-z,pack-relative-relocs)
    endif()
    target_link_options(${target} PRIVATE -static-pie -Wl,-Map=${CMAKE_BINARY_DIR}/maps/${target}.map) # tools/image-root reads the map
    set_target_properties(${target} PROPERTIES LINKER_LANGUAGE CXX RULE_LAUNCH_LINK "sh ${CMAKE_SOURCE_DIR}/cmake/link.sh"
      SKIP_BUILD_RPATH ON) # glibc refuses to start a static program that names a path of shared libraries
    set_property(GLOBAL APPEND PROPERTY MUSHIR_PROGRAMS ${target})
  endif()
endfunction()

# mushir_test(name source [libraries...]): a cmocka program run by ctest, with the label "unit".
function(mushir_test name source)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE mushir_flags ${ARGN} cmocka)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests LINKER_LANGUAGE CXX)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  # gRPC core is not instrumented: its memory is not ThreadSanitizer's to judge (common/rpc says where events change hands).
  set_tests_properties(${name} PROPERTIES LABELS unit ENVIRONMENT "TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1")
endfunction()

# mushir_contract(name): the library algo_<name> of the folder, whose <name>.h declares `struct mu_contract mu_<name>`; every program with an
# algorithm serves it from here on.
function(mushir_contract name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  add_library(algo_${name} STATIC ${sources})
  target_link_libraries(algo_${name} PUBLIC mu_wire mu_model mu_search mu_num mu_base)
  set_property(GLOBAL APPEND PROPERTY MUSHIR_SHARED_CONTRACTS ${name})
endfunction()

# mushir_main(name headers algorithms contracts libraries...): the program mushir-<name>, whose main.c is made from services/main.c.in.
function(mushir_main name headers algorithms contracts)
  set(libraries ${ARGN})
  if(algorithms)
    get_property(shared GLOBAL PROPERTY MUSHIR_SHARED_CONTRACTS)
    list(APPEND headers ${shared})
    list(APPEND contracts ${shared})
    list(TRANSFORM shared PREPEND algo_)
    list(APPEND libraries ${shared})
  endif()
  list(TRANSFORM headers REPLACE "(.+)" "#include \"services/\\1/\\1.h\"" OUTPUT_VARIABLE includes)
  list(TRANSFORM algorithms REPLACE "(.+)" "&mu_\\1, " OUTPUT_VARIABLE algorithms)
  list(TRANSFORM contracts REPLACE "(.+)" "&mu_\\1, " OUTPUT_VARIABLE contracts)
  list(JOIN includes "\n" includes)
  set(suggestion "")
  if(algorithms)
    set(suggestion "&suggestion, ") # the first of the contracts: its port is the program's
  endif()
  string(CONCAT algorithms ${algorithms})
  string(CONCAT contracts ${contracts})
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/main.c.in ${CMAKE_CURRENT_BINARY_DIR}/${name}/main.c @ONLY)
  add_executable(mushir-${name} ${CMAKE_CURRENT_BINARY_DIR}/${name}/main.c)
  target_link_libraries(mushir-${name} PRIVATE ${libraries} mu_service)
  mushir_static(mushir-${name})
  install(TARGETS mushir-${name} RUNTIME DESTINATION bin)
endfunction()

# mushir_program(name [algorithm...] [CONTRACTS contract...] [LIBRARIES library...]): the library algo_<name> of the folder, the program mushir-<name>, and a
# unit test from each tests/*_test.c. <name>.h declares `struct mu_algorithm mu_<algorithm>` and `struct mu_contract mu_<contract>`; without
# either it is the one algorithm mu_<name>. An algorithm's name is <algorithm> with - for _: the client starts mushir-<name> for it.
function(mushir_program name)
  if(NOT name MATCHES "^[a-z][a-z0-9]*$")
    message(FATAL_ERROR "services/${name}: Kubernetes objects are named after it, so only small letters and digits")
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 own "" "" "CONTRACTS;LIBRARIES")
  set(algorithms ${own_UNPARSED_ARGUMENTS})
  if(NOT algorithms AND NOT own_CONTRACTS)
    set(algorithms ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/tests/*_test.c)
  add_library(algo_${name} STATIC ${sources})
  target_link_libraries(algo_${name} PUBLIC ${own_LIBRARIES} mu_model mu_search mu_num mu_base)
  if(own_CONTRACTS)
    target_link_libraries(algo_${name} PUBLIC mu_wire)
  endif()
  mushir_main(${name} ${name} "${algorithms}" "${own_CONTRACTS}" algo_${name})
  set_property(GLOBAL APPEND PROPERTY MUSHIR_PROGRAM_NAMES ${name})
  set_property(GLOBAL APPEND PROPERTY MUSHIR_ALGORITHMS ${algorithms})
  set_property(GLOBAL APPEND PROPERTY MUSHIR_CONTRACTS ${own_CONTRACTS})
  if(algorithms)
    list(GET algorithms 0 first)
    set_property(GLOBAL APPEND PROPERTY MUSHIR_SERVICES ${name})
    set_property(GLOBAL PROPERTY MUSHIR_FIRST_ALGORITHM_${name} ${first})
  endif()
  foreach(algorithm ${algorithms})
    string(REPLACE "_" "-" called ${algorithm})
    set_property(GLOBAL APPEND PROPERTY MUSHIR_SERVERS "{\"${called}\", \"${name}\"}")
  endforeach()
  if(MUSHIR_TESTS)
    foreach(test ${tests})
      get_filename_component(stem ${test} NAME_WE)
      mushir_test(${name}_${stem} ${test} algo_${name})
    endforeach()
  endif()
endfunction()

# mushir_program_of_all(name): one program with every algorithm and every contract named before.
function(mushir_program_of_all name)
  get_property(names GLOBAL PROPERTY MUSHIR_PROGRAM_NAMES)
  get_property(algorithms GLOBAL PROPERTY MUSHIR_ALGORITHMS)
  get_property(contracts GLOBAL PROPERTY MUSHIR_CONTRACTS)
  list(TRANSFORM names PREPEND algo_ OUTPUT_VARIABLE libraries)
  mushir_main(${name} "${names}" "${algorithms}" "${contracts}" ${libraries})
endfunction()
