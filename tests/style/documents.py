#!/usr/bin/env python3
"""What the documents tell people to type, open or read exists.

Links lead to files; paths in code quotes are tracked; `make` targets and the options of our programs exist; the
examples validate; README names every program and algorithm; the C of CONTRIBUTING compiles; a service's README has at most 80 lines."""
import pathlib
import re
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import ALGORITHMS, PROGRAMS  # noqa: E402

BIN = ROOT / "build" / "bin"
LONGEST_SERVICE_README = 80
PATH = re.compile(r"`((?:common|services|client|tests|tools|bench|cmake|docs|deploy|docker|fuzz|proto|examples)/[\w./-]+)`")


def output(*command, **options):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)


def tracked():
    files = output("git", "ls-files").stdout.splitlines()
    return set(files) | {str(parent) for f in files for parent in pathlib.PurePath(f).parents}


def missing_links(path, text):
    for target in re.findall(r"\]\(([^)#\s]+)\)", text):
        if "://" not in target and not (path.parent / target).exists():
            yield f"link to {target}, which does not exist"


def missing_paths(text, known):
    for name in PATH.findall(text):
        if name.rstrip("/") not in known and not any(c in name for c in ("<", "*", "myalgo", "services/mine/")):
            yield f"{name} is not in the tree"


def missing_commands(text, targets, options):
    quoted = "\n".join(re.findall(r"`([^`\n]+)`", text) + re.findall(r"^ {4}(\S.*)$", text, re.M)
                       + re.findall(r"```(?:sh)?\n(.*?)```", text, re.S))
    for target in re.findall(r"(?:^|[ \n])make ([a-z][a-z-]*)", quoted):
        if target not in targets:
            yield f"make {target}: no such target"
    for option in re.findall(r"(?:^|[\n|;&]) *(?:[\w./]*/)?mushir(?:-\w+)?(?:(?! -- )[^\n|;])*? (--[a-z][a-z-]*)", quoted):
        if option not in options:
            yield f"{option}: no program has it"


def code_that_does_not_compile(text):
    """Each block of C, with the header that the text before it describes."""
    with tempfile.TemporaryDirectory() as folder:
        for name, include, declared in re.findall(r"`(services/\w+/\w+\.h)` includes `([^`]+)` and declares `([^`]+)`", text):
            header = pathlib.Path(folder, name)
            header.parent.mkdir(parents=True)
            header.write_text(f'#include "{include}"\n\n{declared}\n')
        for block in re.findall(r"^ *```c\n(.*?)```", text, re.M | re.S):
            done = output("cc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-I", folder, "-I", ROOT, "-xc", "-", input=textwrap.dedent(block))
            if done.returncode:
                yield f"C that does not compile: {done.stderr.strip()}"


def invalid_experiments():
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        done = output(BIN / "mushir", "validate", path)
        if done.returncode:
            yield f"examples/{path.name}: {done.stdout.strip()} {done.stderr.strip()}"


def programs_without_mention():
    readme = (ROOT / "README.md").read_text()
    for name in [f"mushir-{p}" for p in PROGRAMS] + list(ALGORITHMS):
        if f"`{name}`" not in readme:
            yield f"README.md: {name} is not in it"


def main():
    known = tracked()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    programs = [p for p in BIN.glob("mushir*") if p.is_file()]
    options = {o for p in programs for o in re.findall(r"--[a-z][a-z-]*", output(p, "--help").stdout)}
    documents = [ROOT / name for name in sorted(known) if name.endswith(".md")]
    wrong = [*programs_without_mention(), *(invalid_experiments() if programs else ())]
    for path in documents:
        text, where = path.read_text(), path.relative_to(ROOT)
        faults = [*missing_links(path, text), *missing_paths(text, known)]
        if programs:
            faults += [*missing_commands(text, targets, options)]
        if where.name == "CONTRIBUTING.md":
            faults += [*code_that_does_not_compile(text)]
        if where.parts[0] == "services" and text.count("\n") > LONGEST_SERVICE_README:
            faults.append(f"{text.count(chr(10))} lines, {LONGEST_SERVICE_README} at most")
        wrong += [f"{where}: {fault}" for fault in faults]
    print("\n".join(wrong) or f"documents: {len(documents)} say only what exists")
    sys.exit(1 if wrong or not documents else 0)


if __name__ == "__main__":
    main()
