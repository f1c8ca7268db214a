"""Studies that are saved and go on."""
import json
import pickle

import pytest
from conftest import BOWL, bowl

import mushir

SPACE = {**BOWL, "k": ["1", 1, None], "w": mushir.Discrete([1, 2.5]), "n": mushir.Int(1, 100, log=True)}


def value(x, y, k, w, n):
    return bowl(x, y) + w * n


def grown(study, n):
    study.run(value, n)
    return study


def test_a_loaded_study_goes_on_with_the_same_trials(study_of, service, tmp_path):
    study = grown(study_of(SPACE, "tpe", direction="maximize", seed=5, settings={"gamma": 0.3}, name="saved"), 10)
    study.tell(study.ask(), state="failed")
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service=service) as loaded:
        assert loaded.trials == study.trials and loaded.problem == study.problem
        assert [t.assignments for t in grown(loaded, 20).trials] == [t.assignments for t in grown(study, 20).trials]


def test_what_ran_is_handed_out_again_first(study_of, service, tmp_path):
    study = grown(study_of(SPACE, parallel=2), 6)
    running = study.ask(2)
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service=service) as loaded:
        assert loaded.waiting == 2
        assert [t.params for t in loaded.ask(3)] == [t.params for t in [*running, study.ask()]]
        assert loaded.waiting == 0


def test_a_question_that_fails_leaves_them_waiting(study_of, tmp_path):
    study = study_of(SPACE)
    study.ask(2)
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service="127.0.0.1:1") as loaded:
        with pytest.raises(mushir.ServiceError):
            loaded.ask(3)
        assert [trial.number for trial in loaded.ask(2)] == [0, 1]


def test_a_study_is_pickled_with_its_address(study_of, service):
    study = mushir.Study(SPACE, service=service.address, parallel=2)
    running = grown(study, 4).ask(2)
    with study, pickle.loads(pickle.dumps(study)) as copy:
        assert copy.trials == study.trials and copy.problem == study.problem
        assert [t.params for t in copy.ask(3)] == [t.params for t in [*running, study.ask()]]
        assert copy._connection.own is None


def test_run_takes_up_what_ran(study_of, service, tmp_path):
    study = grown(study_of(SPACE), 4)
    study.ask(2)
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service=service) as loaded:
        assert [t.state for t in grown(loaded, 6).trials] == ["succeeded"] * 6
        assert [t.state for t in grown(loaded, 8).trials] == ["succeeded"] * 8


def test_told_before_it_is_handed_out_again(study_of, service, tmp_path):
    study = study_of(SPACE)
    study.ask(2)
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service=service) as loaded:
        loaded.tell(0, 1.0)
        assert loaded.waiting == 1 and loaded.ask().number == 1 and loaded.ask().number == 2


def test_times_go_on(study_of, service, tmp_path):
    study = grown(study_of(SPACE), 1)
    study.trials[0].completed = "2999-01-01T00:00:00.000000Z"
    study.save(tmp_path / "study.json")
    with mushir.Study.load(tmp_path / "study.json", service=service) as loaded:
        times = [time for trial in grown(loaded, 4).trials for time in (trial.started, trial.completed)][1:]
        assert times == sorted(set(times)) and times[0] == study.trials[0].completed


@pytest.mark.parametrize("text, said", [
    ("{", "this is no saved study"),
    ("[]", "this is no saved study"),
    ('{"mushir": 2}', "written by another version"),
    ('{"mushir": 1, "space": {}}', "this is no saved study: KeyError('trials')"),
    ('{"mushir": 1, "trials": [{"number": 0}], "space": {}}', "this is no saved study: TypeError"),
])
def test_what_is_no_study(tmp_path, text, said):
    path = tmp_path / "study.json"
    path.write_text(text)
    with pytest.raises(mushir.InvalidArgument) as caught:
        mushir.Study.load(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_save_that_fails_leaves_the_file(study_of, tmp_path, monkeypatch):
    study = grown(study_of(SPACE), 3)
    study.save(tmp_path / "study.json")
    before = (tmp_path / "study.json").read_bytes()
    monkeypatch.setattr(json, "dump", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        grown(study, 4).save(tmp_path / "study.json")
    assert (tmp_path / "study.json").read_bytes() == before
