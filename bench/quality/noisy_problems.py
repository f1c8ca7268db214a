"""Twelve functions and sketches under strong noise, normal with a standard deviation of 0.2, 0.5 and 1 of the range from the best to a typical value.

  run.py --problems noisy_problems.py --incumbent evaluated --method service --algorithm tpe --label tpe --out tpe.csv
"""
import dataclasses

import problems
import sketches

SHARES = (0.2, 0.5, 1)
NAMES = ("branin", "hartmann6", "styblinski6", "training_curve", "network_shape", "mixed_optimizer",
         "ellipsoid", "steps", "tables", "wide_logs", "lists", "three_of_ten")


def noisy(p, share):
    sd = share * abs(p.typical - p.best)
    return dataclasses.replace(p, name=f"n{share:g}_{p.name}", f=lambda a, rng: p.f(a, rng) + sd * rng.standard_normal(), noiseless=p.f, tags=("noisy", f"sd{share:g}", *p.tags))


PROBLEMS = [noisy(p, share) for p in (*problems.PROBLEMS, *sketches.PROBLEMS) if p.name in NAMES for share in SHARES]
