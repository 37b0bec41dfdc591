"""An APIMIGO written apart from Chaski: Python's standard library and the public description of the API.

Every request is on an fsynced ledger before it is answered, so that what was paid for can be counted
whatever happens to the asker. What it knows of a number follows from the number alone (`truth`), so that
whoever drives it can tell a right verdict from a wrong one without asking.

    python3 upstream.py --port 18500 --ledger ledger.jsonl

Settings are changed while it runs: POST /_control {"faults": ["cut_body"], "rate": 0.3, "latency": 0.02}.
"""

import argparse
import json
import os
import random
import socket
import socketserver
import struct
import threading
import time
import urllib.parse
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SUNAT = "20131312955"


def check_digit(ten):
    """The last digit of a RUC, from its first ten (modulus 11)."""
    rest = 11 - sum(int(d) * w for d, w in zip(ten, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))) % 11
    return str(rest % 10)


def ruc(number):
    """The n-th synthetic company."""
    ten = f"20{number:08d}"
    return ten + check_digit(ten)


def truth(number):
    """(estado, condicion) of a RUC, or None where there is no such taxpayer."""
    part = zlib.crc32(number.encode()) % 100
    if number == SUNAT or part < 70:
        return ("ACTIVO", "HABIDO")
    if part < 80:
        return ("BAJA DE OFICIO", "HABIDO")
    if part < 90:
        return ("ACTIVO", "NO HABIDO")
    return None


def taxpayer(number):
    """The 22 fields of a RUC, or the refusal."""
    known = truth(number)
    if known is None:
        return {"success": False, "ruc": number, "message": "El RUC no existe en el padrón"}
    place = {"ubigeo": "150101", "distrito": "LIMA", "provincia": "LIMA", "departamento": "LIMA"}
    blank = ("codigo_de_zona", "tipo_de_zona", "interior", "lote", "dpto", "manzana", "kilometro")
    return {
        "success": True,
        "ruc": number,
        "nombre_o_razon_social": f"EMPRESA {number[2:10]} S.A.C.",
        "estado_del_contribuyente": known[0],
        "condicion_de_domicilio": known[1],
        "tipo_de_via": "AV.",
        "nombre_de_via": "INVENTADA",
        "numero": "1",
        **place,
        **dict.fromkeys(blank, "-"),
        "direccion_simple": "AV. INVENTADA NRO. 1",
        "direccion": "AV. INVENTADA NRO. 1 LIMA - LIMA - LIMA",
        "actualizado_en": "2026-11-01 06:00:00",
    }


# Each takes the place of a good answer. The first ones are of the transport, the others of the words.
FAULTS = (
    "reset", "cut_head", "cut_body", "silence", "trickle", "bad_chunks", "empty",
    "status_500", "status_502", "status_503", "status_504", "status_429", "status_429_wait",
    "status_401", "status_422", "redirect", "html", "garbled",
    "bare_404", "azure_404", "error_object", "account_words", "nested_refusal",
    "other_number", "no_number", "left_out", "twice_in_one",
)  # fmt: skip


class Ledger:
    """Every request and every answer that went out whole, one JSON a line."""

    def __init__(self, path):
        self.file = open(path, "a", buffering=1)
        self.lock = threading.Lock()
        self.sequence = 0

    def paid(self, operation, numbers, fault):
        with self.lock:
            self.sequence += 1
            row = {"n": self.sequence, "t": time.time(), "op": operation, "numbers": numbers, "fault": fault}
            self.write(row)
            os.fsync(self.file.fileno())
            return self.sequence

    def answered(self, sequence, good):
        with self.lock:
            self.write({"n": sequence, "answered": time.time(), "good": good})

    def write(self, row):
        self.file.write(json.dumps(row) + "\n")


