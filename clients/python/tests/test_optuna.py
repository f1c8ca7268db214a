"""Optuna's studies through a service."""
import datetime
import math
import pickle

import pytest
from conftest import BOWL, bowl

import mushir

optuna = pytest.importorskip("optuna", reason="no optuna here")
import mushir.optuna  # noqa: E402
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution  # noqa: E402
from optuna.trial import TrialState  # noqa: E402

optuna.logging.set_verbosity(optuna.logging.ERROR)
SQUARE = {"x": FloatDistribution(-5, 5), "y": FloatDistribution(-5, 5)}


@pytest.fixture
def sampler_of(service):
    """sampler_of(...): a MushirSampler at the tests' service."""
    samplers = []

    def make(*arguments, **options):
        samplers.append(mushir.optuna.MushirSampler(*arguments, **{"service": service, **options}))
        return samplers[-1]

    yield make
    for sampler in samplers:
        sampler.close()


def objective(trial):
    return bowl(trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5))


def optimized(sampler, n, function=objective, **options):
    study = optuna.create_study(sampler=sampler, **options)
    study.optimize(function, n)
    return study


@pytest.mark.parametrize("algorithm", ["tpe", "bayesianoptimization", "random"])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_with_a_known_space_it_is_the_service_alone(sampler_of, study_of, algorithm, direction):
    """The same trials, so the same regret."""
    sign = 1 if direction == "minimize" else -1
    sampled = optimized(sampler_of(algorithm, search_space=SQUARE, seed=4), 25, lambda t: sign * objective(t), direction=direction)
    alone = study_of(BOWL, algorithm, seed=4, direction=direction)
    alone.run(lambda x, y: sign * bowl(x, y), 25)
    assert [t.params for t in sampled.trials] == [t.params for t in alone.trials]


def test_several_objectives(sampler_of, study_of):
    def both(x, y):
        return bowl(x, y), x - y

    sampled = optimized(sampler_of("nsga2", search_space=SQUARE), 60, lambda t: both(t.suggest_float("x", -5, 5), t.suggest_float("y", -5, 5)),
                        directions=["minimize", "maximize"])
    alone = study_of(BOWL, "nsga2", metrics=["value_1"], settings={"objectives": "value:min, value_1:max"})
    alone.run(lambda x, y: dict(zip(("value", "value_1"), both(x, y))), 60)
    single = study_of(BOWL, "nsga2").run(bowl, 60)
    assert [t.params for t in sampled.trials] == [t.params for t in alone.trials] != [t.params for t in single.trials]


def test_without_a_known_space_only_the_first_trial_is_independent(sampler_of):
    drawn = []

    class Counted(optuna.samplers.RandomSampler):
        def sample_independent(self, study, trial, name, distribution):
            drawn.append((trial.number, name))
            return super().sample_independent(study, trial, name, distribution)

    study = optimized(sampler_of(independent_sampler=Counted(1)), 40)
    assert drawn == [(0, "x"), (0, "y")] and study.best_value < 0.5


def test_every_distribution(sampler_of):
    def function(trial):
        values = [trial.suggest_float("log", 1e-6, 1, log=True), trial.suggest_float("grid", 0.1, 0.9, step=0.1),
                  trial.suggest_int("int", -3, 12), trial.suggest_int("even", 2, 64, step=2), trial.suggest_int("logint", 1, 1024, log=True)]
        chosen = trial.suggest_categorical("choice", ["a", "1", 1, 1.5, True, None])
        assert any(chosen is option for option in ("a", "1", 1, 1.5, True, None))
        assert trial.suggest_float("constant", 0.5, 0.5) == 0.5
        return math.fsum(values) + (chosen is None)

    study = optimized(sampler_of(), 30, function)  # Optuna itself checks that values lie in their distribution
    assert len(study.trials) == 30 and len({t.params["choice"] for t in study.trials}) > 1


def test_pruned_and_failed_trials(sampler_of):
    def function(trial):
        value = objective(trial)
        trial.report(value, 1)
        if trial.number % 3 == 1:
            raise optuna.TrialPruned
        return math.nan if trial.number % 3 == 2 else value

    study = optimized(sampler_of(search_space=SQUARE), 9, function)
    space = {name: mushir.optuna.parameter_of(name, d) for name, d in SQUARE.items()}
    told = [mushir.optuna.trial_of(trial, space) for trial in study.trials]
    assert [t.state for t in told] == ["succeeded", "stopped", "failed"] * 3
    assert [t.value for t in told] == [None if t.number % 3 == 2 else bowl(**t.params) for t in study.trials]


def test_a_space_without_a_choice(sampler_of):
    study = optimized(sampler_of(), 4, lambda t: t.suggest_float("x", 0.5, 0.5) + t.suggest_int("n", 3, 3) + t.suggest_categorical("c", [1]))
    assert [trial.value for trial in study.trials] == [4.5] * 4


def test_the_times_of_a_trial():
    """Optuna's are local ones without a zone; their order is that in which trials ended."""
    began, ended = (datetime.datetime.fromtimestamp(1_800_000_000 + second) for second in (0, 0.25))
    trial = optuna.trial.create_trial(value=1.0)
    trial.datetime_start, trial.datetime_complete = began, ended
    told = mushir.optuna.trial_of(trial, {})
    assert (told.started, told.completed) == ("2027-01-15T08:00:00.000000Z", "2027-01-15T08:00:00.250000Z")


