//! Registers of purchases: where the parts of each voucher stand, what a row says, and what is said of it.

mod columns;
mod rows;
mod values;
mod verdict;

pub(super) use columns::holds_currencies;
pub use columns::{VoucherColumns, find_vouchers};
pub use rows::{ListedVoucher, VoucherReader, VoucherRow};
pub(super) use values::currency_of;
pub(super) use verdict::OF_VOUCHERS;
pub use verdict::{VoucherVerdict, VoucherWord};

use chaski_core::Lang;

use crate::named::named;

named! {
    /// The parts of a voucher that a row must have; the names are those of the command line.
    pub enum VoucherPart {
        /// RUC of who issued it.
        Ruc = "ruc",
        /// Its kind, by SUNAT's catalogue 01.
        Tipo = "tipo",
        /// Its series; it may stand before the number in one cell.
        Serie = "serie",
        /// Its number.
        Numero = "numero",
        /// The date of issue.
        Fecha = "fecha",
        /// Its total.
        Monto = "monto",
    }
}

impl VoucherPart {
    /// Its name.
    pub fn name(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            VoucherPart::Ruc => ("RUC del emisor", "RUC of the issuer"),
            VoucherPart::Tipo => ("tipo", "kind"),
            VoucherPart::Serie => ("serie", "series"),
            VoucherPart::Numero => ("número", "number"),
            VoucherPart::Fecha => ("fecha", "date"),
            VoucherPart::Monto => ("importe", "amount"),
        };
        lang.pick(es, en)
    }

    /// What its column holds.
    pub(super) fn holds(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            VoucherPart::Ruc => ("el RUC del emisor", "the RUC of the issuer"),
            VoucherPart::Tipo => (
                "el tipo de comprobante (01, 03, 07…)",
                "the kind of voucher (01, 03, 07…)",
            ),
            VoucherPart::Serie => ("la serie del comprobante", "the series of the voucher"),
            VoucherPart::Numero => ("el número del comprobante", "the number of the voucher"),
            VoucherPart::Fecha => ("la fecha de emisión", "the date of issue"),
            VoucherPart::Monto => ("el importe total", "the total amount"),
        };
        lang.pick(es, en)
    }
}
