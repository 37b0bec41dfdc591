"""Documents handed over to a gateway that dies at named steps and at random, while Nubefact fails: judged by its ledger.

    python3 crates/chaski/tests/outside/gateway_issue.py --documents 400000 --kills 5000

Three parts: each named point of the gateway and fault of Nubefact (reliability.md §3.9), one document each; a load
of documents with `kill -9`, SIGTERM, SIGSTOP and no memory at random moments; many requests under few keys. Then the
database, the ledger of the other side and what callers were told are compared, with no code of the program.
"""

import argparse
import collections
import contextlib
import http.client
import itertools
import json
import random
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import time

import upstream
import world
from issue_kills import DNI, NAME, Desk
from world import request

ISSUER = "20603274742"
# Those that are open in every account of the sandbox.
SERIES = ["BBB1", "FFF1"]
EXISTS = {"PENDIENTE_SUNAT", "ACEPTADO", "OBSERVADO", "RECHAZADO", "ANULACION_PENDIENTE", "ANULADO"}
ENDED = EXISTS | {"DEVUELTO", "CONFLICTO", "LIBERADO"}
# Codes that say for certain that a request came to nothing: its number may be another document's.
NOT_TAKEN = {10, 11, 12, 20, 21, 22, 50, 51}
# What may come after what SUNAT or Nubefact has said.
MAY_FOLLOW = {
    "ANULADO": {"ANULADO"},
    "RECHAZADO": {"RECHAZADO"},
    "ACEPTADO": {"ACEPTADO", "OBSERVADO", "ANULACION_PENDIENTE", "ANULADO"},
    "OBSERVADO": {"ACEPTADO", "OBSERVADO", "ANULACION_PENDIENTE", "ANULADO"},
    "PENDIENTE_SUNAT": EXISTS,
    "ANULACION_PENDIENTE": EXISTS,
}
# Steps of a server at rest that is handed one document, counted from then on: it is accepted (T1), sent (T2), and
# what came of it is kept (T3).
POINTS = {
    "F01 before it is accepted": "write:1:before",
    "F01 half accepted": "write:1:half",
    "F02 accepted": "sync:1:after",
    "F03 number and bytes half written": "write:2:half",
    "F03 written, not on the disk": "sync:2:before",
    "F04 on the disk, before connecting": "connect:1:before",
    "F05 connected": "send:1:before",
    "F06 after the headers": "send:1:head",
    "F07 in the body": "send:1:half",
    "F08 after the body": "send:1:after",
    "F09 in the answer": "recv:1:half",
    "F10 after the answer": "recv:1:after",
    "F11 outcome half written": "write:3:half",
    "F11 outcome written, not on the disk": "sync:3:before",
    "F12 outcome on the disk": "sync:3:after",
}
FAULTS = {
    "F20 taken, then closed": "reset",
    "F20 closed before": "cerrar",
    "F21 taken, then 500": "tras:500",
    "F21 taken, then a page": "tras:502:html",
    "F21 taken, then code 40": "tras:40",
    "F22 taken late": "tarde:2s",
    "F23 delivered twice": "doble",
    "F28 questions are behind": "24-tardio:1s",
    "F25 another number": "otro-numero",
    "F25 empty": "vacio",
    "F25 cut": "truncado",
    "F26 drips": "goteo:20ms",
    "F27 a stranger's": "23-ajeno",
    "F29 account suspended": "50",
    "F30 pending": "pendiente",
    "F31 too many": "429:retry=1",
    "F32 sent elsewhere": "redireccion",
}