def test_a_pruned_trial_without_a_report_has_no_value():
    trial = optuna.trial.create_trial(state=TrialState.PRUNED, params={"x": 1.0}, distributions={"x": FloatDistribution(0, 1)})
    assert mushir.optuna.trial_of(trial, {"x": mushir.Float(0, 1)}).value is None


def test_a_parameter_of_some_trials_only(sampler_of):
    def function(trial):
        return objective(trial) + (trial.suggest_int("depth", 1, 4) if trial.suggest_categorical("deep", [True, False]) else 2)

    study = optimized(sampler_of(), 25, function)
    assert len(study.trials) == 25 and {len(t.params) for t in study.trials} == {3, 4}


def test_a_range_that_moves(sampler_of):
    def function(trial):
        return trial.suggest_float("x", -5, 5) ** 2 + trial.suggest_float("moving", 0, 1 + trial.number)

    assert len(optimized(sampler_of(), 12, function).trials) == 12


def test_trials_of_other_hands_are_learned_from(sampler_of):
    """Enqueued ones and, of another value of the category, ones that the space does not know."""
    sampler = sampler_of("bayesianoptimization", search_space=SQUARE)
    study = optuna.create_study(sampler=sampler)
    for x in range(-5, 6, 2):
        for y in range(-5, 6, 2):
            study.add_trial(optuna.trial.create_trial(value=bowl(x, y), params={"x": x, "y": y}, distributions=SQUARE))
    study.add_trial(optuna.trial.create_trial(value=-1.0, params={"z": 1}, distributions={"z": IntDistribution(0, 3)}))
    study.add_trial(optuna.trial.create_trial(value=-1.0, params={"x": "far"}, distributions={"x": CategoricalDistribution(["far"])}))
    study.enqueue_trial({"x": 4.5})
    study.optimize(objective, 2)
    assert study.trials[-2].params["x"] == 4.5 and study.trials[-1].value < 0.5


def test_workers_do_not_repeat_each_other(sampler_of):
    study = optuna.create_study(sampler=sampler_of("random", search_space=SQUARE))
    asked = [study.ask(SQUARE) for _ in range(6)]
    study.optimize(objective, 20, n_jobs=4)
    assert len({tuple(t.params.values()) for t in study.trials}) == 26 and len(asked) == 6


def test_what_runs_is_known_also_to_another_worker(sampler_of, study_of):
    """Trials that two workers of one storage ask for are those of one batch of the service alone."""
    storage = optuna.storages.InMemoryStorage()
    study = optimized(sampler_of(search_space=SQUARE), 10, study_name="shared", storage=storage)
    other = optuna.load_study(study_name="shared", storage=storage, sampler=sampler_of(search_space=SQUARE))
    alone = study_of(BOWL).run(bowl, 10)
    assert [worker.ask(SQUARE).params for worker in (study, other, study, other)] == [t.params for t in alone.ask(4)]


def test_what_asks_at_the_same_time_is_taken_for_running(sampler_of, study_of):
    study = optimized(sampler_of(search_space=SQUARE), 10)
    first, second = study.ask(), study.ask()
    objective(second)  # while the first has no parameters yet
    batch = study_of(BOWL).run(bowl, 10).ask(2)
    assert second.params == batch[1].params and first.number == batch[0].number


def test_a_stored_study_goes_on(sampler_of, tmp_path):
    """Nothing is kept in the sampler: one that begins anew gives the same trials."""
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(tmp_path / "journal")))
    study = optimized(sampler_of(search_space=SQUARE), 12, storage=storage, study_name="stored")
    again = optuna.load_study(study_name="stored", storage=storage, sampler=sampler_of(search_space=SQUARE))
    whole = optimized(sampler_of(search_space=SQUARE), 16)
    again.optimize(objective, 4)
    assert [t.params for t in again.trials] == [t.params for t in whole.trials]


def test_one_sampler_for_several_studies(sampler_of):
    """Also for two of one name, which only their storages tell apart."""
    sampler = sampler_of(search_space=SQUARE)
    first, second = (optimized(sampler, 15, study_name="same") for _ in range(2))
    third = optimized(sampler, 15, lambda t: -objective(t), direction="maximize")
    assert [t.params for t in first.trials] == [t.params for t in second.trials] == [t.params for t in third.trials]


def test_studies_of_one_name_and_different_parameters(sampler_of):
    sampler = sampler_of()
    optimized(sampler, 5, study_name="same")
    drawn = []
    sampler._independent.sample_independent = lambda study, trial, name, d: drawn.append((trial.number, name)) or 0.5
    optimized(sampler, 5, lambda t: t.suggest_float("x", -5, 5) + t.suggest_float("z", 0, 1), study_name="same")
    assert drawn == [(0, "z")]


def test_a_sampler_is_pickled(service):
    sampler = mushir.optuna.MushirSampler(search_space=SQUARE, seed=2)
    before = optimized(sampler, 8)
    copied = pickle.loads(pickle.dumps(sampler))
    assert [t.params for t in optimized(copied, 8).trials] == [t.params for t in before.trials]
    sampler.close(), copied.close()


def test_what_is_wrong_is_named(sampler_of):
    with pytest.raises(mushir.InvalidArgument, match="nobody"):
        optimized(sampler_of("nsga2", search_space=SQUARE, settings={"objectives": "nobody:min"}), 1)
    with pytest.raises(mushir.InvalidArgument, match="gamma"):
        optimized(sampler_of(search_space=SQUARE, settings={"gamma": 7}), 1)
    with pytest.raises(mushir.InvalidArgument, match="x: .* is no distribution that a service knows"):
        mushir.optuna.parameter_of("x", object())
