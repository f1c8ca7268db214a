"""What the rounds of attacks call a fault, and which attacks they leave out."""
import argparse
import collections

import pytest
import rounds
import target
from attack import PINNED, Attack
from encounter import Result


def borne(**changes):
    return Result("silent", again=0.1, exit_status=None, clients=collections.Counter(right=9), **changes)


def test_what_is_borne_is_no_fault():
    assert rounds.faults([borne(failed_probes=1)], 0, 30) == []


def test_the_complaint_of_an_attack_is_a_fault():
    assert rounds.faults([borne(), borne(complaint="2 of 9 probes failed")], 0, 30) == ["silent: 2 of 9 probes failed"]


@pytest.mark.parametrize("core, threads, found", [("58.0.0", target.MOST_THREADS, []), ("58.0.0", target.MOST_THREADS + 1, [f"{target.MOST_THREADS + 1} threads"]),
                                                  ("29.0.0", target.MOST_THREADS + 1, [])])
def test_a_pool_of_threads_that_grows_is_a_fault_of_the_pinned_core(monkeypatch, core, threads, found):
    monkeypatch.setattr(target, "core_version", lambda: core)
    assert rounds.faults([borne()], 0, 30, threads) == found


def test_no_attack_at_all_is_a_fault():
    assert rounds.faults([], 0, 30) == ["no attack was made"]


@pytest.mark.parametrize("text", ["0", "-1"])
def test_fewer_rounds_than_one_are_refused(text):
    with pytest.raises(argparse.ArgumentTypeError, match="1 is the least"):
        rounds.at_least_one(text)


ATTACKS = [Attack("headers", None, PINNED, None), Attack("messages", None, None, PINNED), Attack("pings", None, None, None)]


@pytest.mark.parametrize("core, made, known", [
    ("29.0.0", ["messages", "pings"], [f"Left out, needs {PINNED}: headers.", f"All probes are answered only with {PINNED}: messages."]),
    ("54.0.0", ["headers", "messages", "pings"], [])])
def test_what_only_the_pinned_core_bears_is_named_and_left_out(monkeypatch, core, made, known):
    monkeypatch.setattr(target, "core_version", lambda: core)
    attacks, texts = rounds.borne(ATTACKS)
    assert ([a.name for a in attacks], texts) == (made, known)
