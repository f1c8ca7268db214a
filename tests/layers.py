#!/usr/bin/env python3
"""The layers: which folder may include what. Fails with the offending line.

A folder includes only from those below it, and each outside library has one place. See ARCHITECTURE.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# folder -> the project folders its files may include from (besides their own)
LAYERS = {
    "common/base": [],
    "common/num": ["common/base"],
    "common/search": ["common/base", "common/num"],
    "common/model": ["common/base", "common/num", "common/search"],
    "common/stopping": ["common/base", "common/num", "common/search"],
    "common/wire": ["common/base", "common/num", "common/search"],
    "common/rpc": ["common/base"],
    "common/service": ["common/base", "common/num", "common/search", "common/wire", "common/rpc"],
    "services": ["common/base", "common/num", "common/search", "common/model", "common/stopping"],
    "client": ["common/base", "common/num", "common/search", "common/model", "common/stopping", "common/wire", "common/rpc"],
}
# folder of the client -> the folders that its files may include from; "" are the commands
CLIENT = {
    "text": [],
    "experiment": ["text"],
    "run": ["text", "experiment"],
    "report": ["text", "experiment", "run"],
    "katib": ["text", "experiment", "run"],
    "serve": ["text", "experiment", "run"],
    "": ["text", "experiment", "run", "report", "katib", "serve"],
}
# outside library or generated code -> the only folders whose files may include it
LIBRARIES = {
    r"grpc/.*|openssl/.*|absl/.*": ["common/rpc"],
    r"(api|analysis)\.pb-c\.h|protobuf-c/.*": ["common/wire"],
    r"ev\.h": ["common/service", "client/run"],
    r"gsl/.*|lapacke?\.h|cblas\.h": ["common/num"],
    r"yaml\.h|pcre2\.h": ["client/experiment"],
    r"sqlite3\.h": ["client/run"],
    r"neon/.*": ["services/medianstop"],
    r"jansson\.h": ["services/medianstop", "client/serve"],
    r"libwebsockets\.h": ["client/serve"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]')


def folder_of(path):
    parts = path.parts
    return "/".join(parts[:2]) if parts[0] == "common" else parts[0]


def wrong(path, included):
    """Why the file may not include this, or None."""
    folder = folder_of(path)
    for pattern, allowed in LIBRARIES.items():
        if re.fullmatch(pattern, included) and not any(path.is_relative_to(place) for place in allowed):
            return f"only {' and '.join(allowed)} may"
    if not included.startswith(("common/", "services/", "client/")):
        return None
    target = folder_of(pathlib.PurePath(included))
    if target == folder:
        own = path.parts[:2] == pathlib.PurePath(included).parts[:2]
        return None if folder != "services" or own else "services do not include each other"
    if folder == "services" and path.name == "contract.c" and target == "common/wire":
        return None  # a contract's own messages; algorithms see none
    return None if target in LAYERS[folder] else f"{folder} includes from {', '.join(LAYERS[folder]) or 'nothing'}"


def client_folder_of(path):
    return path.parts[1] if len(path.parts) > 2 else ""


def wrong_in_client(path, included):
    """Why the client's file may not include this of the client, or None."""
    own, target = client_folder_of(path), client_folder_of(pathlib.PurePath(included))
    if own == target or target in CLIENT[own]:
        return None
    return f"client/{own} includes from {', '.join(CLIENT[own]) or 'no other folder'}"


def circle(includes):
    """A circle among the files, X.c and X.h being one, as a list of their names; None without one."""
    graph, done, path = {}, set(), []
    for file, included in includes:
        file, included = (str(pathlib.PurePath(name).with_suffix("")) for name in (file, included))
        if file != included:
            graph.setdefault(file, set()).add(included)

    def walk(file):
        if file in path:
            return path[path.index(file):] + [file]
        if file in done:
            return None
        path.append(file)
        found = next(filter(None, map(walk, sorted(graph.get(file, ())))), None)
        path.pop()
        done.add(file)
        return found

    return next(filter(None, map(walk, sorted(graph))), None)


def main():
    broken, seen, own = [], 0, []
    for folder in LAYERS:
        for path in sorted((ROOT / folder).rglob("*.*")):
            relative = path.relative_to(ROOT)
            if "tests" in relative.parts or path.suffix not in (".c", ".h", ".cc"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                found = INCLUDE.match(line)
                if found:
                    seen += 1
                    why = wrong(relative, found[1])
                    if folder == "client" and found[1].startswith("client/"):
                        why = why or wrong_in_client(relative, found[1])
                        own.append((relative, found[1]))
                    if why:
                        broken.append(f"{relative}:{number}: includes {found[1]}: {why}")
    found = circle(own)
    if found:
        broken.append("a circle of files: " + " -> ".join(found))
    print("\n".join(broken) or f"layers: {seen} includes, all in their place")
    sys.exit(1 if broken or seen == 0 else 0)


if __name__ == "__main__":
    main()
