//! A received voucher as it is typed or sent, read into what is asked of SUNAT about it.
//!
//! SUNAT finds a voucher by exact values: one cent or one day off and it "does not exist". Every form that is
//! printed or exported and can mean one thing only is read; for the rest the part that is wrong is named.

use std::str::FromStr;

use chaski_client::CpeQuery;
use chaski_core::{Lang, Ruc, RucRules, Text, parse_date, text};
use jiff::civil::Date;
use rust_decimal::Decimal;

/// The six values of a voucher, as they were written.
#[derive(Clone, Copy)]
pub struct WrittenVoucher<'w> {
    /// Who issued it.
    pub ruc_emisor: &'w str,
    /// SUNAT's catalogue 01, such as `01`.
    pub tipo_comprobante: &'w str,
    /// Such as `F001`.
    pub serie: &'w str,
    /// With or without leading zeros.
    pub numero: &'w str,
    /// `AAAA-MM-DD`, `DD/MM/AAAA` or `DD-MM-AAAA`.
    pub fecha_emision: &'w str,
    /// Total, such as `118.00`, `1,180.00` or `S/ 118`; of a credit note also with its sign.
    pub monto: &'w str,
}

/// The value that is wrong, and why.
pub struct WrongVoucher {
    /// Its name in the API.
    pub field: &'static str,
    /// Stable code, never translated.
    pub code: &'static str,
    /// What is wrong with it and what to do.
    pub text: Text,
}

/// The kinds that SUNAT's service for vouchers knows (manual of *Consulta Integrada de Comprobantes de Pago*): factura,
/// boleta, liquidación de compra, credit and debit note. Of another one "does not exist" would say nothing.
const KINDS: [&str; 5] = ["01", "03", "04", "07", "08"];

/// Credit notes stand with a minus in the registers of SIRE and PLE, and without one at SUNAT.
const CREDIT_NOTE: &str = "07";

/// Reads a voucher; `today` is Lima's date.
pub fn read_voucher(
    written: &WrittenVoucher<'_>,
    rules: &RucRules,
    today: Date,
) -> Result<CpeQuery, WrongVoucher> {
    let ruc_emisor = Ruc::parse_with(written.ruc_emisor, rules).map_err(|error| WrongVoucher {
        field: "ruc_emisor",
        code: error.code(),
        text: both(|lang| error.message(lang)),
    })?;
    let tipo_comprobante = read_kind(written.tipo_comprobante)?;
    let serie = written.serie.trim().to_uppercase();
    if serie.len() != 4 || !serie.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(wrong(
            "serie",
            text!(
                "debe tener cuatro letras o dígitos, como F001",
                "must be four letters or digits, such as F001"
            ),
        ));
    }
    let numero = read_number(written.numero)?;
    let fecha_emision = parse_date(written.fecha_emision).map_err(|error| WrongVoucher {
        field: "fecha_emision",
        code: error.code(),
        text: both(|lang| error.message(lang).to_owned()),
    })?;
    if fecha_emision > today {
        let today = today.strftime("%d/%m/%Y");
        return Err(wrong(
            "fecha_emision",
            text!(
                "es una fecha futura: hoy es {today} en Lima",
                "is a date in the future: today is {today} in Lima"
            ),
        ));
    }
    let monto = read_amount(written.monto, &tipo_comprobante)?;
    Ok(CpeQuery {
        ruc_emisor,
        tipo_comprobante,
        serie,
        numero,
        fecha_emision,
        monto,
    })
}

fn read_kind(written: &str) -> Result<String, WrongVoucher> {
    let written = written.trim().to_uppercase();
    let digits = written.len() <= 2 && is_digits(&written);
    // What SUNAT calls recibo por honorarios and its note in this service's own catalogue.
    let of_fees = matches!(&*written, "R1" | "R7");
    if !digits && !of_fees {
        return Err(wrong(
            "tipo_comprobante",
            text!(
                "debe tener dos dígitos, como 01 (factura) o 03 (boleta)",
                "must be two digits, such as 01 (factura) or 03 (boleta)"
            ),
        ));
    }
    let kind = format!("{written:0>2}");
    if KINDS.contains(&&*kind) {
        return Ok(kind);
    }
    let name = if of_fees || kind == "02" {
        " (recibo por honorarios)"
    } else {
        ""
    };
    Err(wrong(
        "tipo_comprobante",
        text!(
            "el tipo {kind}{name} no se valida por este servicio: solo factura (01), boleta (03), liquidación de compra (04), nota de crédito (07) y de débito (08); consúltelo en SUNAT",
            "kind {kind}{name} is not validated by this service: only factura (01), boleta (03), liquidación de compra (04), credit note (07) and debit note (08); look it up at SUNAT"
        ),
    ))
}

