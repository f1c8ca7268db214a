"""mushir katib: an installed katib-config is switched to Mushir's images and back, every other byte as it was.

tests/katib-config holds configurations as they are found on clusters, in the structure of Katib's releases; what each
becomes stands beside it. A configuration of another order, with an entry less or one more is no special case."""
import json
import pathlib
import random
import re
import shutil
import subprocess

import pytest
import yaml
from conftest import BIN, PROGRAMS, ROOT

FILES = ROOT / "tests" / "katib-config"
NAMES = sorted(p.stem for p in FILES.glob("*.yaml") if not p.stem.endswith(".expected"))
VERSION = re.search(r"project\(mushir VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())[1]
REGISTRY = ("--registry", "registry.example/tuning")


def katib(text, *arguments):
    return subprocess.run([BIN / "mushir", "katib", *arguments], input=text.encode(), capture_output=True, timeout=60)


def changed(text, *arguments):
    done = katib(text, *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def read(name):
    return (FILES / f"{name}.yaml").read_bytes().decode()


def entries(text):
    """{(list, algorithm): entry} of either form, and everything else of the file."""
    whole = yaml.safe_load(text)
    data = whole.get("data", {"katib-config.yaml": text})
    if "katib-config.yaml" in data:
        config = yaml.safe_load(data["katib-config.yaml"])
        lists = {key: config["runtime"].pop(key, []) for key in ("suggestions", "earlyStoppings")}
        found = {(key, e["algorithmName"]): e for key, items in lists.items() for e in items}
        rest = [config, [[e["algorithmName"] for e in items] for items in lists.values()]]
    else:
        found = {(key, name): e for key in ("suggestion", "early-stopping") for name, e in json.loads(data[key]).items()}
        rest = [{k: v for k, v in data.items() if k not in ("suggestion", "early-stopping")}, list(found)]
    data |= dict.fromkeys(data.keys() & {"katib-config.yaml", "suggestion", "early-stopping"}, "")
    return found, [whole if "data" in whole else None, rest]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_found_on_clusters(name):
    before, expected = read(name), read(f"{name}.expected").replace(":VERSION", f":{VERSION}")
    switched = changed(before, *REGISTRY)
    assert switched == expected
    assert changed(switched, "--undo") == before
    assert changed(switched, *REGISTRY) == switched  # once more changes nothing
    assert changed(changed(before, "--registry", "localhost:5000/a_b"), *REGISTRY) == switched  # nor what it was between
    assert changed(before, "--undo") == before


@pytest.mark.parametrize("name", NAMES)
def test_only_entries_of_algorithms_that_mushir_has_change(name):
    (before, rest), (after, rest_after) = entries(read(name)), entries(changed(read(name), *REGISTRY))
    assert rest == rest_after and list(before) == list(after)
    for key, entry in before.items():
        added = set(after[key]) - set(entry)
        assert added <= {"readinessProbe", "securityContext", "beforeMushirKatib"}
        assert {k: v for k, v in after[key].items() if k != "image" and k not in added} == {k: v for k, v in entry.items() if k != "image"}
        if after[key]["image"] == entry["image"]:
            assert not added
            continue
        program = re.fullmatch(rf"registry\.example/tuning/mushir-(\w+):{re.escape(VERSION)}", after[key]["image"])[1]
        assert program in PROGRAMS
        if "readinessProbe" in added:
            assert after[key]["readinessProbe"]["grpc"] == {"port": 6789, "service": "manager.v1beta1.Suggestion"}
        if "securityContext" in added:
            assert after[key]["securityContext"] == {"runAsNonRoot": True, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False,
                                                     "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"}}


@pytest.mark.skipif(not shutil.which("diff"), reason="diff is not installed")
@pytest.mark.parametrize("name", ["config-alone", "katib-0.19", "in-quotes"])
def test_the_difference_is_that_of_diff(name, tmp_path):
    def text(file):
        whole = yaml.safe_load(file)
        return whole["data"]["katib-config.yaml"] if "data" in whole else file
    done = katib(read(name), *REGISTRY)
    (tmp_path / "a").write_text(text(read(name)))
    (tmp_path / "b").write_text(text(done.stdout.decode()))
    wanted = subprocess.run(["diff", "-U0", "a", "b"], cwd=tmp_path, capture_output=True, text=True).stdout
    assert done.stderr.decode().splitlines()[2:] == wanted.splitlines()[2:]


def test_algorithms_are_chosen_by_name():
    before = read("katib-0.19")
    switched = changed(before, *REGISTRY, "--algorithms", "tpe,pbt")
    assert sorted(re.findall(r"tuning/mushir-(\w+):", switched)) == ["pbt", "tpe"]
    assert re.findall(r"tuning/mushir-(\w+):", changed(before, *REGISTRY, "--algorithms", "medianstop")) == ["medianstop"]
    both = changed(switched, *REGISTRY, "--algorithms", "random")
    assert changed(both, "--undo", "--algorithms", "random") == switched
    assert changed(both, "--undo") == before


def test_json_of_kubectl_too():
    for form in {}, {"indent": 4}:
        before = json.dumps(yaml.safe_load(read("katib-0.19")), **form) + "\n"
        switched = changed(before, *REGISTRY)
        assert json.loads(switched)["data"]["katib-config.yaml"] == yaml.safe_load(changed(read("katib-0.19"), *REGISTRY))["data"]["katib-config.yaml"]
        assert changed(switched, "--undo") == before


def test_an_account_of_its_own_is_told_of():
    said = katib(read("habits"), *REGISTRY).stderr.decode()
    assert "tpe runs as the service account tuner" in said and "--serviceaccount=N:tuner" in said
    assert "service account" not in katib(read("katib-0.19"), *REGISTRY).stderr.decode()


CONFIG = read("config-alone")
REFUSED = {
    "not YAML": ("a: [", "not YAML"),
    "nothing": ("", "one object is expected"),
    "two objects": (CONFIG + CONFIG, "one object is expected, there are 2"),
    "another object": ("kind: Pod\nmetadata: {name: katib-config}\n", "neither the ConfigMap"),
    "another ConfigMap": (read("katib-0.19").replace("name: katib-config", "name: katib"), "neither the ConfigMap"),
    "an empty ConfigMap": ("kind: ConfigMap\nmetadata: {name: katib-config}\n", "neither katib-config.yaml nor suggestion"),
    "a folded text": (read("katib-0.19").replace("katib-config.yaml: |", "katib-config.yaml: >"), "neither a literal block"),
    "broken within": (CONFIG.replace("  suggestions:", "  suggestions: ["), "not YAML"),
    "a name twice": (CONFIG.replace("algorithmName: sobol", "algorithmName: tpe"), "the entry of tpe: it is the second one of this name"),
    "no image": (CONFIG.replace("      image: registry.example/katib/tpe-suggestion:v0.19.0\n", ""), "the entry of tpe: it has no image"),
    "a command": (CONFIG.replace("algorithmName: tpe\n", "algorithmName: tpe\n      command: [python, main.py]\n"), "the entry of tpe: its command"),
    "braces": (CONFIG.replace("- algorithmName: tpe\n      image: registry.example/katib/tpe-suggestion:v0.19.0",
                              "- {algorithmName: tpe, image: registry.example/tpe}"), "the entry of tpe: write it as one"),
    "braces over two lines": (CONFIG.replace("- algorithmName: tpe\n      image: registry.example/katib/tpe-suggestion:v0.19.0",
                                             "- {algorithmName: tpe,\n      image: registry.example/tpe}"), "the entry of tpe: write it as one"),
    "an anchor": (CONFIG.replace("image: registry.example/katib/tpe-", "image: &i registry.example/katib/tpe-"), "the entry of tpe: write it as one"),
    "JSON that lost its note": (re.sub(r', ("beforeMushirKatib")', r' , \1', changed(read("katib-0.15"), *REGISTRY)), "no longer behind the image"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_not_understood_is_refused(kind):
    text, why = REFUSED[kind]
    done = katib(text, *REGISTRY)
    assert done.returncode == 2 and not done.stdout
    assert why in done.stderr.decode()


@pytest.mark.parametrize("arguments, why", [
    ((), "--registry, or --undo"), (("--undo", *REGISTRY), "--registry, or --undo"),
    (("--registry", "a b"), "cannot stand before"), (("--registry", "/"), "cannot stand before"),
    ((*REGISTRY, "--algorithms", "tpe,other"), 'has no algorithm "other"'), ((*REGISTRY, "--algorithms", "grid"), "no entry for grid"),
])
def test_wrong_use(arguments, why):
    done = katib(read("one-removed"), *arguments)
    assert done.returncode == 2 and not done.stdout and why in done.stderr.decode()


def some_config(rng):
    """A configuration of random order, indentation, quotes, comments and further fields."""
    indent = " " * rng.choice([0, 2, 4])
    lines = ["apiVersion: config.kubeflow.org/v1beta1", "kind: KatibConfig", "runtime:", "  suggestions:"]
    names = rng.sample(["random", "tpe", "grid", "sobol", "ours", "theirs", "pbt"], rng.randint(1, 7))
    for name in names:
        image = f"{rng.choice(['reg/é', 'a.b:5000/x'])}-{name}:{rng.randint(1, 9)}"
        quote = rng.choice(["", "'", '"'])
        fields = [[f"algorithmName: {name}"], [f"image:{' ' * rng.randint(1, 3)}{quote}{image}{quote}{rng.choice(['', '  # note', ' '])}"]]
        fields += rng.sample([["env:", "- {name: A, value: b}"], ["resources:", "  limits: {memory: 1Gi}"], ["imagePullPolicy: Always"],
                              ["readinessProbe: {}"], ["# a comment"], ["serviceAccountName: s"]], rng.randint(0, 3))
        rng.shuffle(fields)
        if fields[0] == ["# a comment"]:
            fields = fields[1:]
        flat = [line for field in fields for line in field]
        lines += [f"  {indent}{'- ' if i == 0 else '  '}{line}" for i, line in enumerate(flat)] + rng.choice([[], [""], ["  # between"]])
    text = "\n".join(lines) + "\n"
    return rng.choice([text, yaml.safe_dump({"kind": "ConfigMap", "metadata": {"name": "katib-config"}, "data": {"katib-config.yaml": text}}, allow_unicode=True,
                                            default_style=rng.choice(["|", '"']), width=10000),
                       json.dumps({"kind": "ConfigMap", "metadata": {"name": "katib-config"}, "data": {"katib-config.yaml": text}}, ensure_ascii=False)])


def test_any_configuration_comes_back():
    rng, switches = random.Random(19), 0
    for _ in range(60):
        before = some_config(rng)
        switched = changed(before, *REGISTRY)
        (old, rest), (new, rest_after) = entries(before), entries(switched)
        assert rest == rest_after and [e for e in old if e[1] in ("ours", "theirs")] == [e for e in new if new[e] == old[e]]
        assert changed(switched, "--undo") == before
        switches += switched != before
    assert switches > 45
