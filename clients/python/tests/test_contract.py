"""The messages beside others of the same name."""
import subprocess
import sys

from conftest import PACKAGES, ROOT

from mushir import contract


def test_katibs_own_messages_may_be_there_too(tmp_path):
    """Katib's package registers api.v1.beta1 in protobuf's default pool, which takes a name once."""
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={tmp_path}", "api.proto"], check=True)
    for order in ("import api_pb2, mushir", "import mushir, api_pb2"):
        code = f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(PACKAGES)!r}]; {order}; print(api_pb2.Trial(name='a').name)"
        assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "a\n"


def test_numbers_are_those_of_the_contract():
    assert contract.CONDITION["EARLYSTOPPED"] == 6 and contract.DISTRIBUTION["LOG_NORMAL"] == 4
    assert contract.PARAMETER_TYPE["DISCRETE"] == 3 and contract.OBJECTIVE_TYPE["MAXIMIZE"] == 2