class Upstream(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 4096

    def __init__(self, address, ledger):
        super().__init__(address, Handler)
        self.ledger = ledger
        self.left = None
        self.settings = {"faults": [], "rate": 0.0, "latency": 0.0, "seed": 1}
        self.random = random.Random(1)
        self.guard = threading.Lock()

    def handle_error(self, request, client_address):
        """Callers that leave are what this is for."""

    def control(self, wanted):
        with self.guard:
            self.settings.update(wanted)
            if "seed" in wanted:
                self.random = random.Random(wanted["seed"])
            if "left" in wanted:
                self.left = wanted["left"]

    def fault(self):
        with self.guard:
            faults = self.settings["faults"]
            if faults and self.random.random() < self.settings["rate"]:
                return self.random.choice(faults)
        return None

    def take_from_plan(self):
        """Whether the plan still has a call."""
        with self.guard:
            if self.left is None:
                return True
            if self.left <= 0:
                return False
            self.left -= 1
            return True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if self.path == "/_control":
            self.server.control(json.loads(body))
            return self.send(200, {"ok": True})
        fields = self.fields(body)
        path = self.path.split("?")[0].rstrip("/")
        known = {
            "/api/v1/ruc": ("ruc", lambda: taxpayer(fields["ruc"])),
            "/api/v1/ruc/collection": ("collection", lambda: [taxpayer(it) for it in fields["ruc"]]),
            "/api/v1/dni": ("dni", lambda: {"success": True, "dni": fields["dni"], "nombre": "PERSONA DE PRUEBA"}),
            "/api/v1/account": ("account", self.account),
        }
        if path not in known:
            return self.send(404, {"message": "Recurso no encontrado"})
        operation, answer = known[path]
        self.answer(operation, fields, answer)

    def fields(self, body):
        if "json" in (self.headers.get("Content-Type") or ""):
            return json.loads(body)
        parsed = urllib.parse.parse_qs(body.decode())
        many = parsed.get("ruc[]")
        return {name: values[0] for name, values in parsed.items()} | ({"ruc": many} if many else {})

    def account(self):
        left = self.server.left
        return {"success": True, "nombre": "CUENTA DE PRUEBA", "email": "prueba@ejemplo.pe",
                "consultas": 40_000 if left is None else left}  # fmt: skip

    def answer(self, operation, fields, answer):
        numbers = fields.get("ruc", fields.get("dni", []))
        numbers = numbers if isinstance(numbers, list) else [numbers]
        if operation == "account":
            # It costs nothing, so it is not on the ledger.
            return self.send(200, answer())
        fault = self.server.fault()
        sequence = self.server.ledger.paid(operation, numbers, fault)
        time.sleep(self.server.settings["latency"])
        if not self.server.take_from_plan():
            return self.send(429, {"message": "Too Many Attempts."})
        if fault is None:
            body = answer()
            status = 404 if operation == "ruc" and not body["success"] else 200
            self.send(status, body)
            return self.server.ledger.answered(sequence, numbers)
        good = getattr(self, fault)(operation, numbers, answer())
        if good:
            self.server.ledger.answered(sequence, good)

    def send(self, status, body, kind="application/json", headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.wfile.flush()

    def begin(self, length):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.close_connection = True

    # --- Faults of the transport ---

    def reset(self, *_):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def cut_head(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: app")
        self.close_connection = True

    def cut_body(self, _operation, _numbers, body):
        data = json.dumps(body).encode()
        self.begin(len(data))
        self.wfile.write(data[: len(data) // 2])

    def silence(self, *_):
        time.sleep(3)
        self.close_connection = True

    def trickle(self, _operation, _numbers, body):
        data = json.dumps(body).encode()
        self.begin(len(data))
        for byte in data[:12]:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.25)

    def bad_chunks(self, *_):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")
        self.close_connection = True

    def empty(self, *_):
        self.send(200, b"")

    def status_500(self, *_):
        self.send(500, b"<h1>Internal Server Error</h1>", "text/html")

    def status_502(self, *_):
        self.send(502, b"<html><h1>502 Bad Gateway</h1>nginx</html>", "text/html")

    def status_503(self, *_):
        self.send(503, {"message": "Service Unavailable"}, headers=[("Retry-After", "0")])

    def status_504(self, *_):
        self.send(504, b"upstream request timeout", "text/plain")

    def status_429(self, *_):
        self.send(429, {"message": "Too Many Attempts."})

    def status_429_wait(self, *_):
        self.send(429, {"message": "Too Many Attempts."}, headers=[("Retry-After", "1")])

    def status_401(self, *_):
        self.send(401, {"message": "Unauthenticated."})

    def status_422(self, *_):
        self.send(422, {"message": "The given data was invalid.", "errors": {"ruc": ["no es válido"]}})

    def redirect(self, *_):
        self.send(302, b"", headers=[("Location", "http://127.0.0.1:9/login")])

    # --- Faults of the words ---

    def html(self, *_):
        self.send(200, "<html><title>En mantenimiento</title>No existe</html>".encode(), "text/html")

    def garbled(self, _operation, _numbers, body):
        self.send(200, json.dumps(body).encode().replace(b":", b";", 3))

    def bare_404(self, *_):
        self.send(404, {"message": "Not Found"})

    def azure_404(self, *_):
        self.send(404, {"statusCode": 404, "message": "Resource not found"})

    def error_object(self, *_):
        self.send(200, {"success": False, "error": {"message": "Service Unavailable"}})

    def account_words(self, *_):
        self.send(200, {"success": False, "message": "Su cuenta no se encuentra activa"})

    def nested_refusal(self, operation, numbers, body):
        if operation != "ruc":
            return self.error_object()
        self.send(200, {"success": True, "ruc": numbers[0], "data": {**body, "success": False}})

    def other_number(self, operation, numbers, body):
        others = [taxpayer(ruc(int(it[2:10]) + 1)) for it in numbers]
        self.send(200, others if operation == "collection" else others[0])

    def no_number(self, operation, numbers, body):
        bodies = body if operation == "collection" else [body]
        bare = [{name: value for name, value in it.items() if name != "ruc"} for it in bodies]
        self.send(200, bare if operation == "collection" else bare[0])

    def left_out(self, operation, numbers, body):
        if operation != "collection":
            return self.empty()
        kept = body[::2]
        self.send(200, kept)
        return [it["ruc"] for it in kept]

    def twice_in_one(self, operation, numbers, body):
        if operation != "collection":
            return self.garbled(operation, numbers, body)
        first = numbers[0]
        other = {"success": False, "ruc": first, "message": "El RUC no existe en el padrón"}
        if truth(first) is None:
            other = {**taxpayer(SUNAT), "ruc": first}
        self.send(200, [*body, other])
        return numbers[1:]


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--port", type=int, required=True)
    words.add_argument("--ledger", required=True)
    words = words.parse_args()
    socketserver.TCPServer.allow_reuse_address = True
    server = Upstream(("127.0.0.1", words.port), Ledger(words.ledger))
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
