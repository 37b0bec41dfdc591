//! A list of documents that was only looked at, as a whole.

use chaski_client::NubefactKind;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::{Lang, Severity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::issued::DocumentFindingData;
use crate::app::batches::{ListPlan, LookedList, PlannedSeries, RehearsedList};
use crate::app::cost::Cost;
use crate::app::invoices::{
    CheckedRows, CheckedWorkbook, PlacedFinding, nubefact_kind, wanted_sheets,
};
use crate::mode::Mode;

/// Findings that are told of a list, as in its workbook; more are only counted.
const MOST_FINDINGS: usize = 50_000;

/// What a list of documents is, checked whole; nothing was stored and no number taken.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ListaValidadaData)]
pub(crate) struct CheckedListData {
    /// Name of the list.
    pub(crate) nombre: String,
    /// How many documents.
    pub(crate) documentos: usize,
    /// Rows of these documents.
    pub(crate) filas: usize,
    /// Documents without errors.
    pub(crate) emitibles: usize,
    /// Of these, documents with an observation.
    pub(crate) observados: usize,
    /// Documents with errors, which are never sent.
    pub(crate) con_errores: usize,
    /// Whether anything is wrong, a row that is of no document too.
    pub(crate) tiene_errores: bool,
    /// What the documents without errors come to, by kind and currency.
    pub(crate) totales: Vec<ListSumData>,
    /// Customers that were looked up for the check.
    pub(crate) clientes_consultados: usize,
    /// Sheets that are neither read nor copied.
    pub(crate) hojas_no_leidas: Vec<String>,
    /// The documents, in the order of the list.
    pub(crate) comprobantes: Vec<ListedDocumentData>,
    /// How much was found in all.
    pub(crate) hallazgos_en_total: usize,
    /// What was found, by sheet and row; at most 50,000.
    pub(crate) hallazgos: Vec<PlacedFindingData>,
    /// What handing it over would come to, where that was asked and it can be handed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ensayo: Option<ListRehearsalData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// What several documents of a kind come to.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ListaSumaData)]
pub(crate) struct ListSumData {
    /// `factura`, `boleta`, `nc` or `nd`.
    pub(crate) tipo: String,
    /// `PEN`, `USD`, `EUR` or `GBP`.
    pub(crate) moneda: String,
    /// How many documents.
    pub(crate) documentos: usize,
    /// Their taxed bases, with two decimals.
    pub(crate) gravada: String,
    /// Their IGV, with two decimals.
    pub(crate) igv: String,
    /// Their totals, with two decimals.
    pub(crate) total: String,
}

/// A document of a list.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ListaDocumentoData)]
pub(crate) struct ListedDocumentData {
    /// The caller's name for it.
    pub(crate) documento: String,
    /// Its rows.
    pub(crate) filas: Vec<u32>,
    /// `factura`, `boleta`, `nc` or `nd`; none where it cannot be told.
    pub(crate) tipo: Option<String>,
    /// The worst that was found of it: `error`, `observacion` or `aviso`.
    pub(crate) gravedad: Option<String>,
    /// Its total, with two decimals; none of what could not be computed.
    pub(crate) total: Option<String>,
}

/// What was found in a list, and where.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ListaHallazgoData)]
pub(crate) struct PlacedFindingData {
    pub(crate) hoja: String,
    /// Number of the row, as the spreadsheet shows it.
    pub(crate) fila: u32,
    /// The cell, where one is to blame.
    pub(crate) celda: Option<String>,
    /// The title over it, as the caller wrote it.
    pub(crate) columna: Option<String>,
    /// The caller's name of the document; none of a row that is of none.
    pub(crate) documento: Option<String>,
    #[serde(flatten)]
    pub(crate) hallazgo: DocumentFindingData,
}

/// What handing a list over would come to.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ListaEnsayoData)]
pub(crate) struct ListRehearsalData {
    /// Calls that looking customers up costs.
    pub(crate) consultas: LookupCostData,
    /// What of a list is still to be issued.
    pub(crate) plan: ListPlanData,
    /// The batch of the same list that is under way, if there is one of this caller.
    pub(crate) lote_en_curso: Option<Uuid>,
}

/// Calls that looking customers up costs.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = ListaConsultasData)]
pub(crate) struct LookupCostData {
    /// If the upstream answers about all of them.
    pub(crate) llamadas: u64,
    /// At most: then it stops.
    pub(crate) a_lo_mas: u64,
}

/// What of a list is still to be issued.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ListaPlanData)]
pub(crate) struct ListPlanData {
    /// RUC of who would issue it.
    pub(crate) emisor: String,
    /// Documents set aside because their customers cannot be invoiced; none where customers were not looked up.
    pub(crate) apartados_por_cliente: Option<usize>,
    /// Documents that are right, whose customers can be invoiced, and that were not issued before.
    pub(crate) por_emitir: usize,
    /// What these come to, by currency.
    pub(crate) importes: Vec<ListAmountData>,
    /// The series that these are in.
    pub(crate) series: Vec<PlannedSeriesData>,
}

/// What documents of a currency come to.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ListaImporteData)]
pub(crate) struct ListAmountData {
    /// `PEN`, `USD`, `EUR` or `GBP`.
    pub(crate) moneda: String,
    /// With two decimals.
    pub(crate) total: String,
}

/// What of a list is to be issued in one series.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ListaSerieData)]
pub(crate) struct PlannedSeriesData {
    /// `factura`, `boleta`, `nc` or `nd`.
    pub(crate) tipo: String,
    /// Its series.
    pub(crate) serie: String,
    /// How many documents.
    pub(crate) documentos: usize,
    /// How many of these bring their numbers.
    pub(crate) con_numero: usize,
    /// Last number that was taken, of a series that is open.
    pub(crate) ultimo: Option<u32>,
    /// How many numbers below it are taken first.
    pub(crate) libres: usize,
}

impl CheckedListData {
    /// What a list is, under its name; without what handing it over would come to.
    pub(crate) fn of(
        name: &str,
        checked: &CheckedWorkbook,
        mode: Mode,
        lang: Lang,
    ) -> CheckedListData {
        let (right, wrong) = checked.right_and_wrong();
        let documents = checked.documents.iter();
        let is_observed = |it: &&CheckedRows| it.worst == Some(Severity::Observacion);
        let totals = checked.totals().into_iter();
        let totals = totals.map(|((kind, moneda), sums)| ListSumData {
            tipo: nubefact_kind(kind).map_or("", NubefactKind::word).into(),
            moneda: iso(moneda),
            documentos: sums.documents,
            gravada: cents(sums.gravada),
            igv: cents(sums.igv),
            total: cents(sums.total),
        });
        let ours = wanted_sheets().never;
        let others = checked.book.others.iter();
        let others = others.filter(|it| !ours.contains(&it.to_uppercase().as_str()));
        let findings = checked.findings.iter().take(MOST_FINDINGS);
        CheckedListData {
            nombre: name.to_owned(),
            documentos: checked.documents.len(),
            filas: documents.clone().map(|it| it.rows.len()).sum(),
            emitibles: right,
            observados: documents.clone().filter(is_observed).count(),
            con_errores: wrong,
            tiene_errores: checked.has_errors(),
            totales: totals.collect(),
            clientes_consultados: checked.looked_up,
            hojas_no_leidas: others.map(|it| chaski_core::clean(it)).collect(),
            comprobantes: documents.map(ListedDocumentData::of).collect(),
            hallazgos_en_total: checked.findings.len(),
            hallazgos: findings
                .map(|it| PlacedFindingData::of(checked, it, lang))
                .collect(),
            ensayo: None,
            mode: mode.as_str().into(),
        }
    }

    /// The same of a list that was looked at, with what handing it over would come to where that was asked.
    pub(crate) fn looked(name: &str, list: &LookedList, mode: Mode, lang: Lang) -> CheckedListData {
        let rehearsed = list.rehearsed.as_ref();
        CheckedListData {
            ensayo: rehearsed.map(ListRehearsalData::of),
            ..CheckedListData::of(name, &list.checked, mode, lang)
        }
    }
}

impl ListedDocumentData {
    fn of(rows: &CheckedRows) -> ListedDocumentData {
        let kind = rows.kind.and_then(nubefact_kind);
        ListedDocumentData {
            documento: rows.key.clone(),
            filas: rows.rows.clone(),
            tipo: kind.map(|it| it.word().into()),
            gravedad: rows.worst.map(|it| it.as_str().into()),
            total: rows.total.map(cents),
        }
    }
}

impl PlacedFindingData {
    fn of(checked: &CheckedWorkbook, found: &PlacedFinding, lang: Lang) -> PlacedFindingData {
        PlacedFindingData {
            hoja: checked.sheet_of(found.spot.side),
            fila: found.spot.row,
            celda: found.spot.cell(),
            columna: checked.title_of(&found.spot),
            documento: checked.key_of(found).map(str::to_owned),
            hallazgo: DocumentFindingData::of(&found.finding, lang),
        }
    }
}

impl ListRehearsalData {
    fn of(rehearsed: &RehearsedList) -> ListRehearsalData {
        ListRehearsalData {
            consultas: LookupCostData::of(rehearsed.cost),
            plan: ListPlanData::of(&rehearsed.plan),
            lote_en_curso: rehearsed.under_way,
        }
    }
}

impl LookupCostData {
    fn of(cost: Cost) -> LookupCostData {
        LookupCostData {
            llamadas: cost.calls,
            a_lo_mas: cost.most,
        }
    }

    /// The same as the rooms count it.
    pub(crate) fn cost(self) -> Cost {
        Cost {
            calls: self.llamadas,
            most: self.a_lo_mas,
        }
    }
}

impl ListPlanData {
    pub(crate) fn of(plan: &ListPlan) -> ListPlanData {
        let amounts = plan.totals.iter().map(|(moneda, total)| ListAmountData {
            moneda: iso(*moneda),
            total: cents(*total),
        });
        ListPlanData {
            emisor: plan.issuer.as_str().into(),
            apartados_por_cliente: plan.unfit,
            por_emitir: plan.wanted,
            importes: amounts.collect(),
            series: plan.series.iter().map(PlannedSeriesData::of).collect(),
        }
    }
}

impl PlannedSeriesData {
    fn of(series: &PlannedSeries) -> PlannedSeriesData {
        PlannedSeriesData {
            tipo: series.kind.map_or("", NubefactKind::word).into(),
            serie: series.serie.clone(),
            documentos: series.documents,
            con_numero: series.own_numbers,
            ultimo: series.last,
            libres: series.free,
        }
    }
}

/// The code of a currency by `NubeFact`'s number.
fn iso(moneda: u8) -> String {
    let moneda = Moneda::from_nubefact(moneda).unwrap_or_default();
    moneda.iso().to_owned()
}

fn cents(amount: Decimal) -> String {
    format!("{amount:.2}")
}
