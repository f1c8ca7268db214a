"""The 24 noiseless functions of BBOB (Hansen et al., 2009) in five dimensions, first instance: pip install ioh.

  run.py --problems bbob_problems.py --method service --algorithm tpe --label tpe --out tpe.csv

`rugged` are the functions with many local optima (3, 4 and 15 to 24); `typical` is the median of 1,001 uniform points.
"""
import ioh
import numpy as np
from problems import Problem, cube, vec

LOW, HIGH, DIMENSIONS = -5, 5, 5
RUGGED = {3, 4, *range(15, 25)}


def problem(number):
    f = ioh.get_problem(number, instance=1, dimension=DIMENSIONS, problem_class=ioh.ProblemClass.BBOB)
    points = np.random.default_rng(7).uniform(LOW, HIGH, (1001, DIMENSIONS))
    return Problem(f"bbob{number:02d}", cube(DIMENSIONS, LOW, HIGH), lambda a, _: float(f(vec(a))), float(f.optimum.y), float(np.median(f(points))),
                   tags=("bbob", *(("rugged",) if number in RUGGED else ())))


PROBLEMS = [problem(number) for number in range(1, 25)]
