#!/usr/bin/env python3
"""The settings table in each service's README is what the program prints with --settings.

    tests/style/settings.py           fails with the READMEs that differ
    tests/style/settings.py --write   puts the tables in

A table stands between the two marker lines below. Programs are those of build/bin, or of $MUSHIR_BIN."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = pathlib.Path(os.environ.get("MUSHIR_BIN", ROOT / "build" / "bin"))
BEGIN, END = "<!-- settings: made by `make docs` -->\n", "<!-- /settings -->\n"


def names():
    return re.findall(r"^mushir_program\((\w+)", (ROOT / "services" / "CMakeLists.txt").read_text(), re.M)


def printed(service):
    return subprocess.run([PROGRAMS / f"mushir-{service}", "--settings"], check=True, capture_output=True, text=True).stdout


def replaced(text, table):
    """The README with its table replaced, or None when it has no markers or has them in the wrong order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    return before + begin + table + end + after if begin and end else None


def main():
    wrong, services = [], [ROOT / "services" / name for name in names()]
    for folder in services:
        readme = folder / "README.md"
        if not readme.exists():
            wrong.append(f"{readme.relative_to(ROOT)}: there is none")
            continue
        text, table = readme.read_text(), printed(folder.name)
        wanted = replaced(text, table) if table or BEGIN in text else text
        if wanted is None:
            wrong.append(f"{readme.relative_to(ROOT)}: no line {BEGIN.strip()}, or no {END.strip()} after it")
        elif wanted != text and "--write" in sys.argv:
            readme.write_text(wanted)
        elif wanted != text:
            wrong.append(f"{readme.relative_to(ROOT)}: not what --settings prints; make docs mends it")
    print("\n".join(wrong) or f"settings: {len(services)} tables are those of the programs")
    sys.exit(1 if wrong or not services else 0)


if __name__ == "__main__":
    main()
