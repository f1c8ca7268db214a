#!/usr/bin/env python3
"""Print common/num/sobol_table.inc: the primitive polynomials and initial direction numbers of Joe and Kuo (new-joe-kuo-6; S. Joe and F. Y. Kuo,
"Constructing Sobol sequences with better two-dimensional projections", SIAM J. Sci. Comput. 30, 2008), as SciPy stores them."""
import pathlib

import numpy as np
import scipy.stats

DIMENSIONS = 256
data = np.load(pathlib.Path(scipy.stats.__file__).parent / "_sobol_direction_numbers.npz")
print("/* Made by tests/reference/sobol_table.py: {polynomial, initial direction numbers}, dimensions 2 to %d. */" % DIMENSIONS)
for poly, init in zip(data["poly"][1:DIMENSIONS], data["vinit"][1:DIMENSIONS]):
    print("{%d, {%s}}," % (poly, ", ".join(str(v) for v in init[: int(poly).bit_length() - 1])))
