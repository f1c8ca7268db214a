"""The contract's messages, made from the descriptors of proto/api.proto.

Generated modules are bound to the protobuf release that made them; descriptors are data, which every release reads. They
stand in a pool of their own, because the default pool takes the name api.v1.beta1 once only and Katib's own package may
have it already.
"""
from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DESCRIPTORS = Path(__file__).with_name("descriptors.pb")
SERVICE = "api.v1.beta1.Suggestion"


def _pool_of(path: Path) -> Any:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


_POOL = _pool_of(DESCRIPTORS)


def _message(name: str) -> Any:
    descriptor = _POOL.FindMessageTypeByName(f"api.v1.beta1.{name}")
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(_POOL).GetPrototype(descriptor)  # protobuf before 4.22


def _enum(name: str) -> dict[str, int]:
    return {value.name: value.number for value in _POOL.FindEnumTypeByName(f"api.v1.beta1.{name}").values}


Experiment = _message("Experiment")
Trial = _message("Trial")
SuggestionsRequest = _message("GetSuggestionsRequest")
SuggestionsReply = _message("GetSuggestionsReply")
ValidateRequest = _message("ValidateAlgorithmSettingsRequest")
PARAMETER_TYPE = _enum("ParameterType")
DISTRIBUTION = _enum("Distribution")
OBJECTIVE_TYPE = _enum("ObjectiveType")
CONDITION = _enum("TrialStatus.TrialConditionType")
