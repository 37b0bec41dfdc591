"""A client that others wrote drives all 14 operations: the PyPI package nubefact-python 0.3.2.

    python3 nubefact_python.py URL
    python3 nubefact_python.py --gateway

URL is a sandbox's (`chaski sandbox`). Its simulated clock is moved. Everything goes through the package's own
classes, which refuse an answer of another form. With --gateway the program starts `chaski serve` and a sandbox behind
it; of the client nothing but its ruta and token changes, and then the sandbox's answers are lost in every way: one
document each, by the sandbox's own ledger.
"""

import argparse
import collections
import itertools
import json
import pathlib
import re
import time
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

import nubefact as they

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "core/tests/samples/nubefact/dev"
LIMA = timezone(timedelta(hours=-5))
TRIED = set()
# What befalls one request that issues.
LOST = """
reset cerrar tras:500 tras:502:html tras:40 tarde:1s doble truncado vacio otro-numero html json-malo goteo:20ms
500 503 429:retry=1 redireccion 24-tardio:1s pendiente observado:4252 soap
""".split()


def sample(name, **fields):
    """A vendor's example, dated today, as somebody would pass it to the package: without what is empty."""
    today = datetime.fromisoformat(clock()).strftime("%d-%m-%Y")
    body = json.loads((SAMPLES / f"{name}.json").read_text()) | fields

    def kept(value, key=""):
        if isinstance(value, dict):
            return {k: kept(v, k) for k, v in value.items() if v not in ("", None)}
        if isinstance(value, list):
            return [kept(it) for it in value]
        return today if key.startswith("fecha_") or key.endswith("_fecha") else value

    return kept(body)


def clock(move=None):
    data = move.encode() if move else None
    with urllib.request.urlopen(f"{URL}/_sandbox/reloj", data, timeout=30) as answer:
        return json.load(answer)["ahora"]


def call(client, name, model, body):
    """One operation by its own method, with the package's own class."""
    TRIED.add(name)
    return getattr(client, name)(model(**body))


def refused(code, client, name, model, body):
    try:
        answer = call(client, name, model, body)
    except they.NubeFactError as error:
        assert error.code == code, (name, error.code, error.message)
        assert error.message
        return
    raise AssertionError(f"{name} should have been refused with {code}: {answer}")


def about(answer, kind=None, **more):
    named = {"serie": answer.serie, "numero": answer.numero, **more}
    return {"tipo_de_comprobante": kind, **named} if kind else named


def sales_and_voids(client, kept=False):
    """With `kept`, what was issued is remembered on the way: the same again is the stored answer."""
    factura = sample("fac-gravada", serie="FFF1", numero=1)
    issued = call(client, "generar_comprobante", they.ComprobanteGenerar, factura)
    assert (issued.tipo_de_comprobante, issued.serie, issued.numero) == (1, "FFF1", 1)
    assert issued.aceptada_por_sunat is True and issued.sunat_responsecode == "0"
    assert issued.cadena_para_codigo_qr and len(issued.codigo_hash) == 44
    for link in (issued.enlace_del_pdf, issued.enlace_del_xml, issued.enlace_del_cdr):
        assert urllib.request.urlopen(link, timeout=30).read()
    if kept:
        again = call(client, "generar_comprobante", they.ComprobanteGenerar, factura)
        assert again.cadena_para_codigo_qr == issued.cadena_para_codigo_qr
    other = factura | {"observaciones": "OTRA"}
    refused(23, client, "generar_comprobante", they.ComprobanteGenerar, other if kept else factura)
    wrong = factura | {"numero": 2, "total": float(factura["total"]) + 0.01}
    refused(21, client, "generar_comprobante", they.ComprobanteGenerar, wrong)
    asked = call(client, "consultar_comprobante", they.ComprobanteConsultar, about(issued, 1))
    assert asked.cadena_para_codigo_qr == issued.cadena_para_codigo_qr and asked.anulado is False
    nobody = {"tipo_de_comprobante": 1, "serie": "FFF1", "numero": 999}
    refused(24, client, "consultar_comprobante", they.ComprobanteConsultar, nobody)

    boleta = sample("bol-gravada-dni", serie="BBB1", numero=1)
    waiting = call(client, "generar_comprobante", they.ComprobanteGenerar, boleta)
    assert waiting.aceptada_por_sunat is False and waiting.sunat_responsecode is None
    for name, kind in (("nc-boleta-anulacion", 3), ("nd-boleta-mora", 4)):
        note = sample(name, serie="BBB1", numero=1, documento_que_se_modifica_serie="BBB1")
        note["documento_que_se_modifica_numero"] = 1
        noted = call(client, "generar_comprobante", they.ComprobanteGenerar, note)
        assert noted.tipo_de_comprobante == kind

    void = about(issued, 1, motivo="ERROR EN EL PEDIDO")
    ticket = call(client, "generar_anulacion", they.AnulacionGenerar, void)
    assert ticket.sunat_ticket_numero and ticket.aceptada_por_sunat is False
    clock("2m")
    voided = call(client, "consultar_anulacion", they.AnulacionConsultar, about(issued, 1))
    assert voided.aceptada_por_sunat is True, voided
    asked = call(client, "consultar_comprobante", they.ComprobanteConsultar, about(issued, 1))
    assert asked.anulado is True
    clock("36h")
    asked = call(client, "consultar_comprobante", they.ComprobanteConsultar, about(waiting, 2))
    assert asked.aceptada_por_sunat is True, asked


