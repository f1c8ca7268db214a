#!/usr/bin/env python3
"""Print tests/unit/model_tables.inc: Gaussian process posteriors and likelihoods by scikit-learn, Yeo-Johnson by SciPy, ln h(z) by mpmath."""
import mpmath
import numpy as np
from scipy.stats import yeojohnson
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Kernel, Matern, RationalQuadratic, WhiteKernel


def table(name, values):
    body = ", ".join(f"{float(v):.17g}" for v in np.ravel(values))
    print(f"static const double {name}[] = {{{body}}};")


class Column(Kernel):
    """A kernel of one column."""

    def __init__(self, kernel, column):
        self.kernel, self.column = kernel, column

    def __call__(self, x, y=None, eval_gradient=False):
        k = self.kernel(x[:, [self.column]], None if y is None else y[:, [self.column]])
        return (k, np.empty((*k.shape, 0))) if eval_gradient else k

    def diag(self, x):
        return np.ones(len(x))

    def is_stationary(self):
        return True


print("/* Made by tests/reference/model_tables.py. */")
rng = np.random.default_rng(7)
n, d, m = 12, 3, 5
x, at = rng.random((n, d)), rng.random((m, d))
x[:, 2], at[:, 2] = rng.integers(0, 2, n), rng.integers(0, 2, m)  # a category of two values: its difference is 0 or 1 as it stands
y = np.sin(5 * x[:, 0]) + x[:, 1] ** 2 + 0.5 * x[:, 2]
y = (y - y.mean()) / y.std()
lengths, a2, n2, w, v = np.array([0.4, 0.9, 1.3]), 1.7, 0.02, 0.3, 0.6
table("GP_X", x), table("GP_Y", y), table("GP_AT", at)
table("GP_THETA", [*np.log(lengths), np.log(w / (1 - w)), np.log(v / (1 - v)), np.log(a2), np.log(n2)])
kernel = WhiteKernel(n2 + 1e-6)
for share, nu in ((1 - v, 1.5), (v, 2.5)):
    kernel += ConstantKernel(a2 * (1 - w) * share) * Matern(lengths, nu=nu)
for j in range(d):
    kernel += ConstantKernel(a2 * w / d) * Column(RationalQuadratic(lengths[j] / np.sqrt(2), alpha=1), j)
gp = GaussianProcessRegressor(kernel, alpha=0, optimizer=None).fit(x, y)
mean, sd = gp.predict(at, return_std=True)
nll = -gp.log_marginal_likelihood_value_ - n / 2 * np.log(2 * np.pi)
table("GP_MEAN", mean)
table("GP_SD", np.sqrt(sd**2 - (n2 + 1e-6)))  # of the function, without an observation's noise
table("GP_LIKELIHOOD", [nll])
z = np.array([-3, -1, -0.2, 0, 0.3, 1.5, 4])
table("YJ_Z", z)
for name, lam in (("0", 0.0), ("HALF", 0.5), ("2", 2.0), ("3", 3.0)):
    table(f"YJ_{name}", yeojohnson(z, lam))
skewed = rng.exponential(size=40)
skewed = (skewed - skewed.mean()) / skewed.std()
table("YJ_SKEWED", skewed), table("YJ_LAMBDA", [yeojohnson(skewed)[1]])
mpmath.mp.dps = 60
z = [3.0, 0.5, 0.0, -0.9, -1.1, -5.0, -20.0, -49.0, -51.0, -300.0, -1e5]
h = [mpmath.npdf(t) + t * mpmath.erfc(-mpmath.mpf(t) / mpmath.sqrt(2)) / 2 for t in map(mpmath.mpf, z[:9])]
logs = [mpmath.log(v) for v in h]
for t in z[9:]:  # the asymptotic series with ever more terms than the code under test has
    t = -mpmath.mpf(t)
    series = sum((-1) ** k * mpmath.fac(2 * k + 1) / (2**k * mpmath.fac(k)) / t ** (2 * k) for k in range(8))
    logs.append(-t * t / 2 - mpmath.log(2 * mpmath.pi) / 2 - 2 * mpmath.log(t) + mpmath.log(series))
table("LOG_H_Z", z), table("LOG_H", logs)
