"""Documents handed over to a gateway that dies at named steps and at random, while Nubefact fails: judged by its ledger.

    python3 crates/chaski/tests/outside/gateway_issue.py --rounds 20
    python3 crates/chaski/tests/outside/gateway_issue.py --only load --documents 400000 --kills 5000 --latency 2ms

Each named point of the gateway and fault of Nubefact, F01 to F32, `--rounds` times; a load of documents with
`kill -9`, SIGTERM, SIGSTOP and no memory at random moments; many requests under few keys. A point counts when the
process died there, a fault when the ledger of the other side says that it struck. Then the database, that ledger and
what callers were told are compared, with no code of the program. How long a server took to be back is judged as well.
"""

import argparse
import collections
import contextlib
import http.client
import itertools
import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import upstream
import world
from stalls import Stalls
from issue_kills import DNI, NAME, Desk
from world import request

ISSUER = "20603274742"
# Those that are open in every account of the sandbox.
SERIES = ["BBB1", "FFF1"]
EXISTS = {"PENDIENTE_SUNAT", "ACEPTADO", "OBSERVADO", "RECHAZADO", "ANULACION_PENDIENTE", "ANULADO"}
MIGRATION_FILE = "crates/chaski/migrations/sqlite/0017_documents.sql"
VOIDS = "SELECT count(*) FROM documents WHERE deed = 'void' AND state IN ('EN_COLA', 'ENVIANDO', 'DESCONOCIDO')"
ENDED = EXISTS | {"DEVUELTO", "CONFLICTO", "LIBERADO"}
# Codes that say for certain that a request came to nothing: its number may be another document's.
NOT_TAKEN = {10, 11, 12, 20, 21, 22, 50, 51}
# In seconds: a server is back; the machine stood still for less.
RECOVERY, CALM = 1.0, 0.2
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
    # Nothing is sent on of its own accord yet: whoever waits for the outcome is who is told.
    "F13 outcome told, not noted": "told:1:after",
    "F14 in a file": "file:1:half",
    "F14 file written, not on the disk": "kept:1:before",
    "F14 file on the disk, not noted": "kept:1:after",
}
# Steps of a server that brings a database of before up to date.
MIGRATION = {
    "F15 new tables half written": "write:1:half",
    "F15 new tables written, not on the disk": "sync:1:before",
    "F15 new tables on the disk": "sync:1:after",
}
ENDS = ["F19 killed", "F17 SIGTERM", "F19 killed", "F18 stopped", "F19 killed", "F19 no memory"]
FAULTS = {
    "F20 taken, then closed": "cerrar",
    "F20 closed before": "reset",
    "F21 taken, then 500": "tras:500",
    "F21 taken, then a page": "tras:502:html",
    "F21 taken, then code 40": "tras:40",
    "F22 taken late": "tarde:2s",
    "F23 delivered twice": "doble",
    "F28 questions are behind": "24-tardio:1s",
    "F24 refused, then a late copy taken": "rechaza-y-acepta:1s",
    "F25 another number": "otro-numero",
    "F25 empty": "vacio",
    "F25 cut": "truncado",
    "F26 drips": "goteo:20ms",
    "F27 a stranger's": "23-ajeno",
    "F30 pending, then accepted": "pendiente",
    "F30 rejected": "rechazado:2335",
    "F30 known with other data": "rechazado:1033",
    "F30 voided before": "2323",
    "F31 too many, in seconds": "429:retry=1",
    "F31 too many, by a date": "429:fecha=1",
    "F29 account suspended": "50",
    "F29 account not paid": "51",
    "F29 token revoked": "10",
    "F32 sent elsewhere": "redireccion",
}


