"""Emisión por Nubefact con requests.

El programa es el mismo para Nubefact y para el sandbox de Chaski; cambian dos variables:

    NUBEFACT_RUTA   https://api.nubefact.com/api/v1/…   o   http://127.0.0.1:8421/api/v1/<un UUID>
    NUBEFACT_TOKEN  el token de Nubefact                o   cualquiera

    pip install requests
    python nubefact.py
"""

import os
from datetime import datetime, timedelta, timezone

import requests

RUTA = os.environ["NUBEFACT_RUTA"]
TOKEN = os.environ["NUBEFACT_TOKEN"]
# La fecha es la de Lima, no la del servidor.
HOY = datetime.now(timezone(timedelta(hours=-5))).strftime("%d-%m-%Y")

# Las formas en que se ve escrita la cabecera; Nubefact las acepta.
FORMAS = [f'Token token="{TOKEN}"', f"Token token={TOKEN}", TOKEN, f"Bearer {TOKEN}"]


def enviar(cuerpo, forma=FORMAS[0]):
    cabeceras = {"Authorization": forma, "Content-Type": "application/json"}
    respuesta = requests.post(RUTA, json=cuerpo, headers=cabeceras, timeout=60)
    return respuesta.status_code, respuesta.json()


def factura(numero, en_texto=False):
    """La misma factura con números, o como en los ejemplos de Nubefact: todo en texto."""
    item = {
        "unidad_de_medida": "NIU", "codigo": "001", "descripcion": "CAFÉ \"SELECTO\" 250 G",
        "cantidad": 3, "valor_unitario": 21.1866666667, "precio_unitario": 25, "descuento": "",
        "subtotal": 63.56, "tipo_de_igv": 1, "igv": 11.44, "total": 75, "anticipo_regularizacion": False,
    }
    cuerpo = {
        "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1", "numero": numero,
        "sunat_transaction": 1, "cliente_tipo_de_documento": "6", "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC", "cliente_direccion": "AV. SINTETICA 123 - LIMA",
        "fecha_de_emision": HOY, "moneda": 1, "porcentaje_de_igv": 18, "total_gravada": 63.56,
        "total_igv": 11.44, "total": 75, "enviar_automaticamente_a_la_sunat": True, "items": [item],
    }
    return {clave: texto(valor) for clave, valor in cuerpo.items()} if en_texto else cuerpo


def texto(valor):
    if isinstance(valor, list):
        return [{clave: texto(uno) for clave, uno in fila.items()} for fila in valor]
    return str(valor).lower() if isinstance(valor, bool) else str(valor)


def pedir(operacion, numero, **mas):
    return enviar({"operacion": operacion, "tipo_de_comprobante": 1, "serie": "FFF1", "numero": numero, **mas})


def mostrar(que, resultado):
    estado, cuerpo = resultado
    if "errors" in cuerpo:
        print(f"{que}: HTTP {estado}, código {cuerpo['codigo']}: {cuerpo['errors']}")
    else:
        aceptada = "aceptada" if cuerpo["aceptada_por_sunat"] else "pendiente"
        print(f"{que}: HTTP {estado}, {aceptada}, número {cuerpo['numero']}")


for numero, forma in enumerate(FORMAS, start=1):
    mostrar(f"factura {numero}", enviar(factura(numero), forma))
mostrar("en texto", enviar(factura(5, en_texto=True)))
mostrar("la misma", enviar(factura(5)))
mostrar("mal sumada", enviar({**factura(6), "total": 75.01}))
mostrar("consulta", pedir("consultar_comprobante", 1))
mostrar("no existe", pedir("consultar_comprobante", 99))
mostrar("anulación", pedir("generar_anulacion", 1, motivo="ERROR EN EL PEDIDO"))
mostrar("su estado", pedir("consultar_anulacion", 1))
_, dada = pedir("consultar_comprobante", 2)
for tipo in ("pdf", "xml", "cdr"):
    archivo = requests.get(dada[f"enlace_del_{tipo}"], timeout=60)
    print(f"{tipo}: HTTP {archivo.status_code}, {'con contenido' if archivo.content else 'vacío'}")