/// As it is printed, `00000001`, or as SUNAT has it, `1`.
fn read_number(written: &str) -> Result<u32, WrongVoucher> {
    let written = written.trim();
    let number = written.parse().ok().filter(|_| is_digits(written));
    let number = number.filter(|number| (1..=99_999_999).contains(number));
    number.ok_or_else(|| {
        wrong(
            "numero",
            text!("debe ser de 1 a 99999999", "must be 1 to 99999999"),
        )
    })
}

fn read_amount(written: &str, kind: &str) -> Result<Decimal, WrongVoucher> {
    const MOST: i64 = 1_000_000_000_000;
    let amount = amount(written).filter(|it| it.abs() < Decimal::from(MOST));
    let Some(amount) = amount else {
        return Err(wrong(
            "monto",
            text!(
                "debe ser un importe como 118.00",
                "must be an amount such as 118.00"
            ),
        ));
    };
    if amount < Decimal::ZERO && kind != CREDIT_NOTE {
        return Err(wrong(
            "monto",
            text!(
                "escriba el importe sin signo, como 118.00",
                "write the amount without a sign, such as 118.00"
            ),
        ));
    }
    Ok(amount.abs())
}

/// An amount with its sign: `118`, `1,180.00`, `1.180,00`, `118,00`, `S/ 118.00`, `-118.00`, `(118.00)`. None where
/// it can be read in two ways, such as `1.180`.
fn amount(written: &str) -> Option<Decimal> {
    let (minus, figure) = without_sign(written.trim());
    let (whole, cents) = match figure.rfind(['.', ',']) {
        Some(at) if !groups_at(figure, at) => (&figure[..at], Some(&figure[at + 1..])),
        _ => (figure, None),
    };
    let (digits, cents) = (without_groups(whole)?, cents.unwrap_or("00"));
    if !is_digits(cents) || cents.len() > 2 {
        return None;
    }
    let amount = Decimal::from_str(&format!("{digits}.{cents}")).ok()?;
    Some(if minus { -amount } else { amount })
}

/// Whether an amount is below zero, as accountants and programs write that, and the rest of it.
fn without_sign(written: &str) -> (bool, &str) {
    let in_brackets = written
        .strip_prefix('(')
        .and_then(|it| it.strip_suffix(')'));
    let (mut minus, mut rest) = (in_brackets.is_some(), in_brackets.unwrap_or(written).trim());
    // The minus may stand before the currency or behind it.
    for mark in ["-", "−", "S/.", "S/", "US$", "$", "-"] {
        let signs = matches!(mark, "-" | "−");
        if let Some(after) = rest.strip_prefix(mark).filter(|_| !(signs && minus)) {
            minus |= signs;
            rest = after.trim_start();
        }
    }
    (minus, rest)
}

/// Whether the last separator of an amount, at a place of it, groups its digits: where it comes more than once, and
/// where it is a comma before three digits; cents are two.
fn groups_at(figure: &str, at: usize) -> bool {
    let separator = &figure[at..=at];
    figure.matches(separator).count() > 1
        || (separator == "," && figure.len() - at == 4 && !figure.contains('.'))
}

/// The digits of a whole number, in groups of three or without them.
fn without_groups(whole: &str) -> Option<String> {
    let separator = whole.find([',', '.']).map(|at| &whole[at..=at]);
    let groups: Vec<&str> = separator.map_or_else(|| vec![whole], |it| whole.split(it).collect());
    let (first, others) = groups.split_first()?;
    let grouped = others.is_empty() || (first.len() <= 3 && others.iter().all(|it| it.len() == 3));
    (grouped && groups.iter().all(|it| is_digits(it))).then(|| groups.concat())
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn wrong(field: &'static str, text: Text) -> WrongVoucher {
    WrongVoucher {
        field,
        code: "campo_invalido",
        text,
    }
}

fn both(message: impl Fn(Lang) -> String) -> Text {
    Text {
        es: message(Lang::Es),
        en: message(Lang::En),
    }
}
