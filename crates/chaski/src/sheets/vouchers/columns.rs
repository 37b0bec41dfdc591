//! Where the parts of a voucher stand in a register: SUNAT's SIRE proposal and its electronic book 8.1 by
//! their layout, any other list by its titles and what its columns hold.

use chaski_core::fold;
use serde::{Deserialize, Serialize};

use super::VoucherPart;
use super::values::{amount_of, both_of, currency_of, kind_of, number_of, series_of, text_of};
use crate::sheets::column::{ColumnError, Sought, ambiguous, asked_for, find_column, labels};
use crate::sheets::days::{day_in, judged, titled};
use crate::sheets::identity::{Holds, holds};
use crate::sheets::names::{names_no_issue, names_ruc};
use crate::sheets::table::{Cell, Table, own_title};

/// The columns of a register, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoucherColumns {
    /// RUC of who issued it.
    pub ruc: usize,
    /// Kind; none where all are of one.
    pub tipo: Option<usize>,
    /// The kind of all, its two digits in SUNAT's table 10.
    #[serde(default)]
    pub de_tipo: Option<[u8; 2]>,
    /// Series; none where it stands before the number.
    pub serie: Option<usize>,
    /// Number.
    pub numero: usize,
    /// Last number, where a row stands for several.
    pub hasta: Option<usize>,
    /// Date of issue.
    pub fecha: usize,
    /// Total.
    pub monto: usize,
    /// Currency.
    pub moneda: Option<usize>,
    /// Exchange rate.
    pub cambio: Option<usize>,
    /// Whether amounts are in soles whatever the currency of the voucher, as books must have them.
    pub en_soles: bool,
}

/// The register of purchases of SIRE (RCE): `RUC|…|Periodo|CAR|Fecha|…`, without its titles.
const SIRE: VoucherColumns = VoucherColumns {
    ruc: 12,
    tipo: Some(6),
    de_tipo: None,
    serie: Some(7),
    numero: 9,
    hasta: Some(10),
    fecha: 4,
    monto: 24,
    moneda: Some(25),
    cambio: Some(26),
    en_soles: true,
};

/// The electronic book 8.1 (PLE): `Periodo|CUO|Correlativo|Fecha|…`, which has no titles.
const PLE: VoucherColumns = VoucherColumns {
    ruc: 11,
    tipo: Some(5),
    de_tipo: None,
    serie: Some(6),
    numero: 8,
    hasta: Some(9),
    fecha: 3,
    monto: 23,
    moneda: Some(24),
    cambio: Some(25),
    en_soles: true,
};

/// Finds the columns. `wanted` names one or several, as `monto=Y` or `ruc=B,monto=Y`; a column alone is
/// that of the RUC. In the place of a column of kinds, `tipo=01` says the kind of all. What is not named is
/// found, and a doubt is an error.
pub fn find_vouchers(table: &Table, wanted: Option<&str>) -> Result<VoucherColumns, ColumnError> {
    let (named, kind) = named_in(table, wanted)?;
    let own = |part: VoucherPart| named.iter().find(|it| it.0 == part).map(|it| it.1);
    let mut found = match [SIRE, PLE].into_iter().find(|it| is_laid_out(table, it)) {
        Some(layout) => layout,
        None => titled_columns(table, &own, kind)?,
    };
    if kind.is_some() {
        (found.tipo, found.de_tipo) = (None, kind);
    }
    for (part, column) in named {
        match part {
            VoucherPart::Ruc => found.ruc = column,
            VoucherPart::Tipo => found.tipo = Some(column),
            VoucherPart::Serie => found.serie = Some(column),
            VoucherPart::Numero => found.numero = column,
            VoucherPart::Fecha => found.fecha = column,
            VoucherPart::Monto => found.monto = column,
        }
    }
    Ok(found)
}

type Named = Vec<(VoucherPart, usize)>;

