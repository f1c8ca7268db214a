/* Texts from outside: are they UTF-8, and what to do when they are not. */
#ifndef MUSHIR_BASE_TEXT_H
#define MUSHIR_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Length in bytes of the well-formed UTF-8 sequence that |text| (of |size| bytes) starts with; 0
 * when it is none. Overlong forms, surrogates and numbers beyond U+10FFFF are none (RFC 3629). */
size_t mu_text_sequence(const char *text, size_t size);

/* Whether |size| bytes are UTF-8 without a NUL. */
bool mu_text_valid(const char *text, size_t size);

/* Make |text| printable in place: a sequence cut off at the end is dropped, other bad bytes and
 * control characters but the newline become '?'. */
void mu_text_repair(char *text);

#endif