def guias(client):
    for name, serie in (("gre-remitente-venta-privado", "TTT1"), ("gre-transportista-venta", "VVV1")):
        guia = sample(name, serie=serie, numero=1)
        sent = call(client, "generar_guia", they.GuiaGenerar, guia)
        assert sent.nota_importante and sent.aceptada_por_sunat is False and not sent.enlace_del_pdf
        clock("2m")
        asked = call(client, "consultar_guia", they.GuiaConsultar, about(sent, guia["tipo_de_comprobante"]))
        assert asked.aceptada_por_sunat is True and asked.enlace_del_pdf and asked.cadena_para_codigo_qr


def withholdings(client):
    kinds = {
        "retencion": (they.RetencionGenerar, they.RetencionConsultar, "retencion-3", "RRR1"),
        "percepcion": (they.PercepcionGenerar, they.PercepcionConsultar, "percepcion-2", "PPP1"),
    }
    for kind, (issue, ask, name, serie) in kinds.items():
        issued = call(client, f"generar_{kind}", issue, sample(name, serie=serie, numero=1))
        assert issued.serie == serie
        asked = call(client, f"consultar_{kind}", ask, about(issued))
        assert asked.aceptada_por_sunat is True, asked
        # The package's class for a reversal has no reason, though the manual wants one.
        reverse = getattr(they, f"{kind.capitalize()}ReversionGenerar")
        call(client, f"generar_reversion_{kind}", reverse, about(issued))
        clock("2m")
        asked = getattr(they, f"{kind.capitalize()}ReversionConsultar")
        reversed_ = call(client, f"consultar_reversion_{kind}", asked, about(issued))
        assert reversed_.aceptada_por_sunat is True, reversed_


def all_operations(client, kept=False):
    sales_and_voids(client, kept)
    guias(client)
    withholdings(client)
    operations = {name for name in dir(client) if name.startswith(("generar_", "consultar_"))}
    assert TRIED == operations and len(TRIED) == 14, operations ^ TRIED
    print(f"{len(TRIED)} operations driven by nubefact-python, each with its own answer class")


def until_known(client, body, told):
    """What a program does that was told that nothing is known: it asks, and sends the same again if it must."""
    until = time.time() + 180
    while True:
        assert time.time() < until, f"{body['serie']}-{body['numero']} is never known: {dict(told)}"
        for name, model, asked in (
            ("generar_comprobante", they.ComprobanteGenerar, body),
            ("consultar_comprobante", they.ComprobanteConsultar, {k: body[k] for k in NAMED}),
        ):
            try:
                return call(client, name, model, asked)
            except they.NubeFactError as error:
                # Nothing else is true of a document that is on its way: no 23, and no 24 once it was taken on.
                assert error.code == 40, (name, error.code, error.message)
                told[name] += 1
        time.sleep(0.2)


NAMED = ("tipo_de_comprobante", "serie", "numero")


