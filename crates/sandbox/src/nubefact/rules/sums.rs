//! The totals of a factura, boleta or note against its lines.

use rust_decimal::Decimal;

use super::super::form::Form;
use super::super::refusal::Refusal;
use super::catalogue::LineClass;
use super::lines::{CENT, CheckedLine, cents};

/// A class of lines, its total, the tribute in the words of Nubefact's prevalidation, SUNAT's code.
const CLASSES: [(&str, &str, u16, u16); 4] = [
    ("GRAVADA", "total_gravada", 1000, 3277),
    ("EXONERADA", "total_exonerada", 9997, 3275),
    ("INAFECTA", "total_inafecta", 9998, 3274),
    ("GRATUITA", "total_gratuita", 9996, 3276),
];

pub(super) fn check_sums(form: &Form, lines: &[CheckedLine], rate: Decimal) -> Result<(), Refusal> {
    let discount = form.amount("descuento_global")?;
    check_classes(form, lines, discount)?;
    check_igv(form, lines, rate, discount)?;
    check_others(form, lines)?;

    // The total is the sum of the totals, to the cent.
    let parts = [
        "total_gravada",
        "total_exonerada",
        "total_inafecta",
        "total_igv",
        "total_isc",
        "total_impuestos_bolsas",
        "total_otros_cargos",
    ];
    let mut sum = Decimal::ZERO;
    for part in parts {
        sum += form.amount(part)?;
    }
    let total = form.amount("total")?;
    if sum == total {
        return Ok(());
    }
    Err(Refusal::sunat(3280, "total", total))
}

/// Which of [`CLASSES`] a line counts in.
fn place(line: &CheckedLine) -> usize {
    match line.class {
        LineClass::Gravada => 0,
        LineClass::Exonerada => 1,
        LineClass::Inafecta | LineClass::Exportacion => 2,
        LineClass::RetiroGravado | LineClass::Gratuita => 3,
    }
}

fn check_classes(form: &Form, lines: &[CheckedLine], discount: Decimal) -> Result<(), Refusal> {
    let mut sums = [Decimal::ZERO; 4];
    let mut present = [false; 4];
    for line in lines {
        let class = place(line);
        if let (Some(sum), Some(present)) = (sums.get_mut(class), present.get_mut(class)) {
            *sum += line.signed(line.subtotal);
            *present = true;
        }
    }
    // A global discount comes off what is taxed; where nothing is, off what there is.
    let discounted = (0..3).find(|class| present.get(*class) == Some(&true));
    if let Some(sum) = discounted.and_then(|class| sums.get_mut(class)) {
        *sum -= discount;
    }
    // Classes that have lines first: those are the ones that the real one names.
    let rows = CLASSES.iter().zip(sums).zip(present);
    let (with, without): (Vec<_>, Vec<_>) = rows.partition(|(_, present)| *present);
    for (((name, field, tribute, code), sum), present) in with.into_iter().chain(without) {
        let said = form.amount(field)?;
        if said == sum {
            continue;
        }
        if *tribute == 9996 && present {
            return Err(Refusal::reason(format!(
                "Error al PreValidar codigo Tributo: {tribute}"
            )));
        }
        if said.is_zero() && !sum.is_zero() {
            return Err(Refusal::reason(format!(
                "Total {name} debe ser mayor a cero, Error al PreValidar codigo Tributo: {tribute}"
            )));
        }
        return Err(Refusal::sunat(*code, field, said));
    }
    Ok(())
}

fn check_igv(
    form: &Form,
    lines: &[CheckedLine],
    rate: Decimal,
    discount: Decimal,
) -> Result<(), Refusal> {
    let taxed = || lines.iter().filter(|line| line.class == LineClass::Gravada);
    let of_lines: Decimal = taxed().map(|line| line.signed(line.igv)).sum();
    let bases: Decimal = taxed()
        .map(|line| line.signed(line.subtotal + line.isc))
        .sum();
    let said = form.amount("total_igv")?;

    // 1. The header is the sum of the lines; the discount's tax is rounded, and so may be off.
    let off_by_rounding = if discount.is_zero() {
        Decimal::ZERO
    } else {
        CENT
    };
    let discounted = if taxed().next().is_some() {
        discount * rate
    } else {
        Decimal::ZERO
    };
    if (cents(of_lines - discounted) - said).abs() > off_by_rounding {
        return Err(Refusal::sunat(3291, "total_igv", said));
    }
    // 2. And what the lines were rounded by does not add up to more than a cent a line, nor to more
    // than SUNAT bears.
    let drift = (of_lines - cents(bases * rate)).abs();
    let most = (CENT * Decimal::from(taxed().count())).min(Decimal::ONE);
    if drift > most {
        return Err(Refusal::sunat(3291, "total_igv", said));
    }
    Ok(())
}

fn check_others(form: &Form, lines: &[CheckedLine]) -> Result<(), Refusal> {
    let isc: Decimal = lines.iter().map(|line| line.signed(line.isc)).sum();
    let bolsas: Decimal = lines.iter().map(|line| line.bolsas).sum();
    let advances = lines.iter().filter(|line| line.is_advance);
    let anticipo: Decimal = advances.map(|line| line.subtotal).sum();
    let otros: Decimal = lines.iter().map(|line| line.otros_cargos).sum();
    for (field, code, sum) in [
        ("total_isc", 3296, isc),
        ("total_impuestos_bolsas", 3306, bolsas),
        ("total_anticipo", 2509, anticipo),
    ] {
        let said = form.amount(field)?;
        if said != sum {
            return Err(Refusal::sunat(code, field, said));
        }
    }
    // Other charges may be of the whole document; those of its lines are part of them.
    let said = form.amount("total_otros_cargos")?;
    if !otros.is_zero() && said != otros {
        return Err(Refusal::sunat(3301, "total_otros_cargos", said));
    }
    Ok(())
}
