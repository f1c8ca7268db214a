"""mushir.v1.Analysis through a real client."""
import subprocess
import sys
import tempfile

import grpc
import pytest

from conftest import ROOT, Service, experiment, health_request, pb2, request, trial


def _stubs():
    out = tempfile.mkdtemp(prefix="mushir-stubs-")
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={out}", "analysis.proto"], check=True)
    sys.path.insert(0, out)
    import analysis_pb2
    return analysis_pb2


analysis = _stubs()
ANALYSIS = "/mushir.v1.Analysis/"
PARAMETERS = [("x", "double", {"min": "0", "max": "1"}), ("c", "categorical", {"list": ["p", "q"]}), ("same", "int", {"min": "7", "max": "7"}),
              ("idle", "int", {"min": "1", "max": "9"})]
REPLIES = {"Importance": analysis.ImportanceReply, "Predict": analysis.PredictReply, "ParetoFront": analysis.ParetoFrontReply,
           "Best": analysis.BestReply}


def value(x, c):
    """Var: 1/12 of x, 1/4 of c: a quarter and three quarters."""
    return x + (c == "q")


def trials(n=40):
    out = []
    for i in range(n):
        x, c = (i * 7 % n + 0.5) / n, "pq"[i % 2]
        t = trial(f"t{i:02}", [("x", repr(x)), ("c", c), ("same", "7"), ("idle", str(i % 9 + 1))], repr(value(x, c)), second=i)
        t.status.observation.metrics.add(name="cost", value=repr(1 - x))
        out.append(t)
    return out


def asked(n=40, maximize=False, settings=None, **more):
    e = experiment("random", PARAMETERS, settings, maximize=maximize)
    e.spec.objective.additional_metric_names.append("cost")
    return analysis.AnalysisRequest(experiment=e, trials=trials(n), **more)


def ask(service, method, question):
    return REPLIES[method].FromString(service.call(ANALYSIS + method, question))


@pytest.fixture(scope="module")
def service():
    with Service("random") as s:
        yield s


def point(**values):
    p = analysis.Point()
    for k, v in values.items():
        p.assignments.add(name=k, value=v)
    return p


def test_importance(service):
    reply = ask(service, "Importance", asked())
    shares = {p.name: p.share for p in reply.parameters}
    assert list(shares) == ["x", "c", "same", "idle"]
    assert abs(shares["x"] - 0.25) < 0.03 and abs(shares["c"] - 0.75) < 0.03 and shares["same"] == 0 and shares["idle"] < 0.02
    assert sum(shares.values()) + reply.noise + sum(p.share for p in reply.pairs) <= 1 + 1e-9
    assert reply.observed == 40 and reply.sure and abs(sum(p.good for p in reply.parameters) - 1) < 1e-9
    assert not ask(service, "Importance", asked(20)).sure
    cost = {p.name: p.share for p in ask(service, "Importance", asked(metric="cost")).parameters}
    assert cost["x"] > 0.97


def test_the_request_for_suggestions_is_a_question(service):
    question = request(asked().experiment, trials())
    assert ask(service, "Importance", question) == ask(service, "Importance", asked())


def test_predictions_and_the_best(service):
    points = [point(x="0.25", c="q", same="7", idle="3"), point(idle="1", same="7", c="p", x="0.9")]
    reply = ask(service, "Predict", asked(points=points))
    assert [abs(p.mean - truth) < 0.05 for p, truth in zip(reply.predictions, (1.25, 0.9))] == [True, True]
    assert all(0 < p.deviation < 0.2 for p in reply.predictions)
    reply = ask(service, "Best", asked())
    best = min(trials(), key=lambda t: float(t.status.observation.metrics[0].value))
    assert reply.trial == best.name and reply.value == float(best.status.observation.metrics[0].value)
    expected = {a.name: a.value for a in reply.expected.assignments}
    assert expected["c"] == "p" and float(expected["x"]) < 0.05 and abs(reply.prediction.mean) < 0.05
    reply = ask(service, "Best", asked(maximize=True))
    expected = {a.name: a.value for a in reply.expected.assignments}
    assert expected["c"] == "q" and float(expected["x"]) > 0.95 and abs(reply.prediction.mean - 2) < 0.05
    assert reply.value == max(float(t.status.observation.metrics[0].value) for t in trials())


def test_the_front(service):
    def names(reply):
        return [t.name for t in reply.trials]

    assert names(ask(service, "ParetoFront", asked())) == [ask(service, "Best", asked()).trial]
    reply = ask(service, "ParetoFront", asked(settings={"objectives": "loss:min, cost:min"}))
    points = {t.name: tuple(float(m.value) for m in t.status.observation.metrics) for t in trials()}
    front = sorted((p, name) for name, p in points.items() if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points.values()))
    assert names(reply) == [name for _, name in front] and 20 < len(front) < 40
    assert [[v.metric for v in t.values] for t in reply.trials] == [["loss", "cost"]] * len(front)
    assert [tuple(v.value for v in t.values) for t in reply.trials] == [p for p, _ in front]
    constrained = ask(service, "ParetoFront", asked(settings={"objectives": "loss:min, cost:min", "constraints": "cost<=0.5"}))
    assert names(constrained) == [name for p, name in front if p[1] <= 0.5]


@pytest.mark.parametrize("method, question, status, words", [
    ("Importance", asked(3), grpc.StatusCode.FAILED_PRECONDITION, "say nothing of loss"),
    ("Predict", asked(0), grpc.StatusCode.FAILED_PRECONDITION, "say nothing of loss"),
    ("Best", asked(0), grpc.StatusCode.FAILED_PRECONDITION, "say nothing of loss"),
    ("Best", asked(metric="none"), grpc.StatusCode.INVALID_ARGUMENT, "metric none"),
    ("Predict", asked(points=[point(x="0.5", c="p", same="7")]), grpc.StatusCode.INVALID_ARGUMENT, "point 1 lacks parameter idle"),
    ("Predict", asked(points=[point(x="2", c="p", same="7", idle="1")]), grpc.StatusCode.INVALID_ARGUMENT, "2 is no value of parameter x"),
    ("ParetoFront", asked(settings={"objectives": "nothing:min"}), grpc.StatusCode.INVALID_ARGUMENT, "nothing"),
    ("Importance", b"\xff", grpc.StatusCode.INVALID_ARGUMENT, ""),
    ("Importance", b"", grpc.StatusCode.INVALID_ARGUMENT, "objective_metric_name is missing"),
    ("Best", b"", grpc.StatusCode.INVALID_ARGUMENT, "objective_metric_name is missing"),
    ("Predict", analysis.AnalysisRequest(points=[point()]), grpc.StatusCode.INVALID_ARGUMENT, "objective_metric_name is missing"),
])
def test_what_cannot_be_answered(service, method, question, status, words):
    with pytest.raises(grpc.RpcError) as caught:
        ask(service, method, question)
    assert caught.value.code() == status and words in caught.value.details()
    assert service.health() == b"\x08\x01"


@pytest.mark.parametrize("program", ["tpe", "all"])
def test_every_program_serves_it_and_answers_alike(start_service, service, program):
    other = start_service(program)
    assert other.call("/grpc.health.v1.Health/Check", health_request("mushir.v1.Analysis")) == b"\x08\x01"
    for method in REPLIES:
        question = asked().SerializeToString()
        assert other.call(ANALYSIS + method, question) == service.call(ANALYSIS + method, question)
