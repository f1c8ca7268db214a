#!/usr/bin/env python3
"""The tree keeps its shape: short functions, short files, narrow lines. Fails with what is too long, and where.

Counts a function from the line of its name to the line of its closing brace. Relies on clang-format's layout:
definitions begin in column 0 and end with the next brace there. Tests count as well."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MEDIAN, PERCENTILE_95, LONGEST = 11, 30, 60  # lines of a function
LONGEST_FILE = 500
WIDEST = 100


def functions(lines):
    """Yields (name, first line, lines) of every definition in a file that clang-format has laid out."""
    name, first = None, 0
    for number, line in enumerate(lines, 1):
        if re.match(r"[A-Za-z_]", line):
            found = re.match(r"[^=({]*?(\w+)\(", line)
            name, first = (found[1], number) if found and not line.endswith(";") else (None, 0)
        elif line == "}" and name:
            yield name, first, number - first + 1
            name = None


def tracked(*patterns):
    names = subprocess.run(["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True)
    return [ROOT / name for name in names.stdout.decode().split("\0") if name and (ROOT / name).exists()]


def main():
    wrong, lengths, files = [], [], tracked("*.c", "*.h")
    for path in files:
        where, lines = path.relative_to(ROOT), path.read_text().splitlines()
        if len(lines) > LONGEST_FILE:
            wrong.append(f"{where}: {len(lines)} lines, {LONGEST_FILE} at most")
        wrong += [f"{where}:{i}: {len(line)} columns, {WIDEST} at most" for i, line in enumerate(lines, 1)
                  if len(line) > WIDEST]
        for name, first, length in functions(lines):
            lengths.append(length)
            if length > LONGEST:
                wrong.append(f"{where}:{first}: {name} has {length} lines, {LONGEST} at most")
    if not lengths:
        sys.exit("shape: no function found")
    lengths.sort()
    median, high = lengths[len(lengths) // 2], lengths[len(lengths) * 95 // 100]
    if median > MEDIAN or high > PERCENTILE_95:
        wrong.append(f"functions: median {median} ({MEDIAN}), 95th percentile {high} ({PERCENTILE_95})")
    print("\n".join(wrong) or f"shape: {len(files)} files, {len(lengths)} functions: median {median} lines, "
          f"95 % within {high}, longest {lengths[-1]}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
