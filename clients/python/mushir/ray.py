"""Ray Tune experiments whose trials a service of ours suggests.

    tuner = tune.Tuner(function, param_space={...}, tune_config=tune.TuneConfig(
        metric="loss", mode="min", num_samples=50, search_alg=mushir.ray.MushirSearcher()))

Schedulers stay Ray's.
"""
from __future__ import annotations

import math
import pickle
from collections.abc import Mapping
from typing import Any, Optional

from ray.tune.search import Searcher
from ray.tune.search.sample import Categorical, Domain, Integer, LogUniform, Normal, Quantized
from ray.tune.search.sample import Float as FloatDomain
from ray.tune.search.variant_generator import parse_spec_vars

from .errors import InvalidArgument
from .space import Choice, Float, Int, Parameter
from .study import Study
from .trial import Trial

DEVIATIONS = 3.0  # of a normal distribution's mean, to each side: what Float's normal means
DELIMITER = "/"


def _multiples(domain: Any, step: float) -> tuple[float, float]:
    """The first and the last multiple of |step| in |domain|; a bound that is one but for its last digits counts."""
    return math.ceil(domain.lower / step - 1e-9) * step, math.floor(domain.upper / step + 1e-9) * step


def parameter_of(name: str, domain: Any) -> Parameter:
    """Ray's |domain| as a parameter of ours, a Choice by index.

    What is quantized has the multiples of q; integers that are not stop short of their upper bound.
    """
    sampler = domain.get_sampler() if isinstance(domain, Domain) else None
    step = sampler.q if isinstance(sampler, Quantized) else None
    inner = sampler.get_sampler() if isinstance(sampler, Quantized) else sampler
    log = isinstance(inner, LogUniform)
    if isinstance(domain, Categorical):
        return Choice(range(len(domain.categories)))
    if isinstance(domain, Integer):
        if step in (None, 1):
            return Int(int(domain.lower), int(domain.upper) - 1, log=log)
        low, high = _multiples(domain, step)
        return Int(int(low), int(high), int(step), log)
    if isinstance(domain, FloatDomain) and isinstance(inner, Normal):
        return Float(inner.mean - DEVIATIONS * inner.sd, inner.mean + DEVIATIONS * inner.sd, normal=True)
    if isinstance(domain, FloatDomain):
        low, high = _multiples(domain, step) if step else (domain.lower, domain.upper)
        return Float(low, high, step, log)
    raise InvalidArgument(f"param_space[{name!r}]: {domain!r} is no distribution that a service knows")


def _path(keys: Any) -> str:
    return DELIMITER.join(map(str, keys))


class MushirSearcher(Searcher):
    """Suggests through a service.

    algorithm and options: as for mushir.Study (seed, settings, name, resource, service, ...); space, metric and mode come
    from the Tuner. Names of nested parameters are joined by "/". tune.choice, uniform, loguniform, randn, randint,
    lograndint and their quantized forms are known; tune.randn is cut at three deviations. tune.grid_search and
    tune.sample_from are refused.

    A trial's last report is its value, also where a scheduler ended it; without one it has failed. Checkpoints of the
    experiment hold the trials, for Tuner.restore.
    """

    _metric: Optional[str]
    _mode: Optional[str]

    def __init__(self, algorithm: str = "tpe", *, metric: Optional[str] = None, mode: Optional[str] = None, **options: Any) -> None:
        super().__init__(metric=metric, mode=mode)
        self._algorithm, self._options = algorithm, options
        self._domains: dict[str, tuple[tuple[Any, ...], Any]] = {}  # keys and domain of each parameter
        self._study: Optional[Study] = None
        self._trials: dict[str, int] = {}  # numbers by Ray's ids

    def set_search_properties(self, metric: Optional[str], mode: Optional[str], config: dict[str, Any], **spec: Any) -> bool:
        """Ray's: what is tuned."""
        if self._study is not None:
            return False
        self._metric, self._mode = metric or self._metric, mode or self._mode
        if not self._metric or not self._mode:
            raise InvalidArgument("TuneConfig must have metric and mode")
        _, domains, grids = parse_spec_vars(config)
        if grids:
            raise InvalidArgument(f"param_space[{_path(grids[0][0])!r}]: write tune.choice instead of tune.grid_search")
        self._domains = {_path(keys): (tuple(keys), domain) for keys, domain in domains}
        space = {name: parameter_of(name, domain) for name, (_, domain) in self._domains.items()}
        self._study = Study(space, self._algorithm, direction="maximize" if self._mode == "max" else "minimize",
                            metric=self._metric, **self._options)
        return True

    def _known(self) -> Study:
        if self._study is None:
            raise InvalidArgument("MushirSearcher: the Tuner has told no param_space yet")
        return self._study

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Ray's: the parameters of a new trial, nested as in param_space."""
        trial = self._known().ask()
        self._trials[trial_id] = trial.number
        return self._configuration(trial)

    def _configuration(self, trial: Trial) -> dict[str, Any]:
        config: dict[str, Any] = {}
        for name, value in trial.params.items():
            keys, domain = self._domains[name]
            inner = config
            for key in keys[:-1]:
                inner = inner.setdefault(key, {})
            inner[keys[-1]] = domain.categories[value] if isinstance(domain, Categorical) else value
        return config

    def on_trial_complete(self, trial_id: str, result: Optional[Mapping[str, Any]] = None, error: bool = False) -> None:
        """Ray's: what came of it."""
        number = self._trials.pop(trial_id, None)
        value = None if error or not result else result.get(str(self._metric))
        if number is not None:
            self._known().tell(number, value, state="failed" if value is None else None)

    def save(self, checkpoint_path: str) -> None:
        """Ray's: everything to a file."""
        kept = {name: getattr(self, name) for name in ("_study", "_trials", "_domains", "_metric", "_mode")}
        with open(checkpoint_path, "wb") as file:
            pickle.dump(kept, file)

    def restore(self, checkpoint_path: str) -> None:
        """Ray's: everything from a file that save() wrote."""
        with open(checkpoint_path, "rb") as file:
            self.__dict__.update(pickle.load(file))
        if self._study is not None:
            self._study.forget_waiting()  # Ray runs them again itself
