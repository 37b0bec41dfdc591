//! Which row holds the titles and which column the RUCs.

use chaski::sheets::{Cell, find_column};
use chaski_core::Lang;

use super::{read, table, text};

const RUC: &str = "20000712711";

/// The index of the column found, or the code of the failure.
fn found(headers: &[&str], row: &[&str], wanted: Option<&str>) -> String {
    let cells: Vec<Cell> = row.iter().map(|cell| text(cell)).collect();
    match find_column(&table(headers, &[&cells]), wanted) {
        Ok(column) => column.to_string(),
        Err(error) => error.code().to_owned(),
    }
}

#[track_caller]
fn check(headers: &[&str], row: &[&str], expected: &str) {
    assert_eq!(found(headers, row, None), expected, "{headers:?}");
}

#[test]
fn by_title_and_content() {
    for title in [
        "RUC",
        "N° RUC",
        "Nº RUC",
        "NRO RUC",
        "NUM_RUC",
        "RUC CLIENTE",
        "RUC/DNI",
        "R.U.C.",
        "NroRuc",
        "Número de RUC",
        "NUMERO DE DOCUMENTO",
        "NRO DOC",
        "DOCUMENTO",
        "N° Doc.",
    ] {
        check(&["CLIENTE", title, "MONTO"], &["UNO", RUC, "12"], "1");
    }
    check(&["CLIENTE", "CÓDIGO", "MONTO"], &["UNO", RUC, "12"], "1");
    check(&["TIPO DOC", "NRO DOC"], &["6", RUC], "1");
    check(&["RUC VÁLIDO", "CODIGO"], &["SI", RUC], "1");
    check(&["RUC", "CLIENTE"], &["12345678", "UNO"], "0");
    check(
        &["CLIENTE", "TELÉFONO"],
        &["UNO", "999000111"],
        "columna_no_encontrada",
    );
    check(
        &["RUC EMISOR", "RUC CLIENTE"],
        &[RUC, RUC],
        "columna_ambigua",
    );
    check(&["A", "B"], &[RUC, RUC], "columna_ambigua");
    check(&["LISTA"], &["SIN RUC"], "0");
}

#[test]
fn as_asked_for() {
    let headers = ["CLIENTE", "RUC EMISOR", "RUC CLIENTE"];
    let asked = |wanted: &str| found(&headers, &["UNO", RUC, RUC], Some(wanted));
    assert_eq!(asked("ruc cliente"), "2");
    assert_eq!(asked(" RUC_EMISOR "), "1");
    assert_eq!(asked("B"), "1");
    assert_eq!(asked("c"), "2");
    assert_eq!(asked("1"), "0");
    for unknown in ["D", "4", "0", "", "RUC CLIENT", "999999999999999999999999"] {
        assert_eq!(asked(unknown), "columna_desconocida", "{unknown}");
    }
    assert_eq!(
        found(&["RUC", "ruc"], &[RUC, RUC], Some("RUC")),
        "columna_ambigua"
    );
}

#[test]
fn messages_say_what_there_is_and_what_to_do() {
    let table = table(&["CLIENTE", "RUC EMISOR"], &[&[text("UNO"), text("DOS")]]);
    let error = find_column(&table, Some("RUC EMISR")).unwrap_err();
    assert_eq!(
        error.message(Lang::Es),
        "no existe la columna «RUC EMISR». Columnas: A (CLIENTE), B (RUC EMISOR). ¿Quiso decir «RUC EMISOR»?"
    );
}

/// Row of titles (0 if none) and titles of a CSV.
#[track_caller]
fn check_titles(csv: &str, row: usize, titles: &[&str], rows: usize) {
    let table = read(csv.as_bytes()).unwrap();
    assert_eq!(table.header_row.unwrap_or(0), row, "{csv}");
    assert_eq!(table.headers, titles, "{csv}");
    assert_eq!(table.rows.len(), rows, "{csv}");
}

#[test]
fn titles() {
    check_titles("RUC;MONTO\n20000712711;5\n", 1, &["RUC", "MONTO"], 1);
    check_titles("RUC\n20000712711\n", 1, &["RUC"], 1);
    check_titles("20000712711\n20000475140\n", 0, &["A"], 2);
    check_titles("UNO;20000712711\nDOS;20000475140\n", 0, &["A", "B"], 2);
    check_titles(
        "CLIENTE;CODIGO\nUNO;20000712711\n",
        1,
        &["CLIENTE", "CODIGO"],
        1,
    );
    // The company with its own RUC, a heading that names RUCs, a blank row, then the titles.
    check_titles(
        "ESTUDIO FICTICIO S.A.C.;;\nRUC: 20000475140;;\nRELACIÓN DE RUC DE CLIENTES;;\n\nN°;CLIENTE;RUC\n1;UNO;20000712711\n",
        5,
        &["N°", "CLIENTE", "RUC"],
        1,
    );
    // A row of texts below the titles is a row of the list.
    check_titles(
        "RUC;CLIENTE\nSIN RUC;UNO\n20000712711;DOS\n",
        1,
        &["RUC", "CLIENTE"],
        2,
    );
    // A column without title is named by its letter, and so is one beyond the titles.
    check_titles("RUC;;X\n20000712711;a;b;c\n", 1, &["RUC", "B", "X", "D"], 1);
}
