# exp, log, pow, sin and the like, from one source on every CPU: musl's, whose code is Arm's optimized routines and FreeBSD's msun. glibc
# picks variants with and without fused multiply-add when a program starts, and their last bits differ. Only functions that round
# inexactly are taken; for sqrt, floor and fma, every variant of glibc's gives the same bits.
string(REGEX REPLACE "-gnu.*$" "-musl" MUSL_TRIPLET "${CMAKE_LIBRARY_ARCHITECTURE}")
find_file(MUSL_LIBC libc.a PATHS /usr/lib/${MUSL_TRIPLET} NO_DEFAULT_PATH REQUIRED) # Debian's and Ubuntu's musl-dev

set(members __cos __cosdf __expo2 __expo2f __math_divzero __math_divzerof __math_invalid __math_invalidf __math_oflow __math_oflowf
  __math_uflow __math_uflowf __math_xflow __math_xflowf __rem_pio2 __rem_pio2f __rem_pio2_large __sin __sindf __tan __tandf signgam
  exp_data exp2f_data log_data log2_data logf_data log2f_data pow_data powf_data)
foreach(function acos acosh asin asinh atan atan2 atanh cbrt cos cosh erf exp exp10 exp2 expm1 hypot lgamma log log10 log1p log2 pow sin
    sincos sinh tan tanh tgamma)
  list(APPEND members ${function} ${function}f)
endforeach()
list(APPEND members lgamma_r lgammaf_r)
list(TRANSFORM members APPEND .lo)

set(MUSHIR_LIBM ${CMAKE_BINARY_DIR}/libm/libmushir_m.a)
if(NOT EXISTS ${MUSHIR_LIBM} OR ${MUSL_LIBC} IS_NEWER_THAN ${MUSHIR_LIBM})
  file(REMOVE_RECURSE ${CMAKE_BINARY_DIR}/libm)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/libm)
  execute_process(COMMAND ${CMAKE_AR} x ${MUSL_LIBC} ${members} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/libm COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND ${CMAKE_AR} rcs ${MUSHIR_LIBM} ${members} WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/libm
    COMMAND_ERROR_IS_FATAL ANY)
endif()
# Whole, and before everything else, so that the shared GSL and LAPACK of a dynamic program call these as well.
add_link_options("SHELL:-Wl,--whole-archive ${MUSHIR_LIBM} -Wl,--no-whole-archive")
