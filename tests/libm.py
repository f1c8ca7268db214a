#!/usr/bin/env python3
"""No function of libm that glibc chooses by CPU is in a program: libm.py PROGRAM...

A static glibc holds one variant of exp, log, pow, sin and so on per kind of CPU, as __exp_fma or __ieee754_log_avx. Their last bits differ,
so with one of them an answer would depend on the machine. cmake/Libm.cmake says where these functions come from instead."""
import re
import subprocess
import sys

VARIANT = re.compile(r"__(ieee754_)?[a-z]+[0-9]*f?_(fma4?|avx2?|avx512[a-z]*)")
INEXACT = re.compile(r"a?(exp|log|pow|sin|cos|tan|erf|cbrt|hypot)\w*_")
SHARED = {"exp", "log", "pow"}  # a program that calls them brings them itself


def wrong(program):
    lines = subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout.splitlines()
    kinds = {line.split()[-1].split("@")[0]: line.split()[-2] for line in lines if len(line.split()) > 1}
    chosen = [name for name in kinds if VARIANT.fullmatch(name) and INEXACT.match(re.sub("^__(ieee754_)?", "", name))]
    return sorted(chosen) + [f"{name}, not from the program itself" for name in sorted(SHARED) if kinds.get(name, "T") != "T"]


def main(programs):
    broken = [f"{program}: {name}" for program in programs for name in wrong(program)]
    print("\n".join(broken) or f"libm: {len(programs)} programs compute the same on every CPU")
    return 1 if broken or not programs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
