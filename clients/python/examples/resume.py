"""Four processes at a time, saved after every trial; started again, it goes on where it was.

    python3 resume.py [study.json]
"""
import concurrent.futures
import os
import sys

import mushir


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def main(path):
    if os.path.exists(path):
        study = mushir.Study.load(path)
        print(f"going on after {len(study.trials)} trials")
    else:
        study = mushir.Study({"x": mushir.Float(-2, 2), "y": mushir.Float(-1, 3)}, "bayesianoptimization", parallel=4)
    with study, concurrent.futures.ProcessPoolExecutor(4) as processes:
        study.run(rosenbrock, trials=40, executor=processes, on_trial=lambda study, trial: study.save(path))
    print(study.best)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "study.json")
