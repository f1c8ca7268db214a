"""A running mushir serve, asked with the standard library's HTTP client."""
import contextlib
import http.client
import json
import pathlib
import subprocess
import time

from test_client import MUSHIR

PATIENCE = 60  # seconds: a busy machine is no failure


class Server:
    def __init__(self, folder, *flags, port=0, command=None):
        self.folder = folder
        command = command or [MUSHIR, "serve", folder, "--port", str(port), *map(str, flags)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        assert self.url, self.process.stderr.read()
        self.port = int(self.url.rstrip("/").rpartition(":")[2])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def raw(self, method, path, body=None, headers=None):
        """Status, headers and bytes of a reply."""
        with contextlib.closing(self.connect()) as connection:
            connection.request(method, path, body, headers or {})
            reply = connection.getresponse()
            return reply.status, dict(reply.getheaders()), reply.read()

    def ask(self, method, path, body=None, type="application/json", headers=None):
        """Status and JSON of a reply from the interface."""
        headers = dict(headers or {})
        if body is not None:
            headers["Content-Type"] = type
            body = (json.dumps(body) if not isinstance(body, str) else body).encode()
        status, _, data = self.raw(method, "/api/v1/" + path, body, headers)
        return status, json.loads(data) if data else None

    def submit(self, body, type="application/yaml"):
        status, made = self.ask("POST", "experiments", body, type)
        assert status == 201, made
        return made["name"]

    def entry(self, name):
        status, entry = self.ask("GET", f"experiments/{name}")
        assert status == 200, entry
        return entry

    def until(self, name, holds):
        """The experiment, once |holds| of it: a function, or the name of a state."""
        deadline = time.monotonic() + PATIENCE
        while True:
            entry = self.entry(name)
            if entry["state"] == holds if isinstance(holds, str) else holds(entry):
                return entry
            assert time.monotonic() < deadline, entry
            time.sleep(0.05)

    def events(self):
        """What the stream of events says, one experiment after another."""
        with contextlib.closing(self.connect()) as connection:
            connection.request("GET", "/api/v1/events")
            reply = connection.getresponse()
            assert reply.status == 200 and reply.getheader("Content-Type") == "text/event-stream"
            while True:
                line = reply.readline().decode()
                if line.startswith("data: "):
                    yield json.loads(line[6:])

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self):
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self):
        self.process.terminate()
        try:
            assert self.process.wait(timeout=PATIENCE) == 0, self.process.stderr.read()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            if kind:
                self.kill()
                (pathlib.Path(self.folder) / "go").touch()  # trials that wait for it end
            else:
                self.stop()
