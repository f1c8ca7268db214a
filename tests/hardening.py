#!/usr/bin/env python3
"""What makes a mistake in memory harder to use is in every program: hardening.py PROGRAM-OR-ARCHIVE...

Programs: a load address of the kernel's choice (PIE), addresses of functions that are read-only before main (RELRO, nothing bound
late), a stack that holds no code. Our archives: stack protectors, and the checked variants of libc's functions (FORTIFY)."""
import re
import subprocess
import sys


# What each kind of file must show, as a pattern of readelf's description of it.
PROGRAM = {
    "PIE": r"\(FLAGS_1\).*\bPIE\b",
    "RELRO": r"^\s*GNU_RELRO\s",
    "BIND_NOW": r"\(FLAGS_1\).*\bNOW\b",
    "stack without code": r"^\s*GNU_STACK\s.*\sRW\s",
}
ARCHIVE = {  # asked of our own code, because libraries in a program have these of their own
    "stack protector": r"\bUND __stack_chk_fail$",
    "FORTIFY": r"\bUND __v?snprintf_chk$",
}


def described(file, options):
    return subprocess.run(["readelf", options, file], check=True, capture_output=True, text=True).stdout


def missing(file):
    wanted, text = (ARCHIVE, described(file, "-sW")) if file.endswith(".a") else (PROGRAM, described(file, "-ldW"))
    return [name for name, pattern in wanted.items() if not re.search(pattern, text, re.M)]


def main(files):
    broken = [f"{file}: no {name}" for file in files for name in missing(file)]
    print("\n".join(broken) or f"hardening: {len(files)} files have all of it")
    return 1 if broken or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
