"""kill -9 at every step of issuing one document, and every fault of Nubefact, without the gateway.

    python3 crates/chaski/tests/outside/issue_kills.py --kills 20

`chaski factura emitir` is killed at each of the points F01 to F12 that many times (from outside, or by `kill_at.c` at
the very call), every other time once more while it is repeated, and then repeated until it says that it is done.
Then every fault, one document each, with and without a kill. Must come out: one accepted document for each wish,
numbers without a hole, never different bytes under one number, and no token, DNI or name at rest or in a log.
"""

import argparse
import collections
import itertools
import json
import os
import pathlib
import random
import subprocess
import time

import world
from world import World, free_port, request

RUTA = "11111111-2222-3333-4444-555555555555"
TOKEN, DNI, NAME = "CANARIO-TOKEN-0a1b2c3d4e5f", "87654321", "CANARIA DE PRUEBA ZOILA"

# In `emitir` of a new document the log is begun (sync 1), then come what is accepted (T1), that the issuer is
# looked after, the number and the bytes to send (T2), and, after the answer, the outcome (T3): each one `write`
# and one `sync`. Where the process dies: reliability.md §3.9 has the names of the points.
POINTS = {
    "F01 before it is accepted": "write:1:before",
    "F01 half accepted": "write:1:half",
    "F01 accepted, not on the disk": "sync:2:before",
    "F02 accepted, on the disk": "sync:2:after",
    "F03 before the number": "write:3:before",
    "F03 number and bytes half written": "write:3:half",
    "F03 written, not on the disk": "sync:4:before",
    "F04 on the disk, before connecting": "sync:4:after",
    "F04 connecting": "connect:1:before",
    "F05 connected": "send:1:before",
    "F06 after the headers": "send:1:head",
    "F07 in the body": "send:1:half",
    "F08 after the body": "send:1:after",
    "F08 accepted, no answer yet": None,
    "F09 in the answer": "recv:1:half",
    "F10 after the answer": "recv:1:after",
    "F11 outcome half written": "write:4:half",
    "F11 outcome written, not on the disk": "sync:5:before",
    "F12 outcome on the disk": "sync:5:after",
}
# A repeat asks first, so its steps are others; all of them, one after the other.
AGAIN = [
    *(f"{step}:{n}:{where}" for n in (1, 2) for step in ("send", "recv") for where in ("half", "after")),
    *(f"connect:{n}:before" for n in (1, 2)),
    *(f"write:{n}:half" for n in (1, 2, 3, 4)),
    *(f"sync:{n}:before" for n in (1, 2, 3, 4, 5)),
]
# Of one request, then all is well again; what it ends with is still one document.
FAULTS = """
reset cerrar tras:500 tras:502:html tras:40 tarde:500ms tarde:2s doble otro-numero vacio truncado html json-malo
goteo:20ms 40 500 503 502:html 10 11 12 50 51 429:retry=1 redireccion caida:500ms 24-tardio:1s pendiente
observado:4252 soap
""".split()
# A refusal is told as one, and then corrected; a number of a stranger's is left to them.
REFUSED, STRANGER = ["20", "21", "22"], "23-ajeno"


