//! The fields of everything that is no sale: name, kind, length or digits, required or not.
//!
//! Sources: GRE manual v1.6 (guías), public descriptions of the manuals for retención and percepción,
//! manual v2.9 (voids); nubefact.md §4 to §6. "12.2" there is up to twelve digits before the point and
//! two after it. The tables say what holds for a field alone; what depends on other fields is judged
//! by the check of its kind, so such a field is only [`FieldNeed::Conditional`] here; so is `numero`
//! of a document, which Chaski gives when it is sent.

/// Form of a field's value. NubeFact takes numbers and booleans as texts too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldForm {
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
pub(crate) enum FieldNeed {
    /// Always.
    Required,
    /// When other fields say so.
    Conditional,
    /// Never.
    Optional,
}

/// One field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FieldRule {
    /// Name in NubeFact's JSON.
    pub(crate) name: &'static str,
    /// Form of its value.
    pub(crate) form: FieldForm,
    /// Whether it must be there.
    pub(crate) need: FieldNeed,
}

/// The rule of a name.
pub(crate) fn rule(table: &'static [FieldRule], name: &str) -> Option<&'static FieldRule> {
    table.iter().find(|rule| rule.name == name)
}

use FieldNeed::{Conditional as C, Optional as O, Required as R};

/// `generar_guia`, remitente and transportista.
pub(crate) static GUIA: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    int("tipo_de_comprobante", 1, R),
    text("serie", 4, 4, R),
    int("numero", 8, C),
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
pub(crate) static GUIA_ITEM: &[FieldRule] = &[
    text("unidad_de_medida", 2, 5, R),
    text("codigo", 1, 250, O),
    text("descripcion", 1, 250, R),
    decimal("cantidad", 12, 10, R),
    text("codigo_dam", 23, 23, C),
];

/// `documento_relacionado` of `generar_guia`.
pub(crate) static GUIA_DOCUMENT: &[FieldRule] = &[
    text("tipo", 2, 2, R),
    text("serie", 4, 4, R),
    int("numero", 8, R),
];

/// `vehiculos_secundarios` of `generar_guia`, two at most.
pub(crate) static GUIA_VEHICLE: &[FieldRule] =
    &[text("placa_numero", 1, 250, R), text("tuc", 10, 15, O)];

/// `conductores_secundarios` of `generar_guia`, two at most.
pub(crate) static GUIA_DRIVER: &[FieldRule] = &[
    text("documento_tipo", 1, 1, R),
    text("documento_numero", 1, 15, R),
    text("nombre", 1, 250, R),
    text("apellidos", 1, 250, R),
    text("numero_licencia", 9, 10, R),
];

/// `generar_retencion`.
pub(crate) static RETENCION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    text("serie", 4, 4, R),
    int("numero", 8, C),
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
pub(crate) static RETENCION_ITEM: &[FieldRule] = &[
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
pub(crate) static PERCEPCION: &[FieldRule] = &[
    text("operacion", 1, 250, R),
    text("serie", 4, 4, R),
    int("numero", 8, C),
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
pub(crate) static PERCEPCION_ITEM: &[FieldRule] = &[
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
pub(crate) static ANULACION: &[FieldRule] = &[
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
pub(crate) static REVERSION: &[FieldRule] = &[
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
        for table in [GUIA, RETENCION, PERCEPCION, ANULACION, REVERSION] {
            check(table);
        }
    }
}