class Gateway(Desk):
    """A server that issues, and what its callers were told."""

    def __init__(self, binary, postgres=None, latency="40ms"):
        database = (postgres, "gateway_issue") if postgres else None
        super().__init__(binary, ",".join(f"{it}=0" for it in SERIES), database, latency)
        self.postgres = database
        self.lock = threading.Lock()
        self.told, self.totals, self.wrong = {}, {}, []
        self.recovered, self.counts, self.process, self.key = [], {}, None, None
        self.stalls = Stalls(self.folder)
        self.armed = self.folder / "armed"

    def up(self, kill=None, more=None):
        """The server is started; how long until it answers."""
        env = dict(more or {})
        if kill:
            env |= {"KILL_PORT": self.at, "KILL_JOURNAL": "chaski.db-wal", "KILL_AT": kill}
            env |= {"KILL_ARMED": self.armed, "LD_PRELOAD": self.library}
        began = time.monotonic()
        self.process, self.address = self.server(env=env)
        took, stood = time.monotonic() - began, self.stalls.since(began)
        # More than two processes for each core: a fifth of a second of work takes longer than a second.
        is_calm = stood < CALM and os.getloadavg()[0] <= 2 * os.cpu_count()
        self.recovered.append((took, is_calm))

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

    def __enter__(self):
        self.stalls.__enter__()
        return self

    def __exit__(self, *error):
        self.stalls.__exit__()
        super().__exit__(*error)

    def post(self, n, key=None, timeout=15, api_key=None, wait=None):
        """Hands a document over once; its id, or nothing where no answer came."""
        sale, total = self.sale(n)
        # The same sum for the same customer within minutes is meant here.
        headers = {"Content-Type": "application/json", "Idempotency-Key": key or f"pedido-{n}"}
        headers["Chaski-Allow-Duplicate"] = "true"
        if wait:
            headers["Prefer"] = f"wait={wait}"
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
        while not (told := self.post(n)):
            assert time.time() < until, f"wish {n} is never taken: {self.wrong[-1:]}"
            time.sleep(0.05)
        return told

    def void(self, documents):
        """Voids those of them that SUNAT accepted already, and waits until it has spoken of that too."""
        rows = self.query("SELECT id, state FROM documents WHERE deed = 'issue'")
        accepted = {bytes(row[0]).hex() for row in rows if row[1] == "ACEPTADO"}
        for told in documents:
            if told.replace("-", "") in accepted:
                url = f"{self.address}/api/v1/comprobantes/{told}/anular"
                status, _, body = request(url, b'{"motivo": "ERROR"}', {"Content-Type": "application/json"}, "POST")
                assert status in (200, 201, 202), (status, body)
        until = time.time() + 60
        while time.time() < until and self.query(VOIDS)[0][0]:
            time.sleep(0.2)

    def struck(self, fault):
        """How often the fault struck, by the ledger of the other side, which has each delivery of one."""
        struck = sum(it["fault"] == fault for it in self.ledger_of_nubefact(self.began))
        return struck // 2 if fault == "doble" else struck

    def judge_quiet(self, after):
        """Nothing is in doubt a minute after the faults are over; what the machine stood still for comes on top."""
        began = time.monotonic()
        left = self.until_quiet(60) and self.until_quiet(self.stalls.since(began))
        if left:
            self.wrong.append(f"I23: {left} on their way a minute after {after}")

    def until_held(self):
        until = time.time() + 20
        while time.time() < until and not self.query("SELECT count(*) FROM issuer_holds")[0][0]:
            time.sleep(0.05)

    def process_that_began(self):
        """The last server that was started, whether it ever answered or not."""
        process = self.processes[-1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        return process

    def until_filed(self, seconds):
        """Waits until no file is due."""
        until = time.time() + seconds
        due = "SELECT count(*) FROM documents WHERE files_at IS NOT NULL AND files_tries = 0"
        while self.query(due)[0][0] and time.time() < until:
            time.sleep(0.1)

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

    def on_their_way(self):
        states = dict(self.query("SELECT state, count(*) FROM documents GROUP BY state"))
        return sum(count for state, count in states.items() if state not in ENDED)

    def until_quiet(self, seconds):
        """Waits until nothing is on its way; how many still are."""
        until = time.time() + seconds
        while (left := self.on_their_way()) and time.time() < until:
            time.sleep(0.1)
        return left

    def until_all_moved(self, seconds):
        """Waits until nothing is on its way, for as long as fewer are, now and then."""
        left = self.on_their_way()
        while (now := self.until_quiet(seconds)) and now < left:
            left = now
        return now


class Clock:
    """The clock of a server, which can be set while it runs; nothing where there is no libfaketime."""

    def __init__(self, folder):
        self.file, self.ahead = folder / "clock", 0
        found = sorted(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
        self.library = found[0] if found else None
        if not self.library:
            print("no libfaketime: what is held is waited for")
        self.forward(0)

    def environment(self):
        if not self.library:
            return {}
        fake = {"FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": 1, "FAKETIME_DONT_FAKE_MONOTONIC": 1}
        return fake | {"DONT_FAKE_MONOTONIC": 1, "LD_PRELOAD": self.library}

    def forward(self, seconds):
        self.ahead += seconds
        draft = self.file.with_suffix(".new")
        draft.write_text(f"{self.ahead:+d}")
        draft.rename(self.file)


def named(at, number, rounds):
    """Each point of the gateway, so many documents each."""
    for (name, step), _ in itertools.product(POINTS.items(), range(rounds)):
        n = next(number)
        at.armed.unlink(missing_ok=True)
        at.up(step)
        at.until_quiet(60)
        at.until_filed(60)
        time.sleep(0.3)
        at.armed.touch()
        at.post(n, timeout=5, wait=10 if step.startswith("told") else None)
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


def migrations(at, number, rounds):
    """A database as the version before documents left it, and a server that dies while it brings it up to date."""
    aside = at.folder / "aside"
    shutil.copytree(at.data, aside)
    tables = re.findall(r"CREATE TABLE (\w+)", (world.ROOT / MIGRATION_FILE).read_text())
    for (name, step), _ in itertools.product(MIGRATION.items(), range(rounds)):
        with contextlib.closing(sqlite3.connect(at.data / "chaski.db")) as old:
            for table in tables:
                old.execute(f"DROP TABLE IF EXISTS {table}")
            old.execute("DELETE FROM _sqlx_migrations WHERE version >= 17")
            old.execute("PRAGMA user_version = 16")
            old.commit()
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        at.armed.touch()
        with contextlib.suppress(AssertionError):
            at.up(step)
        at.hit[name] += at.process_that_began().poll() == -9
        at.up()
        assert at.query("SELECT count(*) FROM documents") == [(0,)]
        at.kill(at.process)
    shutil.rmtree(at.data)
    aside.rename(at.data)


def faults(at, number, rounds):
    """Each fault of Nubefact, with documents in each series."""
    clock = Clock(at.folder)
    at.up(more=clock.environment())
    for name, fault in FAULTS.items():
        operation = "generar_anulacion" if fault == "2323" else "generar_comprobante"
        until = time.time() + 60 * rounds
        while at.struck(fault) < rounds and time.time() < until:
            # One at a time: after several in a row nothing is sent for up to a minute, as it should be.
            at.fault(f"{fault}@{operation} x1")
            told = [at.post_until_told(next(number)) for _ in SERIES]
            if fault in ("10", "50", "51") and clock.library:
                # Half a minute of holding, of both clocks.
                at.until_held()
                clock.forward(31)
                request(f"{at.url}/_sandbox/reloj", b"31s")
            at.judge_quiet(name)
            if fault == "2323":
                at.void(told)
            request(f"{at.url}/_sandbox/faults", method="DELETE")
            if fault.startswith("rechaza"):
                # The late copy; and what is handed over next finds its number taken.
                time.sleep(1.2)
                for _ in SERIES:
                    at.post_until_told(next(number))
        at.hit[name] += at.struck(fault)
        at.judge_quiet(name)
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
        end(at, ENDS[kill % len(ENDS)])
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
    is_sent = lambda it: it["operation"] == "generar_comprobante" and it["decision"] != "ajeno"
    sent = [it for it in entries if is_sent(it)]
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
    refused_first = [it for it in sent if (it["fault"] or "").startswith("rechaza")]
    copies = collections.Counter((it["comprobante"], it["bytes_hash"]) for it in refused_first)
    for it in entries:
        name = it["comprobante"]
        # A late copy is the network's, not sent by anybody; one for each, whether it finds its number free or not.
        if not it["fault"] and copies[name, it["bytes_hash"]] > 0:
            copies[name, it["bytes_hash"]] -= 1
            continue
        if it["operation"] == "consultar_comprobante":
            doubted.discard(name)
        elif is_sent(it) and it["fault"] != "doble":
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
    if len(attempts) < len([it for it in sent if it["fault"] != "doble"]) - len(refused_first):
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
    words.add_argument("--rounds", type=int, default=1, help="at each point and of each fault")
    words.add_argument("--documents", type=int, default=150, help="handed over under load")
    words.add_argument("--kills", type=int, default=15, help="during that load")
    words.add_argument("--latency", default="40ms", help="of Nubefact; series go in order, so that it bounds a load")
    words.add_argument("--posts", type=int, default=400, help="under a hundredth as many keys")
    words.add_argument("--postgres", help="folder of the socket of a server: the data go there")
    words.add_argument("--only", help="one part: points, faults, load or keys")
    words.add_argument("--seed", type=int, default=1)
    words = words.parse_args()
    random.seed(words.seed)
    began = time.time()
    with Gateway(words.binary, words.postgres, words.latency) as at:
        number = itertools.count(1)
        parts = [
            ("migrations", lambda: migrations(at, number, words.rounds)),
            ("points", lambda: named(at, number, words.rounds)),
            ("faults", lambda: faults(at, number, words.rounds)),
            ("load", lambda: load(at, number, words.documents, words.kills)),
            ("keys", lambda: few_keys(at, number, words.posts, max(4, words.posts // 100))),
        ]
        for name, part in parts:
            if words.only not in (None, name) or words.postgres and name == "migrations":
                continue
            part()
            print(f"{name}: {time.time() - began:.0f} s", flush=True)
        if at.process.poll() is not None:
            at.up()
        left = at.until_all_moved(180)
        for name, times in at.hit.items():
            print(f"{times:5} {name}")
        wrong, sent, accepted, rows = judge(at)
        # While the machine stands still or is overloaded, how long a server takes says nothing of it.
        calm = sorted(took for took, is_calm in at.recovered if is_calm)
        took = calm[int(len(calm) * 0.99)] if calm else 0
        back = f"up again in {took:.2f} s (p99 of {len(calm)}" if calm else "how soon it is up again not measured (0"
        print(
            f"{len(at.told)} wishes told, {rows} documents, {len(at.kills)} kills: {sent} requests, {accepted} accepted, "
            f"{left} on their way, {len(wrong)} wrong; {back}; "
            f"{len(at.recovered) - len(calm)} more while the machine stood still or was overloaded); {time.time() - began:.0f} s"
        )
        for row in wrong[:20]:
            print("   ", row)
        assert not wrong
        assert took <= RECOVERY, f"{took:.2f} s until a server was back"
        named_ones = {"migrations": MIGRATION, "points": POINTS, "faults": FAULTS}
        if words.postgres:
            # Its log is not ours, and its database of before is another one.
            named_ones = {"faults": FAULTS}
        wanted = [name for part, names in named_ones.items() if words.only in (None, part) for name in names]
        missed = [f"{name}: {at.hit[name]}" for name in wanted if at.hit[name] < words.rounds]
        assert not missed, missed


if __name__ == "__main__":
    main()