class Desk(World):
    """A folder whose company issues at a sandbox, and what was wished there."""

    def __init__(self, binary, series="BBB1=0", postgres=None, latency="40ms"):
        super().__init__(binary)
        if postgres:
            self.use_postgres(*postgres)
        self.at = free_port()
        self.library = self.folder / "kill_at.so"
        source = world.HERE / "kill_at.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self.library, source, "-ldl"], check=True)
        self.extra["CHASKI_LOG_FORMAT"] = "json"
        self.papers = pathlib.Path(f"{self.folder}-documents")
        self.papers.mkdir()
        self.said, self.named, self.hit = [], {}, collections.Counter()
        words = ["sandbox", "--listen", f"127.0.0.1:{self.at}", "--latencia", latency]
        # Where the sandbox looks for data of its own.
        mine = {"CHASKI_DIR": self.folder / "sandbox"}
        self.start(*words, env=mine, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.url = f"http://127.0.0.1:{self.at}"
        until = time.time() + 30
        while self.ledger_of_nubefact(ready=False) is None and time.time() < until:
            time.sleep(0.02)
        added = ["empresas", "agregar", "20603274742", "--ruta", f"{self.url}/api/v1/{RUTA}", "--series", series]
        done = subprocess.run(
            [self.binary, *added], env=self.environment(), cwd=self.folder, input=TOKEN, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        self.began = self.ledger_of_nubefact()[-1]["sequence"]

    def ledger_of_nubefact(self, since=0, ready=True):
        try:
            return json.loads(request(f"{self.url}/_sandbox/nubefact?desde={since}")[2])
        except OSError:
            assert not ready
            return None

    def fault(self, text):
        status, _, body = request(f"{self.url}/_sandbox/faults", text.encode())
        assert status == 200, body

    def wish(self, n, keyed=None):
        """A sale of its own, and the words that issue it: by a key, or by its content."""
        sale = {
            "tipo": "boleta",
            "cliente": {"tipo": "1", "numero": DNI, "nombre": NAME},
            "precios_con_igv": True,
            "items": [{"descripcion": f"POLO {n}", "cantidad": 1 + n % 7, "precio": f"{10 + n}.90"}],
            "observaciones": f"pedido {n}",
        }
        path = self.papers / f"{n}.json"
        path.write_text(json.dumps(sale))
        key = ["--idempotency-key", f"pedido-{n}"] if (n % 2 if keyed is None else keyed) else []
        return ["factura", "emitir", path, "--yes", "--format", "ndjson", "-vv", *key]

    def emit(self, words, kill=None, timeout=90):
        """Exit code, row and errors of one run, killed at that step if it gets there."""
        env = {"KILL_PORT": self.at, "KILL_JOURNAL": "chaski.db-wal", "LD_PRELOAD": self.library}
        env = env | {"KILL_AT": kill} if kill else {}
        code, out, err = self.run(*words, env=env, timeout=timeout)
        self.said.append(out + err)
        rows = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
        return code, rows[0] if rows else {}, err

    def kill_once_accepted(self, words):
        since = self.ledger_of_nubefact()[-1]["sequence"]
        process = self.start(*words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None:
            if any(it["decision"] == "aceptado" for it in self.ledger_of_nubefact(since)):
                self.kill(process)
        return process.returncode

    def until_done(self, n, words, again=None):
        """Repeats it until it is done, as a person or a script would; the document's name."""
        code = None
        for attempt in range(40):
            code, row, err = self.emit(words, kill=again if attempt == 0 else None)
            if code == -9:
                self.hit[f"repeat, {again}"] += 1
                continue
            if code == 0:
                name = self.named.setdefault(n, row["comprobante"])
                assert name == row["comprobante"], (n, name, row)
                return name
            assert code in (4, 5, 6, 7), (code, row, err)
            time.sleep(0.25)
        raise AssertionError(f"wish {n} never ends: {code}")


def points(at, kills, number):
    """Each point, so many times."""
    again = itertools.cycle([None if n % 2 else AGAIN[n // 2] for n in range(2 * len(AGAIN))])
    for (name, step), _ in itertools.product(POINTS.items(), range(kills)):
        n = next(number)
        words = at.wish(n)
        code = at.emit(words, step)[0] if step else at.kill_once_accepted(words)
        assert code == -9 or not step, f"{name}: not killed, {code}"
        at.hit[name] += code == -9
        at.until_done(n, words, next(again))


def faults(at, number):
    """Each fault once, alone and with a kill after the body has left."""
    for fault, kill in itertools.product(FAULTS, (None, "send:1:after", "recv:1:half")):
        n = next(number)
        words = at.wish(n)
        at.fault(f"{fault}@generar_comprobante x1" if not fault.startswith("caida") else fault)
        code = at.emit(words, kill)[0]
        at.hit[f"with fault, {kill}"] += code == -9
        at.until_done(n, words)
        request(f"{at.url}/_sandbox/faults", method="DELETE")


def refusals(at, number):
    """What Nubefact refuses leaves no hole, and what a stranger has is never taken for ours."""
    for fault in REFUSED:
        n = next(number)
        words = at.wish(n)
        at.fault(f"{fault}@generar_comprobante x1")
        code, row, err = at.emit(words)
        assert code == 4 and row["estado"] == "DEVUELTO", (fault, code, row, err)
        at.until_done(n, words)
    n = next(number)
    words = at.wish(n, keyed=False)
    at.fault(f"{STRANGER}@generar_comprobante x1")
    code, row, err = at.emit(words)
    assert code != 0 and row["estado"] == "CONFLICTO", (code, row, err)
    theirs = row["numero"]
    # A wish of one more takes the next number; the stranger's stays theirs.
    code, row, err = at.emit([*words, "--otra"])
    assert code == 0 and row["numero"] == theirs + 1, (code, row, err)
    at.named[n] = row["comprobante"]
    return theirs


def judge(at, theirs):
    """What the ledger of the other side says in the end."""
    entries = [it for it in at.ledger_of_nubefact(at.began) if it["operation"] == "generar_comprobante"]
    accepted = collections.Counter(it["comprobante"] for it in entries if it["decision"] == "aceptado")
    wrong = [f"{name} accepted {times} times" for name, times in accepted.items() if times != 1]
    names = sorted(at.named.values(), key=lambda name: int(name.split("-")[1]))
    if len(set(names)) != len(names) or set(names) != set(accepted):
        wrong.append(f"told {len(names)}, accepted {len(accepted)}: {sorted(set(names) ^ set(accepted))[:5]}")
    taken = sorted([int(name.split("-")[1]) for name in accepted] + [theirs])
    if taken != list(range(1, len(taken) + 1)):
        wrong.append(f"a hole: {sorted(set(range(1, taken[-1] + 1)) - set(taken))[:5]}")
    bytes_of, refused = {}, set()
    for it in entries:
        if it["decision"] == "ajeno":
            continue
        name, digest = it["comprobante"], it["bytes_hash"]
        if bytes_of.setdefault(name, digest) != digest and name not in refused:
            wrong.append(f"{name} with other bytes")
        bytes_of[name] = digest
        # Only what was answered as refused may be sent otherwise.
        if it["codigo"] in (20, 21, 22):
            refused.add(name)
    return wrong, len(entries), len(accepted)


def canaries(at):
    """Places that show what must not be shown."""
    found = [f"output: {word}" for word in (TOKEN, DNI, NAME) for said in at.said if word in said]
    for path in at.folder.rglob("*"):
        content = path.read_bytes() if path.is_file() and path != at.library else b""
        found += [f"{path.name}: {word}" for word in (TOKEN, DNI, NAME) if word.encode() in content]
        found += [f"name of {path.name}" for word in (TOKEN, DNI, NAME) if word in path.name]
    return found


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--kills", type=int, default=20, help="at each point")
    words.add_argument("--seed", type=int, default=1)
    words = words.parse_args()
    random.seed(words.seed)
    began = time.time()
    with Desk(words.binary) as at:
        number = itertools.count(1)
        points(at, words.kills, number)
        faults(at, number)
        theirs = refusals(at, number)
        for name, times in at.hit.items():
            print(f"{times:5} killed: {name}")
        wrong, sent, accepted = judge(at, theirs)
        shown = canaries(at)
        print(
            f"{len(at.named)} wishes, {sum(at.hit.values())} kills, {len(FAULTS) + len(REFUSED) + 1} faults: "
            f"{sent} requests, {accepted} documents, {len(wrong)} wrong, {len(shown)} canaries, {time.time() - began:.0f} s"
        )
        for row in [*wrong, *shown][:10]:
            print("   ", row)
        assert not wrong and not shown
        assert all(at.hit[name] for name in POINTS)
        for path in at.papers.iterdir():
            os.remove(path)
        at.papers.rmdir()


if __name__ == "__main__":
    main()
