#include "services/cmaes/margin.h"

#include <math.h>

#include "common/num/normal.h"

/* Probabilities stay this far from 0 and 1/2, where quantiles are infinite and zero. */
static const double NEAREST = 1e-10;

/* How many deviations from its mean a normal variable has the tail |p|: the square root of the
 * chi-square quantile with one degree of freedom at 1 - 2p. */
static double reach(double p) {
    return -mu_normal_quantile(fmin(0.5 - NEAREST, fmax(NEAREST, p)));
}

void mu_margin_correct(struct mu_marginal *m, double below, double above, double margin) {
    double deviation = m->scale * m->deviation;
    double low = mu_normal_cdf((below - m->mean) / deviation);
    double high = mu_normal_cdf((m->mean - above) / deviation);
    double middle = 1 - low - high;
    if (fmax(low, high) > 0.5) {
        if (fmin(low, high) < margin) {
            double side = m->mean < above ? -1 : m->mean > above ? 1 : 0;
            m->mean = above + side * deviation * reach(margin);
        }
        return;
    }
    low = fmax(low, margin / 2);
    high = fmax(high, margin / 2);
    double excess = (1 - low - high - middle) / (low + middle + high - 3 * margin / 2);
    double a = reach(low + excess * (low - margin / 2));
    double b = reach(high + excess * (high - margin / 2));
    m->scale = (above - below) / ((a + b) * m->deviation);
    m->mean = (below * b + above * a) / (a + b);
}
