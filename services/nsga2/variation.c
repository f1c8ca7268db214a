#include "services/nsga2/variation.h"

#include <math.h>

/* The share of the numbers that simulated binary crossover moves, as in Deb's program; the others
 * are a parent's. docs/adr/0093 */
static const double BLENDED = 0.5;

double mu_nsga_crossed(double near, double far, double eta, double r) {
    double apart = fabs(far - near);
    double room = near < far ? near : 1 - near; /* behind |near| */
    if (!(apart > 0)) {
        return near;
    }
    double most = 1 + 2 * room / apart; /* the spread factor that ends at the bound */
    double mass = 2 - pow(most, -(eta + 1));
    double scaled = r * mass;
    double beta = pow(scaled <= 1 ? scaled : 1 / (2 - scaled), 1 / (eta + 1));
    double middle = (near + far) / 2;
    return fmin(1, fmax(0, middle + beta * (near - middle)));
}

double mu_nsga_mutated(double u, double eta, double r) {
    bool down = r < 0.5;
    double room = down ? u : 1 - u;
    double draw = down ? 2 * r : 2 * (1 - r);
    double at_bound = pow(1 - room, eta + 1);
    double step = 1 - pow(at_bound + draw * (1 - at_bound), 1 / (eta + 1));
    return fmin(1, fmax(0, down ? u - step : u + step));
}

static double cross(const struct mu_nsga_variation *v, const struct mu_parameter *p, double near,
    double far, struct mu_stream *stream) {
    bool blended = mu_uniform(stream) < BLENDED;
    double r = mu_uniform(stream);
    if (!p->ordered || !blended || near == far) {
        return near;
    }
    double u =
        mu_nsga_crossed(mu_parameter_unit(p, near), mu_parameter_unit(p, far), v->crossover_eta, r);
    return mu_parameter_at(p, u);
}

/* The grid's level beside |level| in the direction of the mutation, or in the other one. */
static double neighbour(const struct mu_parameter *p, double level, bool up) {
    bool top = level + 1 >= (double)p->levels;
    return (up && !top) || level == 0 ? level + 1 : level - 1;
}

static double mutate(const struct mu_nsga_variation *v, const struct mu_parameter *p, double x,
    struct mu_stream *stream) {
    if (!p->ordered) {
        double other = (double)mu_uniform_below(stream, p->levels - 1);
        return other < x ? other : other + 1;
    }
    double r = mu_uniform(stream);
    double mutant =
        mu_parameter_at(p, mu_nsga_mutated(mu_parameter_unit(p, x), v->mutation_eta, r));
    return p->levels && mutant == x ? neighbour(p, x, r >= 0.5) : mutant;
}

void mu_nsga_child(const struct mu_nsga_variation *v, const struct mu_space *space, const double *a,
    const double *b, struct mu_stream *stream, double *x) {
    bool crossed = mu_uniform(stream) < v->crossover;
    for (size_t i = 0; i < space->n; i++) {
        const struct mu_parameter *p = &space->parameters[i];
        bool swapped = crossed && mu_uniform(stream) < v->swapping;
        double near = swapped ? b[i] : a[i];
        x[i] = crossed ? cross(v, p, near, swapped ? a[i] : b[i], stream) : near;
        if (p->levels != 1 && mu_uniform(stream) < v->mutation) {
            x[i] = mutate(v, p, x[i], stream);
        }
    }
}
