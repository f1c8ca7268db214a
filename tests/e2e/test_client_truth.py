"""mushir run and validate beside Kubernetes and Katib: what runs is what would run there, nothing is lost, and failure looks like failure."""
import json
import os
import sqlite3
import subprocess

import pytest

from test_client import MUSHIR, pytestmark as built, run  # noqa: F401

pytestmark = built


def experiment(name="t", trials=1, extra="", algorithm="random", value="{min: \"0.1\", max: \"0.9\"}"):
    count = f"  maxTrialCount: {trials}\n" if trials else ""
    return f"""apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {{name: {name}}}
spec:
  objective: {{type: minimize, objectiveMetricName: loss}}
  algorithm: {{algorithmName: {algorithm}}}
  parallelTrialCount: 1
{count}  parameters:
  - {{name: lr, parameterType: double, feasibleSpace: {value}}}
{extra}"""


def job(container, collector=""):
    return f"""{collector}  trialTemplate:
    primaryContainerName: main
    trialParameters: [{{name: lr, reference: lr}}]
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            restartPolicy: Never
            containers:
            - name: main
              image: x
{container}"""


JSON_FILE = "  metricsCollectorSpec: {collector: {kind: File}, source: {fileSystemPath: {path: /var/log/m.log, kind: File, format: JSON}}}\n"


def journal(folder, query, name="e.journal"):
    with sqlite3.connect(folder / name) as db:
        return db.execute(query).fetchall()


def start(folder, text, *arguments, name="e.yaml", **more):
    (folder / name).write_text(text)
    return run("run", name, "--quiet", *arguments, cwd=folder, **more)


def log_of(folder):
    (log,) = folder.glob("e.trials/*/log")
    return log.read_text()


def test_the_environment_is_expanded_as_by_the_kubelet(tmp_path):
    container = """              env: [{name: ROOT, value: /data}, {name: DATA, value: "$(ROOT)/train"}, {name: LATE, value: "$(NEXT)"}, {name: NEXT, value: x},
                {name: ME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
              command: [sh, -c]
              args: ["echo DATA=$DATA arg=$(DATA) late=$LATE me=$ME; echo a b c | awk '{print $$2}'; echo loss=${trialParameters.lr}"]
"""
    result = start(tmp_path, experiment(extra=job(container)))
    assert result.returncode == 0, result.stderr
    lines = log_of(tmp_path).splitlines()
    me = journal(tmp_path, "select name from trials")[0][0]
    assert lines[0] == f"DATA=/data/train arg=/data/train late=$(NEXT) me={me}"
    assert lines[1] == "b"


@pytest.mark.parametrize("command", [
    '[sh, -c, "echo stay $(VICTIM)/x; echo loss=1"]', '[echo, "stay $(VICTIM)/x", loss=1]', '[sh, -c, "# don\'t\\necho stay $(VICTIM)/x\\necho loss=1"]',
    '[bash, -c, "cat <<E\\nit\'s stay $(VICTIM)/x\\nE\\necho loss=1"]', r'[sh, -c, "x=\"$(echo \"$(VICTIM)\")\"; echo \"stay $x/x\"; echo loss=1"]',
    '[sh, -c, "echo stay `echo $(VICTIM)`/x; echo loss=1"]', r'[echo, "#\nstay $(touch harmed)", loss=1]', '[echo, "# it\'s\\necho stay $(touch harmed)", loss=1]',
])
def test_an_unknown_name_stays_text_and_is_not_executed(tmp_path, command):
    victim = tmp_path / "VICTIM"
    victim.write_text("#!/bin/sh\ntouch harmed\n")
    victim.chmod(0o755)
    path = {"env": {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}}
    text = experiment(extra=job(f"              env: [{{name: A, value: '${{trialParameters.lr}}'}}]\n              command: {command}\n"))
    result = start(tmp_path, text, **path)
    assert not list(tmp_path.rglob("harmed"))
    if "$(VICTIM)" in command:
        assert result.returncode == 0, result.stderr
        assert "stay $(VICTIM)/x" in log_of(tmp_path)
    if command.startswith('[sh, -c, "echo'):
        assert "$(VICTIM): the container's env has no VICTIM" in result.stderr


