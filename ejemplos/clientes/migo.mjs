// Consultas a APIMIGO con fetch (Node 18 o posterior, sin dependencias).
//
// El programa es el mismo para APIMIGO y para Chaski; cambian dos variables:
//
//     MIGO_URL    https://api.migo.pe/api   o   http://127.0.0.1:8420/compat/migo/api
//     MIGO_TOKEN  el token de APIMIGO       o   una llave de Chaski (chk_live_…, chk_test_…)
//
//     node migo.mjs

const URL_BASE = process.env.MIGO_URL.replace(/\/+$/, "");
const TOKEN = process.env.MIGO_TOKEN;

const RUCS = ["20100070970", "20131312955", "20000633527"];
const FECHA = "2026-01-28";

class TokenRechazado extends Error {}
class MalEscrito extends Error {}

/** El JSON de la respuesta; null si no existe lo consultado. */
async function leer(respuesta) {
  if (respuesta.status === 401 || respuesta.status === 403) {
    throw new TokenRechazado(respuesta.status);
  }
  if (respuesta.status === 404) {
    return null;
  }
  if (respuesta.status === 422) {
    throw new MalEscrito(Object.keys((await respuesta.json()).errors).join(", "));
  }
  if (!respuesta.ok) {
    throw new Error(`HTTP ${respuesta.status}`);
  }
  return respuesta.json();
}

async function v1Json(ruta, campos = {}) {
  return leer(
    await fetch(`${URL_BASE}/v1/${ruta}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token: TOKEN, ...campos }),
    }),
  );
}

async function v1Formulario(ruta, campos = {}) {
  const cuerpo = new URLSearchParams({ token: TOKEN });
  for (const [nombre, valor] of Object.entries(campos)) {
    if (Array.isArray(valor)) {
      valor.forEach((uno) => cuerpo.append(`${nombre}[]`, uno));
    } else {
      cuerpo.append(nombre, valor);
    }
  }
  return leer(await fetch(`${URL_BASE}/v1/${ruta}`, { method: "POST", body: cuerpo }));
}

async function v2(ruta, parametros = {}) {
  const consulta = String(new URLSearchParams(parametros));
  const direccion = `${URL_BASE}/v2/${ruta}${consulta && `?${consulta}`}`;
  return leer(await fetch(direccion, { headers: { Authorization: `Bearer ${TOKEN}` } }));
}

function mostrar(consulta, respuesta) {
  console.log(`${consulta}: ${respuesta === null ? "no existe" : JSON.stringify(respuesta)}`);
}

async function consultarV1(estilo, v1) {
  for (const ruc of RUCS) {
    mostrar(`${estilo} ruc ${ruc}`, await v1("ruc", { ruc }));
  }
  mostrar(`${estilo} lista`, await v1("ruc/collection", { ruc: RUCS }));
  mostrar(`${estilo} dni`, await v1("dni", { dni: "00000001" }));
  mostrar(`${estilo} último tipo de cambio`, await v1("exchange/latest"));
  mostrar(`${estilo} tipo de cambio ${FECHA}`, await v1("exchange/date", { fecha: FECHA }));
  try {
    await v1("ruc", { ruc: "2010007097" });
  } catch (error) {
    if (!(error instanceof MalEscrito)) throw error;
    console.log(`${estilo} mal escrito: ${error.message}`);
  }
}

async function consultarV2() {
  for (const ruc of RUCS) {
    mostrar(`v2 ruc ${ruc}`, await v2(`ruc/${ruc}`));
  }
  mostrar("v2 dni", await v2("dni/00000001"));
  mostrar("v2 último tipo de cambio", await v2("tipo-cambio/sunat/ultimo"));
  mostrar(`v2 tipo de cambio ${FECHA}`, await v2("tipo-cambio/sunat", { fecha: FECHA }));
}

try {
  await consultarV1("json", v1Json);
  await consultarV1("formulario", v1Formulario);
  await consultarV2();
} catch (error) {
  if (!(error instanceof TokenRechazado)) throw error;
  console.error(`token rechazado (HTTP ${error.message})`);
  process.exitCode = 1;
}
