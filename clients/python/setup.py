"""The wheel's tag: any Python 3, on a system that runs the program inside.

A static program needs no symbol of any C library, only a Linux kernel of 3.2 or later. manylinux_2_17 and musllinux_1_1
are the oldest systems that today's installers and grpcio know; each has such a kernel. A program that needs shared
libraries is bound to systems like the one that it was linked on.
"""
import pathlib
import platform
import subprocess

from setuptools import Distribution, setup

try:
    from setuptools.command.bdist_wheel import bdist_wheel
except ImportError:  # setuptools before 70.1
    from wheel.bdist_wheel import bdist_wheel

PROGRAM = pathlib.Path(__file__).parent / "mushir" / "bin" / "mushir-all"


def system_of(program):
    """The platform tag that tells where |program| runs."""
    machine = platform.machine()
    headers = subprocess.run(["readelf", "-lW", program], check=True, capture_output=True, text=True).stdout
    if "INTERP" in headers:
        return f"linux_{machine}"
    return f"manylinux_2_17_{machine}.manylinux2014_{machine}.musllinux_1_1_{machine}"


class Tagged(bdist_wheel):
    """A wheel whose system is that of the program."""

    def get_tag(self):
        return "py3", "none", system_of(PROGRAM)


class WithProgram(Distribution):
    """Not pure Python, although nothing is compiled here."""

    def has_ext_modules(self):
        return True


setup(cmdclass={"bdist_wheel": Tagged}, distclass=WithProgram)
