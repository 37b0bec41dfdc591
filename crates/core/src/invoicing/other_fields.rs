//! The fields of everything that is no sale.
//!
//! Sources: GRE manual v1.6 (guías), public descriptions of the manuals for retención and percepción,
//! manual v2.9 (voids); nubefact.md §4 to §6. What depends on other fields is required by the check of
//! its kind; `numero` of a document is given by Chaski when it is sent.

use super::fields::SaleForm::{Date, Decimal, Email, Flag, Nested, Text, Whole};
use super::fields::{SaleField, optional, required};

/// `generar_guia`, remitente and transportista.
pub(crate) static GUIA: &[SaleField] = &[
    required("operacion", Text(1, 250)),
    required("tipo_de_comprobante", Whole(1)),
    required("serie", Text(4, 4)),
    optional("numero", Whole(8)),
    required("cliente_tipo_de_documento", Text(1, 1)),
    required("cliente_numero_de_documento", Text(1, 15)),
    required("cliente_denominacion", Text(1, 100)),
    required("cliente_direccion", Text(1, 100)),
    optional("cliente_email", Email),
    optional("cliente_email_1", Email),
    optional("cliente_email_2", Email),
    required("fecha_de_emision", Date),
    optional("observaciones", Text(1, 1000)),
    optional("motivo_de_traslado", Text(2, 2)),
    optional("motivo_de_traslado_otros_descripcion", Text(1, 70)),
    optional("documento_relacionado_codigo", Text(2, 2)),
    required("peso_bruto_total", Decimal(10)),
    required("peso_bruto_unidad_de_medida", Text(3, 3)),
    optional("numero_de_bultos", Whole(6)),
    optional("tipo_de_transporte", Text(2, 2)),
    required("fecha_de_inicio_de_traslado", Date),
    optional("transportista_documento_tipo", Text(1, 1)),
    optional("transportista_documento_numero", Text(11, 11)),
    optional("transportista_denominacion", Text(1, 100)),
    // Length and form are CH-PLACA's.
    required("transportista_placa_numero", Text(1, 250)),
    optional("tuc_vehiculo_principal", Text(10, 15)),
    optional("conductor_documento_tipo", Text(1, 1)),
    optional("conductor_documento_numero", Text(1, 15)),
    optional("conductor_denominacion", Text(1, 100)),
    optional("conductor_nombre", Text(1, 250)),
    optional("conductor_apellidos", Text(1, 250)),
    optional("conductor_numero_licencia", Text(9, 10)),
    optional("destinatario_documento_tipo", Text(1, 1)),
    optional("destinatario_documento_numero", Text(1, 15)),
    optional("destinatario_denominacion", Text(1, 100)),
    optional("mtc", Text(1, 20)),
    optional("sunat_envio_indicador", Text(2, 2)),
    optional("subcontratador_documento_tipo", Text(1, 1)),
    optional("subcontratador_documento_numero", Text(11, 11)),
    optional("subcontratador_denominacion", Text(1, 250)),
    optional("pagador_servicio_documento_tipo_identidad", Text(1, 1)),
    optional("pagador_servicio_documento_numero_identidad", Text(1, 15)),
    optional("pagador_servicio_denominacion", Text(1, 250)),
    required("punto_de_partida_ubigeo", Text(6, 6)),
    required("punto_de_partida_direccion", Text(1, 150)),
    optional("punto_de_partida_codigo_establecimiento_sunat", Text(4, 4)),
    required("punto_de_llegada_ubigeo", Text(6, 6)),
    required("punto_de_llegada_direccion", Text(1, 150)),
    optional("punto_de_llegada_codigo_establecimiento_sunat", Text(4, 4)),
    optional("enviar_automaticamente_al_cliente", Flag),
    optional("formato_de_pdf", Text(2, 6)),
    required("items", Nested),
    optional("documento_relacionado", Nested),
    optional("vehiculos_secundarios", Nested),
    optional("conductores_secundarios", Nested),
];

/// `items` of `generar_guia`.
pub(crate) static GUIA_ITEM: &[SaleField] = &[
    required("unidad_de_medida", Text(2, 5)),
    optional("codigo", Text(1, 250)),
    required("descripcion", Text(1, 250)),
    required("cantidad", Decimal(10)),
    optional("codigo_dam", Text(23, 23)),
];

/// `documento_relacionado` of `generar_guia`.
pub(crate) static GUIA_DOCUMENT: &[SaleField] = &[
    required("tipo", Text(2, 2)),
    required("serie", Text(4, 4)),
    required("numero", Whole(8)),
];

/// `vehiculos_secundarios` of `generar_guia`, two at most.
pub(crate) static GUIA_VEHICLE: &[SaleField] = &[
    required("placa_numero", Text(1, 250)),
    optional("tuc", Text(10, 15)),
];

/// `conductores_secundarios` of `generar_guia`, two at most.
pub(crate) static GUIA_DRIVER: &[SaleField] = &[
    required("documento_tipo", Text(1, 1)),
    required("documento_numero", Text(1, 15)),
    required("nombre", Text(1, 250)),
    required("apellidos", Text(1, 250)),
    required("numero_licencia", Text(9, 10)),
];

