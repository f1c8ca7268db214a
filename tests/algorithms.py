"""Which service serves which search algorithm, read from the services' sources."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = re.findall(r"^mushir_program\((\w+)", (ROOT / "services" / "CMakeLists.txt").read_text(), re.M)
DEFINITION = re.compile(r'const struct mu_algorithm \w+ = \{\s*\.name = "([^"]+)"')
PROGRAMS = [*FOLDERS, "all"]  # each an image of its own; mushir-all answers for all the others
ALGORITHMS = {name: service for service in FOLDERS for source in sorted((ROOT / "services" / service).glob("*.c"))
              for name in DEFINITION.findall(source.read_text())}
SERVICES = [service for service in FOLDERS if service in ALGORITHMS.values()]  # those that suggest; medianstop stops
