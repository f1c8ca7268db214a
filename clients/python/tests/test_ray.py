"""Ray Tune's experiments through a service."""
import math

import pytest
from conftest import bowl

import mushir

tune = pytest.importorskip("ray.tune", reason="no ray here")
import ray  # noqa: E402

import mushir.ray  # noqa: E402


@pytest.fixture
def searcher_of(service):
    """searcher_of(param_space, ...): a MushirSearcher at the tests' service."""
    def make(space, algorithm="tpe", metric="loss", mode="min", **options):
        searcher = mushir.ray.MushirSearcher(algorithm, service=service.address, **options)
        assert searcher.set_search_properties(metric, mode, space)
        return searcher

    return make


@pytest.mark.parametrize("domain, parameter", [
    (tune.uniform(0, 1), mushir.Float(0, 1)),
    (tune.loguniform(1e-4, 1), mushir.Float(1e-4, 1, log=True)),
    (tune.quniform(0.3, 1.1, 0.1), mushir.Float(3 * 0.1, 1.1, step=0.1)),
    (tune.randn(10, 2), mushir.Float(4, 16, normal=True)),
    (tune.randint(0, 9), mushir.Int(0, 8)),
    (tune.lograndint(1, 1025), mushir.Int(1, 1024, log=True)),
    (tune.qrandint(3, 17, 5), mushir.Int(5, 15, step=5)),
    (tune.qrandint(3, 17, 1), mushir.Int(3, 16)),
    (tune.choice(["a", [1, 2]]), mushir.Choice([0, 1])),
])
def test_domains(domain, parameter):
    made = mushir.ray.parameter_of("x", domain)
    assert type(made) is type(parameter)
    for field in parameter.__dataclass_fields__:
        wanted = getattr(parameter, field)
        assert getattr(made, field) == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


def test_suggestions_are_nested_as_the_space(searcher_of):
    searcher = searcher_of({"a": {"x": tune.uniform(0, 1), "constant": 3}, "layers": tune.choice([[64], [64, 64]]),
                            "q": tune.qloguniform(0.1, 10, 0.1)})
    for i in range(5):
        config = searcher.suggest(str(i))
        assert set(config) == {"a", "layers", "q"} and set(config["a"]) == {"x"}
        assert config["layers"] in ([64], [64, 64]) and 0 <= config["a"]["x"] <= 1
        assert math.isclose(config["q"] * 10, round(config["q"] * 10), abs_tol=1e-6)


def told(searcher, n, start=0):
    configs = []
    for i in range(start, start + n):
        config = searcher.suggest(f"id{i}")
        searcher.on_trial_complete(f"id{i}", {"loss": bowl(**config)})
        configs.append(config)
    return configs


SQUARE = {"x": tune.uniform(-5, 5), "y": tune.uniform(-5, 5)}


def test_it_is_the_service_alone(searcher_of, study_of):
    study = study_of({"x": mushir.Float(-5, 5), "y": mushir.Float(-5, 5)}, seed=3, metric="loss").run(bowl, 15)
    assert told(searcher_of(SQUARE, seed=3), 15) == [trial.params for trial in study.trials]


def test_failed_trials_and_unknown_ones(searcher_of):
    searcher = searcher_of(SQUARE)
    for i, (result, error) in enumerate([(None, True), ({"loss": 1.0}, True), ({}, False), ({"loss": math.nan}, False)]):
        searcher.suggest(str(i))
        searcher.on_trial_complete(str(i), result, error)
    searcher.on_trial_complete("another's", {"loss": 1.0})
    assert [trial.state for trial in searcher._study.trials] == ["failed"] * 4


def test_a_restored_searcher_goes_on(searcher_of, tmp_path):
    searcher = searcher_of(SQUARE)
    told(searcher, 10)
    pending = searcher.suggest("pending")
    searcher.save(str(tmp_path / "searcher"))
    restored = mushir.ray.MushirSearcher()
    restored.restore(str(tmp_path / "searcher"))
    for each in searcher, restored:
        each.on_trial_complete("pending", {"loss": bowl(**pending)})
    assert told(restored, 5, start=20) == told(searcher, 5, start=20)


def test_what_runs_at_a_restore_is_not_handed_out_again(searcher_of, tmp_path):
    searcher = searcher_of(SQUARE)
    pending = searcher.suggest("pending")
    searcher.save(str(tmp_path / "searcher"))
    restored = mushir.ray.MushirSearcher()
    restored.restore(str(tmp_path / "searcher"))
    assert restored.suggest("new") != pending


def test_what_is_wrong_is_named(searcher_of):
    with pytest.raises(mushir.InvalidArgument, match="param_space\\['a/x'\\]: write tune.choice instead of tune.grid_search"):
        searcher_of({"a": {"x": tune.grid_search([1, 2])}})
    with pytest.raises(mushir.InvalidArgument, match="param_space\\['x'\\]: .* is no distribution that a service knows"):
        searcher_of({"x": tune.sample_from(lambda config: 1)})
    with pytest.raises(mushir.InvalidArgument, match="TuneConfig must have metric and mode"):
        searcher_of(SQUARE, metric=None)
    with pytest.raises(mushir.InvalidArgument, match="the Tuner has told no param_space yet"):
        mushir.ray.MushirSearcher().suggest("1")


def test_a_tuner(service, tmp_path):
    def evaluate(config):  # inside, so that it travels to Ray's workers, which do not know this module
        return {"loss": (config["x"] - 1) ** 2 + (config["y"] + 2) ** 2}

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        results = tune.Tuner(
            evaluate, param_space=SQUARE, run_config=tune.RunConfig(storage_path=str(tmp_path), verbose=0),
            tune_config=tune.TuneConfig(metric="loss", mode="min", num_samples=4, max_concurrent_trials=2,
                                        search_alg=mushir.ray.MushirSearcher(service=service.address))).fit()
    finally:
        ray.shutdown()
    assert len(results) == 4 and results.num_errors == 0
    best = results.get_best_result()
    assert best.metrics["loss"] == bowl(best.config["x"], best.config["y"])
