#!/usr/bin/env python3
"""Every attack of the catalogue on a service of its own, and a table of how it was borne (`make attacks`).

A service has Katib's 100 MiB in a memory cgroup; where none can be made, only its peak is compared. Attacks whose defence the
programs lack (another gRPC core, say) are made too and listed as known. The exit status is 1 when any other was not borne.
With --rounds all are made on one service, again and again, to see what memory it keeps."""
import argparse
import collections
import sys

import catalogue  # noqa: F401, it fills the list
import rounds
from attack import ATTACKS, PINNED
from encounter import AGAIN_WITHIN, one
from target import LIMIT_MIB, SANITIZED, Cgroup, Service, core_version, lacks

HEALTH_WITHIN = 1.0  # seconds, the default patience of a probe of Kubernetes; more by what an idle service beside takes


def row(result, verdict):
    again = "never" if result.again is None else f"{result.again:.2f} s"
    slowest = f"{result.slowest * 1000:.0f} ms" + (f", {result.failed_probes} of {result.probes} unanswered" if result.failed_probes else "")
    did = "; ".join([result.did, *(f"{what}: {n}" for what, n in sorted((result.clients or {}).items()) if n)])
    return f"| {result.name} | {'yes' if result.alive else 'NO'} | {result.peak_mib:.0f} | {slowest} | {result.slowest_beside * 1000:.0f} ms | {again} | {verdict} | {did} |"


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("attacks", nargs="*", metavar="ATTACK", help="names; all by default")
    parser.add_argument("--seconds", type=float, default=60, help="of each attack (default: 60)")
    parser.add_argument("--clients", type=int, default=0, metavar="N", help="that many well-behaved clients ask meanwhile (default: none)")
    parser.add_argument("--rounds", type=rounds.at_least_one, metavar="N", help="all of them on one service, one after another, N times: what memory it keeps")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    return parser.parse_args()


def confinement():
    cgroup = Cgroup(LIMIT_MIB)
    cgroup.remove()
    if cgroup.made:
        return f"each service in a memory cgroup of {LIMIT_MIB} MiB"
    return "sanitized programs, memory not judged" if SANITIZED else f"no cgroup can be made: the peak of the process is compared with {LIMIT_MIB} MiB"


def judge(result, attack):
    """("held", "known" or "failed", the faults)."""
    faults = result.faults(AGAIN_WITHIN, HEALTH_WITHIN)
    borne = not result.faults(AGAIN_WITHIN)
    known = lacks(attack.needs) or (borne and lacks(attack.probes_need))
    return ("held" if not faults else "known" if known else "failed"), faults


def main():
    options = parse()
    chosen = [a for a in ATTACKS if not options.attacks or a.name in options.attacks]
    if options.list:
        print("\n".join(a.name for a in chosen))
        return 0
    print(f"gRPC core {core_version()}; {confinement()}; {options.seconds:g} s each.")
    if options.rounds:
        return rounds.run(chosen, options.seconds, options.rounds, options.clients)
    print(f"Known while the core is no newer than that of gRPC 1.51: {', '.join(a.name for a in ATTACKS if a.needs == PINNED)}.")
    print(f"There it is known not to answer all probes meanwhile: {', '.join(a.name for a in ATTACKS if a.probes_need == PINNED)}.\n")
    print("| attack | alive | peak MiB | slowest health during | of an idle service | normal answer after | | it did |\n|---|---|---|---|---|---|---|---|")
    verdicts = collections.Counter()
    with Service() as beside:
        for attack in chosen:
            result = one(attack, options.seconds, beside=beside, clients=options.clients)
            verdict, faults = judge(result, attack)
            verdicts[verdict] += 1
            print(row(result, ": ".join([verdict, *filter(None, ["; ".join(faults)])])), flush=True)
    print(f"\n{len(chosen)} attacks: {verdicts['held']} held, {verdicts['known']} known, {verdicts['failed']} failed")
    return 1 if verdicts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
