#!/usr/bin/env python3
"""The house keeps its floors: which folder may include what. Fails with the offending line.

A room stands only on rooms below it, and each outside library has one place. See ARCHITECTURE.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# folder -> the project folders its files may include from (besides their own)
FLOORS = {
    "common/base": [],
    "common/num": ["common/base"],
    "common/search": ["common/base", "common/num"],
    "common/model": ["common/base", "common/num", "common/search"],
    "common/wire": ["common/base", "common/num", "common/search"],
    "common/rpc": ["common/base"],
    "common/service": ["common/base", "common/num", "common/search", "common/wire", "common/rpc"],
    "services": ["common/base", "common/num", "common/search", "common/model"],
    "client": ["common/base", "common/num", "common/search", "common/wire", "common/rpc"],
}
# outside library -> the folders that may include it
LIBRARIES = {
    r"grpc/.*\.h": ["common/rpc"],
    r"ev\.h": ["common/service", "client"],
    r".*\.pb-c\.h|protobuf-c/.*": ["common/wire", "common/rpc", "client"],
    r"gsl/.*|lapacke?\.h|cblas\.h": ["common/num"],
    r"yaml\.h|sqlite3\.h|pcre2\.h": ["client"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')


def folder_of(path):
    parts = path.parts
    return "/".join(parts[:2]) if parts[0] == "common" else parts[0]


def wrong(path, included):
    """Why the file may not include this, or None."""
    folder = folder_of(path)
    if re.match(r"grpc/.*\.pb-c\.h", included):
        return None if folder in ("common/rpc", "client") else "generated code belongs to common/rpc"
    for pattern, allowed in LIBRARIES.items():
        if re.fullmatch(pattern, included) and folder not in allowed:
            return f"only {' and '.join(allowed)} may"
    if not included.startswith(("common/", "services/", "client/")):
        return None
    target = folder_of(pathlib.PurePath(included))
    if target == folder:
        own = path.parts[:2] == pathlib.PurePath(included).parts[:2]
        return None if folder != "services" or own else "services do not include each other"
    if path.name == "main.c" and included == "common/service/service.h":
        return None
    return None if target in FLOORS[folder] else f"{folder} stands on {', '.join(FLOORS[folder]) or 'nothing'}"


def main():
    broken, seen = [], 0
    for folder in FLOORS:
        for path in sorted((ROOT / folder).rglob("*.[ch]")):
            relative = path.relative_to(ROOT)
            if "tests" in relative.parts:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if found:
                    seen += 1
                    why = wrong(relative, found[1])
                    if why:
                        broken.append(f"{relative}:{number}: includes {found[1]}: {why}")
    print("\n".join(broken) or f"floors: {seen} includes, all in their place")
    sys.exit(1 if broken or seen == 0 else 0)


if __name__ == "__main__":
    main()
