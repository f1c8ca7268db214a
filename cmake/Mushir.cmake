# The three building blocks: mushir_library (a floor of the house), suggestion_service (an algorithm), mushir_test.

add_library(mushir_flags INTERFACE)
target_include_directories(mushir_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_definitions(mushir_flags INTERFACE _GNU_SOURCE MUSHIR_VERSION="${PROJECT_VERSION}")
target_compile_options(mushir_flags INTERFACE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Wvla
  -Wundef -Wconversion -Wsign-conversion -Wdouble-promotion -Wswitch-enum -Wformat=2 -fPIE -fstack-protector-strong
  $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>
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

# mushir_static(target): one file without shared objects, at an address of the kernel's choice, when MUSHIR_STATIC.
function(mushir_static target)
  if(MUSHIR_STATIC)
    target_link_options(${target} PRIVATE -static-pie)
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

# suggestion_service(name): the algorithm library algo_<name>, the program mushir-<name>, and a unit test from each tests/*_test.c.
function(suggestion_service name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.c)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/tests/*_test.c)
  list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/${name}/main.c)
  add_library(algo_${name} STATIC ${sources})
  target_link_libraries(algo_${name} PUBLIC mu_model mu_search mu_num mu_base)
  add_executable(mushir-${name} ${name}/main.c)
  target_link_libraries(mushir-${name} PRIVATE algo_${name} mu_service)
  mushir_static(mushir-${name})
  set_property(GLOBAL APPEND PROPERTY MUSHIR_SERVICES ${name})
  install(TARGETS mushir-${name} RUNTIME DESTINATION bin)
  if(MUSHIR_TESTS)
    foreach(test ${tests})
      get_filename_component(stem ${test} NAME_WE)
      mushir_test(${name}_${stem} ${test} algo_${name})
    endforeach()
  endif()
endfunction()
