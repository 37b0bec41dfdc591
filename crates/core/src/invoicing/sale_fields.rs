//! The fields of `generar_comprobante`: NubeFact's manual v2.9, sections of header, lines, guías and
//! instalments (nubefact.md §3.1 to §3.4).

use super::catalogs::affectations::{Affectation, CatalogCodeSent};
use super::catalogs::currencies::Moneda;
use super::catalogs::detraction_goods::DetractionGood;
use super::catalogs::detraction_payments::DetractionPayment;
use super::catalogs::isc_systems::IscSystem;
use super::catalogs::note_reasons::{NoteKind, NoteReason};
use super::catalogs::perception_rates::PerceptionRate;
use super::catalogs::retention_rates::RetentionRate;
use super::catalogs::transactions::SunatTransaction;
use super::fields::SaleForm::{Date, Decimal, Email, Flag, Nested, Text, Whole};
use super::fields::{CodeLook, SaleField, SaleForm, optional, required};

const AMOUNT: SaleForm = Decimal(2);

/// The header. `cliente_direccion` and the fields of notes are required by kind: other checks ask
/// for them.
pub(crate) static HEADER: &[SaleField] = &[
    required("operacion", Text(1, 40)),
    required("tipo_de_comprobante", Whole(1)),
    required("serie", Text(4, 4)),
    optional("numero", Whole(8)),
    required("sunat_transaction", TRANSACTION),
    required("cliente_tipo_de_documento", Text(1, 1)),
    optional("cliente_numero_de_documento", Text(1, 15)),
    required("cliente_denominacion", Text(1, 100)),
    optional("cliente_direccion", Text(1, 100)),
    optional("cliente_email", Email),
    optional("cliente_email_1", Email),
    optional("cliente_email_2", Email),
    required("fecha_de_emision", Date),
    optional("fecha_de_vencimiento", Date),
    required("moneda", MONEDA),
    optional("tipo_de_cambio", Decimal(3)),
    required("porcentaje_de_igv", AMOUNT),
    optional("descuento_global", AMOUNT),
    optional("total_descuento", AMOUNT),
    optional("total_anticipo", AMOUNT),
    optional("total_gravada", AMOUNT),
    optional("total_inafecta", AMOUNT),
    optional("total_exonerada", AMOUNT),
    optional("total_igv", AMOUNT),
    optional("total_gratuita", AMOUNT),
    optional("total_otros_cargos", AMOUNT),
    optional("total_isc", AMOUNT),
    optional("total_impuestos_bolsas", AMOUNT),
    required("total", AMOUNT),
    optional("percepcion_tipo", PERCEPCION),
    optional("percepcion_base_imponible", AMOUNT),
    optional("total_percepcion", AMOUNT),
    optional("total_incluido_percepcion", AMOUNT),
    optional("retencion_tipo", RETENCION),
    optional("retencion_base_imponible", AMOUNT),
    optional("total_retencion", AMOUNT),
    optional("observaciones", Text(1, 1000)),
    optional("documento_que_se_modifica_tipo", MODIFIED),
    optional("documento_que_se_modifica_serie", Text(4, 4)),
    optional("documento_que_se_modifica_numero", Whole(8)),
    optional("tipo_de_nota_de_credito", NOTA_DE_CREDITO),
    optional("tipo_de_nota_de_debito", NOTA_DE_DEBITO),
    optional("enviar_automaticamente_a_la_sunat", Flag),
    optional("enviar_automaticamente_al_cliente", Flag),
    optional("codigo_unico", Text(1, 20)),
    optional("condiciones_de_pago", Text(1, 250)),
    optional("medio_de_pago", Text(1, 250)),
    optional("cancelado", Flag),
    optional("placa_vehiculo", Text(1, 8)),
    optional("orden_compra_servicio", Text(1, 20)),
    optional("nubecont_tipo_de_venta_codigo", Text(1, 5)),
    optional("tabla_personalizada_codigo", Text(1, 250)),
    optional("formato_de_pdf", Text(2, 6)),
    optional("generado_por_contingencia", Flag),
    optional("bienes_region_selva", Flag),
    optional("servicios_region_selva", Flag),
    optional("detraccion", Flag),
    optional("detraccion_tipo", DETRACCION),
    optional("detraccion_total", Decimal(10)),
    optional("detraccion_porcentaje", Decimal(5)),
    optional("medio_de_pago_detraccion", MEDIO_DE_PAGO),
    // Transport of cargo and of passengers.
    optional("ubigeo_origen", Text(6, 6)),
    optional("ubigeo_destino", Text(6, 6)),
    optional("direccion_origen", Text(1, 100)),
    optional("direccion_destino", Text(1, 100)),
    optional("detalle_viaje", Text(1, 100)),
    optional("val_ref_serv_trans", AMOUNT),
    optional("val_ref_carga_efec", AMOUNT),
    optional("val_ref_carga_util", AMOUNT),
    optional("punto_origen_viaje", Text(6, 6)),
    optional("punto_destino_viaje", Text(6, 6)),
    optional("descripcion_tramo", Text(1, 100)),
    optional("val_ref_carga_efec_tramo_virtual", AMOUNT),
    optional("carga_util_tonel_metricas", AMOUNT),
    optional("carga_efec_tonel_metricas", AMOUNT),
    optional("val_pre_ref_carga_util_nominal", AMOUNT),
    optional("val_ref_tonel_metrica", Decimal(2)),
    optional("configuracion_vehicular", Text(1, 15)),
    optional("indicador_aplicacion_retorno_vacio", Flag),
    // Hydrobiological resources. The manual wants the date the other way round, vendor material has
    // both, so it is sent as it came.
    optional("matricula_emb_pesquera", Text(1, 15)),
    optional("nombre_emb_pesquera", Text(1, 50)),
    optional("descripcion_tipo_especie_vendida", Text(1, 100)),
    optional("lugar_de_descarga", Text(1, 200)),
    optional("cantidad_especie_vendida", AMOUNT),
    optional("fecha_de_descarga", Text(8, 10)),
    optional("items", Nested),
    optional("guias", Nested),
    optional("venta_al_credito", Nested),
];

