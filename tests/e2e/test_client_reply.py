"""A reply is input: what a hostile service answers reaches no shell, no path and no terminal, and the error says what is wrong."""
import contextlib
from concurrent import futures
import json

import grpc
import pytest

from conftest import OPTIONS, PREFIX, ROOT, pb2
from test_client import GOOD, pytestmark as built, run

pytestmark = built
REFUSED = "the service's answer is not accepted: "
TRIAL = """  trialTemplate:
    trialParameters: [{name: x, reference: x}]
    trialSpec:
      spec: {template: {spec: {containers: [{name: main, command: [sh, -c, "echo loss=${trialParameters.x}"]}]}}}
"""
LISTS = GOOD.replace('double, feasibleSpace: {min: "0", max: "1"}', 'discrete, feasibleSpace: {list: ["16", "32.0"]}')
NETWORK = (ROOT / "tests" / "experiments" / "enas.yaml").read_text()


class Hostile(grpc.GenericRpcHandler):
    def __init__(self, spoil):
        self.spoil = spoil

    def answer(self, request, _):
        reply = pb2.GetSuggestionsReply()
        request = pb2.GetSuggestionsRequest.FromString(request)
        for _ in range(request.current_request_number):
            reply.parameter_assignments.add().assignments.add(name="x", value="0.5")
        changed = self.spoil(reply)
        return changed if isinstance(changed, bytes) else reply.SerializeToString()

    def service(self, details):
        if details.method == PREFIX + "GetSuggestions":
            return grpc.unary_unary_rpc_method_handler(self.answer)
        return grpc.unary_unary_rpc_method_handler(lambda request, _: b"")


@contextlib.contextmanager
def serving(spoil):
    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Hostile(spoil)], options=OPTIONS)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def value(text, name="x"):
    def spoil(reply):
        reply.parameter_assignments[0].assignments[0].value = text
        reply.parameter_assignments[0].assignments[0].name = name
    return spoil


def named(*names):
    def spoil(reply):
        for suggestion, name in zip(reply.parameter_assignments, names):
            suggestion.trial_name = name
    return spoil


def more(reply):
    reply.parameter_assignments[0].assignments.add(name="LD_PRELOAD", value="/x")


def again(reply):
    reply.parameter_assignments[0].assignments.add(name="x", value="0.25")


def setting(name="x", text="y", times=1):
    def spoil(reply):
        for _ in range(times):
            reply.algorithm.algorithm_settings.add(name=name, value=text)
    return spoil


def no_text(reply):
    return reply.SerializeToString().replace(b"0.5", b"\xff.5")


ATTACKS = {
    "shell word": (value("0.5; touch pwned #"), "outside the parameter's feasible space"),
    "substitution": (value("$(touch pwned)"), "outside the parameter's feasible space"),
    "second line": (value("0.5\ntouch pwned"), "outside the parameter's feasible space"),
    "newline at the end": (value("0.5\n"), "outside the parameter's feasible space"),
    "blank at the end": (value("0.5 "), "outside the parameter's feasible space"),
    "outside": (value("1e9"), "x = \"1e9\" is outside"),
    "hexadecimal": (value("0x1p-1"), "outside the parameter's feasible space"),
    "no number": (value("nan"), "outside the parameter's feasible space"),
    "empty": (value(""), "outside the parameter's feasible space"),
    "endless": (value("0." + "9" * 1_000_000), "outside the parameter's feasible space"),
    "escapes": (value("0.5\x1b]0;pwned\x07\x9b31m"), "outside the parameter's feasible space"),
    "unknown parameter": (value("0.5", "PATH"), 'no parameter "PATH"'),
    "one parameter more": (more, 'no parameter "LD_PRELOAD"'),
    "a parameter twice": (again, "a parameter twice"),
    "nothing": (lambda reply: reply.parameter_assignments[0].ClearField("assignments"), "has no value for x"),
    "too many": (lambda reply: [reply.parameter_assignments.add() for _ in range(1000)] and None, "instead of"),
    "none": (lambda reply: reply.ClearField("parameter_assignments"), "0 suggestions instead of"),
    "path": (named("../../../victim", "b"), "is no DNS label"),
    "folder": (named("..", "b"), "is no DNS label"),
    "capitals and escapes": (named("A\x1b[31m", "b"), "is no DNS label"),
    "long name": (named("a" * 64, "b"), "is no DNS label"),
    "one name for all": (named("same", "same"), "a trial called same already"),
    "a name for some": (named("first"), "names some trials and not others"),
    "huge setting": (setting(text="y" * 1_000_000), 'the setting "x" is too long'),
    "setting with escapes": (setting(name="\x1b[31m"), "holds control characters"),
    "many settings": (setting(times=5000), "5000 settings"),
}


def assert_harmless(result, folder):
    """Nothing was begun, and nothing that a terminal obeys was printed."""
    for text in (result.stdout, result.stderr):
        assert not any(ord(c) < 0x20 and c != "\n" or 0x7F <= ord(c) < 0xA0 for c in text)
    assert not any(path.name in ("pwned", "victim", "log") for path in folder.rglob("*"))


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_reply_starts_nothing(attack, tmp_path):
    spoil, why = ATTACKS[attack]
    folder = tmp_path / "deep" / "er" / "experiment"
    folder.mkdir(parents=True)
    (folder / "e.yaml").write_text(GOOD + TRIAL)
    with serving(spoil) as address:
        asked = run("suggest", "e.yaml", "-n", 2, "--address", address, cwd=folder)
        ran = run("run", "e.yaml", "--address", address, cwd=folder)
    for result in (asked, ran):
        assert result.returncode == 1
        assert REFUSED in result.stderr and why in result.stderr, result.stderr
        assert_harmless(result, tmp_path)