/// The columns that a person names, and the kind where they say one for all.
fn named_in(table: &Table, wanted: Option<&str>) -> Result<(Named, Option<[u8; 2]>), ColumnError> {
    let parts = wanted.into_iter().flat_map(|it| it.split(','));
    let (mut columns, mut kind) = (Named::new(), None);
    for typed in parts.filter(|it| !it.trim().is_empty()) {
        let named = typed.split_once('=').and_then(|(part, column)| {
            Some((VoucherPart::from_name(&fold(part).to_lowercase())?, column))
        });
        let (part, column) = named.unwrap_or((VoucherPart::Ruc, typed));
        let column = column.trim();
        let of_all = kind_of(&Cell::text(column)).filter(|_| part == VoucherPart::Tipo);
        let of_all = of_all.and_then(|it| it.as_bytes().try_into().ok());
        // Nobody calls the first column `01`.
        let is_code = column.len() == 2 && column.starts_with('0');
        match (asked_for(table, column), of_all) {
            (Ok(found), None) => columns.push((part, found)),
            (Ok(found), Some(_)) if !is_code => columns.push((part, found)),
            (_, Some(_)) => kind = of_all,
            (Err(error), None) => return Err(error),
        }
    }
    Ok((columns, kind))
}

/// Whether nearly all rows of a list are laid out so.
fn is_laid_out(table: &Table, layout: &VoucherColumns) -> bool {
    if table.header_row.is_some() || table.headers.len() <= layout.monto {
        return false;
    }
    let (mut rows, mut alike) = (0, 0);
    for row in judged(table) {
        rows += 1;
        let day = matches!(day_in(row.cell(layout.fecha)), Ok(Some(_)));
        let kind = layout.tipo.map(|column| row.cell(column));
        let kind = kind.is_some_and(|it| text_of(it).len() <= 2 && kind_of(it).is_some());
        alike += usize::from(day && kind && amount_of(row.cell(layout.monto)).is_some());
    }
    alike > 0 && alike * 10 >= rows * 8
}

/// By their titles, where the values agree.
fn titled_columns(
    table: &Table,
    own: &impl Fn(VoucherPart) -> Option<usize>,
    kind: Option<[u8; 2]>,
) -> Result<VoucherColumns, ColumnError> {
    let need = |part: VoucherPart, found: Result<Option<usize>, ColumnError>| match own(part) {
        Some(column) => Ok(column),
        None => found?.ok_or_else(|| ColumnError::NotFound {
            seen: labels(table, 0..table.headers.len()),
            sought: Sought::Part(part),
        }),
    };
    let best = |part: VoucherPart| best_of(table, part);
    let ruc = need(VoucherPart::Ruc, issuer(table).map(Some))?;
    let numero = need(VoucherPart::Numero, best(VoucherPart::Numero))?;
    let serie = match own(VoucherPart::Serie) {
        Some(column) => Some(column),
        None => best(VoucherPart::Serie)?,
    };
    // The series may stand before the number, and then under a title that says series.
    let (serie, numero) = match serie {
        Some(serie) if holds_both(table, serie) => (None, serie),
        Some(serie) if serie != numero => (Some(serie), numero),
        _ if holds_both(table, numero) => (None, numero),
        _ => (Some(need(VoucherPart::Serie, Ok(None))?), numero),
    };
    let optional = |names: fn(&str) -> bool| {
        let mut all = 0..table.headers.len();
        all.find(|it| names(&fold(own_title(&table.headers[*it]))))
    };
    Ok(VoucherColumns {
        ruc,
        tipo: match kind {
            Some(_) => None,
            None => Some(need(VoucherPart::Tipo, best(VoucherPart::Tipo))?),
        },
        de_tipo: kind,
        serie,
        numero,
        hasta: optional(|it| it.contains("FINAL") && it.contains("NRO")),
        fecha: need(VoucherPart::Fecha, best(VoucherPart::Fecha))?,
        monto: need(VoucherPart::Monto, best(VoucherPart::Monto))?,
        moneda: optional(|it| it.contains("MONEDA")),
        cambio: optional(|it| it.contains("CAMBIO") || matches!(it, "TC" | "T C")),
        en_soles: is_a_book(table),
    })
}

/// Whether a register is one of SUNAT's forms, whose amounts are in soles.
fn is_a_book(table: &Table) -> bool {
    let signs = ["CAR SUNAT", "TABLA 10"];
    let titles = table.headers.iter().map(|it| fold(it));
    titles.into_iter().any(|title| has(&title, &signs))
}

