/* Parameters and their feasible space: one meaning for every type, distribution and step, in every
 * service.
 *
 * A coordinate is how an algorithm sees a value:
 *   continuous (levels == 0)      the value's position u in [0, 1] under the parameter's
 *                                 distribution function; so are ints and steps of 2^53 and more
 *   grid (ordered, levels >= 1)   the level's number 0 .. levels-1, as a double
 *   category (not ordered)        the index into the list, as a double
 * Models work in u ("unit"): mu_parameter_unit maps a level to the centre of its
 * cell. A level's cell is the part of [0, 1] that the distribution gives it, so drawing u uniformly
 * and asking for its level samples the declared distribution exactly. */
#ifndef MUSHIR_SEARCH_PARAMETER_H
#define MUSHIR_SEARCH_PARAMETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/status.h"
#include "common/search/number.h"

enum mu_parameter_type { MU_DOUBLE = 1, MU_INT, MU_DISCRETE, MU_CATEGORICAL };
enum mu_distribution { MU_UNIFORM = 1, MU_LOG_UNIFORM, MU_NORMAL, MU_LOG_NORMAL };

/* A parameter as a client wrote it; every pointer is borrowed. Type and distribution are the
 * contract's enum numbers, unchecked. */
struct mu_parameter_text {
    const char *name;
    int type, distribution;
    const char *min, *max, *step; /* "" or NULL when absent */
    const char *const *list;
    size_t n_list;
};

struct mu_parameter {
    const char *name;
    enum mu_parameter_type type;
    enum mu_distribution distribution;
    bool ordered;    /* false: categories without an order */
    uint64_t levels; /* number of values; 0: continuous; 1: a constant */
    double min, max; /* double, int: the declared bounds; discrete: smallest and largest number */
    double step;     /* distance of two values of a grid or an int; else 0 */
    const char *const *list; /* discrete (ascending by number) and categorical (as listed): the
                                texts, |levels| of them */
    const double *numbers;   /* discrete: the numbers of |list|; else NULL */
    /* private to parameter.c */
    int64_t least; /* ints: level k is least + k stride, up to k = last, exactly */
    uint64_t stride, last;
    bool coarse; /* no levels, but neighbouring values lie well apart in u: coordinates are those of
                    values */
    const uint32_t *by_text; /* the list's indices sorted by text */
    int decimals;            /* digits behind the point that min and step need; -1: unknown */
    double low, high;   /* edges of the outermost cells on the parameter's scale (linear or ln) */
    double mean, sigma; /* NORMAL, LOG_NORMAL on that scale */
    double mass_low, mass; /* Phi at |low|, and the mass between the edges */
};

/* Read |text| into |parameter| (arena-owned). MU_INVALID_ARGUMENT with a text that names the
 * parameter, the field and the value. */
MU_MUST_USE enum mu_status mu_parameter_init(struct mu_parameter *parameter,
    const struct mu_parameter_text *text, struct mu_arena *arena, struct mu_error *error);

/* Whether |text| is a list without an order: categorical, or discrete with an entry that is no
 * number, which Katib's hyperopt and skopt services take for choices. mu_parameter_init makes it
 * categorical. */
bool mu_parameter_is_choice(const struct mu_parameter_text *text);

/* u -> coordinate: the level whose cell holds |u|, or |u| itself clamped to [0, 1] (where
 * neighbouring values lie well apart, the u of the value there). */
double mu_parameter_at(const struct mu_parameter *parameter, double u);

/* Coordinate -> u: a level's cell centre, or the coordinate itself. For categories (index + 1/2) /
 * levels. */
double mu_parameter_unit(const struct mu_parameter *parameter, double x);

/* Lower edge in [0, 1] of the cell of level |level|; 1 for |level| == levels. Grids and categories
 * only. */
double mu_parameter_edge(const struct mu_parameter *parameter, uint64_t level);

/* Coordinate -> the number it denotes (a category's index for categories). */
double mu_parameter_value(const struct mu_parameter *parameter, double x);

/* Number -> nearest coordinate (clamped to the feasible space); not for categories. */
double mu_parameter_nearest(const struct mu_parameter *parameter, double value);

/* Text of an assignment -> coordinate. False when the text is no value of this parameter (a double
 * off the grid or beyond the bounds by more than 1e-9 of the range, an int off it at all counts as
 * none). */
bool mu_parameter_parse(const struct mu_parameter *parameter, const char *text, double *x);

/* Coordinate -> the text of the assignment: list entries verbatim, ints without a point, doubles as
 * mu_print_double, grid doubles as the decimal they denote. Arena-owned. */
const char *mu_parameter_print(
    const struct mu_parameter *parameter, double x, struct mu_arena *arena);

#endif
