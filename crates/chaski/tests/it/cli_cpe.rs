//! Received vouchers: how they are read wherever they come from, and what is said of them.

use chaski::app::voucher::{WrittenVoucher, read_voucher};
use chaski_core::{Lang, RucRules};
use jiff::civil::date;

use crate::cli_kit::Place;

const GOOD: WrittenVoucher<'static> = WrittenVoucher {
    ruc_emisor: "20100070970",
    tipo_comprobante: "01",
    serie: "F001",
    numero: "1",
    fecha_emision: "2026-01-28",
    monto: "118.00",
};

/// A voucher as `tipo serie-numero fecha monto`, or the field that is wrong and what is said of it.
fn read(written: &WrittenVoucher<'_>) -> Result<String, (&'static str, String)> {
    let today = date(2026, 1, 28);
    let query = read_voucher(written, &RucRules::default(), today)
        .map_err(|wrong| (wrong.field, wrong.text.pick(Lang::Es)))?;
    Ok(format!(
        "{} {}-{} {} {:.2}",
        query.tipo_comprobante, query.serie, query.numero, query.fecha_emision, query.monto
    ))
}

#[test]
fn amounts() {
    #[track_caller]
    fn check(kind: &str, written: &str, expected: Option<&str>) {
        let voucher = WrittenVoucher {
            tipo_comprobante: kind,
            monto: written,
            ..GOOD
        };
        let found = read(&voucher).map(|it| it.rsplit_once(' ').unwrap().1.to_owned());
        assert_eq!(
            found.as_deref().ok(),
            expected,
            "{kind} {written:?}: {found:?}"
        );
    }
    for (written, expected) in [
        ("118.00", "118.00"),
        ("118", "118.00"),
        ("118.5", "118.50"),
        ("118,00", "118.00"),
        ("118,5", "118.50"),
        ("1,180.00", "1180.00"),
        ("1.180,00", "1180.00"),
        ("1,180", "1180.00"),
        ("12,345,678.90", "12345678.90"),
        ("12.345.678", "12345678.00"),
        (" S/ 118.00 ", "118.00"),
        ("S/.118.00", "118.00"),
        ("US$ 1,180.00", "1180.00"),
        ("$118", "118.00"),
        ("0.00", "0.00"),
        ("0", "0.00"),
        ("00118.00", "118.00"),
        ("999999999999.99", "999999999999.99"),
    ] {
        check("01", written, Some(expected));
        // A credit note has its minus in a register and none at SUNAT; so have brackets.
        check("07", &format!("-{}", written.trim()), Some(expected));
        check("07", &format!("({})", written.trim()), Some(expected));
    }
    check("07", "S/ -118.00", Some("118.00"));
    check("07", "−118.00", Some("118.00"));
    for wrong in [
        "",
        " ",
        "-",
        "S/",
        "gratis",
        "1.180",
        "118.000",
        "118.001",
        "1,18.00",
        "1,1800.00",
        "1234,567.00",
        "1,180.00.00",
        "1.180.00",
        "118.",
        ".50",
        "1 180.00",
        "1e3",
        "--118",
        "118-",
        "１１８",
        "NaN",
        "1000000000000.00",
        "99999999999999999999999999999999999999",
    ] {
        check("01", wrong, None);
        check("07", wrong, None);
    }
    for kind in ["01", "03", "04", "08"] {
        let voucher = WrittenVoucher {
            tipo_comprobante: kind,
            monto: "-118.00",
            ..GOOD
        };
        let (field, said) = read(&voucher).unwrap_err();
        assert!(
            field == "monto" && said.contains("sin signo"),
            "{kind}: {said}"
        );
    }
}

#[test]
fn numbers_kinds_and_series() {
    let numero = |numero| read(&WrittenVoucher { numero, ..GOOD });
    for (written, expected) in [
        ("1", "1"),
        ("00000001", "1"),
        (" 0123 ", "123"),
        ("99999999", "99999999"),
    ] {
        let found = numero(written).unwrap();
        assert!(
            found.contains(&format!("-{expected} ")),
            "{written}: {found}"
        );
    }
    for wrong in [
        "",
        "0",
        "00000000",
        "-1",
        "+1",
        "1.5",
        "100000000",
        "F001-1",
        "uno",
        "99999999999",
    ] {
        assert_eq!(numero(wrong).unwrap_err().0, "numero", "{wrong:?}");
    }
    let tipo = |tipo_comprobante| {
        read(&WrittenVoucher {
            tipo_comprobante,
            ..GOOD
        })
    };
    for (written, expected) in [
        ("01", "01 "),
        ("1", "01 "),
        ("3", "03 "),
        ("04", "04 "),
        (" 08 ", "08 "),
    ] {
        assert!(tipo(written).unwrap().starts_with(expected), "{written}");
    }
    // What SUNAT's service does not know never becomes "does not exist".
    for other in [
        "02", "2", "r1", "R7", "05", "12", "14", "20", "40", "50", "91", "00", "99",
    ] {
        let (field, said) = tipo(other).unwrap_err();
        assert!(
            field == "tipo_comprobante" && said.contains("no se valida"),
            "{other}: {said}"
        );
    }
    assert!(tipo("02").unwrap_err().1.contains("honorarios"));
    for wrong in ["", "001", "FA", "1A", "factura"] {
        let (field, said) = tipo(wrong).unwrap_err();
        assert!(
            field == "tipo_comprobante" && said.contains("dos dígitos"),
            "{wrong}: {said}"
        );
    }
    let serie = |serie| read(&WrittenVoucher { serie, ..GOOD });
    assert!(serie(" f001 ").unwrap().contains(" F001-"));
    for wrong in ["", "F1", "F0001", "F-01", "Ñ001"] {
        assert_eq!(serie(wrong).unwrap_err().0, "serie", "{wrong:?}");
    }
}

