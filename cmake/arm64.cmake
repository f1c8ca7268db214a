# A toolchain file: programs for arm64 on another Debian machine, from the distribution's cross compiler and its packages for arm64, which
# `ARCHITECTURE=arm64 tools/install build` fetches (docs/adr/0110).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(triplet aarch64-linux-gnu)
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_CXX_COMPILER ${triplet}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/${triplet}/pkgconfig:/usr/share/pkgconfig)
# libc6-dev:arm64, which gets security releases, before the copy of it that came with the cross compiler.
set(CMAKE_EXE_LINKER_FLAGS_INIT -B/usr/lib/${triplet})
