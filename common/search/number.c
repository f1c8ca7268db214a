#include "common/search/number.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The digits and the decimal exponent of the shortest form: 15 digits when they suffice (C
 * guarantees that any decimal of 15 digits survives a normal double), else 16, else 17. */
static int shortest(double value, char digits[24]) {
    char text[40];
    for (int precision = value < DBL_MIN ? 0 : 14; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, value);
        if (strtod(text, NULL) == value) {
            break;
        }
    }
    char *e = strchr(text, 'e');
    size_t n = 0;
    for (const char *c = text; c < e; c++) {
        if (*c >= '0' && *c <= '9') {
            digits[n++] = *c;
        }
    }
    while (n > 1 && digits[n - 1] == '0') {
        n--;
    }
    digits[n] = '\0';
    return atoi(e + 1);
}

/* |digits| with the point after |exponent| + 1 of them, never in exponent form. */
static char *fixed(char *out, const char *digits, int exponent) {
    int n = (int)strlen(digits);
    if (exponent < 0) {
        return out + sprintf(out, "0.%.*s%s", -exponent - 1, "0000", digits);
    }
    for (int i = 0; i <= exponent || i < n; i++) {
        if (i == exponent + 1) {
            *out++ = '.';
        }
        *out++ = i < n ? digits[i] : '0';
    }
    if (n <= exponent + 1) {
        out += sprintf(out, ".0");
    }
    return out;
}

void mu_print_double(double value, char text[32]) {
    char digits[24] = "";
    char *out = text;
    int exponent = shortest(fabs(value), digits);
    if (signbit(value) && value != 0) {
        *out++ = '-';
    }
    if (value == 0) {
        exponent = 0;
    }
    if (exponent >= -4 && exponent < 16) {
        *fixed(out, digits, exponent) = '\0';
    } else if (digits[1]) {
        sprintf(out, "%c.%se%+03d", digits[0], digits + 1, exponent);
    } else {
        sprintf(out, "%ce%+03d", digits[0], exponent);
    }
}

static const char *skip_blanks(const char *s) {
    return s + strspn(s, " \t\r\n");
}

bool mu_read_double(const char *text, double *value) {
    text = skip_blanks(text);
    if (text[strspn(text, "+-0123456789.eE")] != '\0' &&
        *skip_blanks(text + strspn(text, "+-0123456789.eE")) != '\0') {
        return false; /* strtod would also take hexadecimal, nan and inf */
    }
    char *end;
    double v = strtod(text, &end);
    if (end == text || *skip_blanks(end) != '\0' || !isfinite(v)) {
        return false;
    }
    *value = v;
    return true;
}

bool mu_read_integer(const char *text, int64_t *value) {
    double v;
    if (!mu_read_double(text, &v) || v != floor(v) || v < -0x1p63 || v > 0x1p63) {
        return false;
    }
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    if (*skip_blanks(end) == '\0') {
        return errno == 0;
    }
    *value = v < 0x1p63 ? (int64_t)v : INT64_MAX; /* in another form of writing */
    return v < 0x1p63;
}

int mu_decimals(const char *text) {
    const char *point = strchr(text, '.');
    const char *e = strpbrk(text, "eE");
    int digits = 0;
    if (point) {
        size_t n = strspn(point + 1, "0123456789");
        while (n > 0 && point[n] == '0') {
            n--;
        }
        digits = (int)(n > 400 ? 400 : n);
    }
    if (e) {
        long exponent = strtol(e + 1, NULL, 10);
        exponent = exponent > 400 ? 400 : exponent < -400 ? -400 : exponent;
        digits -= (int)exponent;
    }
    return digits > 0 ? digits : 0;
}
