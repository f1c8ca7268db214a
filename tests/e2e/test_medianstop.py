"""The rules of mushir-medianstop: Katib's settings and texts, and what bad, missing and late logs do (no rule, never an error)."""
import subprocess
import threading
import time

import grpc
import pytest

from conftest import BIN, experiment, health_request, pb2, trial
from katib_cluster import DBManager

STOPPING = "/api.v1.beta1.EarlyStopping/"
NAMES = ["medianstop", "percentilestop", "curvestop"]


def rules_request(db_manager, trials, algorithm="medianstop", maximize=False, metric="loss", **settings):
    e = experiment("random", [("x", "double", {"min": 0, "max": 1})], maximize=maximize)
    e.spec.objective.objective_metric_name = metric
    e.spec.early_stopping.algorithm_name = algorithm
    for name, value in settings.items():
        e.spec.early_stopping.algorithm_settings.add(name=name, value=str(value))
    return pb2.GetEarlyStoppingRulesRequest(experiment=e, trials=trials, db_manager_address=db_manager)


def rules(service, *args, **settings):
    """[(name, value, comparison, start_step)]"""
    reply = pb2.GetEarlyStoppingRulesReply.FromString(service.call(STOPPING + "GetEarlyStoppingRules", rules_request(*args, **settings)))
    return [(r.name, float(r.value), pb2.ComparisonType.Name(r.comparison), r.start_step) for r in reply.early_stopping_rules]


def assert_rules(service, expected, *args, **settings):
    """Logs that a slow machine does not give in time are asked for again: the rules are |expected| in the end."""
    until = time.monotonic() + 120
    found = rules(service, *args, **settings)
    while found != expected and time.monotonic() < until:
        found = rules(service, *args, **settings)
    assert found == expected


def above(value, step=3):
    return [("loss", pytest.approx(value), "GREATER", step)]


def ended(name, condition=pb2.TrialStatus.SUCCEEDED):
    return trial(name, [("x", "0.5")], 1, condition)


@pytest.fixture
def db():
    manager = DBManager()
    yield manager
    manager.stop()


@pytest.fixture
def service(start_service):
    return start_service("medianstop")


CURVES = {"a": [3, 0.5, 1, 9], "b": [5, 1, 1, 9], "c": [9, 9, 10, 10]}  # the first three average 1.5, 2.33, 9.33


def three(db):
    for name, values in CURVES.items():
        db.report(name, values)
    return [ended(name) for name in CURVES]


def test_the_median_is_one(service, db):
    assert_rules(service, above(7 / 3), db.address, three(db), start_step=3)


def test_accuracies_are_stopped_below(service, db):
    assert_rules(service, [("loss", pytest.approx(7 / 3), "LESS", 3)], db.address, three(db), start_step=3, maximize=True)


def test_two_trials_are_too_few_and_the_database_is_left_alone_before_one_has_succeeded(service, db):
    running = [trial("a", [("x", "0.5")]), ended("b", pb2.TrialStatus.FAILED), ended("c", pb2.TrialStatus.KILLED)]
    assert rules(service, db.address, running) == [] and db.asked == []
    assert rules(service, "katib-db-manager.kubeflow:6789", running) == []
    assert rules(service, db.address, three(db)[:2]) == []


def test_an_empty_request(service):
    assert service.call(STOPPING + "GetEarlyStoppingRules", b"") == b""


def learn(service, db, trials):
    """Ask until nothing is asked for any more."""
    asked = -1
    while len(db.asked) != asked:
        asked = len(db.asked)
        rules(service, db.address, trials)


@pytest.mark.parametrize("algorithm", NAMES)
def test_every_algorithm_finds_a_rule_and_repeats_it(service, db, algorithm):
    trials = []
    for i in range(12):
        db.report(f"t{i}", [i + 20 / step for step in range(1, 31)])
        trials.append(ended(f"t{i}"))
    learn(service, db, trials)
    found, asked = rules(service, db.address, trials, algorithm), len(db.asked)
    assert len(found) == 1 and found[0][2] == "GREATER"
    assert rules(service, db.address, trials[::-1], algorithm) == found  # in any order
    assert len(db.asked) == asked  # nothing again


def test_the_same_without_what_is_remembered(start_service, db):
    trials = three(db)
    learn(start_service("medianstop"), db, trials)
    forgetful = start_service("medianstop", "--memory-mib", "1")  # has no room for any
    for _ in range(2):
        asked = len(db.asked)
        assert_rules(forgetful, above(7 / 3), db.address, trials, start_step=3)
        assert len(db.asked) >= asked + 3


def test_names_that_read_the_same_with_their_times_have_logs_of_their_own(service, db):
    trials = three(db)
    for name, started, value in (("d", "e\nf", 2), ("d\ne", "f", 100)):
        db.report(name, [value] * 4)
        trials.append(ended(name))
        trials[-1].status.start_time, trials[-1].status.completion_time = started, "g"
    learn(service, db, trials)
    assert rules(service, db.address, trials, start_step=3) == above(7 / 3)  # of the averages 1.5, 2, 2.33, 9.33, 100


