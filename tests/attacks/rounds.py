"""Attacks one after another on one service, again and again: whether it lives, answers right, and gives back what they took."""
import argparse
import collections
import statistics
import time

from attack import PINNED
from encounter import AGAIN_WITHIN, try_on
from target import LIMIT_MIB, MOST_THREADS, Service, lacks

QUIET = 2.5  # seconds without any client before memory is read: a service looks once a second whether there is some to give back


def at_least_one(text):
    """How many rounds an option asks for."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{count} rounds: 1 is the least")
    return count


def borne(attacks):
    """(those that a service bears with this core, what is known of the others and of probes, as texts)."""
    known = [f"Left out, needs {PINNED}: {', '.join(a.name for a in attacks if lacks(a.needs))}.",
             f"All probes are answered only with {PINNED}: {', '.join(a.name for a in attacks if lacks(a.probes_need))}."]
    return [a for a in attacks if not lacks(a.needs)], [text for text in known if not text.endswith(": .")]


def row(number, result, level, peak):
    clients = result.clients or {}
    lost = sum(clients.values()) - clients.get("right", 0) - clients.get("wrong", 0)
    return (f"| {number} | {result.name} | {level:.1f} | {peak:.0f} | {result.slowest * 1000:.0f} ms, {result.failed_probes} unanswered "
            f"| {clients.get('right', 0)} | {clients.get('wrong', 0)} | {lost} | {' '.join((result.complaint or result.did).split())} |")


def faults(results, exit_status, peak_mib, threads=0):
    """What is wrong with all of them together, as texts."""
    found = [f"{sum((r.clients or {}).get('wrong', 0) for r in results)} wrong answers"] if any((r.clients or {}).get("wrong") for r in results) else []
    found += [] if results else ["no attack was made"]
    found += [f"{r.name}: {r.complaint}" for r in results if r.complaint]
    found += [f"died under {r.name}" for r in results if not r.alive]
    found += [f"no normal answer within {AGAIN_WITHIN:g} s of {r.name}" for r in results if r.alive and r.again is None]
    if exit_status != 0:
        found.append(f"ended with {exit_status}")
    found += [f"{threads} threads"] if threads > MOST_THREADS and not lacks(PINNED) else []
    return found + ([f"{peak_mib:.0f} MiB"] if peak_mib > LIMIT_MIB else [])


def run(attacks, seconds, count, clients):
    """Prints a table; 1 when something was not borne. Health is measured, and judged where each attack has a service of its own."""
    attacks, known = borne(attacks)
    print(f"{count} rounds of {len(attacks)} attacks on one service, beside {clients} clients. Memory is the process's own; after an attack it is read {QUIET:g} s after the last client has gone.", *known, sep="\n", end="\n\n")
    print("| round | attack | MiB after it | peak so far | slowest health | right | wrong | refused or lost | it did |\n|---|---|---|---|---|---|---|---|---|")
    results, levels = [], collections.defaultdict(list)
    with Service() as service:
        for number, attack in ((n, a) for n in range(1, count + 1) for a in attacks if service.alive()):
            results.append(try_on(service, attack, seconds, AGAIN_WITHIN, None, clients))
            time.sleep(QUIET)
            levels[number].append(service.level_mib())
            print(row(number, results[-1], levels[number][-1], service.seen_mib), flush=True)
        exit_status = service.stop()
    print("\n| round | MiB after its attacks: median | most | after the last |\n|---|---|---|---|")
    for number, mib in levels.items():
        print(f"| {number} | {statistics.median(mib):.1f} | {max(mib):.1f} | {mib[-1]:.1f} |")
    wrong = faults(results, exit_status, service.seen_mib, service.seen_threads)
    print("\n" + ("; ".join(wrong) or "all borne"))
    return 1 if wrong else 0