#[test]
fn dates_and_issuers() {
    let fecha = |fecha_emision| {
        read(&WrittenVoucher {
            fecha_emision,
            ..GOOD
        })
    };
    for written in ["2026-01-28", "28/01/2026", "28-1-2026"] {
        assert!(
            fecha(written).unwrap().contains(" 2026-01-28 "),
            "{written}"
        );
    }
    // Day and month are never guessed, and tomorrow has no voucher.
    for (wrong, why) in [
        ("01/28/2026", "no existe"),
        ("", "vacía"),
        ("ayer", "AAAA-MM-DD"),
        ("29/01/2026", "futura"),
    ] {
        let (field, said) = fecha(wrong).unwrap_err();
        assert!(
            field == "fecha_emision" && said.contains(why),
            "{wrong}: {said}"
        );
    }
    for wrong in ["", "20100070971", "2010007097", "00000001"] {
        let voucher = WrittenVoucher {
            ruc_emisor: wrong,
            ..GOOD
        };
        assert_eq!(read(&voucher).unwrap_err().0, "ruc_emisor", "{wrong:?}");
    }
    assert_eq!(read(&GOOD).unwrap(), "01 F001-1 2026-01-28 118.00");
}

#[test]
fn what_sunat_says_is_the_exit_code() {
    let place = Place::new();
    for (numero, estado, code, said) in [
        ("00000001", "ACEPTADO", 0, ""),
        ("98", "ANULADO", 3, ""),
        ("90", "NO_EXISTE", 3, "Un céntimo o un día"),
        ("99", "DESCONOCIDO", 5, "más tarde"),
    ] {
        let by_name =
            format!("cpe validar 20100070970-03-B001-{numero} --fecha 28/01/2026 --monto 118");
        let by_parts = format!(
            "cpe validar --emisor 20100070970 --tipo 03 --serie b001 --numero {numero} --fecha 2026-01-28 --monto 118.00"
        );
        let ran = place
            .run(&format!("{by_name} --format ndjson"))
            .expect(code);
        let row = &ran.objects()[0];
        assert_eq!(
            (&row["estado"], &row["monto"]),
            (&estado.into(), &"118.00".into())
        );
        assert!(ran.err.contains(said), "{}", ran.shown());
        let again = place
            .run(&format!("{by_parts} --format ndjson"))
            .expect(code);
        for field in [
            "ruc_emisor",
            "tipo_comprobante",
            "serie",
            "numero",
            "fecha_emision",
            "estado",
        ] {
            assert_eq!(again.objects()[0][field], row[field], "{field}");
        }
    }
    // Wrong options are named as they were typed, and spend nothing.
    let calls = || {
        place
            .run("llamadas --format ndjson -q")
            .expect(0)
            .objects()
            .len()
    };
    let before = calls();
    for (line, code, said) in [
        (
            "20100070970-01-F001-1 --fecha 31/02/2026 --monto 118",
            2,
            "--fecha: ",
        ),
        (
            "20100070970-01-F001-1 --fecha 28/01/2026 --monto 1.180",
            2,
            "--monto: ",
        ),
        (
            "20100070970-01-F001-1 --fecha 28/01/2026 --monto -118",
            2,
            "sin signo",
        ),
        (
            "20100070970-01-F001 --fecha 28/01/2026 --monto 118",
            2,
            "RUC-TIPO-SERIE-NÚMERO",
        ),
        (
            "--emisor 20100070970 --tipo 02 --serie E001 --numero 1 --fecha 28/01/2026 --monto 1",
            2,
            "--tipo: ",
        ),
        (
            "--emisor 20100070971 --tipo 01 --serie F001 --numero 1 --fecha 28/01/2026 --monto 1",
            3,
            "20100070971",
        ),
        (
            "20100070970-01-F001-1 --serie F001 --fecha 28/01/2026 --monto 1",
            2,
            "--serie",
        ),
        ("20100070970-01-F001-1 --monto 1", 2, "--fecha"),
    ] {
        let ran = place.run(&format!("cpe validar {line}")).expect(code);
        assert!(ran.err.contains(said), "{line}: {}", ran.shown());
    }
    assert_eq!(calls(), before);
}