def test_only_the_collectors_own_path_is_replaced(tmp_path):
    (tmp_path / "out").mkdir()
    path = f"{tmp_path}/out/metrics"
    text = experiment(extra=f"  metricsCollectorSpec: {{collector: {{kind: File}}, source: {{fileSystemPath: {{path: {path}, kind: File}}}}}}\n")
    script = f"echo png > {path}_curve.png; echo x > {path}.txt; mkdir -p {tmp_path}/copy{tmp_path}/out; echo y > {tmp_path}/copy{path}; echo loss=1 > '{path}'"
    result = start(tmp_path, text, "--", "sh", "-c", script)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / f"copy{path}").read_text() == "y\n"
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["metrics.txt", "metrics_curve.png"]


@pytest.mark.parametrize("line", [
    '{"loss": 0.5, "note": "fine \\ud83d\\ude00"}',
    '{"loss": "0.5", "note": "half \\ud83d"}',
    '{"loss": 0.5, "note": "\\ude00\\ud83d\\ud83d\\ude00"}',
    json.dumps({"loss": 0.5, **{f"AP-{i}": i for i in range(256)}}),
    json.dumps({"loss": 0.5, **{f"AP-{i}": i for i in range(1000)}}),
    json.dumps({**{f"AP-{i}": {"loss": [i]} for i in range(5000)}, "loss": 0.5}),
], ids=lambda line: line[:40])
def test_json_lines_cost_nothing(tmp_path, line):
    (tmp_path / "line").write_text(line + "\n")
    for trials, options in (2, []), (3, ["--resume"]):
        text = experiment(trials=trials, extra=JSON_FILE).replace("objectiveMetricName: loss", "objectiveMetricName: loss, additionalMetricNames: [note]")
        result = start(tmp_path, text, *options, "--", "sh", "-c", f'cat {tmp_path}/line > "$MUSHIR_METRICS_FILE"')
        assert result.returncode == 0, result.stderr
        assert journal(tmp_path, "select count(*) from metrics where name = 'loss' and value = 0.5") == [(trials,)]


def test_a_text_that_is_not_utf8_costs_one_metric(tmp_path):
    text = experiment(trials=3).replace("objectiveMetricName: loss", "objectiveMetricName: loss, additionalMetricNames: [note]")
    text += "  metricsCollectorSpec: {collector: {kind: StdOut}, source: {filter: {metricsFormat: ['(\\w+)=(\\S+)']}}}\n"
    result = start(tmp_path, text, "--", "printf", "note=\\377\\376\\nloss=0.5\\n")
    assert result.returncode == 0, result.stderr
    assert journal(tmp_path, "select count(*) from trials where condition = 'Succeeded'") == [(3,)]


def test_a_timestamp_may_be_a_number(tmp_path):
    times = ["1700000000.25", '"2024-01-02T03:04:05Z"', "0", "-1.5"]
    (tmp_path / "line").write_text("".join(f'{{"loss": "1", "timestamp": {time}}}\n' for time in times))
    result = start(tmp_path, experiment(extra=JSON_FILE), "--", "sh", "-c", f'cat {tmp_path}/line > "$MUSHIR_METRICS_FILE"')
    assert result.returncode == 0, result.stderr
    wanted = ["2023-11-14T22:13:20.250Z", "2024-01-02T03:04:05Z", "1970-01-01T00:00:00.000Z", "1969-12-31T23:59:58.500Z"]
    assert [time for (time,) in journal(tmp_path, "select time from metrics")] == wanted


@pytest.mark.parametrize("script", [
    r"import sys; sys.stdout.write('\rEpoch 1: 37%|####      | 370/1000' * 600000 + '\nloss=0.5\n')",
    r"import sys; sys.stdout.write('x' * 17000000 + '\nloss=0.5\n')",
    r"import sys; sys.stdout.write('loss=0.9\rloss=0.5\r')",
])
def test_long_lines_and_bars_hide_no_metric(tmp_path, script):
    result = start(tmp_path, experiment(), "--", "python3", "-c", script)
    assert result.returncode == 0, result.stderr
    assert journal(tmp_path, "select value from metrics")[-1] == ("0.5",)


