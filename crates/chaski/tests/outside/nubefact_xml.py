"""A referee that others wrote judges the sandbox's XML: the PyPI package openubl, SUNAT's rules over UBL.

    python3 nubefact_xml.py URL [--documents N] [--seed N]

URL is a sandbox's (`chaski sandbox`). Documents whose lines are taxed or exonerated are made at random,
issued, and their XML is fetched from the link of the answer and judged. Discounts of lines, credit and
detracción are among them; global discounts, charges, advances, free lines and ISC are not, for there
the referee errs.
"""

import argparse
import json
import random
import sys
import urllib.error
import urllib.request
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from openubl.validator import SunatValidator

RUTA = "/api/v1/00000000-0000-0000-0000-000000000001"
# None of these may be found.
FORBIDDEN = {"3103", "3265", "3267", "3270", "3271", "3272", "3277", "3278", "3280", "3291", "3294"}
# What else it says, and why it does not count here.
KNOWN = {
    "2033": "an amount of 0.00 in a tax of which none is due: SUNAT's rule is about its presence",
    "2048": "the same, for the total of taxes",
    "3020": "the same, for the taxes of a line",
    "3021": "the same",
    "2936": "units beyond a short list; SUNAT's catálogo 03 is UN/ECE's recommendation 20",
    "3102": "a percent of 0.00 of what is exonerated; SUNAT's rule is n(3,5)",
    "3206": "an operation 1001 (detracción), which one of its lists lacks; SUNAT's catálogo 51 has it",
    "2801": "the length of a DNI in a boleta; SUNAT observes (4207)",
}
# Where its reading of a note's lines is wrong: (kind of document, code).
KNOWN_OF_NOTES = {
    (3, "3271"): "it leaves the discount of the line out",
    (4, "3271"): "the same",
    (3, "3272"): "it takes the unit value for the value of the line",
    (4, "3279"): "it leaves IGV out of the price",
}


def cents(amount):
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