class Gateway(Desk):
    """A server that issues, and what its callers were told."""

    def __init__(self, binary, postgres=None):
        database = (postgres, "gateway_issue") if postgres else None
        super().__init__(binary, ",".join(f"{it}=0" for it in SERIES), database)
        self.postgres = database
        self.lock = threading.Lock()
        self.told, self.totals, self.wrong = {}, {}, []
        self.recovered, self.counts, self.process, self.key = [], {}, None, None
        self.armed = self.folder / "armed"

    def up(self, kill=None):
        """The server is started; how long until it answers."""
        env = {}
        if kill:
            env = {"KILL_PORT": self.at, "KILL_JOURNAL": "chaski.db-wal", "KILL_AT": kill}
            env |= {"KILL_ARMED": self.armed, "LD_PRELOAD": self.library}
        began = time.time()
        self.process, self.address = self.server(env=env)
        self.recovered.append(time.time() - began)

    def sale(self, n):
        """The document of a wish, and its total in hundredths."""
        count, price = 1 + n % 7, 1090 + 100 * (n % 500)
        boleta = n % 2 == 0
        buyer = ("1", DNI, NAME) if boleta else ("6", upstream.ruc(n), "CLIENTE DE PRUEBA S.A.C.")
        return {
            "tipo": "boleta" if boleta else "factura",
            "serie": SERIES[n % 2],
            "cliente": dict(zip(("tipo", "numero", "nombre"), buyer), direccion="AV. LOS PINOS 100"),
            "precios_con_igv": True,
            "items": [{"descripcion": f"POLO {n}", "cantidad": count, "precio": f"{price / 100:.2f}"}],
            "observaciones": f"pedido {n}",
        }, count * price

    def post(self, n, key=None, timeout=15, api_key=None):
        """Hands a document over once; its id, or nothing where no answer came."""
        sale, total = self.sale(n)
        # The same sum for the same customer within minutes is meant here.
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or f"pedido-{n}"}
        headers["Chaski-Allow-Duplicate"] = "true"
        if api_key or self.key:
            headers["Authorization"] = f"Bearer {api_key or self.key}"
        try:
            url = f"{self.address}/api/v1/comprobantes"
            status, _, body = request(url, json.dumps(sale).encode(), headers, timeout=timeout)
        except (OSError, http.client.HTTPException):
            return None
        if status not in (200, 201, 202):
            if status < 500 and status not in (409, 429):
                with self.lock:
                    self.wrong.append(f"wish {n}: {status} {body[:300]}")
            return None
        document = json.loads(body)
        document = document.get("data", document)
        with self.lock:
            before = self.told.setdefault(key or n, document["id"])
            self.totals[document["id"]] = total
            if before != document["id"]:
                self.wrong.append(f"I7: wish {n} is {before} and {document['id']}")
        return document["id"]

    def post_until_told(self, n):
        until = time.time() + 120
        while not self.post(n):
            assert time.time() < until, f"wish {n} is never taken: {self.wrong[-1:]}"
            time.sleep(0.05)

    def query(self, text):
        if self.postgres:
            return self.query_postgres(text)
        with contextlib.closing(sqlite3.connect(self.data / "chaski.db", timeout=30)) as connection:
            return connection.execute(text).fetchall()

    def query_postgres(self, text):
        folder, database = self.postgres
        words = ["psql", "-h", folder, "-U", "postgres", "-d", database, "-X", "-q", "-c"]
        copied = f"SELECT coalesce(json_agg(json_build_array({{}})), '[]') FROM ({text}) it"
        names = [it.split()[-1].strip() for it in text[len("SELECT ") : text.index(" FROM ")].split(",")]
        names = ["count" if it.startswith("count(") else it for it in names]
        asked = "SET search_path = chaski; " + copied.format(", ".join(f"it.{name}" for name in names))
        out = subprocess.run([*words, asked, "-At"], check=True, capture_output=True, text=True).stdout
        bare = lambda it: bytes.fromhex(it[2:]) if isinstance(it, str) and it.startswith("\\x") else it
        return [tuple(map(bare, row)) for row in json.loads(out)]

    def look_at_counts(self):
        for serie, last in self.query("SELECT serie, last FROM document_series"):
            if last < self.counts.get(serie, 0):
                self.wrong.append(f"I24: {serie} went back to {last}")
            self.counts[serie] = last

    def until_quiet(self, seconds):
        """Waits until nothing is on its way; how many still are."""
        until = time.time() + seconds
        while True:
            states = dict(self.query("SELECT state, count(*) FROM documents GROUP BY state"))
            left = sum(count for state, count in states.items() if state not in ENDED)
            if not left or time.time() > until:
                return left
            time.sleep(0.1)


def named(at, number):
    """Each point of the gateway, one document each."""
    for name, step in POINTS.items():
        n = next(number)
        at.armed.unlink(missing_ok=True)
        at.up(step)
        at.until_quiet(60)
        time.sleep(0.3)
        at.armed.touch()
        at.post(n, timeout=5)
        with contextlib.suppress(Exception):
            at.process.wait(timeout=10)
        at.hit[name] += at.process.poll() == -9
        if at.process.poll() is None:
            at.kill(at.process)
        at.up()
        at.post_until_told(n)
        at.until_quiet(60)
        at.look_at_counts()
        at.kill(at.process)


def faults(at, number):
    """Each fault of Nubefact, with documents in each series."""
    at.up()
    for name, fault in FAULTS.items():
        at.fault(f"{fault}@generar_comprobante x1")
        for _ in SERIES:
            at.post_until_told(next(number))
        at.hit[name] += 1
        at.until_quiet(90)
        request(f"{at.url}/_sandbox/faults", method="DELETE")
    at.kill(at.process)


