"""The chart: lint, what it renders beside what kustomize does, and that what it watches is what the programs measure."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import urllib.request

import pytest
import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import PROGRAMS  # noqa: E402

CHART = ROOT / "deploy" / "chart"
FILES = CHART / "files"
HELM = shutil.which("helm", path=f"{ROOT / 'build' / 'tools'}:{os.environ['PATH']}")
WATCHED = ["--set", "admin.port=8080,monitoring.podMonitor=true,monitoring.alerts=true,monitoring.dashboard=true"]
needs_helm = pytest.mark.skipif(not HELM, reason="helm is not installed")


def run(*command, **options):
    return subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True, **options).stdout


def by_name(text):
    return {(o["kind"], o["metadata"]["name"]): o for o in yaml.safe_load_all(text) if o}


def template(*flags, name="mushir"):
    return by_name(run(HELM, "template", name, CHART, *flags))


@needs_helm
@pytest.mark.parametrize("flags", [[], WATCHED])
def test_lint(flags):
    assert "0 chart(s) failed" in run(HELM, "lint", "--strict", CHART, *flags)


def kustomized(folder):
    for command in (["kubectl", "kustomize"], ["kustomize", "build"]):
        if shutil.which(command[0]):
            return by_name(run(*command, folder))
    pytest.skip("neither kubectl nor kustomize is installed")


@needs_helm
@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_as_kustomize(program):
    theirs = kustomized(ROOT / "deploy" / "standalone" / program)
    ours = template("--set", f"services={{{program}}}")
    image = ours["Deployment", f"mushir-{program}"]["spec"]["template"]["spec"]["containers"][0]
    assert image["image"].startswith("localhost/")
    image["image"] = image["image"].removeprefix("localhost/")
    assert ours == theirs


@needs_helm
def test_every_service_unless_told():
    assert {name for kind, name in template() if kind == "Deployment"} == {f"mushir-{p}" for p in PROGRAMS if p != "all"}


@needs_helm
def test_two_releases_do_not_touch_each_other():
    one, other = template(name="one"), template(name="other")
    assert not one.keys() & other.keys()
    for (kind, name), o in one.items():
        if kind == "Deployment":
            labels = o["spec"]["template"]["metadata"]["labels"]
            assert o["spec"]["selector"]["matchLabels"] == labels and labels["app.kubernetes.io/name"] == "one"


@needs_helm
def test_admin_port_and_what_watches_it():
    objects = template(*WATCHED)
    monitor = objects["PodMonitor", "mushir"]["spec"]
    assert objects["PrometheusRule", "mushir"]["spec"] == yaml.safe_load((FILES / "alerts.yaml").read_text())
    assert json.loads(objects["ConfigMap", "mushir-dashboard"]["data"]["mushir.json"]) == json.loads((FILES / "dashboard.json").read_text())
    for (kind, _), o in objects.items():
        if kind == "Deployment":
            pod = o["spec"]["template"]
            container = pod["spec"]["containers"][0]
            assert container["args"] == ["--admin-port=8080"] and {"name": "admin", "containerPort": 8080} in container["ports"]
            assert monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items() and monitor["podMetricsEndpoints"][0]["port"] == "admin"
        if kind == "NetworkPolicy":
            assert [rule["ports"][0]["port"] for rule in o["spec"]["ingress"]][1] == 8080
    refused = subprocess.run([HELM, "template", "mushir", str(CHART), "--set", "monitoring.alerts=true"], capture_output=True, text=True)
    assert refused.returncode and "monitoring needs admin.port" in refused.stderr


@needs_helm
def test_an_image_by_tag_and_by_digest():
    def images(*flags):
        return [o["spec"]["template"]["spec"]["containers"][0]["image"] for (kind, _), o in template("--set", "services={tpe}", *flags).items() if kind == "Deployment"]
    assert images("--set", "image.registry=r.example/a,image.version=9") == ["r.example/a/mushir-tpe:9"]
    assert images("--set", "image.digests.tpe=sha256:12,image.registry=r") == ["r/mushir-tpe@sha256:12"]


@needs_helm
def test_a_private_registry_is_logged_in_to():
    pods = [o["spec"]["template"]["spec"] for (kind, _), o in template("--set", "image.pullSecrets[0].name=login").items() if kind == "Deployment"]
    assert pods and all(pod["imagePullSecrets"] == [{"name": "login"}] for pod in pods)


def test_what_is_watched_is_measured():
    """Each metric, label and status that an alert or a panel asks for is among what a program shows."""
    program = ROOT / "build" / "bin" / "mushir-random"
    if not program.exists():
        pytest.skip("the programs are not built")
    process = subprocess.Popen([program, "--host", "127.0.0.1", "--port", "0", "--admin-port", "0"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        port = next(m[1] for line in process.stderr if (m := re.search(r"admin_port=(\d+)", line)))
        shown = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    finally:
        process.kill()
        process.wait()
    alerts = [rule["expr"] for group in yaml.safe_load((FILES / "alerts.yaml").read_text())["groups"] for rule in group["rules"]]
    panels = json.loads((FILES / "dashboard.json").read_text())["panels"]
    asked = alerts + [t["expr"] for p in panels for t in p["targets"]]
    assert len(alerts) == 4 and len(panels) == 6
    for expression in asked:
        metrics = re.findall(r"\b(?:mushir|process)_\w+", expression)
        assert metrics and all(re.search(rf"^{m}[ {{]", shown, re.M) for m in metrics), expression
        for label in re.findall(r"[{,](\w+)=", expression):
            assert label in ("namespace", "pod") or f'{label}="' in shown, expression
        for state in re.findall(r'state="(\w+)"', expression):
            assert f'state="{state}"' in shown
        for status in re.findall(r'status="(\w+)"', expression):
            assert f'status="{status}"' in shown, expression  # from the start: the first would be no increase
        last = max(float(end) for end in re.findall(r'le="([\d.]+)"', shown))
        for threshold in re.findall(r"histogram_quantile.* > ([\d.]+)$", expression):
            assert float(threshold) < last, expression  # a quantile beyond the last bucket is given as its end