/// The RUC of who issued it: a title that says so; else as in a list of RUCs, and between several
/// the one of whom the voucher is.
fn issuer(table: &Table) -> Result<usize, ColumnError> {
    let title = |column: usize| fold(&table.headers[column]);
    let of_issuer = |column: &usize| {
        let title = title(*column);
        let says = title.contains("EMISOR") || title.contains("PROVEEDOR");
        let is_number = names_ruc(&title) || title.contains("DOC") || title.contains("IDENTIDAD");
        says && is_number && !fold(own_title(&table.headers[*column])).starts_with("TIPO")
    };
    let full = |column: &usize| share(table, *column, |it| matches!(holds(it), Holds::Ruc(_)));
    let said: Vec<usize> = (0..table.headers.len())
        .filter(|it| of_issuer(it) && full(it) > 0.3)
        .collect();
    if let [only] = said[..] {
        return Ok(only);
    }
    match find_column(table, None) {
        Err(ColumnError::Ambiguous {
            candidates,
            columns,
            sought,
        }) => {
            let of_parties = columns.iter().copied();
            let of_parties = of_parties.filter(|it| {
                let title = title(*it);
                title.contains("IDENTIDAD") && !title.starts_with("TIPO")
            });
            match of_parties.collect::<Vec<_>>()[..] {
                [only] => Ok(only),
                _ => Err(ColumnError::Ambiguous {
                    candidates,
                    columns,
                    sought,
                }),
            }
        }
        found => found,
    }
}

/// The column whose title says most surely that it is this part, among those whose values may be it.
fn best_of(table: &Table, part: VoucherPart) -> Result<Option<usize>, ColumnError> {
    let points = |column: usize| {
        let points = says(part, &table.headers[column]);
        let agrees = points > 0 && share(table, column, |cell| may_be(part, cell)) >= 0.5;
        if agrees { points } else { 0 }
    };
    let all: Vec<u8> = (0..table.headers.len()).map(points).collect();
    let most = all.iter().copied().max().unwrap_or_default();
    if most == 0 {
        return Ok(None);
    }
    let best: Vec<usize> = (0..all.len()).filter(|it| all[*it] == most).collect();
    // What a note refers to has the same titles, and few rows have it.
    let filled = |it: &usize| {
        judged(table)
            .filter(|row| !row.cell(*it).is_blank())
            .count()
    };
    let rows = judged(table).count();
    let covering = best.iter().copied().filter(|it| filled(it) * 2 >= rows);
    match (&best[..], &covering.collect::<Vec<_>>()[..]) {
        ([only], _) | (_, [only]) => Ok(Some(*only)),
        _ => Err(ambiguous(table, &best, Sought::Part(part))),
    }
}

/// How surely a title says that its column is a part of vouchers; 0 where it does not.
fn says(part: VoucherPart, title: &str) -> u8 {
    let (all, own) = (fold(title), fold(own_title(title)));
    match part {
        VoucherPart::Fecha => titled(title),
        _ if names_no_issue(&all) => 0,
        VoucherPart::Tipo => says_kind(&all, &own),
        VoucherPart::Numero => says_number(&all, &own),
        VoucherPart::Monto => says_amount(&all, &own),
        VoucherPart::Serie if all.contains("SERIE") => 1 + u8::from(of_voucher(&all, &own)),
        VoucherPart::Serie | VoucherPart::Ruc => 0,
    }
}

fn of_voucher(all: &str, own: &str) -> bool {
    has(all, &["COMPROB", "CDP", "TABLA 10"]) || word(own, &["CP", "CPE"])
}

fn says_kind(all: &str, own: &str) -> u8 {
    const OTHERS: [&str; 10] = [
        "IDENTIDAD",
        "CAMBIO",
        "MONEDA",
        "PERSONA",
        "OPERACION",
        "BIEN",
        "CLIENTE",
        "PROVEEDOR",
        "TABLA 2",
        "AFECTACION",
    ];
    match () {
        () if has(all, &OTHERS) => 0,
        () if !word(own, &["TIPO", "TIP", "TD", "TDOC", "TIPODOC", "COD"]) => 0,
        () if of_voucher(all, own) => 3,
        () if has(all, &["DOC"]) || word(own, &["TD"]) => 2,
        () => 1,
    }
}

