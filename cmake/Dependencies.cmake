# The libraries, as ext::<name>. Names, not paths, are handed to the linker, so that one description serves static and dynamic links.
find_package(PkgConfig REQUIRED)
set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

# mushir_external(name pkg-config-module): a target with the module's flags; the static closure when MUSHIR_STATIC.
function(mushir_external name module)
  pkg_check_modules(${name} REQUIRED ${module})
  add_library(ext_${name} INTERFACE)
  add_library(ext::${name} ALIAS ext_${name})
  target_include_directories(ext_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
  if(MUSHIR_STATIC)
    target_link_libraries(ext_${name} INTERFACE ${${name}_STATIC_LIBRARIES})
  else()
    target_link_libraries(ext_${name} INTERFACE ${${name}_LIBRARIES})
  endif()
endfunction()

# gRPC core: the distribution's, quick to have, or the pinned release that tools/grpc builds once, for what is exposed (docs/adr/0032).
set(MUSHIR_GRPC system CACHE STRING "gRPC core: system or pinned")
if(MUSHIR_GRPC STREQUAL pinned)
  execute_process(COMMAND ${CMAKE_SOURCE_DIR}/tools/grpc OUTPUT_VARIABLE GRPC_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE
    COMMAND_ERROR_IS_FATAL ANY)
  add_library(ext_grpc INTERFACE)
  add_library(ext::grpc ALIAS ext_grpc)
  target_include_directories(ext_grpc SYSTEM INTERFACE ${GRPC_PREFIX}/include)
  target_compile_definitions(ext_grpc INTERFACE MUSHIR_GRPC_PINNED)
  target_link_libraries(ext_grpc INTERFACE ${GRPC_PREFIX}/lib/libgrpc.a cares z ssl crypto stdc++ Threads::Threads)
elseif(MUSHIR_GRPC STREQUAL system)
  mushir_external(grpc grpc)
  target_link_libraries(ext_grpc INTERFACE crypto) # asked for its version
else()
  message(FATAL_ERROR "MUSHIR_GRPC is system or pinned, not ${MUSHIR_GRPC}")
endif()
mushir_external(protobuf_c libprotobuf-c)
mushir_external(jansson jansson)

# The client's HTTP server, by its own loop (docs/adr/0083). Only the archive's description names what it stands on itself.
add_library(ext_websockets INTERFACE)
add_library(ext::websockets ALIAS ext_websockets)
find_path(WEBSOCKETS_INCLUDE_DIR libwebsockets.h REQUIRED)
target_link_libraries(ext_websockets INTERFACE websockets cap ssl crypto z)

# Neon's pkg-config file asks for all that its WebDAV and Kerberos parts need, of which nothing is linked here.
add_library(ext_neon INTERFACE)
add_library(ext::neon ALIAS ext_neon)
find_path(NEON_INCLUDE_DIR neon/ne_session.h REQUIRED)
target_link_libraries(ext_neon INTERFACE neon ssl crypto z)

add_library(ext_ev INTERFACE) # libev has no pkg-config file
add_library(ext::ev ALIAS ext_ev)
find_path(EV_INCLUDE_DIR ev.h REQUIRED)
target_link_libraries(ext_ev INTERFACE ev m)

# GSL with the reference BLAS and LAPACK: they compute the same bytes on every CPU (OpenBLAS picks kernels by CPU type, so two replicas
# could differ), start no threads, and add 1 MB instead of 25. GSL needs some CBLAS: it comes before the one chosen here.
find_path(LAPACKE_INCLUDE_DIR lapacke.h REQUIRED)
find_library(BLAS_REFERENCE blas PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/blas NO_DEFAULT_PATH REQUIRED)
find_library(LAPACK_REFERENCE lapack PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/lapack NO_DEFAULT_PATH REQUIRED)
get_filename_component(BLAS_DIR ${BLAS_REFERENCE} DIRECTORY)
get_filename_component(LAPACK_DIR ${LAPACK_REFERENCE} DIRECTORY)
add_library(ext_numeric INTERFACE)
add_library(ext::numeric ALIAS ext_numeric)
target_link_directories(ext_numeric INTERFACE ${LAPACK_DIR} ${BLAS_DIR})
execute_process(COMMAND ${CMAKE_C_COMPILER} -print-file-name=libgfortran.a OUTPUT_VARIABLE GFORTRAN_ARCHIVE OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT IS_ABSOLUTE "${GFORTRAN_ARCHIVE}")
  file(GLOB GFORTRAN_ARCHIVES /usr/lib/gcc/${CMAKE_LIBRARY_ARCHITECTURE}/*/libgfortran.a)
  list(POP_BACK GFORTRAN_ARCHIVES GFORTRAN_ARCHIVE)
endif()
get_filename_component(GFORTRAN_DIR "${GFORTRAN_ARCHIVE}" DIRECTORY)
target_link_directories(ext_numeric INTERFACE ${GFORTRAN_DIR})
if(CMAKE_LIBRARY_ARCHITECTURE MATCHES "^x86_64") # elsewhere long double has 128 bits, and Fortran's runtime needs no other kind
  set(QUADMATH quadmath)
endif()
target_link_libraries(ext_numeric INTERFACE gsl lapacke lapack blas gfortran ${QUADMATH} m)
