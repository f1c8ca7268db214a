"""Every command that README and docs tell people to type is typed here, document by document, in a folder with what it names.

In place of what this machine lacks stand small programs: of the cluster, a kubectl that hands out a stored katib-config, renders what `apply -k`
is given and asks the real kubectl whether it knows all else; of helm, its `template`; of the training, a line with a loss. `kind` and `docker` are
not run at all, and `make` only says what it would do (other tests do it). A server goes on until the document ends."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import BIN, ROOT

DOCUMENTS = [p for p in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "client" / "README.md", ROOT / "deploy" / "README.md")
             if re.search(r"^ {4}\S", p.read_text(), re.M)]
CONFIG = ROOT / "tests" / "katib-config"
NOT_RUN = ("kind ", "docker ")
REAL = {name: shutil.which(name, path=f"{ROOT / 'build' / 'tools'}:{os.environ['PATH']}") for name in ("kubectl", "helm", "grpcurl", "curl")}
STANDINS = {
    "python3": """echo "loss=0.25" """,
    "make": """exec /usr/bin/make -n -C "$ROOT" "$@" """,
    "helm": """[ "$1" = install ] || exit 9
      shift; for word; do shift; [ "$word" = --create-namespace ] || set -- "$@" "$word"; done
      exec "$HELM" template "$@" >>"$APPLIED" """,
    "kubectl": """case " $* " in
      *" get configmap katib-config "*) exec cat "$CONFIG" ;;
      *" apply "*" -k github.com/"*) ;;
      *" apply "*" -k "*) for last; do :; done; [ -z "$KUBECTL" ] || exec "$KUBECTL" kustomize "$last" >>"$APPLIED" ;;
      *" apply -f - ") exec cat >>"$APPLIED" ;;
      *" apply "*" -f "* | *" apply -f "*) for last; do :; done; exec cat "$last" >>"$APPLIED" ;;
      *) [ -z "$KUBECTL" ] || "$KUBECTL" "$@" --help >"$APPLIED.help" ;;
    esac""",
}

pytestmark = pytest.mark.skipif(not os.access(BIN / "mushir", os.X_OK), reason="the client is not built")


def commands(document):
    """The indented lines outside fences; each is a command, with the lines that its quotes go on over, or one NAME=VALUE that a training prints."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.M | re.S)
    found, quoted = [], False
    for line in re.findall(r"^ {4}(.*)$", re.sub(r"[ \t]+# .*", "", text), re.M):
        if quoted:
            found[-1] += "\n" + line
        elif re.match(r"\S", line) and not re.fullmatch(r"\w+=[\d.]+", line):
            found.append(line)
        quoted = bool(found) and found[-1].count("'") % 2 == 1
    return found


@pytest.fixture
def folder(tmp_path):
    for name in ("examples", "deploy", "docker"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "deploy", tmp_path / "build" / "deploy")
    (tmp_path / "build/deploy/images.yaml").write_text("image: {registry: registry.example/tuning}\n")
    text = (tmp_path / "examples/train.yaml").read_text()
    (tmp_path / "examples/train.yaml").write_text(re.sub("maxTrialCount: .*", "maxTrialCount: 6", text))
    own = ["init", "experiment.yaml", "--trials", "6", "--param", "lr=log:1e-4:1", "--", "python3", "train.py", "{lr}"]
    subprocess.run([BIN / "mushir", *own], cwd=tmp_path, check=True)
    for name, script in STANDINS.items():
        (tmp_path / "standins").mkdir(exist_ok=True)
        (tmp_path / "standins" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "standins" / name).chmod(0o755)
    return tmp_path


@pytest.fixture
def serve(folder):
    """serve(command, environment) -> where `mushir serve` listens until the end, which is an exit with 0."""
    servers = []

    def start(command, environment):
        servers.append(subprocess.Popen(f"exec {command} --port 0", shell=True, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True))
        return servers[-1].stdout.readline().strip().removeprefix("http://").rstrip("/")

    yield start
    for server in servers:
        server.terminate()
        assert server.wait(60) == 0


def kept_config():
    """A whole ConfigMap as kubectl prints it."""
    return next(p for p in sorted(CONFIG.rglob("*.yaml")) if "kind: ConfigMap" in p.read_text() and "mushir" not in p.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command(document, folder, start_service, serve):
    service, page = start_service("tpe"), ""
    environment = {**os.environ, "PATH": f"{folder / 'standins'}:{BIN}:{os.environ['PATH']}", "ROOT": str(ROOT), "CONFIG": str(kept_config()),
                   "APPLIED": str(folder / "applied"), "HELM": REAL["helm"] or "", "KUBECTL": REAL["kubectl"] or ""}
    ran, without = 0, set()
    for line in commands(document):
        name = line.split()[0]
        assert name in ("make", "mushir", "kubectl", "helm", "grpcurl", "curl") or line.startswith(NOT_RUN), f"is this a command? {line}"
        if line.startswith(NOT_RUN):
            continue
        if name in ("helm", "grpcurl", "curl") and not REAL[name]:
            without.add(name)
            continue
        typed = line.replace("localhost:6789", service.address).replace("--registry ...", "--registry registry.example/tuning").removesuffix(" &")
        if line.startswith("mushir serve "):
            page = serve(typed, environment)
            assert page
            ran += 1
            continue
        if name in ("grpcurl", "curl"):
            typed = typed.replace(name, REAL[name] + (" --fail --silent --show-error" if name == "curl" else ""), 1).replace("127.0.0.1:8080", page)
        done = subprocess.run(["bash", "-o", "pipefail", "-ec", typed], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        ran += 1
    if (folder / "applied").exists():
        objects = [o for o in yaml.safe_load_all((folder / "applied").read_text()) if o]
        assert all({"apiVersion", "kind", "metadata"} <= o.keys() for o in objects)
        assert document != ROOT / "deploy" / "README.md" or without or len(objects) > 60
    assert ran or without
    if without:
        pytest.skip(f"all but those of {' and '.join(sorted(without))}, which is not installed")
