//! A factura, boleta or note, from its shape to its arithmetic.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::form::{Form, words};
use super::super::kind::IssuedKind;
use super::super::refusal::Refusal;
use super::catalogue::{
    EXPORT, IDENTITIES, IVAP, LineClass, TRANSACTIONS, WITHOUT_RUC, is_rate_of_any_day,
    is_rate_of_day,
};
use super::fields::{among, between, check_serie, identity, most_characters, required};
use super::lines::{CheckedLine, check_lines};
use super::note::{Modified, check_note, is_schedule_only, modified};
use super::payment::{check_credit, check_detraccion, check_percepcion, check_retencion};
use super::sums::check_sums;

/// Up to so many soles a boleta may leave out who buys.
const WITHOUT_IDENTITY: Decimal = Decimal::from_parts(700, 0, 0, false, 0);
/// `moneda` 1.
const SOLES: u32 = 1;

/// Optional texts of the header, with their most characters. Manual 2.9, table of the header and
/// that of transport of cargo and hydrobiological resources.
const TEXTS: [(&str, usize); 24] = [
    ("cliente_email", 250),
    ("cliente_email_1", 250),
    ("cliente_email_2", 250),
    ("observaciones", 1000),
    ("codigo_unico", 20),
    ("condiciones_de_pago", 250),
    ("medio_de_pago", 250),
    ("placa_vehiculo", 8),
    ("orden_compra_servicio", 20),
    ("nubecont_tipo_de_venta_codigo", 5),
    ("tabla_personalizada_codigo", 250),
    ("ubigeo_origen", 6),
    ("ubigeo_destino", 6),
    ("direccion_origen", 100),
    ("direccion_destino", 100),
    ("detalle_viaje", 100),
    ("punto_origen_viaje", 6),
    ("punto_destino_viaje", 6),
    ("descripcion_tramo", 100),
    ("configuracion_vehicular", 15),
    ("matricula_emb_pesquera", 15),
    ("nombre_emb_pesquera", 50),
    ("descripcion_tipo_especie_vendida", 100),
    ("lugar_de_descarga", 200),
];

/// Everything but whether the series is open, the number free and the day permitted.
pub(crate) fn check_comprobante(
    form: &Form,
    kind: IssuedKind,
    serie: &str,
    issued: Date,
    known: Option<Modified>,
) -> Result<(), Refusal> {
    // 1. The shape.
    check_serie(kind, serie)?;
    let transaction = form.whole("sunat_transaction")?.unwrap_or_default();
    if !TRANSACTIONS.contains(&transaction) {
        return Err(Refusal::reason(
            "Sunat transaction no está incluido en la lista",
        ));
    }
    check_customer(form, kind, transaction)?;
    check_texts(form)?;
    let moneda = form.whole("moneda")?.unwrap_or_default();
    if !(1..=4).contains(&moneda) {
        return Err(Refusal::reason("Moneda no está incluido en la lista"));
    }
    let exchange = form.amount("tipo_de_cambio")?;
    if moneda != SOLES && exchange.is_zero() {
        return Err(Refusal::reason("Tipo de cambio no puede estar en blanco"));
    }
    required(form, "porcentaje_de_igv")?;
    required(form, "total")?;

    // 2. The lines, and the totals against them.
    let percent = form.amount("porcentaje_de_igv")?;
    let rate = percent / Decimal::ONE_HUNDRED;
    let lines = check_lines(form, rate)?;
    check_rate(&lines, percent, kind, issued)?;
    if transaction == EXPORT {
        let other = |line: &&CheckedLine| line.class != LineClass::Exportacion;
        if lines.iter().any(|line| other(&line)) {
            return Err(Refusal::sunat(2642, "tipo_de_igv", transaction));
        }
    }
    check_sums(form, &lines, rate)?;
    check_selva(form, &lines)?;

    // 3. Who may buy so much, and how it is paid.
    let soles = if moneda == SOLES {
        form.amount("total")?
    } else {
        form.amount("total")? * exchange
    };
    if kind == IssuedKind::Boleta && soles > WITHOUT_IDENTITY && !is_identified(form) {
        return Err(Refusal::sunat(2514, "cliente_numero_de_documento", soles));
    }
    check_credit(form, issued, is_schedule_only(form, kind)?)?;
    check_percepcion(form)?;
    check_retencion(form)?;
    check_detraccion(form, transaction)?;

    // 4. What a note may say of its document.
    check_note(form, kind, serie, known)
}

