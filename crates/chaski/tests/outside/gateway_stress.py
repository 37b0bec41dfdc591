"""The stress test of the system that Chaski replaces, through the gateway: 50 right invoices, ten at a time.

    python3 crates/chaski/tests/outside/gateway_stress.py

Twice: with nothing in the way, and with every fault of Nubefact on. Each caller does what a person would: waits for the
outcome, asks for one that came back to be tried again, and has one that SUNAT rejected copied under a new number. Must
come out: 50 sales of 50, each one good document, and database, ledger and what callers were told agree.
"""

import argparse
import collections
import itertools
import json
import threading
import time

import world
from gateway_issue import ENDED, Gateway, judge
from world import request

# All that the sandbox can do to one request that issues, and to the two that void. At times of its own.
FAULTS = """
reset cerrar tras:500 tras:502:html tras:40 tarde:20s doble rechaza-y-acepta otro-numero vacio truncado html json-malo
23-ajeno 24-tardio:5s 10 11 12 20 21 22 40 50 51 500 503 429:retry=1 redireccion goteo:20ms pendiente rechazado:2335
observado:4252 soap
""".split()
# Each of these puts the account on hold for half a minute, or an answer off for as long; one of a kind is enough
# where time is short.
SLOW = {"10", "11", "12", "51"}
OF_VOIDS = ["ticket-perdido", "2323", "tras:500"]
# They are good: SUNAT has them, or will.
GOOD = {"PENDIENTE_SUNAT", "ACEPTADO", "OBSERVADO", "ANULACION_PENDIENTE", "ANULADO"}


class Caller:
    """One of ten, over the invoices that are left."""

    def __init__(self, at, wishes, patience):
        self.at, self.wishes, self.until = at, wishes, time.time() + patience
        self.good, self.seen = {}, collections.Counter()

    def run(self):
        while True:
            with self.at.lock:
                n = next(self.wishes, None)
            if n is None:
                return
            self.good[n] = self.through(n)

    def through(self, n):
        """The document that stands for a sale in the end, or nothing."""
        id_ = None
        while not id_ and time.time() < self.until:
            id_ = self.at.post(n)
        while id_ and time.time() < self.until:
            state = self.ask(id_)
            if state in GOOD:
                return id_
            if state == "DEVUELTO":
                self.deed(id_, "reintentar")
            elif state == "RECHAZADO":
                copied = self.deed(id_, "duplicar")
                with self.at.lock:
                    self.at.totals[copied or id_] = self.at.totals[id_]
                id_ = copied or id_
            elif state in ENDED:
                return None
            time.sleep(0.3)
        return None

    def ask(self, id_):
        status, _, body = request(f"{self.at.address}/api/v1/comprobantes/{id_}")
        state = json.loads(body)["estado"] if status == 200 else None
        self.seen[state] += 1
        return state

    def deed(self, id_, what):
        self.seen[what] += 1
        headers = {"Chaski-Allow-Duplicate": "true", "Idempotency-Key": f"{what}-{id_}"}
        url = f"{self.at.address}/api/v1/comprobantes/{id_}/{what}"
        status, _, body = request(url, b"", headers)
        return json.loads(body).get("id") if status < 300 else None


def stress(at, number, invoices, faults, patience):
    """So many invoices, ten at a time; the documents that stand for them."""
    for fault in faults:
        at.fault(f"{fault}@generar_comprobante x1")
    wishes = iter([next(number) for _ in range(invoices)])
    callers = [Caller(at, wishes, patience) for _ in range(10)]
    threads = [threading.Thread(target=it.run) for it in callers]
    began = time.time()
    for it in threads:
        it.start()
    for it in threads:
        it.join()
    took = time.time() - began
    left = json.loads(request(f"{at.url}/_sandbox/faults")[2])["faults"]
    request(f"{at.url}/_sandbox/faults", method="DELETE")
    good = {n: id_ for it in callers for n, id_ in it.good.items()}
    seen = sum((it.seen for it in callers), collections.Counter())
    done = [id_ for id_ in good.values() if id_]
    print(
        f"{len(set(done))} of {invoices} with {len(faults)} faults in {took:.1f} s; "
        f"tried again {seen['reintentar']}, copied {seen['duplicar']}",
        flush=True,
    )
    assert len(set(done)) == invoices == len(good), {n: id_ for n, id_ in good.items() if not id_}
    assert not left, f"faults that struck nobody: {left}"
    return done