class Documents:
    """Documents of one ruta, numbered one after the other."""

    def __init__(self, dice):
        self.dice = dice
        self.numbers = Counter()
        self.sales = []

    def next(self):
        note = self.sales and self.dice.random() < 0.25
        return self.note() if note else self.sale()

    def sale(self):
        dice = self.dice
        factura = dice.random() < 0.6
        items = [self.item(dice.random() < 0.8) for _ in range(dice.randint(1, 12))]
        body = self.body(1 if factura else 2, "FFF1" if factura else "BBB1", items)
        if factura:
            body |= {"cliente_tipo_de_documento": "6", "cliente_numero_de_documento": "20131312955"}
        else:
            body |= {"cliente_tipo_de_documento": "1", "cliente_numero_de_documento": "00000001"}
        total = body["total"]
        due = datetime.now(timezone(timedelta(hours=-5))) + timedelta(days=30)
        if factura and dice.random() < 0.3:
            half = cents(total / 2)
            parts = [half, total - half] if total > 1 else [total]
            body["venta_al_credito"] = [
                {"cuota": n + 1, "fecha_de_pago": (due + timedelta(days=n)).strftime("%d-%m-%Y"), "importe": part}
                for n, part in enumerate(parts)
            ]
        elif factura and dice.random() < 0.3:
            body |= {
                "sunat_transaction": 30,
                "detraccion": True,
                "detraccion_tipo": 35,
                "detraccion_porcentaje": 12,
                "detraccion_total": cents(total * 12 / 100),
                "medio_de_pago_detraccion": 1,
            }
        self.sales.append(body)
        return body

    def note(self):
        sale = self.dice.choice(self.sales)
        self.sales.remove(sale)
        items = [dict(item) for item in sale["items"]]
        body = self.body(self.dice.choice([3, 3, 4]), sale["serie"], items)
        for key in ("cliente_tipo_de_documento", "cliente_numero_de_documento"):
            body[key] = sale[key]
        kind = "tipo_de_nota_de_credito" if body["tipo_de_comprobante"] == 3 else "tipo_de_nota_de_debito"
        return body | {
            "documento_que_se_modifica_tipo": sale["tipo_de_comprobante"],
            "documento_que_se_modifica_serie": sale["serie"],
            "documento_que_se_modifica_numero": sale["numero"],
            kind: 1,
        }

    def item(self, taxed):
        dice = self.dice
        quantity = Decimal(dice.randint(1, 5000)).scaleb(-dice.choice([0, 0, 0, 1, 2, 3])).normalize()
        value = Decimal(dice.randint(1, 90000)).scaleb(-2)
        gross = cents(quantity * value)
        discount = cents(gross * dice.randint(1, 60) / 100) if dice.random() < 0.25 else Decimal(0)
        subtotal = gross - discount
        igv = cents(subtotal * 18 / 100) if taxed else Decimal(0)
        return {
            "unidad_de_medida": "NIU",
            "codigo": "P001",
            "descripcion": "PRODUCTO & <PRUEBA> “Ñandú”",
            "cantidad": quantity,
            "valor_unitario": value,
            "precio_unitario": value * Decimal("1.18") if taxed else value,
            "descuento": discount or "",
            "subtotal": subtotal,
            "tipo_de_igv": 1 if taxed else 8,
            "igv": igv,
            "total": subtotal + igv,
            "anticipo_regularizacion": False,
        }

    def body(self, kind, serie, items):
        self.numbers[kind, serie] += 1
        taxed = sum(i["subtotal"] for i in items if i["tipo_de_igv"] == 1)
        exempt = sum(i["subtotal"] for i in items if i["tipo_de_igv"] == 8)
        igv = sum(i["igv"] for i in items)
        dollars = self.dice.random() < 0.2
        return {
            "operacion": "generar_comprobante",
            "tipo_de_comprobante": kind,
            "serie": serie,
            "numero": self.numbers[kind, serie],
            "sunat_transaction": 1,
            "cliente_denominacion": "CLIENTE DE PRUEBA S.A.",
            "cliente_direccion": "AV. SINTÉTICA 123",
            "fecha_de_emision": datetime.now(timezone(timedelta(hours=-5))).strftime("%d-%m-%Y"),
            "moneda": 2 if dollars else 1,
            "tipo_de_cambio": Decimal("3.745") if dollars else "",
            "porcentaje_de_igv": 18,
            "total_gravada": taxed or "",
            "total_exonerada": exempt or "",
            "total_igv": igv or "",
            "total": taxed + exempt + igv,
            "enviar_automaticamente_a_la_sunat": True,
            "items": items,
        }


def post(url, body):
    data = json.dumps(body, default=lambda d: float(d)).encode()
    headers = {"Authorization": 'Token token="x"', "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url + RUTA, data, headers)) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"refused: {error.read().decode()}\n{json.dumps(body, default=str, ensure_ascii=False)}")


def main():
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("url")
    ask.add_argument("--documents", type=int, default=300)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--keep")
    typed = ask.parse_args()
    documents = Documents(random.Random(typed.seed))
    referee = SunatValidator()
    said, wrong = Counter(), []
    for _ in range(typed.documents):
        body = documents.next()
        link = post(typed.url, body)["enlace_del_xml"]
        link = typed.url + "/" + link.split("/", 3)[3]
        xml = urllib.request.urlopen(link).read()
        if typed.keep:
            open(typed.keep, "wb").write(xml)
        judge = {3: referee.validate_credit_note, 4: referee.validate_debit_note}
        found = judge.get(body["tipo_de_comprobante"], referee.validate_invoice)(xml.decode())
        for fault in found:
            said[fault.code, fault.message] += 1
            if (body["tipo_de_comprobante"], fault.code) in KNOWN_OF_NOTES:
                continue
            if fault.code in FORBIDDEN or fault.code not in KNOWN:
                wrong.append((body["serie"], body["numero"], fault.code, fault.message))
    for (code, message), times in sorted(said.items()):
        print(f"{times:5} {code} {message[:100]}")
    for fault in wrong[:10]:
        print("WRONG", *fault)
    print(f"{typed.documents} documents, {len(wrong)} with what may not be found")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
