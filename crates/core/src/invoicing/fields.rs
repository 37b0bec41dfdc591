//! Every field of NubeFact's requests as a table: name, kind, length or digits, required or not.
//!
//! Sources: manual v2.9 (sales, notes, voids), GRE manual v1.6 (guías), public descriptions of the
//! manuals for retención and percepción. "12.2" there is up to twelve digits before the point and two
//! after it. The tables say what holds for a field alone; what depends on other fields is judged by
//! the check of its kind, so such a field is only [`FieldNeed::Conditional`] here. Fields that are not
//! in the tables are kept and sent, because newer manuals exist.

/// Form of a field's value. NubeFact takes numbers and booleans as texts too.
///
/// ```
/// use chaski_core::invoicing::fields::{FieldForm, SALE, rule};
/// let total = rule(SALE, "total").expect("a field of the manual");
/// assert_eq!(total.form, FieldForm::Decimal { whole: 12, places: 2 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldForm {
    /// A whole number without sign.
    Integer {
        /// Most digits.
        digits: usize,
    },
    /// A text, counted in characters.
    Text {
        /// Fewest characters.
        shortest: usize,
        /// Most characters.
        longest: usize,
    },
    /// A decimal.
    Decimal {
        /// Most digits before the point.
        whole: usize,
        /// Most digits after it.
        places: usize,
    },
    /// A day, `DD-MM-AAAA`.
    Date,
    /// `true` or `false`.
    Boolean,
    /// A list of objects.
    List(&'static [FieldRule]),
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldNeed {
    /// Always.
    Required,
    /// When other fields say so.
    Conditional,
    /// Never.
    Optional,
}

/// One field.
///
/// ```
/// use chaski_core::invoicing::fields::{FieldNeed, SALE_ITEM, rule};
/// assert_eq!(rule(SALE_ITEM, "descripcion").map(|it| it.need), Some(FieldNeed::Required));
/// assert!(rule(SALE_ITEM, "total_base_igv").is_none()); // NubeFact ignores what it does not know
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldRule {
    /// Name in NubeFact's JSON.
    pub name: &'static str,
    /// Form of its value.
    pub form: FieldForm,
    /// Whether it must be there.
    pub need: FieldNeed,
}

/// The rule of a name.
pub fn rule(table: &'static [FieldRule], name: &str) -> Option<&'static FieldRule> {
    table.iter().find(|rule| rule.name == name)
}

use FieldNeed::{Conditional as C, Optional as O, Required as R};

/// `generar_comprobante`: header of a factura, boleta, nota de crédito or nota de débito.
pub static SALE: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    int("tipo_de_comprobante", 2, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    int("sunat_transaction", 2, R),
    text("cliente_tipo_de_documento", 1, 1, R),
    text("cliente_numero_de_documento", 1, 15, R),
    text("cliente_denominacion", 1, 100, R),
    text("cliente_direccion", 1, 100, C),
    text("cliente_email", 1, 250, O),
    text("cliente_email_1", 1, 250, O),
    text("cliente_email_2", 1, 250, O),
    date("fecha_de_emision", R),
    date("fecha_de_vencimiento", O),
    int("moneda", 1, R),
    decimal("tipo_de_cambio", 1, 3, C),
    decimal("porcentaje_de_igv", 2, 2, R),
    amount("descuento_global", C),
    amount("total_descuento", C),
    amount("total_anticipo", C),
    amount("total_gravada", C),
    amount("total_inafecta", C),
    amount("total_exonerada", C),
    amount("total_igv", C),
    amount("total_gratuita", C),
    amount("total_otros_cargos", C),
    amount("total_isc", C),
    amount("total_impuestos_bolsas", C),
    amount("total", R),
    int("percepcion_tipo", 1, C),
    amount("percepcion_base_imponible", C),
    amount("total_percepcion", C),
    amount("total_incluido_percepcion", C),
    int("retencion_tipo", 1, C),
    amount("retencion_base_imponible", C),
    amount("total_retencion", C),
    text("observaciones", 1, 1000, O),
    int("documento_que_se_modifica_tipo", 1, C),
    text("documento_que_se_modifica_serie", 4, 4, C),
    int("documento_que_se_modifica_numero", 8, C),
    int("tipo_de_nota_de_credito", 2, C),
    int("tipo_de_nota_de_debito", 1, C),
    boolean("enviar_automaticamente_a_la_sunat", C),
    boolean("enviar_automaticamente_al_cliente", C),
    text("codigo_unico", 1, 20, O),
    text("condiciones_de_pago", 1, 250, O),
    text("medio_de_pago", 1, 250, O),
    text("placa_vehiculo", 1, 8, O),
    text("orden_compra_servicio", 1, 20, O),
    text("nubecont_tipo_de_venta_codigo", 1, 5, O),
    text("tabla_personalizada_codigo", 1, 250, O),
    text("formato_de_pdf", 2, 6, O),
    boolean("generado_por_contingencia", O),
    boolean("bienes_region_selva", O),
    boolean("servicios_region_selva", O),
    boolean("detraccion", C),
    int("detraccion_tipo", 2, C),
    decimal("detraccion_total", 12, 10, C),
    decimal("detraccion_porcentaje", 3, 5, C),
    int("medio_de_pago_detraccion", 2, C),
    // Transport of cargo and of passengers, sunat_transaction 33 and 32.
    text("ubigeo_origen", 6, 6, C),
    text("direccion_origen", 1, 100, C),
    text("ubigeo_destino", 6, 6, C),
    text("direccion_destino", 1, 100, C),
    text("detalle_viaje", 1, 100, C),
    amount("val_ref_serv_trans", C),
    amount("val_ref_carga_efec", C),
    amount("val_ref_carga_util", C),
    text("punto_origen_viaje", 6, 6, O),
    text("punto_destino_viaje", 6, 6, O),
    text("descripcion_tramo", 1, 100, O),
    amount("val_ref_carga_efec_tramo_virtual", O),
    text("configuracion_vehicular", 1, 15, O),
    amount("carga_util_tonel_metricas", O),
    amount("carga_efec_tonel_metricas", O),
    // "Numeric 1–5": digits in all, so up to five on either side.
    decimal("val_ref_tonel_metrica", 5, 5, O),
    amount("val_pre_ref_carga_util_nominal", O),
    boolean("indicador_aplicacion_retorno_vacio", O),
    // Hydrobiological resources, sunat_transaction 31.
    text("matricula_emb_pesquera", 1, 15, C),
    text("nombre_emb_pesquera", 1, 50, C),
    text("descripcion_tipo_especie_vendida", 1, 100, C),
    text("lugar_de_descarga", 1, 200, C),
    amount("cantidad_especie_vendida", C),
    date("fecha_de_descarga", C),
    list("items", SALE_ITEM, R),
    list("guias", SALE_GUIA, O),
    list("venta_al_credito", SALE_INSTALMENT, O),
];

/// `items` of `generar_comprobante`.
pub static SALE_ITEM: &[FieldRule] = &[
    text("unidad_de_medida", 2, 5, R),
    text("codigo", 1, 250, O),
    text("codigo_producto_sunat", 1, 8, O),
    text("descripcion", 1, 250, R),
    decimal("cantidad", 12, 10, R),
    decimal("valor_unitario", 12, 10, R),
    decimal("precio_unitario", 12, 10, R),
    amount("descuento", O),
    amount("subtotal", R),
    int("tipo_de_igv", 2, C),
    int("tipo_de_ivap", 3, C),
    amount("igv", R),
    amount("total", R),
    int("tipo_de_isc", 1, C),
    amount("isc", C),
    amount("impuesto_bolsas", C),
    // Not in the manual's table; one of the vendor's own examples has it.
    amount("otros_cargos", O),
    boolean("anticipo_regularizacion", R),
    text("anticipo_documento_serie", 4, 4, C),
    int("anticipo_documento_numero", 8, C),
    // How older programs spell the two.
    text("anticipo_comprobante_serie", 4, 4, O),
    int("anticipo_comprobante_numero", 8, O),
];

/// `guias` of `generar_comprobante`.
pub static SALE_GUIA: &[FieldRule] = &[int("guia_tipo", 1, O), text("guia_serie_numero", 1, 30, O)];

/// `venta_al_credito` of `generar_comprobante`.
pub static SALE_INSTALMENT: &[FieldRule] = &[
    int("cuota", 3, O),
    date("fecha_de_pago", O),
    amount("importe", R),
];

/// `generar_guia`, remitente and transportista.
pub static GUIA: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    int("tipo_de_comprobante", 1, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    text("cliente_tipo_de_documento", 1, 1, R),
    text("cliente_numero_de_documento", 1, 15, R),
    text("cliente_denominacion", 1, 100, R),
    text("cliente_direccion", 1, 100, R),
    text("cliente_email", 1, 250, O),
    text("cliente_email_1", 1, 250, O),
    text("cliente_email_2", 1, 250, O),
    date("fecha_de_emision", R),
    text("observaciones", 1, 1000, O),
    text("motivo_de_traslado", 2, 2, C),
    text("motivo_de_traslado_otros_descripcion", 1, 70, O),
    text("documento_relacionado_codigo", 2, 2, C),
    decimal("peso_bruto_total", 12, 10, R),
    text("peso_bruto_unidad_de_medida", 3, 3, R),
    int("numero_de_bultos", 6, C),
    text("tipo_de_transporte", 2, 2, C),
    date("fecha_de_inicio_de_traslado", R),
    text("transportista_documento_tipo", 1, 1, C),
    text("transportista_documento_numero", 11, 11, C),
    text("transportista_denominacion", 1, 100, C),
    // Length and form are CH-PLACA's.
    text("transportista_placa_numero", 1, 250, R),
    text("tuc_vehiculo_principal", 10, 15, O),
    text("conductor_documento_tipo", 1, 1, C),
    text("conductor_documento_numero", 1, 15, C),
    text("conductor_denominacion", 1, 100, C),
    text("conductor_nombre", 1, 250, C),
    text("conductor_apellidos", 1, 250, C),
    text("conductor_numero_licencia", 9, 10, C),
    text("destinatario_documento_tipo", 1, 1, C),
    text("destinatario_documento_numero", 1, 15, C),
    text("destinatario_denominacion", 1, 100, C),
    text("mtc", 1, 20, O),
    text("sunat_envio_indicador", 2, 2, O),
    text("subcontratador_documento_tipo", 1, 1, C),
    text("subcontratador_documento_numero", 11, 11, C),
    text("subcontratador_denominacion", 1, 250, C),
    text("pagador_servicio_documento_tipo_identidad", 1, 1, C),
    text("pagador_servicio_documento_numero_identidad", 1, 15, C),
    text("pagador_servicio_denominacion", 1, 250, C),
    text("punto_de_partida_ubigeo", 6, 6, R),
    text("punto_de_partida_direccion", 1, 150, R),
    text("punto_de_partida_codigo_establecimiento_sunat", 4, 4, C),
    text("punto_de_llegada_ubigeo", 6, 6, R),
    text("punto_de_llegada_direccion", 1, 150, R),
    text("punto_de_llegada_codigo_establecimiento_sunat", 4, 4, C),
    boolean("enviar_automaticamente_al_cliente", C),
    text("formato_de_pdf", 2, 6, O),
    list("items", GUIA_ITEM, R),
    list("documento_relacionado", GUIA_DOCUMENT, O),
    list("vehiculos_secundarios", GUIA_VEHICLE, O),
    list("conductores_secundarios", GUIA_DRIVER, O),
];

/// `items` of `generar_guia`.
pub static GUIA_ITEM: &[FieldRule] = &[
    text("unidad_de_medida", 2, 5, R),
    text("codigo", 1, 250, O),
    text("descripcion", 1, 250, R),
    decimal("cantidad", 12, 10, R),
    text("codigo_dam", 23, 23, C),
];

/// `documento_relacionado` of `generar_guia`.
pub static GUIA_DOCUMENT: &[FieldRule] = &[
    text("tipo", 2, 2, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
];

/// `vehiculos_secundarios` of `generar_guia`, two at most.
pub static GUIA_VEHICLE: &[FieldRule] = &[text("placa_numero", 1, 250, R), text("tuc", 10, 15, O)];

/// `conductores_secundarios` of `generar_guia`, two at most.
pub static GUIA_DRIVER: &[FieldRule] = &[
    text("documento_tipo", 1, 1, R),
    text("documento_numero", 1, 15, R),
    text("nombre", 1, 250, R),
    text("apellidos", 1, 250, R),
    text("numero_licencia", 9, 10, R),
];

/// `generar_retencion`.
pub static RETENCION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    text("cliente_tipo_de_documento", 1, 1, R),
    text("cliente_numero_de_documento", 11, 11, R),
    text("cliente_denominacion", 1, 100, R),
    text("cliente_direccion", 1, 100, R),
    text("cliente_email", 1, 250, O),
    text("cliente_email_1", 1, 250, O),
    text("cliente_email_2", 1, 250, O),
    date("fecha_de_emision", R),
    int("moneda", 1, R),
    int("tipo_de_tasa_de_retencion", 1, R),
    amount("total_retenido", R),
    amount("total_pagado", R),
    text("observaciones", 1, 1000, O),
    boolean("enviar_automaticamente_a_la_sunat", O),
    boolean("enviar_automaticamente_al_cliente", O),
    text("codigo_unico", 1, 20, O),
    text("formato_de_pdf", 2, 6, O),
    list("items", RETENCION_ITEM, R),
];

/// `items` of `generar_retencion`.
pub static RETENCION_ITEM: &[FieldRule] = &[
    text("documento_relacionado_tipo", 2, 2, R),
    text("documento_relacionado_serie", 4, 4, R),
    int("documento_relacionado_numero", 8, R),
    date("documento_relacionado_fecha_de_emision", R),
    int("documento_relacionado_moneda", 1, R),
    amount("documento_relacionado_total", R),
    date("pago_fecha", R),
    int("pago_numero", 9, R),
    amount("pago_total_sin_retencion", R),
    decimal("tipo_de_cambio", 4, 6, C),
    date("tipo_de_cambio_fecha", C),
    amount("importe_retenido", R),
    date("importe_retenido_fecha", R),
    amount("importe_pagado_con_retencion", R),
];

/// `generar_percepcion`.
pub static PERCEPCION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    text("cliente_tipo_de_documento", 1, 1, R),
    text("cliente_numero_de_documento", 11, 11, R),
    text("cliente_denominacion", 1, 100, R),
    text("cliente_direccion", 1, 100, R),
    text("cliente_email", 1, 250, O),
    text("cliente_email_1", 1, 250, O),
    text("cliente_email_2", 1, 250, O),
    date("fecha_de_emision", R),
    int("moneda", 1, R),
    int("tipo_de_tasa_de_percepcion", 1, R),
    amount("total_percibido", R),
    amount("total_cobrado", R),
    text("observaciones", 1, 1000, O),
    boolean("enviar_automaticamente_a_la_sunat", O),
    boolean("enviar_automaticamente_al_cliente", O),
    text("codigo_unico", 1, 20, O),
    text("formato_de_pdf", 2, 6, O),
    list("items", PERCEPCION_ITEM, R),
];

/// `items` of `generar_percepcion`.
pub static PERCEPCION_ITEM: &[FieldRule] = &[
    text("documento_relacionado_tipo", 2, 2, R),
    text("documento_relacionado_serie", 4, 4, R),
    int("documento_relacionado_numero", 8, R),
    date("documento_relacionado_fecha_de_emision", R),
    int("documento_relacionado_moneda", 1, R),
    amount("documento_relacionado_total", R),
    date("cobro_fecha", R),
    int("cobro_numero", 9, R),
    amount("cobro_total_sin_percepcion", R),
    decimal("tipo_de_cambio", 4, 6, C),
    date("tipo_de_cambio_fecha", C),
    amount("importe_percibido", R),
    date("importe_percibido_fecha", R),
    amount("importe_cobrado_con_percepcion", R),
];

/// `generar_anulacion`.
pub static ANULACION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    int("tipo_de_comprobante", 2, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    text("motivo", 1, 100, R),
    text("codigo_unico", 1, 250, O),
    // One client sends it; NubeFact's manual does not know it.
    date("fecha_de_generacion", O),
];

/// `generar_reversion_retencion` and `generar_reversion_percepcion`.
pub static REVERSION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
    text("motivo", 1, 100, R),
    text("codigo_unico", 1, 250, O),
];