fn says_number(all: &str, own: &str) -> u8 {
    const NUMBERS: [&str; 11] = [
        "NUMERO",
        "NRO",
        "NUM",
        "N",
        "NO",
        "CORRELATIVO",
        "NROCOMPROBANTE",
        "FACTURA",
        "COMPROBANTE",
        "DOCUMENTO",
        "DOC",
    ];
    const NEVER: [&str; 7] = [
        "IDENTIDAD",
        "RUC",
        "FINAL",
        "TIPO",
        "FECHA",
        "TOTAL",
        "DOMICILIADO",
    ];
    const OTHERS: [&str; 7] = [
        "CUENTA",
        "ORDEN",
        "ASIENTO",
        "CLIENTE",
        "PROVEEDOR",
        "ITEM",
        "OPERACION",
    ];
    match () {
        () if has(all, &NEVER) || !word(own, &NUMBERS) => 0,
        () if has(all, &OTHERS) && !of_voucher(all, own) => 0,
        () if of_voucher(all, own) || has(all, &["CORRELATIVO", "FACTURA", "INICIAL"]) => 3,
        () if has(all, &["DOC"]) || word(own, &["NUMERO"]) => 2,
        () => 1,
    }
}

fn says_amount(all: &str, own: &str) -> u8 {
    const OTHERS: [&str; 14] = [
        "BASE",
        "IGV",
        "IMPONIBLE",
        "RETEN",
        "PERCEP",
        "INAFECT",
        "EXONER",
        "ISC",
        "ICBPER",
        "OTROS",
        "DSCTO",
        "DESCUENTO",
        "GRAVAD",
        "UNITARIO",
    ];
    match () {
        () if has(all, &OTHERS) => 0,
        () if has(all, &["TOTAL"]) && of_voucher(all, own) => 4,
        () if has(all, &["TOTAL"]) && has(all, &["IMPORTE", "MONTO", "PRECIO"]) => 4,
        () if own == "TOTAL" => 3,
        () if has(all, &["TOTAL"]) => 2,
        () if word(own, &["IMPORTE", "MONTO"]) => 1,
        () => 0,
    }
}

fn has(text: &str, parts: &[&str]) -> bool {
    parts.iter().any(|it| text.contains(it))
}

fn word(text: &str, words: &[&str]) -> bool {
    text.split(' ').any(|it| words.contains(&it))
}

fn may_be(part: VoucherPart, cell: &Cell) -> bool {
    let text = || text_of(cell);
    match part {
        VoucherPart::Ruc => matches!(holds(cell), Holds::Ruc(_)),
        VoucherPart::Tipo => kind_of(cell).is_some(),
        VoucherPart::Serie => series_of(&text()).is_some() || both_of(&text()).is_some(),
        VoucherPart::Numero => number_of(&text()).is_some() || both_of(&text()).is_some(),
        VoucherPart::Fecha => matches!(day_in(cell), Ok(Some(_))),
        VoucherPart::Monto => amount_of(cell).is_some(),
    }
}

fn holds_both(table: &Table, column: usize) -> bool {
    share(table, column, |cell| both_of(&text_of(cell)).is_some()) >= 0.5
}

/// Of how many of its filled cells something is so.
fn share(table: &Table, column: usize, is_so: impl Fn(&Cell) -> bool) -> f64 {
    let (mut filled, mut right) = (0_u32, 0_u32);
    for row in judged(table) {
        let cell = row.cell(column);
        filled += u32::from(!cell.is_blank());
        right += u32::from(!cell.is_blank() && is_so(cell));
    }
    f64::from(right) / f64::from(filled.max(1))
}

/// Whether a column holds currencies.
pub(in crate::sheets) fn holds_currencies(table: &Table, column: usize) -> bool {
    share(table, column, |cell| currency_of(cell).is_some()) >= 0.9
}
