//! What each row of a register is: a voucher that can be asked about, or why it is none.

use chaski_core::{Lang, Ruc, RucRules, Text, text};
use compact_str::CompactString;
use jiff::civil::Date;
use rust_decimal::{Decimal, RoundingStrategy};

use super::values::{
    amount_of, both_of, currency_of, decimal_of, kind_of, number_of, series_of, text_of,
};
use super::{VoucherColumns, VoucherPart, VoucherWord};
use crate::sheets::days::day_in;
use crate::sheets::flaws::Repair;
use crate::sheets::repair::Subject;
use crate::sheets::rows::RowReader;
use crate::sheets::table::{Cell, Row, Table};

/// A voucher as it is asked about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedVoucher {
    /// Who issued it.
    pub ruc: Ruc,
    /// Catalogue 01.
    pub tipo: CompactString,
    /// Four letters and digits.
    pub serie: CompactString,
    /// Without leading zeros.
    pub numero: u32,
    /// Date of issue.
    pub fecha: Date,
    /// Total in the currency of the voucher, two decimals, without sign.
    pub monto: Decimal,
}

/// What a row turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoucherRow {
    /// The voucher, if it can be asked about.
    pub voucher: Option<ListedVoucher>,
    /// Else its word.
    pub word: VoucherWord,
    /// Why, or what a person should know of how it was read.
    pub why: Option<Text>,
    /// What was put right to read the RUC.
    pub repairs: Vec<Repair>,
}

/// Kinds that SUNAT says the state of: facturas, boletas, settlements of purchases and notes.
const ASKED: [&str; 5] = ["01", "03", "04", "07", "08"];

/// Kinds of table 10 that an issuer abroad, without a RUC, gives.
const FOREIGN: [&str; 3] = ["91", "97", "98"];

/// Reads the rows of a register.
pub struct VoucherReader<'t> {
    columns: VoucherColumns,
    issuer: RowReader<'t>,
    today: Date,
}

/// A row that is not asked about.
type Unasked = (VoucherWord, Option<Text>);

