"""What mushir's tables of commands and options become: --help, refusals, the manual pages, and completions that real shells run."""
import os
import re
import shutil
import subprocess

import pytest

from conftest import BIN, ROOT, services_built

MUSHIR = str(BIN / "mushir")
SHARE = BIN.parent / "share"
EXAMPLE = str(ROOT / "examples" / "random.yaml")

pytestmark = pytest.mark.skipif(not os.access(MUSHIR, os.X_OK), reason="the client is not built")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, **options)


def documented():
    """{command: its options}, and the options of all, as --help has them."""
    text = run(MUSHIR, "--help").stdout
    commands = dict.fromkeys(re.findall(r"^  mushir (\w+)", text, re.M))
    options = {name: set() for name in commands}
    for heading, rows in re.findall(r"^([a-z, ]+):\n((?:  .*\n)+)", text, re.M):
        for name in commands if heading == "all commands" else heading.split(", "):
            options[name] |= set(re.findall(r"^  (?:-\w, )?(--[\w-]+)", rows, re.M))
    return options


def test_help_is_narrow_and_full():
    text = run(MUSHIR, "--help").stdout
    assert max(map(len, text.splitlines())) <= 80 and text.startswith("mushir: ")
    assert text == run(MUSHIR, "-h").stdout == run(MUSHIR, "run", "--help").stdout
    nothing = run(MUSHIR)
    assert nothing.returncode == 2 and nothing.stderr == text
    assert {"init", "validate", "suggest", "run", "katib"} <= set(documented())


def test_an_option_of_another_command_is_refused():
    options = documented()
    switches = {"--offline": {"validate"}, "--json": {"validate", "suggest"}, "--resume": {"run"}, "--undo": {"katib"}}
    for switch, owners in switches.items():
        for command in {"validate", "suggest", "run"} - owners:
            assert switch not in options[command]
            refused = run(MUSHIR, command, EXAMPLE, switch)
            assert refused.returncode == 2 and f"mushir: {command} has no option {switch};" in refused.stderr and not refused.stdout


@pytest.mark.parametrize("words, said", [
    (["sugest", EXAMPLE], "unknown command sugest"), (["suggest"], "which FILE? mushir suggest"), (["run"], "which FILE? mushir run"),
    (["suggest", EXAMPLE, "again"], "too many words: again"), (["suggest", EXAMPLE, "-n"], "needs a value: -n"),
    (["run", EXAMPLE, "--journal", ""], "needs a value: --journal"), (["run", EXAMPLE, "--report="], "needs a value: --report"),
    (["suggest", EXAMPLE, "--json=1"], "has no value: --json=1"), (["suggest", EXAMPLE, "--jsonn"], "unknown option: --jsonn"),
    (["suggest", EXAMPLE, "-n", "0"], '--count: "0" must be a number above 0, at most 10000'), (["suggest", EXAMPLE, "-n", "1.5"], "must be a whole number"),
    (["suggest", EXAMPLE, "-n", "10001"], "at most 10000"), (["run", EXAMPLE, "--trials", "3"], "the FILE says it all"),
])
def test_wrong_use(words, said):
    wrong = run(MUSHIR, *words)
    assert wrong.returncode == 2 and said in wrong.stderr


def bash_completes(*words):
    script = f'source {SHARE}/bash-completion/completions/mushir; compopt() {{ echo "compopt $*"; }}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mushir; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = run("bash", "--norc", "-c", script, "bash", *words)
    assert done.returncode == 0 and not done.stderr
    return done.stdout.split("\n")[:-1]


def test_bash_completes():
    options = documented()
    assert set(bash_completes("mushir", "")) == set(options) | {"--help", "--version"}
    assert bash_completes("mushir", "su") == ["suggest"]
    for command, own in options.items():
        assert set(bash_completes("mushir", command, "--")) == own
    assert bash_completes("mushir", "run", "--jo") == ["--journal"]
    assert bash_completes("mushir", "run", "x.yaml", "--json") == ["--json-lines"]
    assert bash_completes("mushir", "run", "--directory", "") == ["compopt -o dirnames +o default", ""]
    assert bash_completes("mushir", "run", "--trials", "") == ["compopt +o default", ""]
    for elsewhere in (["run", "--journal", ""], ["run", "x"], ["run", "--", "python3", "--"]):
        assert bash_completes("mushir", *elsewhere) == [""]  # bash's own: files


def test_fish_completes():
    if not shutil.which("fish"):
        pytest.skip("no fish here")
    def completes(line):
        done = run("fish", "--no-config", "-c", f"source {SHARE}/fish/vendor_completions.d/mushir.fish; complete -C '{line}'")
        assert done.returncode == 0 and not done.stderr
        return {row.split("\t")[0] for row in done.stdout.splitlines()}
    assert completes("mushir ") == set(documented())
    for command, own in documented().items():
        assert completes(f"mushir {command} --") == own


def test_zsh_completes():
    """Completion needs a terminal there, so _arguments shows what it is given."""
    if not shutil.which("zsh"):
        pytest.skip("no zsh here")
    script = f'''_describe() {{ print -l $commands; }}
      _arguments() {{ if [[ $1 == -C ]]; then state=${{word:+argument}} line=($word); [[ -n $word ]] || state=command; return 1; fi; print -l -- "$@"; }}
      word=$1; () {{ source {SHARE}/zsh/site-functions/_mushir; }}'''
    def completes(command):
        done = run("zsh", "-f", "-c", script, "zsh", command)
        assert done.returncode == 0 and not done.stderr
        return done.stdout.splitlines()
    assert {row.split(":")[0] for row in completes("")} == set(documented())
    for command, own in documented().items():
        assert {"--" + row.lstrip("*").removeprefix("--").split("[")[0] for row in completes(command) if "--" in row.split("[")[0]} == own


def page(name):
    if not shutil.which("groff"):
        pytest.skip("no groff here")
    done = run("groff", "-man", "-Tascii", "-P-c", "-ww", "-rLL=200n", str(SHARE / "man" / "man1" / f"{name}.1"))
    assert done.returncode == 0 and not done.stderr
    return done.stdout


def test_manual_pages():
    client = page("mushir")
    assert all(re.search(rf"^ +(?:-\w, )?(?:.\x08)?{re.escape(option)}\b", re.sub(".\x08", "", client), re.M) for own in documented().values() for option in own)
    service = re.sub(".\x08", "", page("mushir-service"))
    program = services_built()[0]
    assert all(option in service for option in re.findall(r"^  (--[\w-]+)", run(str(BIN / f"mushir-{program}"), "--help").stdout, re.M))
    assert (SHARE / "man" / "man1" / f"mushir-{program}.1").read_text() == ".so man1/mushir-service.1\n"
