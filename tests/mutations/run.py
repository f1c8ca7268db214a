#!/usr/bin/env python3
"""Breaks one rule at a time in a copy of the tree and sees whether a unit test notices.

    tests/mutations/run.py --check            every rule of rules.toml still applies to the source
    tests/mutations/run.py [WORD...]          run those whose name or file contains a word; all without one

A rule names a file, a text that occurs once in it, what to put there instead, and the test programs that should
notice. Those are built and run first; when they pass, so are all others. A rule with `survives` is known to be
noticed by no unit test, and says why. Exits with 1 when another one survives."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WORK = ROOT / "build" / "mutations"
OPTIONS = ["-DMUSHIR_BENCH=OFF", "-DMUSHIR_STATIC=OFF", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1 -w"]
TEST_SECONDS = "120"  # a rule whose absence makes a test run on for ever has been noticed


def rules_of(words):
    rules = []
    for file in sorted(HERE.glob("*.toml")):
        rules += tomllib.loads(file.read_text())["rule"]
    return [r for r in rules if not words or any(w in r["name"] or w in r["file"] for w in words)]


def fault_of(rule, root):
    """Why the rule does not apply, or None."""
    path = root / rule["file"]
    if not path.exists():
        return "no such file"
    count = path.read_text().count(rule["find"])
    return None if count == 1 else f"its text occurs {count} times"


def check(rules):
    faults = [(r, fault) for r in rules if (fault := fault_of(r, ROOT))]
    for rule, fault in faults:
        print(f"{rule['file']}: {rule['name']}: {fault}")
    for rule in rules:
        if rule["find"] == rule["replace"]:
            sys.exit(f"{rule['name']}: changes nothing")
    print(f"mutations: {len(rules) - len(faults)} of {len(rules)} rules apply")
    return bool(faults)


def quietly(*command, **options):
    return subprocess.run(command, cwd=WORK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)


def copy_tree():
    """The tracked files and their changes; files that did not change keep their times, so that builds are short."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    wanted = {n for n in names.decode().split("\0") if n and (ROOT / n).is_file()}
    for name in wanted:
        source, copy = ROOT / name, WORK / "tree" / name
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)
    for copy in (WORK / "tree").rglob("*"):
        if copy.is_file() and str(copy.relative_to(WORK / "tree")) not in wanted:
            copy.unlink()


def build(targets, jobs):
    return quietly("cmake", "--build", "build", "-j", jobs, *(["--target", *targets] if targets else []))


def run_tests(targets, jobs):
    """True when all of them pass; layers and the like do not count, since no rule is about them."""
    chosen = ["-R", f"^({'|'.join(targets)})$"] if targets else ["-E", "^layers$"]
    done = quietly("ctest", "--test-dir", "build", "-L", "unit", "--stop-on-failure", "--timeout", TEST_SECONDS,
                   "-j", jobs, *chosen)
    if "No tests were found" in done.stdout:
        sys.exit(f"no test is named {' or '.join(targets)}")
    return done.returncode == 0


def verdict_on(rule, jobs):
    """"noticed", "survives", "does not apply" or "does not build"."""
    if fault_of(rule, WORK / "tree"):
        return "does not apply"
    path = WORK / "tree" / rule["file"]
    original = path.read_text()
    path.write_text(original.replace(rule["find"], rule["replace"]))
    try:
        for targets in ([rule["tests"]] if rule.get("tests") else []) + [None]:
            built = build(targets, jobs)
            if built.returncode:
                print(built.stdout[-2000:])
                return "does not build"
            if not run_tests(targets, jobs):
                return "noticed"
        return "survives"
    finally:
        path.write_text(original)


def run(rules, jobs):
    WORK.mkdir(parents=True, exist_ok=True)
    copy_tree()
    if quietly("cmake", "-G", "Ninja", "-S", "tree", "-B", "build", *OPTIONS).returncode or build(None, jobs).returncode:
        sys.exit("mutations: the tree does not build")
    if not run_tests(None, jobs):
        sys.exit("mutations: the tests fail on the unchanged tree")
    wrong = 0
    for rule in rules:
        begun = time.monotonic()
        verdict = verdict_on(rule, jobs)
        expected = "survives" if "survives" in rule else "noticed"
        wrong += verdict != expected
        mark = "" if verdict == expected else " <-- " + (f"expected: {expected}")
        print(f"{verdict:14} {rule['file']}: {rule['name']} ({time.monotonic() - begun:.0f} s){mark}", flush=True)
    print(f"mutations: {len(rules)} rules, {wrong} not as expected")
    return wrong > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", default=os.environ.get("JOBS") or str(os.cpu_count()))
    parser.add_argument("words", nargs="*")
    arguments = parser.parse_args()
    rules = rules_of(arguments.words)
    if not rules:
        sys.exit("mutations: no such rule")
    sys.exit(check(rules) if arguments.check else run(rules, arguments.jobs))


if __name__ == "__main__":
    main()