def load(at, number, documents, kills):
    """Documents from several callers, while the server is ended again and again in every way."""
    wishes = iter([next(number) for _ in range(documents)])
    over = threading.Event()
    at.up()

    def caller():
        while True:
            with at.lock:
                n = next(wishes, None)
            if n is None:
                return
            while not at.post(n) and not over.is_set():
                time.sleep(0.05)

    callers = [threading.Thread(target=caller) for _ in range(8)]
    for it in callers:
        it.start()
    for kill in range(kills):
        time.sleep(random.uniform(0.1, 1.2))
        if random.random() < 0.5:
            at.fault(f"{random.choice(['reset', 'cerrar', 'tras:500', 'doble', 'truncado'])}@generar_comprobante x1")
        end(at, ["F19 killed", "F17 SIGTERM", "F19 killed", "F18 stopped", "F19 killed", "F19 no memory"][kill % 6])
        at.up()
        at.look_at_counts()
    request(f"{at.url}/_sandbox/faults", method="DELETE")
    for it in callers:
        it.join(timeout=600)
    over.set()
    at.kill(at.process)


def end(at, how):
    at.hit[how] += 1
    if how == "F17 SIGTERM":
        at.process.terminate()
        at.process.wait(timeout=120)
        return
    if how == "F18 stopped":
        at.process.send_signal(signal.SIGSTOP)
        time.sleep(2)
        at.process.send_signal(signal.SIGCONT)
        time.sleep(0.3)
    if how == "F19 no memory":
        resource.prlimit(at.process.pid, resource.RLIMIT_AS, (1 << 20, 1 << 20))
        time.sleep(0.5)
    at.kill(at.process)


def few_keys(at, number, posts, keys):
    """Many requests under few keys from 64 callers with two API keys of one company."""
    secrets = []
    for name in ("uno", "dos"):
        code, out, err = at.run("llaves", "crear", name, "--empresa", ISSUER, "--yes")
        assert code == 0, err
        secrets.append(re.search(r"chk_\w+", out).group())
    # From now on nobody is let in without one.
    at.key = secrets[0]
    at.up()
    wishes = [next(number) for _ in range(keys)]
    turns, ids, answers = itertools.count(), collections.defaultdict(set), collections.Counter()

    def caller(place):
        while (turn := next(turns)) < posts:
            n = wishes[turn % keys]
            told = at.post(n, api_key=secrets[place % 2], timeout=60)
            with at.lock:
                answers[bool(told)] += 1
                if told:
                    ids[n].add(told)

    callers = [threading.Thread(target=caller, args=(place,)) for place in range(64)]
    for it in callers:
        it.start()
    for it in callers:
        it.join()
    for n in wishes:
        at.post_until_told(n)
    at.wrong += [f"wish {n} is {len(found)} documents" for n, found in ids.items() if len(found) != 1]
    print(f"{posts} requests under {keys} keys: {answers[True]} told, {sum(map(len, ids.values()))} documents", flush=True)


