"""A client that others wrote drives all 14 operations of the sandbox: the PyPI package nubefact-python 0.3.2.

    python3 nubefact_python.py URL

URL is a sandbox's (`chaski sandbox`). Its simulated clock is moved. Everything goes through the package's own
classes, which refuse an answer of another form.
"""

import json
import pathlib
import sys
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

import nubefact as they

SAMPLES = pathlib.Path(__file__).resolve().parents[3] / "core/tests/samples/nubefact/dev"
LIMA = timezone(timedelta(hours=-5))
TRIED = set()


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


def sales_and_voids(client):
    factura = sample("fac-gravada", serie="FFF1", numero=1)
    issued = call(client, "generar_comprobante", they.ComprobanteGenerar, factura)
    assert (issued.tipo_de_comprobante, issued.serie, issued.numero) == (1, "FFF1", 1)
    assert issued.aceptada_por_sunat is True and issued.sunat_responsecode == "0"
    assert issued.cadena_para_codigo_qr and len(issued.codigo_hash) == 44
    for link in (issued.enlace_del_pdf, issued.enlace_del_xml, issued.enlace_del_cdr):
        assert urllib.request.urlopen(link, timeout=30).read()
    refused(23, client, "generar_comprobante", they.ComprobanteGenerar, factura)
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


def main():
    def of(token, ruta=None):
        return they.NubeFactClient(ruta=f"{URL}/api/v1/{ruta or uuid.uuid4()}", token=token)

    client = of("prueba")
    sales_and_voids(client)
    guias(client)
    withholdings(client)
    operations = {name for name in dir(client) if name.startswith(("generar_", "consultar_"))}
    assert TRIED == operations and len(TRIED) == 14, operations ^ TRIED
    print(f"{len(TRIED)} operations driven by nubefact-python, each with its own answer class")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    URL = sys.argv[1].rstrip("/")
    main()
