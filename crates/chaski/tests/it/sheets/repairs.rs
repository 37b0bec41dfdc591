//! What a damaged cell meant.

use chaski::sheets::{Cell, Repair, Subject, repair};
use chaski_core::{Lang, RucRules};

use super::text;
use Repair::{
    Apostrophe, Blanks, Bom, Dashes, Float, FullWidth, Inside, LostZero, Prefix, Quotes,
    Scientific, Separators,
};

/// `ruc:…`, `dni:…`, `dni+:…` (padded), `vacía` or the code of the problem.
fn describe(subject: &Subject) -> String {
    match subject {
        Subject::Ruc(ruc) => format!("ruc:{}", ruc.as_str()),
        Subject::Dni { dni, padded: false } => format!("dni:{}", dni.as_str()),
        Subject::Dni { dni, padded: true } => format!("dni+:{}", dni.as_str()),
        Subject::Empty => "vacía".into(),
        // Of a whole row, never of a cell alone.
        Subject::Other(_) | Subject::Total | Subject::Titles => "fila".into(),
        Subject::Bad(problem) => problem.code().into(),
    }
}

#[track_caller]
fn check(cell: &Cell, expected: &str, repairs: &[Repair]) {
    let repaired = repair(cell, &RucRules::default());
    let written = match cell {
        Cell::Text(text) => text.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(describe(&repaired.subject), expected, "{written}");
    assert_eq!(repaired.repairs, repairs, "{written}");
}

#[track_caller]
fn check_text(cell: &str, expected: &str, repairs: &[Repair]) {
    check(&text(cell), expected, repairs);
}

const GOOD: &str = "ruc:20100038146";

#[test]
fn numbers() {
    check(&Cell::Number(20_100_038_146.0), GOOD, &[]);
    check(&Cell::Number(12_345_678.0), "dni:12345678", &[]);
    check(&Cell::Number(1_234_567.0), "dni+:01234567", &[LostZero]);
    check(&Cell::Number(123_456.0), "ruc_longitud", &[]);
    check(&Cell::Number(20_100_038_145.0), "ruc_digito", &[]);
    check(&Cell::Number(20_100_038_146.5), "numero_con_decimales", &[]);
    check(&Cell::Number(-20_100_038_146.0), "numero_negativo", &[]);
    check(&Cell::Number(0.0), "ruc_longitud", &[]);
    check(&Cell::Number(1e300), "ruc_longitud", &[]);
    check(&Cell::Number(f64::NAN), "numero_con_decimales", &[]);
    check(&Cell::Number(f64::INFINITY), "numero_con_decimales", &[]);
}

#[test]
fn texts_put_right() {
    check_text("20100038146", GOOD, &[]);
    check_text("20100038146.0", GOOD, &[Float]);
    check_text("20100038146,00", GOOD, &[Float]);
    check_text(" 20100038146 ", GOOD, &[Blanks]);
    check_text("\u{a0}20100038146\u{a0}", GOOD, &[Blanks]);
    check_text("20 10003814 6", GOOD, &[Blanks]);
    check_text("2010003814-6", GOOD, &[Dashes]);
    check_text("2010003814–6", GOOD, &[Dashes]);
    check_text("20.100.038.146", GOOD, &[Separators]);
    check_text("20,100,038,146", GOOD, &[Separators]);
    check_text("20,100,038,146.00", GOOD, &[Float, Separators]);
    check_text("'20100038146", GOOD, &[Apostrophe]);
    check_text("’20100038146’", GOOD, &[Apostrophe]);
    check_text("\"20100038146\"", GOOD, &[Quotes]);
    check_text("«20100038146»", GOOD, &[Quotes]);
    check_text("\u{feff}20100038146", GOOD, &[Bom]);
    check_text("２０１００038146", GOOD, &[FullWidth]);
    check_text("RUC: 20100038146", GOOD, &[Prefix]);
    check_text("RUC 20100038146", GOOD, &[Prefix]);
    check_text("r.u.c. n° 20100038146", GOOD, &[Prefix]);
    check_text("N° RUC: 20100038146", GOOD, &[Prefix]);
    check_text("RUC: 20100038146.0", GOOD, &[Prefix, Float]);
    check_text("2.0100038146E10", GOOD, &[Scientific]);
    check_text("2,0100038146E+10", GOOD, &[Scientific]);
    check_text("DNI 12345678", "dni:12345678", &[Prefix]);
    check_text("00000001", "dni:00000001", &[]);
    check_text("20100038146 - CLIENTE UNO S.A.", GOOD, &[Inside]);
    check_text("CLIENTE UNO S.A. (20100038146)", GOOD, &[Inside]);
    check_text("RUC: 20100038146 CLIENTE 2", GOOD, &[Inside]);
    check_text("20100038146/20100038146", GOOD, &[Inside]);
    check_text("PE20100038146", GOOD, &[Inside]);
    check_text("=\"20100038146\"", GOOD, &[Inside]);
    check_text(
        " \"RUC: 2010003814-6\" ",
        GOOD,
        &[Blanks, Quotes, Prefix, Dashes],
    );
}

#[test]
fn texts_only_their_owner_can_put_right() {
    check_text("2,01E+10", "cifras_perdidas", &[]);
    check_text("2.01000381E+10", "cifras_perdidas", &[]);
    check_text("2.010003814E10", "cifras_perdidas", &[]);
    check_text("1234567", "dni_incompleto", &[]);
    check_text("20100038147", "ruc_digito", &[]);
    check_text("2010003814", "ruc_longitud", &[]);
    check_text("201000381466", "ruc_longitud", &[]);
    check_text("20A00038146", "ruc_formato", &[]);
    check_text("99512333792", "ruc_prefijo", &[]);
    check_text("20000000001", "ruc_bloqueado", &[]);
    check_text("20123456789", "ruc_bloqueado", &[]);
    check_text("=1+1", "ruc_formato", &[]);
    check_text("SIN RUC", "ruc_formato", &[]);
    check_text("20.100.038.000", "ruc_digito", &[]);
    check_text("20100038146 / 20000712711", "varios_ruc", &[]);
    check_text("CLIENTE 2010003814699", "ruc_formato", &[]);
    check_text("TOTAL 20100038146.50", "ruc_formato", &[]);
    check_text("X20100038146", "ruc_formato", &[]);
    check_text("20100038146X", "ruc_formato", &[]);
    check_text("20100038147 - CLIENTE", "ruc_formato", &[]);
    check_text("20100038146 5", "ruc_longitud", &[]);
}

#[test]
fn cells_of_other_kinds() {
    check(&Cell::Empty, "vacía", &[]);
    check_text("   ", "vacía", &[]);
    check_text("-", "vacía", &[]);
    check_text(" - - ", "vacía", &[]);
    check(&Cell::Bool(true), "celda_logica", &[]);
    check(&Cell::Date("2026-01-31".into()), "celda_fecha", &[]);
    check(&Cell::Error("#N/A".into()), "celda_error", &[]);
}

/// Ten digits whose lost zero is told by the check digit.
#[test]
fn a_trailing_zero_lost_in_scientific_notation() {
    let ruc = (0..10_000)
        .map(|body| format!("2099000{body:04}"))
        .find(|number| number.ends_with('0') && number.parse::<chaski_core::Ruc>().is_ok())
        .unwrap();
    let written = format!("{}.{}E10", &ruc[..1], &ruc[1..10]);
    check_text(&written, &format!("ruc:{ruc}"), &[Scientific]);
}

#[test]
fn the_wrong_digit_is_told_with_the_right_one() {
    let repaired = repair(&text("20131312950"), &RucRules::default());
    let Subject::Bad(problem) = repaired.subject else {
        panic!("{:?}", repaired.subject);
    };
    assert_eq!(
        problem.message(Lang::Es),
        "dígito verificador incorrecto: termina en 0 y debería terminar en 5"
    );
}

mod any_text {
    use chaski::sheets::{Cell, Subject, repair};
    use chaski_core::RucRules;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is taken for a RUC has exactly its digits, in their order.
        #[test]
        fn no_digit_is_invented(cell in "[RUC0-9eE+., :'\"\u{a0}-]{0,24}") {
            let repaired = repair(&Cell::text(&cell), &RucRules::default());
            if let Subject::Ruc(ruc) = repaired.subject {
                let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
                let scientific = cell.contains(['e', 'E']);
                prop_assert!(scientific || digits.contains(ruc.as_str()), "{cell:?}");
            }
        }

        #[test]
        fn nothing_stops_it(cell in "\\PC{0,40}") {
            repair(&Cell::text(&cell), &RucRules::default());
        }
    }
}
