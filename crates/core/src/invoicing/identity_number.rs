//! Numbers of RUC and DNI that were mistyped: what is wrong, and the number that was probably meant.

use super::codes;
use super::finding::Findings;
use crate::{CheckDigit, Lang, Ruc, RucRules, Text, text};

/// Checks the number of a RUC: eleven digits, the last of them right, nothing between them. `digit`
/// says whether prefixes and made-up numbers are refused too.
pub(crate) fn check_ruc(
    number: &str,
    check_digit: CheckDigit,
    campo: &str,
    findings: &mut Findings,
) -> bool {
    let rules = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    let plain = number.bytes().all(|b| b.is_ascii_digit());
    let parsed = Ruc::parse_with(number, &rules);
    let ruc = match parsed {
        Ok(ruc) if !ruc.has_valid_check_digit() => {
            note_digit(ruc, campo, findings);
            return false;
        }
        Ok(ruc) if check_digit == CheckDigit::FormatOnly => Ok(ruc),
        _ => number.parse::<Ruc>(),
    };
    match ruc {
        Ok(_) if plain => return true,
        // Separators that people type; SUNAT wants the digits alone.
        Ok(ruc) => {
            let digits = ruc.as_str();
            findings
                .add(&codes::CUSTOMER_RUC, campo)
                .expected(digits)
                .advises(text!("escriba {digits}", "write {digits}"));
        }
        Err(error) => {
            findings.add(&codes::CUSTOMER_RUC, campo).says(Text {
                es: error.message(Lang::Es),
                en: error.message(Lang::En),
            });
        }
    }
    false
}

/// The last digit follows from the first ten: if these are right, so is the number that is named.
fn note_digit(ruc: Ruc, campo: &str, findings: &mut Findings) {
    let expected = ruc.expected_check_digit();
    let finding = findings.add(&codes::CUSTOMER_RUC, campo).says(text!(
        "el dígito verificador del RUC no es correcto: debería terminar en {expected}",
        "the check digit of the RUC is wrong: it should end in {expected}"
    ));
    if let Some(head) = ruc.as_str().get(..10) {
        let right = format!("{head}{expected}");
        finding.expected(&right).advises(text!(
            "si los otros dígitos están bien, el RUC es {right}: confírmelo con el cliente",
            "if the other digits are right, the RUC is {right}: confirm it with the customer"
        ));
    }
}

/// Says that a DNI has not its eight digits, and offers it with the zeros that a spreadsheet took.
pub(crate) fn note_dni(number: &str, campo: &str, findings: &mut Findings) {
    let finding = findings.add(&codes::CUSTOMER_DNI, campo);
    let digits = number.bytes().all(|b| b.is_ascii_digit());
    if (1..8).contains(&number.len()) && digits {
        let whole = format!("{number:0>8}");
        finding.expected(&whole).advises(text!(
            "probablemente perdió sus ceros a la izquierda: escriba {whole}, entre comillas",
            "it probably lost its leading zeros: write {whole}, in quotes"
        ));
    }
}
