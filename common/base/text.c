#include "common/base/text.h"

#include <string.h>

static bool continues(const unsigned char *s, size_t n) {
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return false;
        }
    }
    return true;
}

size_t mu_text_sequence(const char *text, size_t size) {
    const unsigned char *s = (const unsigned char *)text;
    if (size == 0 || s[0] == 0) { /* a NUL ends texts in C, so it is no part of one */
        return 0;
    }
    if (s[0] < 0x80) {
        return 1;
    }
    size_t n = s[0] >= 0xC2 && s[0] <= 0xDF   ? 2
               : s[0] >= 0xE0 && s[0] <= 0xEF ? 3
               : s[0] >= 0xF0 && s[0] <= 0xF4 ? 4
                                              : 0;
    if (n == 0 || n > size || !continues(s, n)) {
        return 0;
    }
    bool overlong = (s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xF0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xED && s[1] > 0x9F;
    bool beyond = s[0] == 0xF4 && s[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : n;
}

bool mu_text_valid(const char *text, size_t size) {
    for (size_t i = 0; i < size;) {
        if ((signed char)text[i] > 0) { /* nearly all of it is ASCII */
            i++;
            continue;
        }
        size_t n = mu_text_sequence(text + i, size - i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    return true;
}

void mu_text_repair(char *text) {
    size_t size = strlen(text);
    size_t out = 0;
    for (size_t i = 0; i < size;) {
        size_t n = mu_text_sequence(text + i, size - i);
        if (n == 0 && (unsigned char)text[i] >= 0xC2 && size - i < 4 &&
            continues((const unsigned char *)text + i, size - i)) {
            break; /* cut off */
        }
        if (n == 2 && (unsigned char)text[i] == 0xC2 && (unsigned char)text[i + 1] < 0xA0) {
            text[out++] = '?'; /* a control character of Latin 1: terminals obey some */
            i += n;
            continue;
        }
        if (n <= 1) {
            text[out++] =
                n == 0 || ((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7F
                    ? '?'
                    : text[i];
            i++;
            continue;
        }
        memmove(text + out, text + i, n);
        out += n;
        i += n;
    }
    text[out] = '\0';
}