def voids(at, documents):
    """A void of each, while theirs fail too: one void each."""
    facturas = [it for it in documents if it]
    for fault, id_ in zip(OF_VOIDS, facturas):
        at.fault(f"{fault}@generar_anulacion x1")
        headers = {"Content-Type": "application/json"}
        url = f"{at.address}/api/v1/comprobantes/{id_}/anular"
        for _ in range(2):
            status, _, body = request(url, json.dumps({"motivo": "ERROR EN EL PEDIDO"}).encode(), headers)
            assert status in (200, 202), body


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--binary", default=world.ROOT / "target/debug/chaski")
    words.add_argument("--invoices", type=int, default=50)
    words.add_argument("--quick", action="store_true", help="one hold of the account instead of five")
    words.add_argument("--patience", type=float, default=300, help="seconds for each run")
    words.add_argument("--postgres", help="folder of the socket of a server: the data go there")
    words = words.parse_args()
    began = time.time()
    with Gateway(words.binary, words.postgres) as at:
        number = itertools.count(1)
        at.up()
        stress(at, number, words.invoices, [], words.patience)
        faults = [it.replace("20s", "2s") for it in FAULTS if it not in SLOW] if words.quick else FAULTS
        documents = stress(at, number, words.invoices, faults, words.patience)
        left = at.until_quiet(60)
        # The ledger is compared before anything is voided: a void is no document.
        wrong, sent, accepted, rows = judge(at)
        # A number that came back is given to whoever comes next.
        wrong = [it for it in wrong if not it.startswith("I18")]
        voids(at, accepted_facturas(at, documents))
        voided = settled_voids(at)
        print(
            f"{rows} documents, {sent} requests, {accepted} accepted, {left} on their way, {voided} voids, "
            f"{len(wrong)} wrong; {time.time() - began:.0f} s"
        )
        for row in wrong[:20]:
            print("   ", row)
            entries = [it for it in at.ledger_of_nubefact(at.began) if it["comprobante"] and it["comprobante"] in row]
            for it in entries[:12]:
                print("        ", it["operation"], it["decision"], it["status"], it["codigo"], it["fault"], it["bytes_hash"][:8])
        assert not wrong and not left
        for path in at.papers.iterdir():
            path.unlink()
        at.papers.rmdir()


def accepted_facturas(at, documents):
    rows = at.query("SELECT id, serie, state FROM documents WHERE deed = 'issue'")
    good = {bytes(id_) for id_, serie, state in rows if serie.startswith("F") and state in ("ACEPTADO", "OBSERVADO")}
    return [it for it in documents if bytes.fromhex(it.replace("-", "")) in good]


def settled_voids(at):
    """Waits until each void was made, or was made before; how many there are, by the ledger of the other side."""
    until = time.time() + 90
    while True:
        rows = at.query("SELECT state, code FROM documents WHERE deed = 'void'")
        if all(state in ENDED for state, _ in rows) or time.time() > until:
            break
        time.sleep(0.2)
    made = [it["comprobante"] for it in at.ledger_of_nubefact(at.began) if it["decision"] == "baja"]
    assert len(rows) == len(OF_VOIDS), rows
    assert len(set(made)) == len(made), f"voided twice: {made}"
    assert all(state in ENDED for state, _ in rows), rows
    return len(rows)


if __name__ == "__main__":
    main()
