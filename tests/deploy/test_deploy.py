"""deploy/ and docker/ against the documented rules of Kubernetes; rendered by kubectl too where there is one."""
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import ALGORITHMS, PROGRAMS, SERVICES  # noqa: E402

DEPLOY = ROOT / "deploy"
KEPT_LOGS = 5 * 10 * 2**20  # containerLogMaxFiles times containerLogMaxSize of a kubelet; they count as ephemeral storage
VERSION = re.search(r"project\(mushir VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]


def load(path):
    return yaml.safe_load(path.read_text())


def quantity(text):
    number, unit = re.fullmatch(r"(\d+)(m|Mi|Gi|)", text).groups()
    return int(number) * {"m": 1e-3, "Mi": 2**20, "Gi": 2**30, "": 1}[unit]


def check_hardened(security):
    assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def check_resources(resources):
    for what, low in resources["requests"].items():
        assert quantity(low) <= quantity(resources["limits"][what])
    assert quantity(resources["limits"]["ephemeral-storage"]) > KEPT_LOGS  # or a busy pod is evicted for its log


def test_every_service_is_deployed():
    assert set(ALGORITHMS.values()) == set(SERVICES)
    assert set(load(ROOT / "docker" / "compose.yaml")["services"]) == set(PROGRAMS)
    assert set(load(DEPLOY / "standalone" / "kustomization.yaml")["resources"]) == set(PROGRAMS) - {"all"} | {"namespace.yaml"}  # all is applied in their place, by its own folder
    assert {p.name for p in (DEPLOY / "standalone").iterdir() if p.is_dir()} == set(PROGRAMS) | {"base"}


def render(folder):
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            return list(yaml.safe_load_all(subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True).stdout))
    pytest.skip("neither kubectl nor kustomize is installed")


def test_standalone_base():
    base = DEPLOY / "standalone" / "base"
    kinds = {load(base / f)["kind"]: load(base / f) for f in load(base / "kustomization.yaml")["resources"]}
    assert set(kinds) == {"Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"}
    pod = kinds["Deployment"]["spec"]["template"]
    selector = kinds["Deployment"]["spec"]["selector"]["matchLabels"]
    for labels in (pod["metadata"]["labels"], kinds["Service"]["spec"]["selector"], kinds["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                   kinds["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]):
        assert labels == selector
    (container,) = pod["spec"]["containers"]
    assert container["ports"] == [{"name": "grpc", "containerPort": 6789}]
    assert pod["spec"]["automountServiceAccountToken"] is False and pod["spec"]["securityContext"]["runAsNonRoot"] is True
    check_hardened(container["securityContext"])
    check_resources(container["resources"])
    assert "replicas" not in kinds["Deployment"]["spec"]  # or every apply would undo the autoscaler
    assert kinds["HorizontalPodAutoscaler"]["spec"]["minReplicas"] > kinds["PodDisruptionBudget"]["spec"]["minAvailable"]
    assert kinds["NetworkPolicy"]["spec"]["egress"] == []


@pytest.mark.parametrize("service", PROGRAMS)
def test_standalone_overlay(service):
    overlay = load(DEPLOY / "standalone" / service / "kustomization.yaml")
    assert overlay["nameSuffix"] == f"-{service}"
    assert overlay["images"] == [{"name": "mushir-service", "newName": f"mushir-{service}", "newTag": VERSION}]


def test_standalone_renders():
    objects = render(DEPLOY / "standalone")
    assert len(objects) == 1 + 5 * (len(PROGRAMS) - 1) + 3  # all is not among them; medianstop has an account, a Role and their binding besides
    for service in SERVICES:
        named = {o["kind"]: o for o in objects if o["metadata"]["name"] == f"mushir-{service}"}
        assert len(named) == 5 and all(o["metadata"]["namespace"] == "mushir" for o in named.values())
        assert named["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == f"mushir-{service}"
        own = {"app.kubernetes.io/name": "mushir", "app.kubernetes.io/component": service}
        assert named["Service"]["spec"]["selector"] == named["Deployment"]["spec"]["template"]["metadata"]["labels"] == own
        assert named["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == named["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == own


def test_compose():
    ports = set()
    for name, service in load(ROOT / "docker" / "compose.yaml")["services"].items():
        assert service["build"]["args"] == {"SERVICE": name} and service["image"] == f"${{REGISTRY:-localhost}}/mushir-{name}:${{VERSION:-{VERSION}}}"
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "65532:65532"
        (port,) = service["ports"]
        inside = 6788 if name == "medianstop" else 6789
        assert port.endswith(f":{inside}") and service["healthcheck"]["test"] == ["CMD", "/bin/grpc_health_probe", f"-addr=:{inside}"]
        ports.add(port)
    assert len(ports) == len(PROGRAMS)


def test_both_ways_to_an_image_end_alike():
    ends = [(ROOT / "docker" / name).read_text().rpartition("FROM scratch\n")[2].replace("COPY --from=build /out/", "COPY ") for name in ("Dockerfile", "Dockerfile.binary")]
    assert ends[0] == ends[1] and "ENTRYPOINT" in ends[0]


def test_standalone_medianstop():
    """What Katib's Role for early stopping allows, and no more; what goes out is named."""
    folder = DEPLOY / "standalone" / "medianstop"
    account, role, binding = yaml.safe_load_all((folder / "account.yaml").read_text())
    assert role["rules"] == [{"apiGroups": ["kubeflow.org"], "resources": ["trials"], "verbs": ["get"]},
                             {"apiGroups": ["kubeflow.org"], "resources": ["trials/status"], "verbs": ["patch"]}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] and binding["subjects"] == [{"kind": "ServiceAccount", "name": account["metadata"]["name"]}]
    changes = {p["target"]["kind"]: {o["path"]: o["value"] for o in yaml.safe_load(p["patch"])} for p in load(folder / "kustomization.yaml")["patches"]}
    base = DEPLOY / "standalone" / "base"
    for kind, file in (("Deployment", "deployment.yaml"), ("Service", "service.yaml"), ("NetworkPolicy", "network.yaml")):
        for path in changes[kind]:
            at = load(base / file)
            for part in path.split("/")[1:-1]:  # JSON patch replaces and adds only below what exists
                at = at[int(part)] if isinstance(at, list) else at[part]
    assert changes["Deployment"]["/spec/template/spec/serviceAccountName"] == account["metadata"]["name"]
    assert {p["port"] for rule in changes["NetworkPolicy"]["/spec/egress"] for p in rule["ports"]} == {53, 443, 6443, 6789}
