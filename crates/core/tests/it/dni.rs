//! DNI: check digit and letter, what people type.

use chaski_core::{Dni, DniError, Lang, Ruc};
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: Result<&str, DniError>) {
    let found = text.parse::<Dni>();
    assert_eq!(
        found.as_ref().map(Dni::as_str).map_err(Clone::clone),
        expected,
        "{text:?}"
    );
}

#[test]
fn placeholders_with_digit_letter_and_ruc() {
    #[track_caller]
    fn check(dni: &str, digit: u8, letter: char, ruc: &str) {
        let dni: Dni = dni.parse().expect(dni);
        assert_eq!((dni.check_digit(), dni.check_letter()), (digit, letter));
        assert_eq!(Ruc::from_dni(dni).as_str(), ruc);
        assert_eq!(ruc.parse::<Ruc>().map(|ruc| ruc.dni()), Ok(Some(dni)));
    }
    check("00000000", 6, 'K', "10000000006");
    check("12345678", 1, 'E', "10123456781");
    check("87654321", 0, 'D', "10876543210");
    check("11111111", 7, 'A', "10111111117");
    check("99999999", 4, 'I', "10999999994");
}

/// The last digit weighs 2, so 0000000d has remainder 2d mod 11; the one before weighs 3.
#[test]
fn all_eleven_remainders() {
    #[track_caller]
    fn check(dni: &str, remainder: u32, digit: u8, letter: char) {
        let weights = [3, 2, 7, 6, 5, 4, 3, 2];
        let digits = dni.bytes().map(|b| u32::from(b - b'0'));
        let sum: u32 = digits
            .zip(weights)
            .map(|(digit, weight)| digit * weight)
            .sum();
        assert_eq!(sum % 11, remainder, "{dni}");
        let dni: Dni = dni.parse().expect(dni);
        assert_eq!((dni.check_digit(), dni.check_letter()), (digit, letter));
    }
    check("00000000", 0, 6, 'K');
    check("00000006", 1, 5, 'J');
    check("00000001", 2, 4, 'I');
    check("00000007", 3, 3, 'H');
    check("00000002", 4, 2, 'G');
    check("00000008", 5, 1, 'F');
    check("00000003", 6, 1, 'E');
    check("00000009", 7, 0, 'D');
    check("00000004", 8, 9, 'C');
    check("00000030", 9, 8, 'B');
    check("00000005", 10, 7, 'A');
}

#[test]
fn what_people_type() {
    check("12345678", Ok("12345678"));
    check(" 12.345.678 ", Ok("12345678"));
    check("12345678-1", Ok("12345678"));
    check("12345678-E", Ok("12345678"));
    check("12345678e\u{a0}", Ok("12345678"));
    check("00000001", Ok("00000001"));
}

#[test]
fn refused_with_the_reason() {
    let length = |found| Err(DniError::Length { found });
    let not_digits = |position| Err(DniError::NotDigits { position });
    check("", Err(DniError::Empty));
    check(" - ", Err(DniError::Empty));
    check("E", not_digits(1));
    check(" - E", not_digits(4));
    check("1234567", length(7));
    check("1234567E", length(7));
    check("1234567890", length(10));
    check("123456789E", length(9));
    check("20100070970", length(11));
    check("12345A78", not_digits(6));
    check("  12345A78", not_digits(8));
    check("１2345678", not_digits(1));
    check("123456782", Err(DniError::CheckCharacter));
    check("12345678F", Err(DniError::CheckCharacter));
}

#[test]
fn messages_in_both_languages() {
    #[track_caller]
    fn check(text: &str, code: &str, es: &str, en: &str) {
        let error = text.parse::<Dni>().expect_err(text);
        assert_eq!((error.code(), error.to_string().as_str()), (code, es));
        assert_eq!(error.message(Lang::En), en);
    }
    check("", "dni_vacio", "DNI vacío", "empty DNI");
    check(
        "12A",
        "dni_longitud",
        "el DNI debe tener 8 dígitos y este tiene 2",
        "a DNI has 8 digits and this has 2",
    );
    check(
        "1A3",
        "dni_formato",
        "el DNI debe tener solo dígitos: revise la posición 2",
        "a DNI has digits only: look at position 2",
    );
    check(
        "0000001",
        "dni_longitud",
        "el DNI debe tener 8 dígitos y este tiene 7: si le falta el cero inicial, agréguelo",
        "a DNI has 8 digits and this has 7: if its leading zero is missing, add it",
    );
    check(
        "000000019",
        "dni_digito",
        "el carácter verificador del DNI no corresponde a sus 8 dígitos",
        "the DNI's check character does not agree with its 8 digits",
    );
}

proptest! {
    #[test]
    fn the_check_characters_are_accepted_and_no_others(number in 0..100_000_000_u32) {
        let dni: Dni = format!("{number:08}").parse().expect("eight digits");
        for last in ('0'..='9').chain('A'..='Z') {
            let right = last == dni.check_letter() || last.to_digit(10) == Some(dni.check_digit().into());
            let parsed = format!("{number:08}{last}").parse::<Dni>();
            prop_assert_eq!(parsed == Ok(dni), right, "{}", last);
        }
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*|[0-9A-Za-z .'\u{feff}\u{301}\u{0}-]{0,12}") {
        let _ = text.parse::<Dni>().map_err(|error| error.message(Lang::En));
    }
}
