"""Consultas a APIMIGO con requests.

El programa es el mismo para APIMIGO y para Chaski; cambian dos variables:

    MIGO_URL    https://api.migo.pe/api   o   http://127.0.0.1:8420/compat/migo/api
    MIGO_TOKEN  el token de APIMIGO       o   una llave de Chaski (chk_live_…, chk_test_…)

    pip install requests
    python migo.py
"""

import json
import os
import sys

import requests

URL = os.environ["MIGO_URL"].rstrip("/")
TOKEN = os.environ["MIGO_TOKEN"]

RUCS = ["20100070970", "20131312955", "20000633527"]
FECHA = "2026-01-28"


class TokenRechazado(Exception):
    pass


def leer(respuesta):
    """El JSON de la respuesta; None si no existe lo consultado."""
    if respuesta.status_code in (401, 403):
        raise TokenRechazado(respuesta.status_code)
    if respuesta.status_code == 404:
        return None
    if respuesta.status_code == 422:
        raise ValueError(", ".join(respuesta.json()["errors"]))
    respuesta.raise_for_status()
    return respuesta.json()


def v1_json(ruta, **campos):
    cuerpo = {"token": TOKEN, **campos}
    return leer(requests.post(f"{URL}/v1/{ruta}", json=cuerpo, timeout=30))


def v1_formulario(ruta, **campos):
    # Una lista va como ruc[]=…&ruc[]=…
    cuerpo = {"token": TOKEN}
    for nombre, valor in campos.items():
        cuerpo[f"{nombre}[]" if isinstance(valor, list) else nombre] = valor
    return leer(requests.post(f"{URL}/v1/{ruta}", data=cuerpo, timeout=30))


def v2(ruta, **parametros):
    cabeceras = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
    return leer(
        requests.get(f"{URL}/v2/{ruta}", params=parametros, headers=cabeceras, timeout=30)
    )


def mostrar(consulta, respuesta):
    if respuesta is None:
        texto = "no existe"
    else:
        texto = json.dumps(respuesta, ensure_ascii=False, separators=(",", ":"))
    print(f"{consulta}: {texto}")


def consultar_v1(estilo, v1):
    for ruc in RUCS:
        mostrar(f"{estilo} ruc {ruc}", v1("ruc", ruc=ruc))
    mostrar(f"{estilo} lista", v1("ruc/collection", ruc=RUCS))
    mostrar(f"{estilo} dni", v1("dni", dni="00000001"))
    mostrar(f"{estilo} último tipo de cambio", v1("exchange/latest"))
    mostrar(f"{estilo} tipo de cambio {FECHA}", v1("exchange/date", fecha=FECHA))
    try:
        v1("ruc", ruc="2010007097")
    except ValueError as error:
        print(f"{estilo} mal escrito: {error}")


def consultar_v2():
    for ruc in RUCS:
        mostrar(f"v2 ruc {ruc}", v2(f"ruc/{ruc}"))
    mostrar("v2 dni", v2("dni/00000001"))
    mostrar("v2 último tipo de cambio", v2("tipo-cambio/sunat/ultimo"))
    mostrar(f"v2 tipo de cambio {FECHA}", v2("tipo-cambio/sunat", fecha=FECHA))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        consultar_v1("json", v1_json)
        consultar_v1("formulario", v1_formulario)
        consultar_v2()
    except TokenRechazado as error:
        sys.exit(f"token rechazado (HTTP {error})")