@pytest.mark.parametrize("printed, said", [
    ("accuracy 0.5", 'expected a line loss=<number>, the last line was "accuracy 0.5"'),
    (r"\033[32mloss: 0.4\033[0m\nbye", 'the first line with that name was "?[32mloss: 0.4?[0m"'),
    ("", "nothing was printed"),
    ("loss=tensor(0.3)\nbye", 'the first line with that name was "loss=tensor(0.3)"'),
])
def test_a_missing_metric_is_explained(tmp_path, printed, said):
    result = start(tmp_path, experiment(), "--", "printf", printed)
    assert result.returncode == 1
    assert "no trial has a value of loss" in result.stderr
    assert said in journal(tmp_path, "select why from trials")[0][0]


@pytest.mark.parametrize("extra, command, said", [
    ("  metricsCollectorSpec: {source: {filter: {metricsFormat: ['(\\w+) is (\\d+)']}}}\n", "echo loss=1", r"expected loss in a line that matches (\w+) is (\d+)"),
    (JSON_FILE, 'echo loss=1 > "$MUSHIR_METRICS_FILE"', 'expected a line {"loss": "<number>"}, the first line with that name was "loss=1"'),
])
def test_what_was_expected_is_the_collectors(tmp_path, extra, command, said):
    assert start(tmp_path, experiment(extra=extra), "--", "sh", "-c", command).returncode == 1
    assert said in journal(tmp_path, "select why from trials")[0][0]


def test_a_metrics_file_written_elsewhere_is_named(tmp_path):
    hard = tmp_path / "hard.log"
    text = experiment(extra=f"  metricsCollectorSpec: {{collector: {{kind: File}}, source: {{fileSystemPath: {{path: {hard}, kind: File}}}}}}\n")
    (tmp_path / "t.py").write_text(f"open('{hard}','a').write('loss=0.7\\n')")
    assert start(tmp_path, text, "--", "python3", "t.py").returncode == 1
    assert f"{hard} was written meanwhile" in journal(tmp_path, "select why from trials")[0][0]


