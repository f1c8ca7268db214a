"""A controller in miniature that gives trials folders, for tests of checkpoints."""
import json

from conftest import pairs, pb2, request, trial


class Loop:
    """A controller that mounts folders: asks, trains each suggestion in its folder, tells."""

    def __init__(self, service, data, e, train):
        self.service, self.folder, self.e, self.train, self.trials = service, data / e.name, e, train, []

    def ask(self, n):
        reply = self.service.suggest(request(self.e, self.trials, n))
        return list(zip((a.trial_name for a in reply.parameter_assignments), pairs(reply), reply.parameter_assignments))

    def run(self, suggestion):
        name, assignments, _ = suggestion
        value = self.train(self.folder / name, dict(assignments))
        condition = pb2.TrialStatus.FAILED if value is None else None
        self.trials.append(trial(name, assignments, value, condition, second=len(self.trials)))
        return value

    def generations(self, n, at_a_time):
        return [self.run(s) for _ in range(n) for s in self.ask(at_a_time)]


def state_of(folder, start):
    path = folder / "state.json"
    return json.loads(path.read_text()) if path.exists() else start