def test_bad_logs_are_no_logs(service, db):
    trials = three(db)
    for name, values in {"text": ["unavailable"], "nan": ["nan", "inf", "", "x"], "mixed": ["nan", 5, "oops", 1, 1]}.items():
        db.report(name, values)
        trials.append(ended(name))
    trials.append(ended("none"))
    # the averages 1.5, 2.33, 2.33 (of 5, 1, 1) and 9.33
    assert_rules(service, above(7 / 3), db.address, trials, start_step=3)


def test_equal_curves_give_no_rule(service, db):
    for name in "abcd":
        db.report(name, [1, 1, 1, 1, 1])
    learn(service, db, [ended(name) for name in "abcd"])
    assert rules(service, db.address, [ended(name) for name in "abcd"]) == []


def test_a_metric_that_would_break_the_collectors_flag_has_no_rule(service, db):
    for name, values in CURVES.items():
        db.report(name, values, metric="a;b")
    assert rules(service, db.address, [ended(name) for name in CURVES], metric="a;b") == []


def test_unknown_algorithms_and_settings_cost_no_suggestions(service, db):
    trials = three(db)
    learn(service, db, trials)
    assert rules(service, db.address, trials, "nobody") == []
    assert rules(service, db.address, trials, min_trials_required="many") == []
    assert len(rules(service, db.address, trials, added_by_a_suggestion="1")) == 1


@pytest.mark.parametrize("address", ["", "nobody.invalid:6789", "127.0.0.1:1", "a b", "katib-db-manager:x", "[::1]:1"])
def test_a_database_that_cannot_be_reached(service, address):
    assert rules(service, address, [ended(name) for name in CURVES]) == []


def test_a_database_that_is_late(service, db):
    """Whatever has come in time counts, and what comes later is asked for again."""
    late = threading.Event()
    db.before = lambda name: late.wait(30) if name == "d" else None
    trials = [*three(db), ended("d")]
    db.report("d", [0, 0, 0, 0])
    assert_rules(service, above(7 / 3), db.address, trials, start_step=3)
    late.set()
    assert_rules(service, above((1.5 + 7 / 3) / 2), db.address, trials, start_step=3)
    assert db.asked.count("d") >= 2


def test_logs_that_are_too_long_are_left_out(service, db):
    trials = [*three(db), ended("long")]
    db.report("long", [0] * 120_000)
    assert_rules(service, above(7 / 3), db.address, trials[:3], start_step=3)
    before = len(db.asked)
    assert_rules(service, above(7 / 3), db.address, trials, start_step=3)
    assert db.asked[before:] == ["long"]


def test_many_trials_are_remembered(service, db):
    """120 trials with 1,000 lines each: asked again, the logs stay where they are."""
    trials = [ended(f"t{i}") for i in range(120)]
    for i, t in enumerate(trials):
        db.report(t.name, [i + 1000 / step for step in range(1, 1001)])
    learn(service, db, trials)
    asked = len(db.asked)
    assert len(rules(service, db.address, trials, "curvestop")) == 1 and len(db.asked) == asked
    assert len(rules(service, db.address, [trial("t0", [("x", "0.5")], 1, second=9), *trials[1:]], "curvestop")) == 1
    assert db.asked[asked:] == ["t0"]  # made anew: its time is another


# ---- settings ----


def refused(service, algorithm, **settings):
    spec = pb2.EarlyStoppingSpec(algorithm_name=algorithm)
    for name, value in settings.items():
        spec.algorithm_settings.add(name=name, value=str(value))
    try:
        service.call(STOPPING + "ValidateEarlyStoppingSettings", pb2.ValidateEarlyStoppingSettingsRequest(early_stopping=spec))
    except grpc.RpcError as e:
        assert e.code() == grpc.StatusCode.INVALID_ARGUMENT
        return e.details()
    return None


def test_katibs_settings_and_texts(service):
    assert refused(service, "medianstop", min_trials_required=2, start_step=5) is None
    assert refused(service, "unknown") == "unknown algorithm name unknown"
    assert refused(service, "medianstop", unknown_conf=100) == "unknown setting unknown_conf for algorithm medianstop"
    assert refused(service, "medianstop", min_trials_required=0) == "min_trials_required must be greater than zero (>0)"
    assert refused(service, "medianstop", start_step=0) == "start_step must be greater or equal than one (>=1)"
    assert refused(service, "medianstop", start_step="x").startswith("failed to validate start_step(x): ")
    assert refused(service, "percentilestop", percentile=25, grace=2) is None
    assert "percentile" in refused(service, "percentilestop", percentile=100)
    assert refused(service, "curvestop", risk=0.1) is None
    assert "risk" in refused(service, "curvestop", risk=0)


def test_health_and_port(service):
    for name in "", "api.v1.beta1.EarlyStopping":
        assert service.health(name) == b"\x08\x01"
    text = subprocess.run([BIN / "mushir-medianstop", "--help"], check=True, capture_output=True, text=True).stdout
    assert text.splitlines()[0].split(" serving ")[1].split() == NAMES and "6788" in text


def test_all_serves_it_too(start_service, db):
    service = start_service("all")
    assert_rules(service, above(7 / 3), db.address, three(db), start_step=3)
    assert service.call("/grpc.health.v1.Health/Check", health_request("api.v1.beta1.EarlyStopping")) == b"\x08\x01"
