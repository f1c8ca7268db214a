/* Numbers as texts: reading what clients send, printing what trials get. */
#ifndef MUSHIR_SEARCH_NUMBER_H
#define MUSHIR_SEARCH_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The shortest text that reads back to |value|, the way Python prints it: "0.1", "1.0", "1e-05",
 * "1e+16". |text| holds 32 bytes. */
void mu_print_double(double value, char text[32]);

/* |text| as a finite number, read to its end (surrounding blanks allowed), independent of the
 * locale. Hexadecimal, "nan", "inf" and the empty text are none. */
bool mu_read_double(const char *text, double *value);

/* |text| as an integer of 64 bits: "-3" exactly, "3.0" and "1e3" to the precision of a double. */
bool mu_read_integer(const char *text, int64_t *value);

/* Digits behind the decimal point that |text| ("0.05", "1e-3") needs; 0 when none. */
int mu_decimals(const char *text);

#endif