def judge(at):
    """Database, ledger and what callers were told, against each other."""
    wrong = list(at.wrong)
    entries = [it for it in at.ledger_of_nubefact(at.began) if it["comprobante"]]
    sent = [it for it in entries if it["operation"] == "generar_comprobante" and it["decision"] != "ajeno"]
    strangers = {it["comprobante"] for it in entries if it["decision"] == "ajeno"}
    accepted = collections.Counter(it["comprobante"] for it in sent if it["decision"] == "aceptado")
    rows = at.query("SELECT id, serie, numero, state, total FROM documents WHERE deed = 'issue'")
    stand = {bytes(it[0]): it[1:] for it in rows}
    attempts = at.query("SELECT document, serie, numero, hash, at, outcome FROM document_attempts ORDER BY seq")
    hashes = collections.defaultdict(list)
    for document, serie, numero, digest, when, outcome in attempts:
        hashes[f"{serie}-{numero}"].append((bytes(document), digest, when, outcome))
    # I1, I2, I3
    wrong += [f"I1: {name} accepted {times} times" for name, times in accepted.items() if times > 1]
    bearers = collections.defaultdict(list)
    for document, (serie, numero, state, _) in stand.items():
        if state in EXISTS:
            bearers[f"{serie}-{numero}"].append(document)
    for name in set(bearers) | set(accepted):
        if len(bearers[name]) != 1 or not accepted[name]:
            wrong.append(f"I3: {name} accepted {accepted[name]} times there, {len(bearers[name])} here")
    for it in sent:
        kept = [row for row in hashes[it["comprobante"]] if row[1] == it["bytes_hash"]]
        if not kept:
            wrong.append(f"I8: {it['comprobante']} sent without an attempt")
        elif it["decision"] == "aceptado" and bearers[it["comprobante"]] and bearers[it["comprobante"]][0] not in {
            row[0] for row in kept
        }:
            wrong.append(f"I2: {it['comprobante']} bears other bytes")
    # I4, I18
    for serie in SERIES:
        taken = [int(name.split("-")[1]) for name in {*accepted, *strangers} if name.startswith(f"{serie}-")]
        if sorted(taken) != list(range(1, len(taken) + 1)):
            wrong.append(f"I4: {serie} has a hole: {sorted(set(range(1, max(taken) + 1)) - set(taken))[:5]}")
        order = [int(it["comprobante"].split("-")[1]) for it in sent
                 if it["decision"] == "aceptado" and it["comprobante"].startswith(f"{serie}-")]
        if order != sorted(order):
            wrong.append(f"I18: {serie} out of order")
    # I5, I14
    bytes_of, doubted, refused = {}, set(), set()
    for it in entries:
        name = it["comprobante"]
        if it["operation"] == "consultar_comprobante":
            doubted.discard(name)
        elif it in sent and it["fault"] != "doble":
            if bytes_of.setdefault(name, it["bytes_hash"]) != it["bytes_hash"] and name not in refused | strangers:
                wrong.append(f"I5: {name} with other bytes")
            bytes_of[name] = it["bytes_hash"]
            if name in doubted:
                wrong.append(f"I14: {name} sent again without a question")
            if it["decision"] == "rechazado" or it["codigo"] in NOT_TAKEN:
                refused.add(name)
            # What was answered in full, and not with code 40, says all.
            if it["codigo"] in (None, 40) and it["status"] != 429:
                doubted.add(name)
    # I6, I15
    for key, told in at.told.items():
        row = stand.get(bytes.fromhex(told.replace("-", "")))
        if row is None:
            wrong.append(f"I6: {key} was told {told} and is lost")
        elif row[3] != at.totals[told]:
            wrong.append(f"I15: {told} is {row[3]}, and was {at.totals[told]}")
    # I9, I23
    if len(attempts) < len([it for it in sent if it["fault"] != "doble"]):
        wrong.append("I9: fewer attempts than requests")
    left = [row for row in stand.values() if row[2] not in ENDED]
    wrong += [f"I23: {row[0]}-{row[1]} is still {row[2]}" for row in left]
    # I10, I11
    before = {}
    for document, state in at.query("SELECT document, state FROM document_events ORDER BY seq"):
        allowed = MAY_FOLLOW.get(before.get(document))
        if allowed and state not in allowed:
            wrong.append(f"I10: {before[document]} became {state}")
        before[document] = state
    return wrong, len(sent), len(accepted), len(stand)


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--documents", type=int, default=150, help="handed over under load")
    words.add_argument("--kills", type=int, default=15, help="during that load")
    words.add_argument("--posts", type=int, default=400, help="under a hundredth as many keys")
    words.add_argument("--postgres", help="folder of the socket of a server: the data go there")
    words.add_argument("--only", help="one part: points, faults, load or keys")
    words.add_argument("--seed", type=int, default=1)
    words = words.parse_args()
    random.seed(words.seed)
    began = time.time()
    with Gateway(words.binary, words.postgres) as at:
        number = itertools.count(1)
        parts = [
            ("points", lambda: named(at, number)),
            ("faults", lambda: faults(at, number)),
            ("load", lambda: load(at, number, words.documents, words.kills)),
            ("keys", lambda: few_keys(at, number, words.posts, max(4, words.posts // 100))),
        ]
        for name, part in parts:
            if words.only in (None, name):
                part()
            print(f"{name}: {time.time() - began:.0f} s", flush=True)
        if at.process.poll() is not None:
            at.up()
        left = at.until_quiet(180)
        for name, times in at.hit.items():
            print(f"{times:5} {name}")
        wrong, sent, accepted, rows = judge(at)
        p99 = sorted(at.recovered)[int(len(at.recovered) * 0.99)]
        print(
            f"{len(at.told)} wishes told, {rows} documents, {len(at.kills)} kills: {sent} requests, {accepted} accepted, "
            f"{left} on their way, {len(wrong)} wrong; up again in {p99:.1f} s (p99); {time.time() - began:.0f} s"
        )
        for row in wrong[:20]:
            print("   ", row)
        assert not wrong
        if words.only:
            return
        missed = [name for name in [*POINTS, *FAULTS] if not at.hit[name]]
        assert not missed, missed


if __name__ == "__main__":
    main()