/// A line.
pub(crate) static ITEM: &[SaleField] = &[
    required("unidad_de_medida", Text(2, 5)),
    optional("codigo", Text(1, 250)),
    required("descripcion", Text(1, 250)),
    required("cantidad", Decimal(10)),
    required("valor_unitario", Decimal(10)),
    required("precio_unitario", Decimal(10)),
    optional("descuento", AMOUNT),
    required("subtotal", AMOUNT),
    optional("tipo_de_igv", TIPO_DE_IGV),
    optional("tipo_de_ivap", TIPO_DE_IVAP),
    required("igv", AMOUNT),
    required("total", AMOUNT),
    optional("anticipo_regularizacion", Flag),
    optional("anticipo_documento_serie", Text(4, 4)),
    optional("anticipo_documento_numero", Whole(8)),
    optional("anticipo_comprobante_serie", Text(4, 4)),
    optional("anticipo_comprobante_numero", Whole(8)),
    optional("codigo_producto_sunat", Text(1, 8)),
    optional("tipo_de_isc", TIPO_DE_ISC),
    optional("isc", AMOUNT),
    optional("impuesto_bolsas", AMOUNT),
    optional("otros_cargos", AMOUNT),
];

/// An instalment.
pub(crate) static CUOTA: &[SaleField] = &[
    optional("cuota", Whole(3)),
    optional("fecha_de_pago", Date),
    required("importe", AMOUNT),
];

/// A guía that goes with the sale.
pub(crate) static GUIA: &[SaleField] = &[
    optional("guia_tipo", Whole(1)),
    optional("guia_serie_numero", Text(1, 30)),
];

/// A list of which a word is no hint.
const fn list(look: fn(u32, &str) -> CodeLook) -> SaleForm {
    SaleForm::Listed {
        look,
        meant: |_| None,
    }
}

const TRANSACTION: SaleForm = list(|number, _| {
    known(
        byte(number)
            .and_then(SunatTransaction::from_nubefact)
            .is_some(),
    )
});
const MONEDA: SaleForm = SaleForm::Listed {
    look: |number, _| known(byte(number).and_then(Moneda::from_nubefact).is_some()),
    meant: |word| Moneda::from_iso(word).map(Moneda::nubefact),
};
const PERCEPCION: SaleForm = list(|number, _| {
    known(
        byte(number)
            .and_then(PerceptionRate::from_nubefact)
            .is_some(),
    )
});
const RETENCION: SaleForm = list(|number, _| {
    known(
        byte(number)
            .and_then(RetentionRate::from_nubefact)
            .is_some(),
    )
});
/// SUNAT's 03 is a boleta, which is 2 here.
const MODIFIED: SaleForm = list(|number, _| match number {
    1 | 2 => CodeLook::Known,
    3 => CodeLook::Wrong(Some("2".to_owned())),
    _ => CodeLook::Wrong(None),
});
const NOTA_DE_CREDITO: SaleForm = list(|number, _| {
    let reason = byte(number).and_then(|it| NoteReason::from_nubefact(NoteKind::Credit, it));
    known(reason.is_some())
});
const NOTA_DE_DEBITO: SaleForm = list(|number, written| {
    let reason = byte(number).and_then(|it| NoteReason::from_nubefact(NoteKind::Debit, it));
    let sunat = || NoteReason::from_catalog(NoteKind::Debit, written);
    known_or(reason.is_some(), || sunat().map(|it| it.nubefact))
});
/// SUNAT's codes have three digits and begin with a zero: `037` is 35 here, and 37 something else.
const DETRACCION: SaleForm = list(|number, written| {
    let ours = byte(number).and_then(DetractionGood::from_nubefact);
    let sunat = DetractionGood::from_catalog(written).map(|it| it.nubefact);
    let padded = written.len() == 3 && written.starts_with('0');
    let meant_sunat = padded && sunat.is_some() && sunat != byte(number);
    known_or(ours.is_some() && !meant_sunat, || sunat)
});
const MEDIO_DE_PAGO: SaleForm = list(|number, written| {
    let ours = byte(number).and_then(DetractionPayment::from_nubefact);
    let sunat = || DetractionPayment::from_catalog(written);
    known_or(ours.is_some(), || sunat().map(|it| it.nubefact))
});
const TIPO_DE_ISC: SaleForm =
    list(|number, _| known(byte(number).and_then(IscSystem::from_nubefact).is_some()));
/// What stands in both lists (10 to 17 and 20) is decided by the amounts, elsewhere.
const TIPO_DE_IGV: SaleForm = list(|number, _| {
    let ours = byte(number).and_then(Affectation::from_nubefact);
    let sunat = || CatalogCodeSent::of(byte(number)?)?.right.tipo_de_igv();
    known_or(ours.is_some(), sunat)
});
const TIPO_DE_IVAP: SaleForm =
    list(|number, _| known(byte(number).and_then(Affectation::from_ivap).is_some()));

fn byte(number: u32) -> Option<u8> {
    u8::try_from(number).ok()
}

fn known(is_listed: bool) -> CodeLook {
    known_or(is_listed, || None)
}

fn known_or(is_listed: bool, meant: impl FnOnce() -> Option<u8>) -> CodeLook {
    if is_listed {
        CodeLook::Known
    } else {
        CodeLook::Wrong(meant().map(|it| it.to_string()))
    }
}
