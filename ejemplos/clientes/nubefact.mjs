// Emisión por Nubefact con fetch (Node 18 o posterior, sin dependencias).
//
// El programa es el mismo para Nubefact y para el sandbox de Chaski; cambian dos variables:
//
//     NUBEFACT_RUTA   https://api.nubefact.com/api/v1/…   o   http://127.0.0.1:8421/api/v1/<un UUID>
//     NUBEFACT_TOKEN  el token de Nubefact                o   cualquiera
//
//     node nubefact.mjs

const RUTA = process.env.NUBEFACT_RUTA;
const TOKEN = process.env.NUBEFACT_TOKEN;
// La fecha es la de Lima, no la del servidor: cinco horas menos que UTC.
const [AÑO, MES, DÍA] = new Date(Date.now() - 5 * 3600e3).toISOString().slice(0, 10).split("-");
const HOY = `${DÍA}-${MES}-${AÑO}`;

// Las formas en que se ve escrita la cabecera; Nubefact las acepta.
const FORMAS = [`Token token="${TOKEN}"`, `Token token=${TOKEN}`, TOKEN, `Bearer ${TOKEN}`];

async function enviar(cuerpo, forma = FORMAS[0]) {
  const respuesta = await fetch(RUTA, {
    method: "POST",
    headers: { Authorization: forma, "Content-Type": "application/json" },
    body: JSON.stringify(cuerpo),
  });
  return [respuesta.status, await respuesta.json()];
}

/** La misma factura con números, o como en los ejemplos de Nubefact: todo en texto. */
function factura(numero, enTexto = false) {
  const item = {
    unidad_de_medida: "NIU", codigo: "001", descripcion: 'CAFÉ "SELECTO" 250 G',
    cantidad: 3, valor_unitario: 21.1866666667, precio_unitario: 25, descuento: "",
    subtotal: 63.56, tipo_de_igv: 1, igv: 11.44, total: 75, anticipo_regularizacion: false,
  };
  const cuerpo = {
    operacion: "generar_comprobante", tipo_de_comprobante: 1, serie: "FFF1", numero,
    sunat_transaction: 1, cliente_tipo_de_documento: "6", cliente_numero_de_documento: "20512333797",
    cliente_denominacion: "CLIENTE SINTETICO SAC", cliente_direccion: "AV. SINTETICA 123 - LIMA",
    fecha_de_emision: HOY, moneda: 1, porcentaje_de_igv: 18, total_gravada: 63.56,
    total_igv: 11.44, total: 75, enviar_automaticamente_a_la_sunat: true, items: [item],
  };
  return enTexto ? texto(cuerpo) : cuerpo;
}

function texto(valor) {
  if (Array.isArray(valor)) return valor.map(texto);
  if (typeof valor !== "object") return String(valor);
  return Object.fromEntries(Object.entries(valor).map(([clave, uno]) => [clave, texto(uno)]));
}

function pedir(operacion, numero, mas = {}) {
  return enviar({ operacion, tipo_de_comprobante: 1, serie: "FFF1", numero, ...mas });
}

async function mostrar(que, resultado) {
  const [estado, cuerpo] = await resultado;
  if ("errors" in cuerpo) {
    console.log(`${que}: HTTP ${estado}, código ${cuerpo.codigo}: ${cuerpo.errors}`);
  } else {
    const aceptada = cuerpo.aceptada_por_sunat ? "aceptada" : "pendiente";
    console.log(`${que}: HTTP ${estado}, ${aceptada}, número ${cuerpo.numero}`);
  }
}

for (const [lugar, forma] of FORMAS.entries()) {
  await mostrar(`factura ${lugar + 1}`, enviar(factura(lugar + 1), forma));
}
await mostrar("en texto", enviar(factura(5, true)));
await mostrar("la misma", enviar(factura(5)));
await mostrar("mal sumada", enviar({ ...factura(6), total: 75.01 }));
await mostrar("consulta", pedir("consultar_comprobante", 1));
await mostrar("no existe", pedir("consultar_comprobante", 99));
await mostrar("anulación", pedir("generar_anulacion", 1, { motivo: "ERROR EN EL PEDIDO" }));
await mostrar("su estado", pedir("consultar_anulacion", 1));
const [, dada] = await pedir("consultar_comprobante", 2);
for (const tipo of ["pdf", "xml", "cdr"]) {
  const archivo = await fetch(dada[`enlace_del_${tipo}`]);
  const contenido = await archivo.arrayBuffer();
  console.log(`${tipo}: HTTP ${archivo.status}, ${contenido.byteLength ? "con contenido" : "vacío"}`);
}