def test_a_reply_that_is_no_message_is_named(tmp_path):
    with serving(no_text) as address:
        result = run("suggest", "-", "--address", address, stdin=GOOD)
    assert result.returncode == 1
    assert "cannot be read: field value of the message is not UTF-8" in result.stderr


def test_a_good_reply_is_taken_as_it_is(tmp_path):
    (tmp_path / "e.yaml").write_text(GOOD + TRIAL)
    names = iter(f"good-{i}" for i in range(100))

    def spoil(reply):
        named(*(next(names) for _ in reply.parameter_assignments))(reply)
        setting("state", "kept")(reply)

    with serving(spoil) as address:
        result = run("run", "e.yaml", "--json-lines", "--no-report", "--address", address, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    ended = [e for e in map(json.loads, result.stdout.splitlines()) if e["event"] == "trial_ended"]
    assert sorted(e["trial"] for e in ended) == ["good-0", "good-1", "good-2", "good-3"]
    assert all(e["assignments"] == {"x": "0.5"} and e["metrics"] == {"loss": "0.5"} for e in ended)


def test_a_list_may_hold_any_text_of_its_author(tmp_path):
    """Also what ends a line or no terminal shows."""
    texts = ["a\tb", "two\nlines", "\x7f", "\x1b[31mred"]
    listed = GOOD.replace("parameterType: double", "parameterType: categorical").replace(
        '{min: "0", max: "1"}', json.dumps({"list": texts}))
    (tmp_path / "e.yaml").write_text(listed.replace("random", "grid"))
    result = run("run", "e.yaml", "--json-lines", "--no-report", "--", "echo", "loss=1", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    ended = [e for e in map(json.loads, result.stdout.splitlines()) if e["event"] == "trial_ended"]
    assert sorted(e["assignments"]["x"] for e in ended) == sorted(texts)
    quiet = run("run", "e.yaml", "--fresh", "--no-report", "--", "echo", "loss=1", cwd=tmp_path)
    assert quiet.returncode == 0 and "\x1b" not in quiet.stdout + quiet.stderr


def test_a_name_that_a_trial_has_is_refused_later_too(tmp_path):
    (tmp_path / "e.yaml").write_text((GOOD + TRIAL).replace("parallelTrialCount: 2", "parallelTrialCount: 1"))
    with serving(named("same")) as address:
        result = run("run", "e.yaml", "--address", address, cwd=tmp_path)
    assert result.returncode == 1
    assert "there is a trial called same already; continue with --resume" in result.stderr
    assert [p.name for p in (tmp_path / "e.trials").iterdir()] == ["same"]


@pytest.mark.parametrize("answered, taken", [("16", "16"), ("16.0", "16"), ("32", "32.0"), ("3.2e1", "32.0")])
def test_a_list_gives_its_own_text(answered, taken):
    with serving(value(answered)) as address:
        result = run("suggest", "-", "--json", "--address", address, stdin=LISTS)
    assert json.loads(result.stdout) == [{"x": taken}], result.stderr


@pytest.mark.parametrize("answered", ["17", "16 ", "16;"])
def test_what_is_not_in_the_list_is_refused(answered):
    with serving(value(answered)) as address:
        result = run("suggest", "-", "--address", address, stdin=LISTS)
    expected = answered == "16 "  # a number with a blank: the list's own text goes on
    assert result.returncode == (0 if expected else 1)


ARCHITECTURE = {"architecture": "[[0], [1, 1]]", "nn_config": "{'num_layers': 2, 'input_sizes': [32, 32, 3]}"}


@pytest.mark.parametrize("changed, why", [
    ({}, None),
    ({"architecture": "[[0]]; touch pwned"}, "holds a character"),
    ({"architecture": "$(touch pwned)"}, "holds a character"),
    ({"architecture": "`touch pwned`"}, "holds a character"),
    ({"architecture": '" touch pwned "'}, "holds a character"),
    ({"architecture": "[[0]]\ntouch pwned"}, "holds a character"),
    ({"architecture": "[" * 200_000}, "too long"),
    ({"LD_PRELOAD": "/x"}, 'enas has no parameter "LD_PRELOAD"'),
], ids=lambda x: str(x)[:40])
def test_architectures_are_held_to_their_alphabet(changed, why):
    def spoil(reply):
        reply.parameter_assignments[0].ClearField("assignments")
        for name, text in {**ARCHITECTURE, **changed}.items():
            reply.parameter_assignments[0].assignments.add(name=name, value=text)

    with serving(spoil) as address:
        result = run("suggest", "-", "--json", "--address", address, stdin=NETWORK)
    if why:
        assert result.returncode == 1 and REFUSED in result.stderr and why in result.stderr, result.stderr
    else:
        assert json.loads(result.stdout) == [ARCHITECTURE], result.stderr
