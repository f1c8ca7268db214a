"""Which service serves which algorithm, read from the services' sources."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICES = re.findall(r"^mushir_program\((\w+)", (ROOT / "services" / "CMakeLists.txt").read_text(), re.M)
DEFINITION = re.compile(r'const struct mu_algorithm \w+ = \{\s*\.name = "([^"]+)"')
PROGRAMS = [*SERVICES, "all"]  # each an image of its own; mushir-all answers for all of SERVICES
ALGORITHMS = {name: service for service in SERVICES for source in sorted((ROOT / "services" / service).glob("*.c"))
              for name in DEFINITION.findall(source.read_text())}