@pytest.mark.parametrize("first, second", [("exa", "exb"), ("a", "a-b"), ("two", "a")])
def test_experiments_of_one_file_have_journals_of_their_own(tmp_path, first, second):
    (tmp_path / "two.yaml").write_text(experiment(first) + "---\n" + experiment(second).replace("0.9", "0.8"))
    for name, loss, fresh in (first, 1, []), (second, 2, []), (second, 3, ["--fresh"]):
        result = run("run", "two.yaml", "--name", name, *fresh, "--quiet", "--", "echo", f"loss={loss}", cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    assert journal(tmp_path, "select value from metrics", f"two.{first}.journal") == [("1",)]
    assert journal(tmp_path, "select value from metrics", f"two.{second}.journal") == [("3",)]
    other = run("run", "two.yaml", "--name", second, "--resume", "--journal", f"two.{first}.journal", "--quiet", "--", "echo", "loss=1", cwd=tmp_path)
    assert other.returncode == 2 and "another experiment" in other.stderr


def remove_journal(folder):
    (folder / "e.journal").unlink()
    return []


def rename_journal(folder):
    (folder / "e.journal").rename(folder / "old.journal")
    return []


@pytest.mark.parametrize("begin_anew", [lambda _: ["--fresh"], remove_journal, rename_journal])
def test_trial_names_are_new_in_every_run(tmp_path, begin_anew):
    names = []
    for again in False, True:
        options = begin_anew(tmp_path) if again else []
        assert start(tmp_path, experiment(trials=2), *options, "--", "echo", "loss=1").returncode == 0
        names += [name for (name,) in journal(tmp_path, "select name from trials")]
    assert len(set(names)) == 4
    text = experiment(trials=3)
    assert start(tmp_path, text, "--resume", "--", "echo", "loss=1").returncode == 0
    resumed = [name for (name,) in journal(tmp_path, "select name from trials")]
    assert resumed[:2] == names[2:] and resumed[2][:-4] == names[2][:-4]


@pytest.mark.parametrize("command", [["pythn3", "train.py"], ["sh", "-c", "exit 3"]])
def test_a_wrong_command_ends_the_run(tmp_path, command):
    result = start(tmp_path, experiment(trials=None), "--", *command)
    assert result.returncode == 1
    assert "none of 5 trials has a value of loss" in result.stderr and "/log" in result.stderr
    mended = start(tmp_path, experiment(trials=6), "--resume", "--", "echo", "loss=1")
    assert mended.returncode == 0, mended.stderr


def test_a_stated_count_of_failures_is_kept(tmp_path):
    text = experiment(trials=8, extra="  maxFailedTrialCount: 7\n")
    assert start(tmp_path, text, "--", "false").returncode == 1
    assert journal(tmp_path, "select count(*) from trials where condition = 'Failed'") == [(8,)]


@pytest.mark.parametrize("name", ["learningRate", "LR", "lr "])
def test_a_placeholder_that_nothing_fills_is_refused(tmp_path, name):
    result = start(tmp_path, experiment(), "--", "echo", "loss=${trialParameters.%s}" % name)
    assert result.returncode == 1
    assert "${trialParameters.%s} is no trial parameter" % name in journal(tmp_path, "select why from trials")[0][0]


def test_a_journal_is_locked_through_links(tmp_path):
    (tmp_path / "e.yaml").write_text(experiment(trials=3))
    first = subprocess.Popen([MUSHIR, "run", "e.yaml", "--quiet", "--", "sh", "-c", "sleep 1; echo loss=1"], cwd=tmp_path, stdout=subprocess.DEVNULL)
    try:
        while not (tmp_path / "e.journal").exists():
            pass
        (tmp_path / "link.journal").symlink_to("e.journal")
        second = run("run", "e.yaml", "--resume", "--journal", "link.journal", "--quiet", "--", "echo", "loss=1", cwd=tmp_path)
        assert second.returncode == 3 and "in use" in second.stderr
    finally:
        first.wait()


def test_an_empty_journal_is_damaged(tmp_path):
    (tmp_path / "e.journal").touch()
    result = start(tmp_path, experiment(), "--resume", "--", "echo", "loss=1")
    assert result.returncode == 2 and "is empty" in result.stderr


@pytest.mark.parametrize("trials, attempts, metrics", [(1, 1, 200000), (50000, 1, 2), (1, 50000, 2)])
def test_the_views_take_linear_time(tmp_path, trials, attempts, metrics):
    """Some 200,000 rows: a sub-select a row would read 10^10."""
    assert start(tmp_path, experiment(), "--", "echo", "loss=1").returncode == 0
    rows = [("suggested", "x")] + attempts * ([("started", None)] + metrics * [("metric", "1")])
    with sqlite3.connect(tmp_path / "e.journal") as db:
        db.executemany("insert into events (trial, time, kind, name, value) values (?, '', ?, 'loss', ?)", ((1 + t, *row) for t in range(trials) for row in rows))
        assert db.execute("select count(*) from metrics").fetchone() == (1 + trials * metrics,)
        assert db.execute("select count(*), max(attempts) from trials").fetchone() == (1 + trials, attempts)


@pytest.mark.parametrize("text, warning", [
    (job('              command: [sh, -c, "echo loss=${trialParameters.lr}; echo finished"]\n'), "last command only"),
    (job('              command: [sh, -c, "true && echo loss=${trialParameters.lr}"]\n'), "last command only"),
    (job('              command: [bash, -c, "echo loss=${trialParameters.lr} | tee log"]\n'), "last command only"),
    (job('              command: [sh, -c]\n              args: ["echo loss=${trialParameters.lr}\\necho finished"]\n'), "last command only"),
    (job('              command: [sh, -c]\n              args: ["echo loss=${trialParameters.lr}\\n"]\n'), "ends with a new line"),
    (job('              command: [sh, -c]\n              args: ["echo loss=${trialParameters.lr}\\n\\n "]\n'), "ends with a new line"),
    (job('              command: [/usr/bin/sh, -c, "echo loss=${trialParameters.lr}"]\n'), "by the names sh and bash only"),
    (job('              command: [/bin/bash, -c, "echo loss=${trialParameters.lr}"]\n'), "by the names sh and bash only"),
    (job('              env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n              command: [echo, "loss=${trialParameters.lr}"]\n'), "A comes from the cluster"),
])
def test_validate_tells_what_katib_would_do_otherwise(tmp_path, text, warning):
    (tmp_path / "e.yaml").write_text(experiment(extra=text))
    result = run("validate", "--offline", "e.yaml", cwd=tmp_path)
    assert result.returncode == 0
    assert "warning" in result.stderr and warning in result.stderr


def test_the_container_of_a_workflow_is_found(tmp_path):
    text = experiment(extra=job('              command: [echo, "loss=${trialParameters.lr}"]\n'))
    text = text.replace("batch/v1", "argoproj.io/v1alpha1").replace("kind: Job", "kind: Workflow").replace(
        "containers:\n            - name: main\n              image: x\n              command", "container:\n              name: main\n              image: x\n              command")
    text = text.replace("    primaryC", "    successCondition: status.[@this].#(phase==\"Succeeded\")#\n    failureCondition: status.[@this].#(phase==\"Failed\")#\n    primaryC")
    result = start(tmp_path, text)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("edit", [
    lambda t: t.replace("{name: t}", "{generateName: t-}"),
    lambda t: "apiVersion: v1\nkind: List\nitems:\n" + "\n".join(("- " if i == 0 else "  ") + line for i, line in enumerate(t.splitlines())) + "\n",
    lambda t: "kind: ConfigMap\n---\n" + t.replace("{name: t}", "{generateName: train-, labels: {team: a}}"),
    lambda t: "kind: List\napiVersion: v1\nitems:\n- kind: ConfigMap\n- " + t.replace("\n", "\n  "),
    lambda t: t.replace("  - {name: lr", "  - &p {name: lr") + "  - {<<: *p, name: wd}\n",
    lambda t: t.replace("  - {name: lr", "  - &p {name: lr") + "  - {<<: [*p, {parameterType: int}], name: wd}\n",
    lambda t: t.replace('min: "0.1"', "min: !!str 0.1"),
])
def test_yaml_is_read_as_kubectl_reads_it(tmp_path, edit):
    (tmp_path / "e.yaml").write_text(edit(experiment()))
    result = run("suggest", "e.yaml", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


def test_yaml_words_are_those_of_kubectl(tmp_path):
    (tmp_path / "e.yaml").write_text(experiment().replace("double", "categorical").replace('{min: "0.1", max: "0.9"}', "{list: [y, N, 0x10, 1_000, 0o7, .inf]}"))
    result = run("suggest", "e.yaml", cwd=tmp_path)
    assert result.returncode == 2
    for sent in "true", "false", "16", "1000", "7":
        assert f"kubectl sends {sent}" in result.stderr


# ---- what Katib's webhook refuses ----

ECHO = '              command: [sh, -c, "echo loss=${trialParameters.lr}"]\n'
FULL = experiment(extra=job(ECHO))


def collector(text):
    return lambda t: t.replace("  trialTemplate:", f"  metricsCollectorSpec: {text}\n  trialTemplate:")


REFUSED = {
    "no name of an algorithm": lambda t: t.replace("algorithmName: random", "algorithmName: ''"),
    "no name of the metric": lambda t: t.replace("objectiveMetricName: loss", "objectiveMetricName: ''"),
    "no primaryContainerName": lambda t: t.replace("    primaryContainerName: main\n", ""),
    "no trialTemplate": lambda t: experiment(),
    "unknown resumePolicy": lambda t: t.replace("  parallelTrialCount", "  resumePolicy: Always\n  parallelTrialCount"),
    "name begins with a digit": lambda t: t.replace("{name: t}", "{name: 1abc}"),
    "name with a dot": lambda t: t.replace("{name: t}", "{name: a.b}"),
    "three at a time by default": lambda t: t.replace("  parallelTrialCount: 1\n", "").replace("maxTrialCount: 1", "maxTrialCount: 2"),
    "one reference twice": lambda t: t.replace("{name: lr, reference: lr}", "{name: lr, reference: lr}, {name: b, reference: lr}").replace(".lr}", ".lr} ${trialParameters.b}"),
    "braces in a name": lambda t: t.replace("{name: lr, reference: lr}", "{name: 'l{r', reference: lr}").replace("{trialParameters.lr}", "{trialParameters.l{r}"),
    "no trialParameters": lambda t: t.replace("    trialParameters: [{name: lr, reference: lr}]\n", ""),
    "a name in trialSpec": lambda t: t.replace("      kind: Job\n", "      kind: Job\n      metadata: {name: x}\n"),
    "a namespace in trialSpec": lambda t: t.replace("      kind: Job\n", "      kind: Job\n      metadata: {namespace: x}\n"),
    "no kind": lambda t: t.replace("      kind: Job\n", ""),
    "no apiVersion": lambda t: t.replace("      apiVersion: batch/v1\n", ""),
    "a number in the command": lambda t: t.replace("[sh, -c,", "[5, sh, -c,"),
    "a truth value in args": lambda t: t.replace(ECHO, ECHO + "              args: [yes]\n"),
    "a number as env value": lambda t: t.replace("image: x", "image: x\n              env: [{name: A, value: 5}]"),
    "a container without an image": lambda t: t.replace("              image: x\n", ""),
    "a container without a name": lambda t: t.replace("- name: main\n              image", "- image").replace("primaryContainerName: main", "primaryContainerName: m"),
    "a second container without an image": lambda t: t.replace("            - name: main", "            - {name: helper}\n            - name: main"),
    "no image in a PyTorchJob": lambda t: t.replace("batch/v1", "kubeflow.org/v1").replace("kind: Job", "kind: PyTorchJob").replace("              image: x\n", ""),
    "pods that restart by default": lambda t: t.replace("            restartPolicy: Never\n", ""),
    "pods that restart always": lambda t: t.replace("restartPolicy: Never", "restartPolicy: Always"),
    "a variable without a name": lambda t: t.replace("image: x", "image: x\n              env: [{value: a}]"),
    "a mount without a path": lambda t: t.replace("image: x", "image: x\n              volumeMounts: [{name: v}]"),
    "a port without a number": lambda t: t.replace("image: x", "image: x\n              ports: [{name: http}]"),
    "an unknown field of a Job": lambda t: t.replace("      spec:\n        template:", "      spec:\n        backofLimit: 3\n        template:"),
    "an unknown field of a pod": lambda t: t.replace("restartPolicy: Never", "restartPolice: Never"),
    "an unknown field of resources": lambda t: t.replace("image: x", "image: x\n              resources: {limit: {cpu: 1}}"),
    "an unknown field of a reference": lambda t: t.replace("image: x", "image: x\n              env: [{name: A, valueFrom: {fieldRef: {path: metadata.name}}}]"),
    "a text as a port": lambda t: t.replace("image: x", 'image: x\n              ports: [{containerPort: "80"}]'),
    "an unknown field of a claim": lambda t: t.replace("            containers:", "            volumes: [{name: v, persistentVolumeClaim: {name: c}}]\n            containers:"),
    "no condition for another kind": lambda t: t.replace("batch/v1", "argoproj.io/v1alpha1").replace("kind: Job", "kind: Workflow"),
    "trialSpec and configMap": lambda t: t.replace("    primary", "    configMap: {configMapName: a, configMapNamespace: b, templatePath: c}\n    primary", 1),
    "half a configMap": lambda t: t[:t.index("    trialSpec")] + "    configMap: {configMapName: a}\n",
    "list on a double": lambda t: t.replace("feasibleSpace: {", 'feasibleSpace: {list: ["1"], '),
    "min on a category": lambda t: t.replace('double, feasibleSpace: {min: "0.1", max: "0.9"}', 'categorical, feasibleSpace: {list: [a], min: "1"}'),
    "a quote in a value": lambda t: t.replace('double, feasibleSpace: {min: "0.1", max: "0.9"}', """categorical, feasibleSpace: {list: ['{"a": 1}', x]}"""),
    "a backslash in a value": lambda t: t.replace('double, feasibleSpace: {min: "0.1", max: "0.9"}', "categorical, feasibleSpace: {list: ['a\\b', x]}"),
    "File of kind Directory": collector("{collector: {kind: File}, source: {fileSystemPath: {path: /a, kind: Directory}}}"),
    "events of kind File": collector("{collector: {kind: TensorFlowEvent}, source: {fileSystemPath: {path: /a, kind: File}}}"),
    "events with a format": collector("{collector: {kind: TensorFlowEvent}, source: {fileSystemPath: {path: /a, format: TEXT}}}"),
    "Custom without a container": collector("{collector: {kind: Custom}}"),
    "None": collector("{collector: {kind: None}}"),
    "Custom with a path but no kind": collector("{collector: {kind: Custom, customCollector: {image: i}}, source: {fileSystemPath: {path: /a}}}"),
    "Prometheus at a port's name": collector("{collector: {kind: PrometheusMetric}, source: {httpGet: {port: http}}}"),
    "Prometheus at no path": collector("{collector: {kind: PrometheusMetric}, source: {httpGet: {path: metrics}}}"),
    "an empty filter of JSON": collector("{collector: {kind: File}, source: {filter: {}, fileSystemPath: {path: /a, format: JSON}}}"),
    **{f"filter {f}": collector("{collector: {kind: StdOut}, source: {filter: {metricsFormat: ['%s']}}}" % f)
       for f in (r"(?<=x)(\w+)=(\d+)", r"(\w+(?!x))=(\d+)", r"(\w+)=(\d+)\1", r"(\w++)=(\d+)", r"(\w{1,2000})=(\d+)", r"(\w+)\h=(\d+)", r"(\w+)=(\d+)\R", r"(?>\w+)(a)=(\d)")},
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_the_webhook_refuses_is_a_mistake(kind):
    wrong = REFUSED[kind](FULL)
    assert wrong != FULL
    result = run("validate", "--offline", "-", stdin=wrong)
    assert result.returncode == 2, kind
    assert "error:" in result.stderr


@pytest.mark.parametrize("edit", [
    lambda t: t,
    lambda t: t.replace("      spec:\n        template:", "      spec:\n        backoffLimit: 3\n        template:"),
    lambda t: t.replace("batch/v1", "kubeflow.org/v1").replace("kind: Job", "kind: PyTorchJob"),
    collector(r"{collector: {kind: StdOut}, source: {filter: {metricsFormat: ['(?P<n>\w+?)\s*=\s*([-+]?\d{1,3}(?:\.\d+)?)', '([[:alpha:]]+)=(\pN+)']}}}"),
    collector("{collector: {kind: TensorFlowEvent}}"),
    collector("{collector: {kind: Push}}"),
    collector("{collector: {kind: PrometheusMetric}}"),
    collector("{collector: {kind: PrometheusMetric}, source: {httpGet: {port: 0, path: ''}}}"),
    collector("{collector: {kind: Custom, customCollector: {image: i}}, source: {fileSystemPath: {path: /a, kind: File}}}"),
    lambda t: t.replace("            containers:", "            securityContext: {fsGroup: 5}\n            tolerations: [{key: gpu, operator: Exists}]\n"
                        "            volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]\n            containers:").replace(
        "image: x", "image: x\n              ports: [{containerPort: 80}]\n              resources: {limits: {cpu: 1, memory: 1Gi, nvidia.com/gpu: 1}}\n"
        "              env: [{name: A, valueFrom: {secretKeyRef: {name: s, key: k}}}]\n              volumeMounts: [{name: v, mountPath: /v}]"),
])
def test_what_the_webhook_accepts_is_valid(edit):
    result = run("validate", "--offline", "-", stdin=edit(FULL))
    assert result.returncode == 0, result.stderr


def test_all_mistakes_are_named_at_once_the_algorithms_too():
    result = run("validate", "-", stdin=FULL.replace("algorithmName: random", "algorithmName: bayesian").replace("{name: t}", "{name: T}"))
    assert result.returncode == 2
    assert "-:3:" in result.stderr and "-:6:" in result.stderr and "unknown algorithm name bayesian" in result.stderr


@pytest.mark.parametrize("algorithm, setting, value", [("random", "seeed", "1"), ("tpe", "n_startup_jobs", "20"), ("tpe", "gamma", "much")])
def test_suggest_refuses_settings_that_validate_refuses(algorithm, setting, value):
    text = experiment(algorithm=f'{algorithm}, algorithmSettings: [{{name: {setting}, value: "{value}"}}]')
    for command in "suggest", "validate":
        result = run(command, "-", stdin=text)
        assert result.returncode == 2 and setting in result.stderr


def with_outcomes(text, objectives, strategies="[]"):
    return text.replace("objectiveMetricName: loss", f"objectiveMetricName: loss, additionalMetricNames: [latency], metricStrategies: {strategies}").replace(
        "algorithmName: random", f'algorithmName: random, algorithmSettings: [{{name: objectives, value: "{objectives}"}}]')


@pytest.mark.parametrize("edit, text", [
    (lambda t: t.replace("objectiveMetricName: loss", "objectiveMetricName: val/loss"), "the default filter cannot give"),
    (lambda t: t.replace("objectiveMetricName: loss", "objectiveMetricName: loss, additionalMetricNames: [acc]"), "without metricStrategies"),
    (lambda t: with_outcomes(t, "loss, latency:max"), 'the objective "latency" is to be maximized, but what arrives is the least of a trial\'s values'),
    (lambda t: t.replace("  trialTemplate:", "  earlyStopping: {algorithmName: medianstop}\n  trialTemplate:"), "retain: true"),
    (collector("{collector: {kind: PrometheusMetric}}"), "has no PrometheusMetric collector"),
])
def test_what_katib_takes_otherwise_is_a_warning(edit, text):
    result = run("validate", "--offline", "-", stdin=edit(FULL))
    assert result.returncode == 0
    assert "warning" in result.stderr and text in result.stderr


@pytest.mark.parametrize("objectives, strategies", [
    ("loss, latency:min", "[]"), ("loss, latency:max", "[{name: latency, value: max}]"), ("loss, latency:max", "[{name: latency, value: latest}]"),
])
def test_an_objective_whose_best_value_arrives_is_no_warning(objectives, strategies):
    result = run("validate", "--offline", "-", stdin=with_outcomes(FULL, objectives, strategies))
    assert result.returncode == 0 and "is to be" not in result.stderr, result.stderr


def test_an_objective_that_is_no_metric_is_refused_with_its_place():
    result = run("validate", "--offline", "-", stdin=with_outcomes(FULL, "loss, latncy:max"))
    assert result.returncode == 2 and "setting objectives: metric latncy at character 7" in result.stderr, result.stderr


@pytest.mark.parametrize("r_l, least, trials, enough", [
    (9, 1, 12, False), (9, 1, 13, True),  # 9 + 3 + 1
    (27, 1, 39, False), (27, 1, 40, True), (27, 9, 4, True), (27, 1, None, True),
])
def test_a_budget_in_which_no_trial_reaches_the_top_is_a_warning(r_l, least, trials, enough):
    settings = f"hyperband, algorithmSettings: [{{name: resource_name, value: lr}}, {{name: r_l, value: '{r_l}'}}]"
    text = experiment(trials=trials, extra=job(ECHO), algorithm=settings, value=f"{{min: '{least}', max: '27'}}").replace("double", "int")
    result = run("validate", "-", stdin=text)
    assert result.returncode == 0, result.stderr
    assert ("-:8:18: warning: spec.maxTrialCount: no trial reaches r_l" in result.stderr) != enough, result.stderr


@pytest.mark.parametrize("values", [["2000Mi", "200Mi"], ["0.5Gi", "1Gi"], ["large", "small"]])
def test_a_discrete_list_of_texts_is_one_of_choices(values):
    text = experiment(value=f"{{list: {json.dumps(values)}}}").replace("double", "discrete")
    result = run("suggest", "-", "-n", "2", "--json", stdin=text)
    assert result.returncode == 0, result.stderr
    assert sorted(p["lr"] for p in json.loads(result.stdout)) == values


@pytest.mark.parametrize("make", ["mkfifo", "ln -s /dev/zero", "mkdir"])
@pytest.mark.parametrize("file", ["log", "metrics.log"])
def test_what_a_trial_puts_in_the_place_of_its_log_holds_nobody_up(tmp_path, make, file):
    script = f'cd "${{MUSHIR_METRICS_FILE%/*}}" && rm {file} && {make} {file}'
    extra = "" if file == "log" else JSON_FILE
    result = start(tmp_path, experiment(trials=2, extra=extra), "--", "sh", "-c", script)
    assert result.returncode == 1
    assert {why for (why,) in journal(tmp_path, "select condition from trials")} == {"MetricsUnavailable"}


def test_a_log_may_be_a_link(tmp_path):
    script = f'echo \'{{"loss": "0.5"}}\' > {tmp_path}/real; ln -sf {tmp_path}/real "$MUSHIR_METRICS_FILE"'
    result = start(tmp_path, experiment(trials=1, extra=JSON_FILE), "--", "sh", "-c", script)
    assert result.returncode == 0, result.stderr
    assert journal(tmp_path, "select value from metrics") == [("0.5",)]