def lost_answers(client, at, rounds):
    """Each fault, one sale after the other; how often the program was told that nothing is known."""
    told, numbers = collections.Counter(), itertools.count(100)
    for fault, n in zip(LOST * rounds, numbers):
        body = sample("fac-gravada", serie="FFF1", numero=n)
        body["items"][0]["descripcion"] = f"PRODUCTO {n}"
        at.fault(f"{fault}@generar_comprobante x1")
        answer = until_known(client, body, told)
        assert (answer.serie, answer.numero) == ("FFF1", n), (fault, answer)
        urllib.request.urlopen(urllib.request.Request(f"{URL}/_sandbox/faults", method="DELETE"), timeout=30)
    # The program that does not hear of it, and tries the same sale under the next number.
    n = next(numbers)
    body = sample("fac-gravada", serie="FFF1", numero=n)
    at.fault("tras:500@generar_comprobante x1")
    at.fault("503@consultar_comprobante")
    for numero, code in ((n, 40), (n + 1, 21), (n + 2, 21), (n, 40)):
        refused(code, client, "generar_comprobante", they.ComprobanteGenerar, body | {"numero": numero})
    urllib.request.urlopen(urllib.request.Request(f"{URL}/_sandbox/faults", method="DELETE"), timeout=30)
    until_known(client, body, told)
    return n - 99, told


def judge(at, issued):
    """What the ledger of the other side says."""
    entries = [it for it in at.ledger_of_nubefact(at.began) if it["operation"] == "generar_comprobante"]
    accepted = collections.Counter(it["comprobante"] for it in entries if it["decision"] == "aceptado")
    lost = {name: times for name, times in accepted.items() if int(name.split("-")[1]) >= 100}
    wrong = [f"{name} accepted {times} times" for name, times in accepted.items() if times != 1 and name[:3] == "FFF"]
    if sorted(lost) != sorted(f"FFF1-{100 + n}" for n in range(issued)):
        wrong.append(f"accepted {sorted(lost)}, issued {issued}")
    return wrong


def through_the_gateway(words):
    global URL
    from issue_kills import DNI, NAME, RUTA, TOKEN, Desk, canaries

    began = time.time()
    with Desk(words.binary) as at:
        URL = at.url
        code, out, err = at.run("llaves", "crear", "nubefact-python", "--yes")
        assert code == 0, err
        key = re.search(r"chk_\w+", out).group()
        # In CI a program would not wait so long.
        _, address = at.server(env={"CHASKI_NUBEFACT_PATIENCE": words.patience})
        ruta = f"{address}/compat/nubefact/api/v1/{RUTA}"
        client = they.NubeFactClient(ruta=ruta, token=key)
        refused(10, they.NubeFactClient(ruta=ruta, token=TOKEN), "consultar_comprobante", they.ComprobanteConsultar,
                {"tipo_de_comprobante": 1, "serie": "FFF1", "numero": 1})
        boleta = sample("bol-gravada-dni", serie="BBB1", numero=50)
        boleta |= {"cliente_numero_de_documento": DNI, "cliente_denominacion": NAME}
        call(client, "generar_comprobante", they.ComprobanteGenerar, boleta)
        issued, told = lost_answers(client, at, words.rounds)
        all_operations(client, kept=True)
        wrong = judge(at, issued) + canaries(at)
        wrong += [f"{it}: the key" for it in at.folder.rglob("*") if it.is_file() and key.encode() in it.read_bytes()]
        print(
            f"{issued} sales with {len(LOST)} kinds of lost answers: {sum(told.values())} times code 40, then the truth; "
            f"one document each, {len(wrong)} wrong; {time.time() - began:.0f} s"
        )
        assert not wrong, wrong
        for path in at.papers.iterdir():
            path.unlink()
        at.papers.rmdir()


def main():
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("url", nargs="?", help="of a sandbox")
    words.add_argument("--gateway", action="store_true", help="through one that is started here")
    words.add_argument("--binary", default=pathlib.Path(__file__).resolve().parents[4] / "target/debug/chaski")
    words.add_argument("--rounds", type=int, default=1, help="how often each answer is lost")
    words.add_argument("--patience", default="2s", help="how long the gateway waits before it says that it is not known")
    words = words.parse_args()
    if words.gateway:
        through_the_gateway(words)
        return
    global URL
    URL = (words.url or "").rstrip("/")
    assert URL, __doc__
    all_operations(they.NubeFactClient(ruta=f"{URL}/api/v1/{uuid.uuid4()}", token="prueba"))


if __name__ == "__main__":
    main()
