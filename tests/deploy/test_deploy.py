"""deploy/ and docker/ against the documented rules of Katib's configuration and of Kubernetes; rendered by kubectl too where there is one."""
import json
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
VERSION = re.search(r"project\(mushir VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
# Names that Katib's own configuration has; the others are added by hand, as README.md says.
KATIBS = [a for a in ALGORITHMS if a not in ("asha", "bohb")]
FORMS = {"current": "katib-config.yaml", "older": "suggestion"}
# What an entry may hold: the fields of a Kubernetes container and those that Katib adds. algorithmName only where entries are a list.
CONTAINER = {"image", "imagePullPolicy", "resources", "readinessProbe", "livenessProbe", "securityContext", "args", "command", "env", "volumeMounts"}
KATIB = {"algorithmName", "serviceAccountName", "volumeMountPath", "persistentVolumeClaimSpec", "persistentVolumeSpec", "persistentVolumeLabels"}


def load(path):
    return yaml.safe_load(path.read_text())


def config_of(form, algorithms):
    """katib-config as the components for |algorithms| leave it: each replaces one piece of a text cut at empty lines."""
    key = FORMS[form]
    text = load(DEPLOY / "katib" / form / "base" / "katib-config.yaml")["data"][key]
    for algorithm in algorithms:
        folder = DEPLOY / "katib" / form / "components" / algorithm
        component, entry = load(folder / "kustomization.yaml"), load(folder / "entry.yaml")
        (replacement,), = (component["replacements"],)
        (target,) = replacement["targets"]
        assert component["kind"] == "Component" and replacement["source"]["name"] == entry["metadata"]["name"] == f"mushir-{algorithm}"
        assert entry["metadata"]["annotations"]["config.kubernetes.io/local-config"] == "true"  # never sent to the cluster
        assert target["select"] == {"kind": "ConfigMap", "name": "katib-config"}
        pieces = text.split(target["options"]["delimiter"])
        pieces[target["options"]["index"]] = entry["data"]["entry"]
        text = target["options"]["delimiter"].join(pieces)
    return text


def entries(form, text):
    if form == "older":
        return json.loads(text)
    listed = yaml.safe_load(text)["runtime"]["suggestions"]
    named = {e["algorithmName"]: e for e in listed}
    assert len(named) == len(listed)
    return named


def quantity(text):
    number, unit = re.fullmatch(r"(\d+)(m|Mi|Gi|)", text).groups()
    return int(number) * {"m": 1e-3, "Mi": 2**20, "Gi": 2**30, "": 1}[unit]


def check_hardened(security):
    assert security["readOnlyRootFilesystem"] is True and security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}


def check_resources(resources):
    for what, low in resources["requests"].items():
        assert quantity(low) <= quantity(resources["limits"][what])


def check_entry(algorithm, entry):
    assert set(entry) <= CONTAINER | KATIB  # in particular no ports: Katib refuses 6789 and the name suggestion-api
    assert entry["image"] == f"mushir-{ALGORITHMS[algorithm]}:{VERSION}"
    for probe in (entry["readinessProbe"], entry["livenessProbe"]):
        assert probe["grpc"] == {"port": 6789, "service": "manager.v1beta1.Suggestion"}
    assert entry["readinessProbe"]["initialDelaySeconds"] == 0 and entry["readinessProbe"]["periodSeconds"] == 1
    assert quantity(entry["resources"]["limits"]["memory"]) <= 100 * 2**20
    check_resources(entry["resources"])
    check_hardened(entry["securityContext"])
    assert entry["securityContext"]["runAsNonRoot"] is True and "runAsUser" not in entry["securityContext"]  # OpenShift chooses one


def test_components_and_services_are_the_same_set():
    assert set(ALGORITHMS.values()) == set(SERVICES)
    for form in FORMS:
        assert {p.name for p in (DEPLOY / "katib" / form / "components").iterdir()} == set(KATIBS)
        assert sorted(load(DEPLOY / "katib" / form / "kustomization.yaml")["components"]) == sorted(f"components/{a}" for a in KATIBS)
    assert set(load(ROOT / "docker" / "compose.yaml")["services"]) == set(PROGRAMS)
    assert set(load(DEPLOY / "standalone" / "kustomization.yaml")["resources"]) == set(PROGRAMS) - {"all"} | {"namespace.yaml"}  # all is applied in their place, by its own folder
    assert {p.name for p in (DEPLOY / "standalone").iterdir() if p.is_dir()} == set(PROGRAMS) | {"base"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("algorithm", KATIBS)
def test_one_algorithm_switched(form, algorithm):
    before, after = entries(form, config_of(form, [])), entries(form, config_of(form, [algorithm]))
    assert list(before) == list(after)
    check_entry(algorithm, after[algorithm])
    assert {a: e for a, e in after.items() if a != algorithm} == {a: e for a, e in before.items() if a != algorithm}


@pytest.mark.parametrize("form", FORMS)
def test_all_switched(form):
    after = entries(form, config_of(form, KATIBS))
    assert sorted(a for a, e in after.items() if e["image"].startswith("mushir-")) == sorted(KATIBS)


def render(folder):
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            return list(yaml.safe_load_all(subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True).stdout))
    pytest.skip("neither kubectl nor kustomize is installed")


@pytest.mark.parametrize("form", FORMS)
def test_kustomize_renders_the_same(form):
    (rendered,) = render(DEPLOY / "katib" / form)
    assert (rendered["kind"], rendered["metadata"]["name"], rendered["metadata"]["namespace"]) == ("ConfigMap", "katib-config", "kubeflow")
    assert entries(form, rendered["data"][FORMS[form]]) == entries(form, config_of(form, KATIBS))


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
    assert len(objects) == 1 + 5 * len(SERVICES) + 8  # medianstop has an account, a Role and their binding besides
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
        assert service["build"]["args"] == {"SERVICE": name} and service["image"] == f"mushir-{name}:{VERSION}"
        assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "65532:65532"
        (port,) = service["ports"]
        assert port.endswith(":6788" if name == "medianstop" else ":6789")
        ports.add(port)
    assert len(ports) == len(PROGRAMS)


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
