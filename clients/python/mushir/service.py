"""A service as a process of this one, and the channel to it."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Optional, Union

import grpc

from . import contract
from .errors import Error, InvalidArgument, ProgramNotFound, ServiceError

PROGRAM = "mushir-all"
VARIABLE = "MUSHIR_PROGRAM"
SECONDS_TO_STOP = 5.0
SECONDS_TO_DIE = 0.5  # from a connection that breaks to the end of a process whose threads end one after the other
SECONDS_TO_ANSWER = 60.0

# The shell becomes the service, which ends when the pipe to this process breaks, also when this process is killed.
_KEEPER = 'exec 3<&0; { read -r _ <&3; kill $$; } >/dev/null 2>&1 & exec "$0" "$@" </dev/null 3<&-'

# UNAVAILABLE and RESOURCE_EXHAUSTED are for another time: the answer is the same whenever it is asked for.
_RETRY = {"methodConfig": [{"name": [{"service": contract.SERVICE}], "retryPolicy": {
    "maxAttempts": 5, "initialBackoff": "0.1s", "maxBackoff": "2s", "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]}}]}
_CHANNEL = [("grpc.service_config", json.dumps(_RETRY)), ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1)]


def find_program(program: Union[str, os.PathLike[str], None] = None) -> str:
    """The service program: |program|, else $MUSHIR_PROGRAM, else that inside this package, else mushir-all in PATH."""
    for source, given in (("program", program), (VARIABLE, os.environ.get(VARIABLE))):
        if given:
            found = shutil.which(os.fspath(given))
            if not found:
                raise ProgramNotFound(f"{source}: {os.fspath(given)!r} is no program")
            return found
    inside = Path(__file__).with_name("bin") / PROGRAM
    found = str(inside) if inside.exists() else shutil.which(PROGRAM)
    if not found:
        raise ProgramNotFound(f"no {PROGRAM}: this package was built without it and PATH has none; "
                              f"name one by {VARIABLE} or Service(program=...)")
    return found


def _stop(process: subprocess.Popen[str], log: IO[bytes]) -> None:
    """The service, which has nothing to lose; the end of the pipe is that of its reader. In a fork of its parent this does
    nothing: only a child's parent can end it so."""
    process.terminate()
    try:
        process.wait(SECONDS_TO_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, log):
        if stream:
            stream.close()


class Service:
    """A running mushir-all, which serves every algorithm on a free port of the loopback interface.

    It ends with close(), at the end of a with block, or with this process, whatever ends that. data: the folder below
    which trials have theirs, see Study's folder. flags: more of the program's options.
    """

    def __init__(self, program: Union[str, os.PathLike[str], None] = None, *,
                 data: Union[str, os.PathLike[str], None] = None, flags: Sequence[str] = ()) -> None:
        self.program = find_program(program)
        self._log: IO[bytes] = tempfile.TemporaryFile()
        command = [self.program, "--host", "127.0.0.1", "--port", "0", "--drain", "0", "--log-level", "warning",
                   "--data", os.path.abspath(data) if data else "none", *flags]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("MUSHIR_")}  # its options too
        self._process = subprocess.Popen(["/bin/sh", "-c", _KEEPER, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=self._log, start_new_session=True, text=True, env=clean)
        self._end = weakref.finalize(self, _stop, self._process, self._log)
        assert self._process.stdout
        port = self._process.stdout.readline().strip()
        if not port.isdigit():
            said = self.said()
            self.close()
            raise ServiceError(f"{self.program} did not start: {said}")
        self.address = f"127.0.0.1:{port}"

    def said(self) -> str:
        """What it wrote to its log, or its last words where that is much."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), 2000, max(0, size - 2000)).decode(errors="replace").strip() or "it said nothing"

    @property
    def running(self) -> bool:
        """Whether it was neither closed nor has ended by itself."""
        return self._end.alive and self._process.poll() is None

    def dies(self) -> bool:
        """Whether it has ended by itself, or does so at this moment."""
        try:
            self._process.wait(SECONDS_TO_DIE)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """End it. Once is enough; more does nothing."""
        self._end()

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _error_of(failed: Any, address: str) -> Error:
    if failed.code() == grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidArgument(failed.details())
    return ServiceError(f"{address}: {failed.code().name}: {failed.details()}")


class Client:
    """Asks a service at an address, with bytes that are encoded already."""

    def __init__(self, address: str, credentials: Optional[grpc.ChannelCredentials] = None) -> None:
        self.address = address
        options = [*_CHANNEL, ("grpc.enable_http_proxy", int(not address.startswith("127.0.0.1:")))]
        self._channel = (grpc.secure_channel(address, credentials, options) if credentials
                         else grpc.insecure_channel(address, options))
        self._suggest = self._channel.unary_unary(f"/{contract.SERVICE}/GetSuggestions")
        self._validate = self._channel.unary_unary(f"/{contract.SERVICE}/ValidateAlgorithmSettings")

    def _call(self, method: Any, request: bytes) -> Any:
        try:
            return method(request, timeout=SECONDS_TO_ANSWER)
        except grpc.RpcError as failed:
            raise _error_of(failed, self.address) from None

    def suggest(self, request: bytes) -> Any:
        """The reply to an encoded GetSuggestionsRequest."""
        return contract.SuggestionsReply.FromString(self._call(self._suggest, request))

    def validate(self, request: bytes) -> None:
        """Raises InvalidArgument with what is wrong in an encoded ValidateAlgorithmSettingsRequest."""
        self._call(self._validate, request)

    def close(self) -> None:
        """End the connection."""
        self._channel.close()


class Connection:
    """A service that is there when it is asked: one that was given, or one of one's own, started at the first question.

    One that was started and has died is started again. Not for several threads at a time.
    """

    def __init__(self, given: Union[Service, str, None], credentials: Optional[grpc.ChannelCredentials] = None,
                 data: Union[str, os.PathLike[str], None] = None) -> None:
        self._given, self._credentials, self._data = given, credentials, data
        self.own: Optional[Service] = None
        self._client: Optional[Client] = None
        self._valid: Optional[bytes] = None

    def _connected(self) -> Client:
        if self.own and not self.own.running:
            self.close()
        if not self._client:
            if self._given is None:
                self.own = Service(data=self._data)
            at = self.own or self._given
            self._client = Client(at.address if isinstance(at, Service) else str(at), self._credentials)
        return self._client

    def suggest(self, request: bytes, validation: bytes) -> Any:
        """The reply to |request|; |validation|, the request that has it checked, goes first whenever it is another."""
        for attempt in range(2):
            client = self._connected()
            try:
                if validation != self._valid:
                    client.validate(validation)
                    self._valid = validation
                return client.suggest(request)
            except ServiceError:
                if attempt or not self.own or not self.own.dies():
                    raise
        raise AssertionError("both attempts return or raise")

    def close(self) -> None:
        """End the connection and a service of one's own; the next question starts them again."""
        if self._client:
            self._client.close()
        if self.own:
            self.own.close()
        self._client = self.own = None
