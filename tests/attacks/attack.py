"""What attacks are made of: the list of them, how long they go on, floods."""
import collections
import time

from http2 import Connection

Target = collections.namedtuple("Target", "port admin_port pid")
Attack = collections.namedtuple("Attack", "name run needs probes_need")
ATTACKS = []
PINNED = "a pinned gRPC core"  # what core 1.51 does before any code of ours runs


def attack(needs=None, probes_need=None):
    """Adds a function to the list. |needs|: what has to be there for a service to bear it; |probes_need|: for it to answer all probes meanwhile."""
    def add(run):
        ATTACKS.append(Attack(run.__name__, run, needs, probes_need))
        return run
    return add


LATE = 2  # seconds more for connections that a busy service takes slowly
MANY = 1100  # connections: more than the flags of `target` allow, 947


def over(seconds):
    """Counts until the time has passed."""
    end, n = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        yield n
        n += 1


def patient(connections, seconds):
    """Keep |connections| as they are, then close them."""
    time.sleep(seconds)
    for connection in connections:
        connection.close()


def flood(target, seconds, chunk, connections=1, read=True):
    """Send |chunk(n)| on each connection as fast as it is taken, dialling anew whatever was closed; returns (chunks, dialled)."""
    open_ones, sent, dialled = {}, 0, 0
    for n in over(seconds):
        for slot in range(connections):
            try:
                if slot not in open_ones:
                    fresh = Connection(target.port, timeout=3)
                    open_ones[slot] = [fresh.drain() if read else fresh, 0]
                    dialled += 1
                connection, k = open_ones[slot]
                connection.send(chunk(k))
                open_ones[slot][1] += 1
                sent += 1
            except OSError:
                if slot in open_ones:
                    open_ones.pop(slot)[0].close()
                else:
                    time.sleep(0.01)
    for connection, _ in open_ones.values():
        connection.close()
    return sent, dialled
