/* What every fuzz target defines. With libFuzzer (preset fuzz) it is explored; in every other
 * build, sanitizers included, replay.c gives it the files of a corpus, which ctest does. */
#ifndef MUSHIR_FUZZ_TARGET_H
#define MUSHIR_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Take |size| bytes that anyone may have sent; abort when an answer breaks a rule. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