/// `generar_retencion`.
pub(crate) static RETENCION: &[SaleField] = &[
    required("operacion", Text(1, 250)),
    required("serie", Text(4, 4)),
    optional("numero", Whole(8)),
    required("cliente_tipo_de_documento", Text(1, 1)),
    required("cliente_numero_de_documento", Text(11, 11)),
    required("cliente_denominacion", Text(1, 100)),
    required("cliente_direccion", Text(1, 100)),
    optional("cliente_email", Email),
    optional("cliente_email_1", Email),
    optional("cliente_email_2", Email),
    required("fecha_de_emision", Date),
    required("moneda", Whole(1)),
    required("tipo_de_tasa_de_retencion", Whole(1)),
    required("total_retenido", Decimal(2)),
    required("total_pagado", Decimal(2)),
    optional("observaciones", Text(1, 1000)),
    optional("enviar_automaticamente_a_la_sunat", Flag),
    optional("enviar_automaticamente_al_cliente", Flag),
    optional("codigo_unico", Text(1, 20)),
    optional("formato_de_pdf", Text(2, 6)),
    required("items", Nested),
];

/// `items` of `generar_retencion`.
pub(crate) static RETENCION_ITEM: &[SaleField] = &[
    required("documento_relacionado_tipo", Text(2, 2)),
    required("documento_relacionado_serie", Text(4, 4)),
    required("documento_relacionado_numero", Whole(8)),
    required("documento_relacionado_fecha_de_emision", Date),
    required("documento_relacionado_moneda", Whole(1)),
    required("documento_relacionado_total", Decimal(2)),
    required("pago_fecha", Date),
    required("pago_numero", Whole(9)),
    required("pago_total_sin_retencion", Decimal(2)),
    optional("tipo_de_cambio", Decimal(6)),
    optional("tipo_de_cambio_fecha", Date),
    required("importe_retenido", Decimal(2)),
    required("importe_retenido_fecha", Date),
    required("importe_pagado_con_retencion", Decimal(2)),
];

/// `generar_percepcion`.
pub(crate) static PERCEPCION: &[SaleField] = &[
    required("operacion", Text(1, 250)),
    required("serie", Text(4, 4)),
    optional("numero", Whole(8)),
    required("cliente_tipo_de_documento", Text(1, 1)),
    required("cliente_numero_de_documento", Text(11, 11)),
    required("cliente_denominacion", Text(1, 100)),
    required("cliente_direccion", Text(1, 100)),
    optional("cliente_email", Email),
    optional("cliente_email_1", Email),
    optional("cliente_email_2", Email),
    required("fecha_de_emision", Date),
    required("moneda", Whole(1)),
    required("tipo_de_tasa_de_percepcion", Whole(1)),
    required("total_percibido", Decimal(2)),
    required("total_cobrado", Decimal(2)),
    optional("observaciones", Text(1, 1000)),
    optional("enviar_automaticamente_a_la_sunat", Flag),
    optional("enviar_automaticamente_al_cliente", Flag),
    optional("codigo_unico", Text(1, 20)),
    optional("formato_de_pdf", Text(2, 6)),
    required("items", Nested),
];

/// `items` of `generar_percepcion`.
pub(crate) static PERCEPCION_ITEM: &[SaleField] = &[
    required("documento_relacionado_tipo", Text(2, 2)),
    required("documento_relacionado_serie", Text(4, 4)),
    required("documento_relacionado_numero", Whole(8)),
    required("documento_relacionado_fecha_de_emision", Date),
    required("documento_relacionado_moneda", Whole(1)),
    required("documento_relacionado_total", Decimal(2)),
    required("cobro_fecha", Date),
    required("cobro_numero", Whole(9)),
    required("cobro_total_sin_percepcion", Decimal(2)),
    optional("tipo_de_cambio", Decimal(6)),
    optional("tipo_de_cambio_fecha", Date),
    required("importe_percibido", Decimal(2)),
    required("importe_percibido_fecha", Date),
    required("importe_cobrado_con_percepcion", Decimal(2)),
];

/// `generar_anulacion`.
pub(crate) static ANULACION: &[SaleField] = &[
    required("operacion", Text(1, 250)),
    required("tipo_de_comprobante", Whole(2)),
    required("serie", Text(4, 4)),
    required("numero", Whole(8)),
    required("motivo", Text(1, 100)),
    optional("codigo_unico", Text(1, 250)),
    // One client sends it; NubeFact's manual does not know it.
    optional("fecha_de_generacion", Date),
];

/// `generar_reversion_retencion` and `generar_reversion_percepcion`.
pub(crate) static REVERSION: &[SaleField] = &[
    required("operacion", Text(1, 250)),
    required("serie", Text(4, 4)),
    required("numero", Whole(8)),
    required("motivo", Text(1, 100)),
    optional("codigo_unico", Text(1, 250)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let tables = [
            GUIA,
            GUIA_ITEM,
            GUIA_DOCUMENT,
            GUIA_VEHICLE,
            GUIA_DRIVER,
            RETENCION,
            RETENCION_ITEM,
            PERCEPCION,
            PERCEPCION_ITEM,
            ANULACION,
            REVERSION,
        ];
        for table in tables {
            let names: BTreeSet<&str> = table.iter().map(|field| field.name).collect();
            assert_eq!(names.len(), table.len(), "a name comes twice");
        }
    }
}
