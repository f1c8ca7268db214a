"""Reflection, the way grpcurl uses it: no proto file in sight. The replies are read by Python's own protobuf runtime."""
import os
import pathlib
import shutil
import subprocess

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from conftest import ROOT, Service

PROTOS = ["grpc/reflection/v1/reflection.proto", "grpc/reflection/v1alpha/reflection.proto"]


@pytest.fixture(scope="module")
def service():
    with Service("random") as s:
        yield s


def messages(tmp_path, proto, package):
    out = tmp_path / "set.pb"
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--descriptor_set_out={out}", proto], check=True, cwd=ROOT)
    pool = descriptor_pool.DescriptorPool()
    for f in descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file:
        pool.Add(f)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName(f"{package}.ServerReflection{kind}")) for kind in ("Request", "Response")]


@pytest.mark.parametrize("proto", PROTOS)
def test_reflection(service, tmp_path, proto):
    package = proto.rsplit("/", 1)[0].replace("/", ".")
    Request, Response = messages(tmp_path, proto, package)
    asked = [Request(list_services=""), Request(file_containing_symbol="api.v1.beta1.Suggestion"), Request(file_by_filename="api.proto"),
             Request(file_containing_symbol="api.v1.beta1.Trial"), Request(file_containing_symbol="no.Such"), Request(all_extension_numbers_of_type="x")]
    stream = service.channel.stream_stream(f"/{package}.ServerReflection/ServerReflectionInfo")
    replies = [Response.FromString(r) for r in stream(iter([a.SerializeToString() for a in asked]), timeout=20)]
    assert len(replies) == len(asked)
    names = {s.name for s in replies[0].list_services_response.service}
    assert {"api.v1.beta1.Suggestion", "mushir.v1.Analysis", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"} == names
    for reply in replies[1:4]:
        files = [descriptor_pb2.FileDescriptorProto.FromString(f) for f in reply.file_descriptor_response.file_descriptor_proto]
        assert "GetSuggestions" in [m.name for f in files for s in f.service for m in s.method]
    assert replies[4].error_response.error_code == 5 and replies[5].HasField("error_response")


def grpcurl():
    for place in (shutil.which("grpcurl"), pathlib.Path.home() / "go" / "bin" / "grpcurl", os.environ.get("GRPCURL")):
        if place and os.access(place, os.X_OK):
            return str(place)
    return None


@pytest.mark.skipif(not grpcurl(), reason="grpcurl is not installed (go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3)")
def test_grpcurl_without_a_proto_file(service):
    def run(*arguments):
        return subprocess.run([grpcurl(), "-plaintext", *arguments], capture_output=True, text=True, timeout=30)

    assert "api.v1.beta1.Suggestion" in run(service.address, "list").stdout
    assert "rpc GetSuggestions" in run(service.address, "describe", "api.v1.beta1.Suggestion").stdout
    assert "current_request_number" in run(service.address, "describe", "api.v1.beta1.GetSuggestionsRequest").stdout
    for name in ("", "api.v1.beta1.Suggestion", "manager.v1beta1.Suggestion"):
        assert "SERVING" in run("-d", f'{{"service":"{name}"}}', service.address, "grpc.health.v1.Health/Check").stdout
    reply = run("-d", '''{"current_request_number": 2, "experiment": {"name": "g", "spec": {"algorithm": {"algorithm_name": "random"}, "parameter_specs":
        {"parameters": [{"name": "lr", "parameter_type": "DOUBLE", "feasible_space": {"min": "0.01", "max": "0.1"}}]}}}}''',
                service.address, "api.v1.beta1.Suggestion/GetSuggestions")
    assert reply.stdout.count('"name": "lr"') == 2, reply.stderr
