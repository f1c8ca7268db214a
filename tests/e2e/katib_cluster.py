"""What early stopping needs of a cluster, played: Katib's DBManager over SQLite, and the Kubernetes API over TLS, with faults on request."""
import concurrent.futures
import copy
import http.server
import json
import shutil
import sqlite3
import ssl
import subprocess
import threading
import time

import grpc
import pytest

from conftest import pb2

needs_openssl = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")
ZERO = "0001-01-01T00:00:00Z"  # what Katib's collector writes for lines without a time


class DBManager:
    """api.v1.beta1.DBManager. |asked| are the names of the trials whose logs were asked for; |before| is called with each of them."""

    def __init__(self):
        self.db = sqlite3.connect(":memory:", check_same_thread=False)
        self.db.execute("CREATE TABLE observation_logs (trial_name TEXT, id INTEGER PRIMARY KEY, time TEXT, metric_name TEXT, value TEXT)")
        self.lock, self.asked, self.before = threading.Lock(), [], lambda name: None
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        methods = {"GetObservationLog": grpc.unary_unary_rpc_method_handler(
            self.get, pb2.GetObservationLogRequest.FromString, pb2.GetObservationLogReply.SerializeToString)}
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("api.v1.beta1.DBManager", methods),))
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def report(self, trial, values, metric="loss", when=lambda step: ZERO):
        with self.lock:
            self.db.executemany("INSERT INTO observation_logs (trial_name, time, metric_name, value) VALUES (?, ?, ?, ?)",
                                [(trial, when(step), metric, str(value)) for step, value in enumerate(values)])

    def get(self, request, context):
        self.asked.append(request.trial_name)
        self.before(request.trial_name)
        where, args = ("AND metric_name = ?", [request.metric_name]) if request.metric_name else ("", [])
        with self.lock:
            rows = self.db.execute(f"SELECT time, metric_name, value FROM observation_logs WHERE trial_name = ? {where} ORDER BY time, id",
                                   [request.trial_name, *args]).fetchall()
        reply = pb2.GetObservationLogReply()
        for stamp, name, value in rows:
            reply.observation_log.metric_logs.add(time_stamp=stamp, metric=pb2.Metric(name=name, value=value))
        return reply

    def stop(self):
        self.server.stop(0).wait()
        self.db.close()


def certificate(folder):
    """An authority, and a certificate of it for 127.0.0.1: (authority, certificate, key)."""
    authority, authority_key, request = folder / "authority.crt", folder / "authority.key", folder / "api.csr"
    certificate, key, names = folder / "api.crt", folder / "api.key", folder / "names"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    for arguments in (["req", "-x509", *curve, "-days", "2", "-subj", "/CN=kubernetes", "-keyout", authority_key, "-out", authority],
                      ["req", *curve, "-subj", "/CN=apiserver", "-keyout", key, "-out", request],
                      ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2",
                       "-extfile", names, "-out", certificate]):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True)
    return authority, certificate, key


def merge(target, patch):
    """JSON merge patch, RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


class KubernetesAPI:
    """The trials of one namespace. |patches| are those that were accepted or refused, as (name, body); |before| is called with each request
    and may answer it itself, by returning an HTTP status, or "close" to break off in the middle."""

    def __init__(self, folder, namespace="team"):
        self.trials, self.patches, self.tokens, self.before = {}, [], [], lambda method, name: None
        self.lock, self.namespace, self.account, self.token = threading.RLock(), namespace, folder / "account", "first"
        self.account.mkdir()
        authority, pem, key = certificate(folder)
        stranger = folder / "stranger"
        stranger.mkdir()
        self.stranger = certificate(stranger)[0]  # a bundle: the right authority is not the first
        (self.account / "ca.crt").write_text(self.stranger.read_text() + authority.read_text())
        (self.account / "namespace").write_text(namespace)
        (self.account / "token").write_text(self.token)
        self.server = Server(("127.0.0.1", 0), self.handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def environment(self):
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.server.server_address[1])}

    def flags(self):
        return "--service-account", str(self.account)

    def rotate(self, token):
        self.token = token
        (self.account / "token").write_text(token + "\n")

    def create(self, name, strategies=(("loss", "min"),), **more):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.trials[name] = {
            "apiVersion": "kubeflow.org/v1beta1", "kind": "Trial",
            "metadata": {"name": name, "namespace": self.namespace, "resourceVersion": "1", **more},
            "spec": {"objective": {"type": "minimize", "objectiveMetricName": strategies[0][0],
                                   "metricStrategies": [{"name": metric, "value": value} for metric, value in strategies]}},
            "status": {"startTime": now, "conditions": [
                {"type": kind, "status": "True", "reason": f"Trial{kind}", "message": f"Trial is \"{kind}\" \u00fc", "lastUpdateTime": now,
                 "lastTransitionTime": now} for kind in ("Created", "Running")]}}

    def change(self, name, **status):
        """As another writer does."""
        with self.lock:
            trial = copy.deepcopy(self.trials[name])
            trial["status"].update(status)
            trial["metadata"]["resourceVersion"] = str(int(trial["metadata"]["resourceVersion"]) + 1)
            self.trials[name] = trial

    def answer(self, method, path, token, body):
        """(HTTP status, object)"""
        wanted = f"/apis/kubeflow.org/v1beta1/namespaces/{self.namespace}/trials/"
        name = path[len(wanted):].removesuffix("/status")
        fault = self.before(method, name)
        if fault:
            return fault, {"kind": "Status", "message": f"fault {fault}"}
        if token != f"Bearer {self.token}":
            return 401, {"kind": "Status", "message": "Unauthorized"}
        with self.lock:
            trial = self.trials.get(name) if path.startswith(wanted) else None
            if not trial:
                return 404, {"kind": "Status", "message": f'trials.kubeflow.org "{name}" not found'}
            if method == "PATCH":
                self.patches.append((name, body))
                if body["metadata"]["resourceVersion"] != trial["metadata"]["resourceVersion"]:
                    return 409, {"kind": "Status", "message": "the object has been modified"}
                self.trials[name] = trial = merge(trial, {"status": body["status"]})
                self.change(name)
            return 200, self.trials[name]

    def handler(api):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                size = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(size)) if size else None
                if self.command == "PATCH":
                    assert self.headers["Content-Type"] == "application/merge-patch+json" and self.path.endswith("/status")
                api.tokens.append(self.headers["Authorization"])
                code, found = api.answer(self.command, self.path, self.headers["Authorization"], body)
                text = json.dumps(found).encode()
                self.send_response(200 if code == "close" else code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                if code == "close":
                    self.wfile.write(text[:len(text) // 2])
                    self.close_connection = True
                else:
                    self.wfile.write(text)

            do_GET = do_PATCH = reply

            def log_message(self, *_):
                pass

        return Handler

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Clients that leave are part of the tests."""