fn check_customer(form: &Form, kind: IssuedKind, transaction: u32) -> Result<(), Refusal> {
    among(form, "cliente_tipo_de_documento", &IDENTITIES)?;
    let tipo = required(form, "cliente_tipo_de_documento")?;
    if tipo == "-" {
        most_characters(form, "cliente_numero_de_documento", 15)?;
    } else {
        identity(
            form,
            "cliente_tipo_de_documento",
            "cliente_numero_de_documento",
        )?;
    }
    between(form, "cliente_denominacion", 1, 100)?;
    most_characters(form, "cliente_direccion", 100)?;
    let modified = modified(form, kind)?.map(|(kind, ..)| kind);
    let of_boleta = [Some(kind), modified].contains(&Some(IssuedKind::Boleta));
    if !of_boleta {
        required(form, "cliente_direccion")?;
    }
    let refused = match kind {
        IssuedKind::Factura => tipo != "6" && !WITHOUT_RUC.contains(&transaction),
        IssuedKind::Boleta => tipo == "6" && transaction == EXPORT,
        _ => false,
    };
    if refused {
        return Err(Refusal::sunat(2800, "cliente_tipo_de_documento", tipo));
    }
    Ok(())
}

fn is_identified(form: &Form) -> bool {
    form.text("cliente_tipo_de_documento") != Some("-")
        && !matches!(form.text("cliente_numero_de_documento"), None | Some("-"))
}

fn check_texts(form: &Form) -> Result<(), Refusal> {
    for (key, most) in TEXTS {
        most_characters(form, key, most)?;
    }
    for key in ["cliente_email", "cliente_email_1", "cliente_email_2"] {
        let Some(email) = form.text(key) else {
            continue;
        };
        let parts = email.split_once('@');
        let valid = parts.is_some_and(|(name, host)| {
            !name.is_empty() && host.contains('.') && !email.contains(char::is_whitespace)
        });
        if !valid {
            return Err(Refusal::reason(format!("{} no es válido", words(key))));
        }
    }
    if form.has("formato_de_pdf") {
        among(form, "formato_de_pdf", &["A4", "A5", "TICKET"])?;
    }
    for guia in form.list("guias")? {
        most_characters(guia, "guia_serie_numero", 30)?;
        if guia.has("guia_tipo") {
            among(guia, "guia_tipo", &["1", "2"])?;
        }
    }
    for key in ["fecha_de_vencimiento", "fecha_de_descarga"] {
        form.date(key)?;
    }
    for key in [
        "enviar_automaticamente_a_la_sunat",
        "enviar_automaticamente_al_cliente",
        "generado_por_contingencia",
    ] {
        form.flag(key)?;
    }
    Ok(())
}

/// One percentage for all taxed lines, in force on the day; a note's was once in force.
fn check_rate(
    lines: &[CheckedLine],
    percent: Decimal,
    kind: IssuedKind,
    issued: Date,
) -> Result<(), Refusal> {
    let taxed = lines.iter().filter(|line| {
        matches!(line.class, LineClass::Gravada)
            || (line.class == LineClass::RetiroGravado && !line.igv.is_zero())
    });
    let in_force = if kind.is_note() {
        is_rate_of_any_day(percent)
    } else {
        is_rate_of_day(percent, issued)
    };
    let mut fits = percent <= Decimal::ONE_HUNDRED;
    for line in taxed {
        fits &= if line.is_ivap {
            percent == IVAP
        } else {
            in_force
        };
    }
    // Without taxed lines it says nothing: vendor's examples keep 18, and Amazonia sends 0.
    if fits {
        return Ok(());
    }
    Err(Refusal::sunat(3462, "porcentaje_de_igv", percent))
}

fn check_selva(form: &Form, lines: &[CheckedLine]) -> Result<(), Refusal> {
    let stated = form.flag("bienes_region_selva")? || form.flag("servicios_region_selva")?;
    if stated && !lines.iter().any(|line| line.class == LineClass::Exonerada) {
        return Err(Refusal::reason(
            "La leyenda de Bienes y Servicios Región Selva solo se permite para IGV exonerados | \
             Error al PreValidar INFO : 3284 (nodo: / valor: )",
        ));
    }
    Ok(())
}
