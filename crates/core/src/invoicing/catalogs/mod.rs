//! Dated data and catalogues of invoicing: one file each, with its source at the top.
//!
//! A row says SUNAT's code and, where NubeFact numbers the same thing in another way, NubeFact's
//! too: taking one for the other is the commonest mistake of all (`10`, `20`, `30` sent as
//! `tipo_de_igv`). Where a file bears dates, a row holds from its date until the next one's.
//!
//! | file | what | source |
//! |---|---|---|
//! | [`igv_rates`] | IGV by date and regime, IVAP | Leyes 29666, 31556, 32219, 32387 |
//! | [`icbper_rates`] | tax per plastic bag | Ley 30884 |
//! | [`affectations`] | catálogo 07 and its tributes | SUNAT's workbook of validations |
//! | [`isc_systems`] | catálogo 08 | the same |
//! | [`document_types`] | catálogo 01, letters of series | the same, NubeFact's manuals |
//! | [`identities`] | catálogo 06 with lengths | the same |
//! | [`currencies`] | ISO 4217 that NubeFact takes | manual v2.9 |
//! | [`transactions`] | `sunat_transaction`, catálogo 51 | manual v2.9 |
//! | [`note_reasons`] | catálogos 09 and 10 | manual v2.9 and SUNAT's annex 8 |
//! | [`detraction_goods`] | catálogo 54 with usual percents | RS 183-2004/SUNAT and its changes |
//! | [`detraction_payments`] | catálogo 59 | manual v2.9 |
//! | [`perception_rates`] | catálogo 22 | Ley 29173 |
//! | [`retention_rates`] | catálogo 23 | RS 037-2002, RS 033-2014 |
//! | [`transfer_reasons`] | catálogo 20 | GRE manual v1.6 |
//! | [`transport_modes`] | catálogo 18 | the same |
//! | [`shipment_indicators`] | `sunat_envio_indicador` | the same |
//! | [`related_documents`] | documents that a guía or a withholding names | the same |
//! | [`units`] | units of measure in common use | catálogo 03 |
//! | [`deadlines`] | days within which things may be done | RS 000003-2023 and others |
//! | [`limits`] | amounts from which something changes | Reglamento de Comprobantes |

use rust_decimal::Decimal;

pub mod affectations;
pub mod currencies;
pub mod deadlines;
pub mod detraction_goods;
pub mod detraction_payments;
pub mod document_types;
pub mod icbper_rates;
pub mod identities;
pub mod igv_rates;
pub mod isc_systems;
pub mod limits;
pub mod note_reasons;
pub mod perception_rates;
pub mod related_documents;
pub mod retention_rates;
pub mod shipment_indicators;
pub mod transactions;
pub mod transfer_reasons;
pub mod transport_modes;
pub mod units;

/// A number of hundredths: `hundredths(10_50)` is 10.50.
const fn hundredths(number: u32) -> Decimal {
    Decimal::from_parts(number, 0, 0, false, 2)
}