const fn field(name: &'static str, form: FieldForm, need: FieldNeed) -> FieldRule {
    FieldRule { name, form, need }
}

const fn int(name: &'static str, digits: usize, need: FieldNeed) -> FieldRule {
    field(name, FieldForm::Integer { digits }, need)
}

const fn text(name: &'static str, shortest: usize, longest: usize, need: FieldNeed) -> FieldRule {
    field(name, FieldForm::Text { shortest, longest }, need)
}

const fn decimal(name: &'static str, whole: usize, places: usize, need: FieldNeed) -> FieldRule {
    field(name, FieldForm::Decimal { whole, places }, need)
}

const fn amount(name: &'static str, need: FieldNeed) -> FieldRule {
    decimal(name, 12, 2, need)
}

const fn date(name: &'static str, need: FieldNeed) -> FieldRule {
    field(name, FieldForm::Date, need)
}

const fn boolean(name: &'static str, need: FieldNeed) -> FieldRule {
    field(name, FieldForm::Boolean, need)
}

const fn list(name: &'static str, rules: &'static [FieldRule], need: FieldNeed) -> FieldRule {
    field(name, FieldForm::List(rules), need)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[track_caller]
    fn check(table: &'static [FieldRule]) {
        let names: BTreeSet<&str> = table.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), table.len(), "a name comes twice");
        for rule in table {
            match rule.form {
                FieldForm::Text { shortest, longest } => assert!(shortest <= longest),
                FieldForm::Integer { digits } => assert!((1..=9).contains(&digits)),
                FieldForm::Decimal { whole, places } => assert!(whole <= 12 && places <= 10),
                FieldForm::List(inner) => check(inner),
                FieldForm::Date | FieldForm::Boolean => {}
            }
        }
    }

    #[test]
    fn names_are_unique_and_lengths_make_sense() {
        for table in [SALE, GUIA, RETENCION, PERCEPCION, ANULACION, REVERSION] {
            check(table);
        }
    }
}
