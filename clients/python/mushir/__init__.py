"""Hyperparameter search: tells what to try next, through a service that comes with this package.

    study = mushir.minimize(function, {"lr": mushir.Float(1e-5, 1, log=True), "layers": mushir.Int(1, 8)}, trials=50)
    print(study.best.params)

Study is for loops of one's own; mushir.optuna and mushir.ray are for theirs.
"""
from . import forks as _forks  # before anything that imports grpc
from .errors import Error, InvalidArgument, NoResult, ProgramNotFound, ServiceError
from .loop import Stopped
from .optimize import maximize, minimize
from .service import Service
from .space import Choice, Discrete, Float, Int
from .study import Study
from .trial import Trial

__all__ = ["Choice", "Discrete", "Error", "Float", "Int", "InvalidArgument", "NoResult", "ProgramNotFound", "Service",
           "ServiceError", "Stopped", "Study", "Trial", "maximize", "minimize"]
