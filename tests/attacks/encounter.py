"""One attack on one service: what it did, and how the service bore it."""
import collections
import contextlib
import dataclasses
import multiprocessing
import resource
import time
import traceback

import crowd
from attack import Target
from target import LIMIT_MIB, SANITIZED, Service

PROBE_EVERY, PROBE_PATIENCE = 0.1, 4.0  # seconds
OVERDUE = 60  # seconds that an attack may take beyond its time
AGAIN_WITHIN = 5.0  # seconds to a normal answer once the attack has ended; longer on a machine that is busy with other tests


@dataclasses.dataclass
class Result:
    name: str
    did: str = ""
    complaint: str = ""  # the attack's own: what it saw and should not have seen
    alive: bool = True
    peak_mib: float = 0
    probes: int = 0
    failed_probes: int = 0
    slowest: float = 0  # seconds, of the probes
    slowest_beside: float = 0  # of those of an idle service, asked in turn: what the machine itself adds
    again: float = None  # seconds until a normal answer; None: never
    exit_status: int = None
    clients: collections.Counter = None  # what became of well-behaved clients' questions

    def faults(self, patience, slow=None):
        """What is wrong with it, as texts. |slow|: how much longer than on an idle service health may take; None: time says nothing."""
        found = [self.complaint] if self.complaint else []
        if self.clients and self.clients["wrong"]:
            found.append(f"{self.clients['wrong']} wrong answers")
        if not self.alive:
            return [*found, "died"]
        if self.again is None or self.again > patience:
            found.append(f"no normal answer within {patience:g} s")
        if self.exit_status != 0:
            found.append(f"ended with {self.exit_status}")
        if not SANITIZED and self.peak_mib > LIMIT_MIB:
            found.append(f"{self.peak_mib:.0f} MiB")
        if slow and (self.failed_probes or self.slowest > slow + self.slowest_beside):
            found.append(f"{self.failed_probes} probes unanswered, slowest {self.slowest:.1f} s")
        return found


def perform(attack, target, seconds, sender):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        sender.send((attack.run(target, seconds), ""))
    except AssertionError as complaint:
        sender.send(("", str(complaint)))
    except ConnectionError as refused:  # the service ended, or turned the attacker away
        sender.send((f"stopped by {type(refused).__name__}", ""))
    except Exception:
        sender.send(("", traceback.format_exc(limit=-2)))


def probe(service, beside, result):
    seconds = service.health(PROBE_PATIENCE)
    result.probes += 1
    result.failed_probes += seconds is None
    result.slowest = max(result.slowest, PROBE_PATIENCE if seconds is None else seconds)
    if beside:
        result.slowest_beside = max(result.slowest_beside, beside.health(PROBE_PATIENCE) or PROBE_PATIENCE)


def until_normal(service, patience):
    start = time.monotonic()
    while service.alive() and time.monotonic() - start < patience:
        if service.answers(min(patience, 10)):
            return time.monotonic() - start
        time.sleep(0.05)
    return None


@contextlib.contextmanager
def well_behaved(n, service, result):
    """|n| clients ask meanwhile."""
    if not n:
        yield
        return
    receiver, sender = multiprocessing.Pipe(duplex=False)
    over = multiprocessing.Event()
    others = multiprocessing.Process(target=crowd.run, args=(service.port, crowd.right_answers(service.port), n, over, sender), daemon=True)
    others.start()
    time.sleep(2 * crowd.PAUSE)  # all have asked
    yield
    over.set()
    result.clients = receiver.recv()
    others.join()


def try_on(service, attack, seconds, patience, beside, clients):
    result = Result(attack.name)
    target = Target(service.port, service.admin_port, service.process.pid)
    receiver, sender = multiprocessing.Pipe(duplex=False)
    attacker = multiprocessing.Process(target=perform, args=(attack, target, seconds, sender), daemon=True)
    with well_behaved(clients, service, result):
        attacker.start()
        sender.close()
        end = time.monotonic() + seconds + OVERDUE
        while attacker.is_alive() and service.alive() and time.monotonic() < end:
            probe(service, beside, result)
            service.look()
            attacker.join(PROBE_EVERY)
        if receiver.poll(1):
            result.did, result.complaint = receiver.recv()
        elif service.alive():
            result.complaint = f"not over {OVERDUE} s after its {seconds:g}"
        attacker.kill()
        attacker.join()
        result.again = until_normal(service, patience)
    service.look()
    result.alive, result.peak_mib = service.alive(), service.peak_mib()
    return result


def one(attack, seconds, patience=AGAIN_WITHIN, beside=None, clients=0):
    """The Result of |attack| on a service of its own. |beside|: an idle service, to tell a busy machine from a busy service;
    |clients|: how many well-behaved ones ask meanwhile."""
    service = Service()
    try:
        result = try_on(service, attack, seconds, patience, beside, clients)
    finally:
        status = service.stop()
    result.exit_status = status
    return result
