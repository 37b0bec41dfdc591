//! Notes: what they modify, and what they may say of it.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::super::form::Form;
use super::super::kind::IssuedKind;
use super::super::refusal::Refusal;
use super::payment::cuotas;

/// What the account knows of the document that a note modifies, when it was issued here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Modified {
    pub(crate) total: Decimal,
    pub(crate) issued: Date,
    pub(crate) on_credit: bool,
    /// By the credit notes that are there.
    pub(crate) credited: Decimal,
}

/// The type of a credit note that only changes when and how much is paid.
const SCHEDULE_ONLY: u32 = 13;

/// The document that a note names; `None` for what is no note.
pub(crate) fn modified(
    form: &Form,
    kind: IssuedKind,
) -> Result<Option<(IssuedKind, String, u32)>, Refusal> {
    if !kind.is_note() {
        return Ok(None);
    }
    let missing = || Refusal::reason("Documento que se modifica no puede estar en blanco");
    let tipo = form.whole("documento_que_se_modifica_tipo")?;
    let serie = form.plain("documento_que_se_modifica_serie")?;
    let numero = form.whole("documento_que_se_modifica_numero")?;
    let (Some(tipo), Some(serie), Some(numero)) = (tipo, serie, numero) else {
        return Err(missing());
    };
    match tipo {
        1 => Ok(Some((IssuedKind::Factura, serie.to_owned(), numero))),
        2 => Ok(Some((IssuedKind::Boleta, serie.to_owned(), numero))),
        _ => Err(Refusal::reason(
            "Documento que se modifica tipo no está incluido en la lista",
        )),
    }
}

pub(super) fn is_schedule_only(form: &Form, kind: IssuedKind) -> Result<bool, Refusal> {
    let tipo = form.whole("tipo_de_nota_de_credito")?;
    Ok(kind == IssuedKind::NotaCredito && tipo == Some(SCHEDULE_ONLY))
}

pub(super) fn check_note(
    form: &Form,
    kind: IssuedKind,
    serie: &str,
    known: Option<Modified>,
) -> Result<(), Refusal> {
    // 1. A type, and a document of the same family of series.
    let (field, most) = match kind {
        IssuedKind::NotaCredito => ("tipo_de_nota_de_credito", 13),
        IssuedKind::NotaDebito => ("tipo_de_nota_de_debito", 5),
        _ => return Ok(()),
    };
    if !form
        .whole(field)?
        .is_some_and(|tipo| (1..=most).contains(&tipo))
    {
        return Err(Refusal::reason(format!(
            "{} no está incluido en la lista",
            super::super::form::words(field)
        )));
    }
    let modified = modified(form, kind)?.map(|(kind, ..)| kind);
    match (serie.chars().next(), modified) {
        (Some('F'), Some(IssuedKind::Boleta)) => return Err(Refusal::sunat(2116, "serie", serie)),
        (Some('B'), Some(IssuedKind::Factura)) => return Err(Refusal::sunat(2399, "serie", serie)),
        _ => {}
    }
    // 2. A new schedule, against the document if it is known here.
    let schedule_only = is_schedule_only(form, kind)?;
    let cuotas = cuotas(form)?;
    if schedule_only && cuotas.is_empty() {
        return Err(Refusal::sunat(3257, "venta_al_credito", ""));
    }
    let Some(known) = known else { return Ok(()) };
    if schedule_only {
        let sum: Decimal = cuotas.iter().map(|cuota| cuota.amount).sum();
        if !known.on_credit {
            let numero = form.text("documento_que_se_modifica_numero");
            let field = "documento_que_se_modifica_numero";
            return Err(Refusal::sunat(3260, field, numero.unwrap_or_default()));
        }
        if sum > known.total {
            return Err(Refusal::sunat(3320, "venta_al_credito", sum));
        }
        let early = cuotas.iter().filter_map(|cuota| cuota.due);
        if let Some(due) = early.into_iter().find(|due| *due <= known.issued) {
            return Err(Refusal::sunat(3321, "fecha_de_pago", due));
        }
        return Ok(());
    }
    // 3. All that is credited is not more than what was sold.
    let total = form.amount("total")?;
    if kind == IssuedKind::NotaCredito && known.credited + total > known.total {
        return Err(Refusal::sunat(3286, "total", total));
    }
    Ok(())
}
