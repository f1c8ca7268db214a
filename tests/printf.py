#!/usr/bin/env python3
"""No program holds what hooks itself into printf: printf.py PROGRAM...

libquadmath, which comes with Fortran's runtime, does so before main; from then on glibc takes its slow path for every conversion, which
costs a brief call a tenth of its instructions. common/num/fortran.c says how LAPACK does without."""
import re
import subprocess
import sys

HOOKED = re.compile(r" [A-Za-z] (register_printf_(specifier|function|type)|__quadmath_\w+|_gfortran_st_write)$", re.M)


def main(programs):
    symbols = {program: subprocess.run(["nm", program], check=True, capture_output=True, text=True).stdout for program in programs}
    broken = [f"{program}: {found[1]}" for program, text in symbols.items() for found in HOOKED.finditer(text)]
    print("\n".join(broken) or f"printf: {len(programs)} programs leave it as it is")
    return 1 if broken or not programs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