impl<'t> VoucherReader<'t> {
    /// Reads rows of `table`; `today` is that of Lima.
    pub fn new(
        table: &'t Table,
        columns: VoucherColumns,
        rules: &'t RucRules,
        today: Date,
    ) -> VoucherReader<'t> {
        VoucherReader {
            columns,
            issuer: RowReader::new(table, columns.ruc, rules),
            today,
        }
    }

    /// What a row is.
    pub fn read(&self, row: &Row) -> VoucherRow {
        let read = self.issuer.read(row);
        let (voucher, word, why) = match self.voucher(row, &read.subject) {
            Ok((voucher, why)) => (Some(voucher), VoucherWord::Pendiente, why),
            Err((word, why)) => (None, word, why),
        };
        let repairs = if voucher.is_some() {
            read.repairs
        } else {
            Vec::new()
        };
        VoucherRow {
            voucher,
            word,
            why,
            repairs,
        }
    }

    fn voucher(
        &self,
        row: &Row,
        subject: &Subject,
    ) -> Result<(ListedVoucher, Option<Text>), Unasked> {
        // 1. Rows that are no voucher.
        match subject {
            Subject::Total => return Err((VoucherWord::Total, None)),
            Subject::Titles => return Err((VoucherWord::Titulos, None)),
            _ => {}
        }
        if self.is_blank(row) {
            return Err((VoucherWord::Vacia, None));
        }
        // 2. Vouchers that SUNAT does not know so.
        let kind = self.columns.tipo.map_or(&Cell::Empty, |it| row.cell(it));
        let of_all = self.columns.de_tipo.as_ref();
        let of_all = of_all.map(|it| CompactString::from_utf8_lossy(it));
        let tipo = of_all.or_else(|| kind_of(kind));
        if tipo.as_deref().is_some_and(|it| FOREIGN.contains(&it)) {
            return Err((VoucherWord::Extranjero, None));
        }
        let ruc = issuer_of(subject)?;
        let tipo = tipo.ok_or_else(|| unread(VoucherPart::Tipo, kind))?;
        if !ASKED.contains(&&*tipo) {
            let why = text!(
                "SUNAT no dice por este servicio cómo está un comprobante de tipo {tipo}",
                "SUNAT does not say by this service how a voucher of kind {tipo} stands"
            );
            return Err((VoucherWord::NoSeValida, Some(why)));
        }
        // 3. Its parts.
        let (serie, numero) = self.number(row)?;
        let day = row.cell(self.columns.fecha);
        let fecha = day_in(day).ok().flatten();
        let fecha = fecha.ok_or_else(|| unread(VoucherPart::Fecha, day))?;
        if fecha > self.today {
            let fecha = fecha.strftime("%d/%m/%Y");
            let why = text!(
                "la fecha {fecha} es futura",
                "the date {fecha} is in the future"
            );
            return Err((VoucherWord::Incompleto, Some(why)));
        }
        let (monto, why) = self.amount(row)?;
        let voucher = ListedVoucher {
            ruc,
            tipo,
            serie,
            numero,
            fecha,
            monto,
        };
        Ok((voucher, why))
    }

    fn is_blank(&self, row: &Row) -> bool {
        let columns = &self.columns;
        let parts = [columns.ruc, columns.numero, columns.fecha, columns.monto];
        let says_nothing = |at: &usize| {
            let text = text_of(row.cell(*at));
            row.cell(*at).is_blank() || text.chars().all(|it| it == '-')
        };
        let is_date = matches!(row.cell(columns.fecha), Cell::Date(_));
        !is_date && parts.iter().all(says_nothing)
    }

    fn number(&self, row: &Row) -> Result<(CompactString, u32), Unasked> {
        let cell = row.cell(self.columns.numero);
        let text = text_of(cell);
        if text.trim_matches(['-', '0']).is_empty() {
            return Err((VoucherWord::SinNumero, None));
        }
        if let Some(last) = self.columns.hasta.map(|it| text_of(row.cell(it)))
            && number_of(&last).is_some_and(|last| number_of(&text) != Some(last))
        {
            let why = text!(
                "la fila es un rango de números, del {text} al {last}: SUNAT responde por comprobante",
                "the row is a range of numbers, from {text} to {last}: SUNAT answers voucher by voucher"
            );
            return Err((VoucherWord::NoSeValida, Some(why)));
        }
        let Some(column) = self.columns.serie else {
            return both_of(&text).ok_or_else(|| unread(VoucherPart::Numero, cell));
        };
        let series = row.cell(column);
        // Some lists repeat the series before the number.
        if let Some(both) = both_of(&text) {
            return Ok(both);
        }
        let serie =
            series_of(&text_of(series)).ok_or_else(|| unread(VoucherPart::Serie, series))?;
        let numero = number_of(&text).ok_or_else(|| unread(VoucherPart::Numero, cell))?;
        Ok((serie, numero))
    }

    /// The amount in the currency of the voucher, which is what SUNAT compares: books have it in soles.
    fn amount(&self, row: &Row) -> Result<(Decimal, Option<Text>), Unasked> {
        let cell = row.cell(self.columns.monto);
        let amount = amount_of(cell).ok_or_else(|| unread(VoucherPart::Monto, cell))?;
        if !self.columns.en_soles {
            return Ok((amount, None));
        }
        let rate = self.columns.cambio.map(|it| row.cell(it));
        let rate = rate.and_then(|cell| match cell {
            Cell::Number(number) => Decimal::from_f64_retain(*number).map(|it| it.round_dp(6)),
            Cell::Text(text) => decimal_of(text),
            _ => None,
        });
        // A form without a column of currencies has a rate where the voucher is in another one.
        let currency = match self.columns.moneda {
            Some(column) => currency_of(row.cell(column)),
            None => rate
                .filter(|it| *it > Decimal::ONE)
                .map(|_| CompactString::const_new("ME")),
        };
        let Some(currency) = currency.filter(|it| it != "PEN") else {
            return Ok((amount, None));
        };
        let Some(rate) = rate.filter(|it| *it > Decimal::ONE) else {
            let why = text!(
                "el registro está en soles y el comprobante en {currency}, sin tipo de cambio: se consultó el importe del registro",
                "the book is in soles and the voucher in {currency}, without a rate: the amount of the book was asked"
            );
            return Ok((amount, Some(why)));
        };
        let own = (amount / rate).round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        let rate = rate.normalize();
        let why = text!(
            "importe en {currency}: {amount} soles ÷ {rate} = {own:.2}",
            "amount in {currency}: {amount} soles ÷ {rate} = {own:.2}"
        );
        Ok((own, Some(why)))
    }
}

fn issuer_of(subject: &Subject) -> Result<Ruc, Unasked> {
    match subject {
        Subject::Ruc(ruc) => Ok(*ruc),
        Subject::Other(document) => {
            let (es, en) = (document.message(Lang::Es), document.message(Lang::En));
            Err((VoucherWord::Extranjero, Some(text!("{es}", "{en}"))))
        }
        Subject::Empty => {
            let why = text!(
                "falta el RUC del emisor",
                "the RUC of the issuer is missing"
            );
            Err((VoucherWord::Incompleto, Some(why)))
        }
        Subject::Dni { .. } => {
            let why = text!(
                "falta el RUC del emisor: la celda tiene un DNI",
                "the RUC of the issuer is missing: the cell has a DNI"
            );
            // A DNI is no wrong RUC.
            Err((VoucherWord::Incompleto, Some(why)))
        }
        Subject::Bad(problem) => {
            let (es, en) = (problem.message(Lang::Es), problem.message(Lang::En));
            Err((VoucherWord::RucInvalido, Some(Text { es, en })))
        }
        Subject::Total => Err((VoucherWord::Total, None)),
        Subject::Titles => Err((VoucherWord::Titulos, None)),
    }
}

/// A part that is missing, or that cannot be read.
fn unread(part: VoucherPart, cell: &Cell) -> Unasked {
    let (es, en) = (part.holds(Lang::Es), part.holds(Lang::En));
    let why = if cell.is_blank() {
        text!("falta {es}", "{en} is missing")
    } else {
        text!("no se pudo leer {es}", "{en} could not be read")
    };
    (VoucherWord::Incompleto, Some(why))
}
