//! No list ends well that was read wrongly.

mod property;

use chaski::sheets::{Flaw, Limits, RowReader, Subject, Table, find_column, read_bytes};
use chaski_core::{Lang, RucRules};

use crate::cli_kit::{Numbers, Place, companies};
use crate::http::Door;

const OWN: &str = "20131312955";

/// What each row of a list names, by its number: a RUC, `dni`, `vacía` or the code of its problem;
/// or the code and the words of the error.
fn rows(list: &[u8], column: Option<&str>) -> Result<Vec<(u32, String)>, (String, String)> {
    let told = |code: &str, words: String| (code.to_owned(), words);
    let table: Table = read_bytes(list, None, &Limits::default(), Lang::Es)
        .map_err(|error| told(error.code(), error.message(Lang::Es)))?;
    let column =
        find_column(&table, column).map_err(|error| told(error.code(), error.message(Lang::Es)))?;
    let rules = RucRules::default();
    let reader = RowReader::new(&table, column, &rules);
    let named = |row: &_| match reader.read(row).subject {
        Subject::Ruc(ruc) => ruc.as_str().to_owned(),
        Subject::Dni { .. } => "dni".to_owned(),
        Subject::Empty => "vacía".to_owned(),
        Subject::Other(_) => "otro".to_owned(),
        Subject::Total => "total".to_owned(),
        Subject::Titles => "títulos".to_owned(),
        Subject::Bad(problem) => problem.code().to_owned(),
    };
    Ok(table
        .rows
        .iter()
        .map(|row| (row.number, named(&row)))
        .collect())
}

/// What the rows name, in their order.
#[track_caller]
fn named(list: &str) -> Vec<String> {
    match rows(list.as_bytes(), None) {
        Ok(rows) => rows.into_iter().map(|(_, named)| named).collect(),
        Err(error) => panic!("{error:?}\n{list}"),
    }
}

#[track_caller]
fn check<S: AsRef<str>>(list: &str, expected: &[S]) {
    let expected: Vec<&str> = expected.iter().map(AsRef::as_ref).collect();
    assert_eq!(named(list), expected, "{list}");
}

/// The code of the refusal and what its message must hold.
#[track_caller]
fn refused(list: &str, code: &str, words: &[&str]) {
    let (found, message) = rows(list.as_bytes(), None).expect_err(list);
    assert_eq!(found, code, "{list}");
    for word in words {
        assert!(message.contains(word), "{message}\n{list}");
    }
}

/// One line per RUC.
fn lines(rucs: &[String], line: impl Fn(usize, &str) -> String) -> String {
    let line = |(index, ruc): (usize, &String)| line(index, ruc) + "\n";
    rucs.iter().enumerate().map(line).collect()
}

#[test]
fn f01_the_companys_own_ruc_is_not_the_list() {
    let rucs = companies(1, 30);
    for (own, theirs) in [
        ("RUC", "Nro Doc Identidad"),
        ("RUC EMPRESA", "N° DOC CLIENTE"),
        ("RUC EMISOR", "CODIGO"),
        ("RUC", "X"),
    ] {
        let list = lines(&rucs, |n, ruc| format!("{OWN};F00{n};{ruc};{n}.50"));
        check(&format!("{own};SERIE;{theirs};TOTAL\n{list}"), &rucs);
        let list = lines(&rucs, |n, ruc| format!("{n}.50;{ruc};F00{n};{OWN}"));
        check(&format!("TOTAL;{theirs};SERIE;{own}\n{list}"), &rucs);
    }
    // Few RUCs among many DNIs are a column of identities too.
    let mixed = lines(&rucs[..20], |n, ruc| match n % 5 {
        0 => format!("{OWN};{ruc}"),
        _ => format!("{OWN};{:08}", n + 1),
    });
    let found = named(&format!("RUC;NRO DOC\n{mixed}"));
    assert_eq!(found.iter().filter(|it| *it == "dni").count(), 16);
    assert!(!found.iter().any(|it| it == OWN));
}

#[test]
fn f01_in_doubt_both_columns_are_named() {
    let rucs = companies(2, 20);
    // One row: nothing tells which differs.
    let one = format!("RUC;SERIE;Nro Doc Identidad\n{OWN};F001;{}\n", rucs[0]);
    refused(
        &one,
        "columna_ambigua",
        &["A (RUC)", "C (Nro Doc Identidad)", "--columna"],
    );
    // The others are hardly there, only persons, damaged, or inside a text.
    for theirs in [
        |n: usize, ruc: &str| if n < 3 { ruc.to_owned() } else { String::new() },
        |n: usize, ruc: &str| {
            if n == 1 {
                ruc.to_owned()
            } else {
                "-".to_owned()
            }
        },
        |n: usize, _: &str| format!("{:08}", n + 1),
        |n: usize, ruc: &str| format!("{ruc}{n}"),
        |n: usize, ruc: &str| format!("{ruc} - PROVEEDOR {n}"),
        |n: usize, _: &str| format!("2.0100{n}E+10"),
    ] {
        let list = lines(&rucs, |n, ruc| format!("{OWN};{}", theirs(n, ruc)));
        let list = format!("RUC;DOCUMENTO\n{list}");
        refused(&list, "columna_ambigua", &["A (RUC)", "B (DOCUMENTO)"]);
    }
    // Two that differ, and titles that do not decide.
    let other = companies(3, 20);
    let two = lines(&rucs, |n, ruc| format!("{ruc};{}", other[n]));
    refused(
        &format!("RUC EMISOR;RUC CLIENTE\n{two}"),
        "columna_ambigua",
        &["A", "B"],
    );
    // Titles decide between columns that differ as much.
    check(&format!("CODIGO;RUC\n{two}"), &other);
    // Not where the titled one hardly differs.
    let few = lines(&rucs, |n, ruc| format!("{};{ruc}", other[n % 2]));
    refused(
        &format!("RUC;CODIGO\n{few}"),
        "columna_ambigua",
        &["A (RUC)", "B (CODIGO)"],
    );
}

/// Whatever the title above them says, and whatever they lost.
#[test]
fn f01_identities_of_any_kind_make_a_column_of_one_value_doubtful() {
    let rucs = companies(2, 20);
    for title in ["", "PROVEEDOR", "CLIENTE", "NUMERO", "ID"] {
        for theirs in [
            |n: usize, _: &str| format!("{:08}", n + 1),
            |n: usize, _: &str| format!("2.01{n}E+10"),
            |n: usize, ruc: &str| match n % 5 {
                0 => ruc.to_owned(),
                _ => format!("{:08}", n + 1),
            },
            |_: usize, ruc: &str| {
                let wrong = (ruc[10..].parse::<u8>().unwrap() + 1) % 10;
                format!("{}{wrong}", &ruc[..10])
            },
        ] {
            for own in ["RUC", "EMISOR", ""] {
                let list = lines(&rucs, |n, ruc| format!("{OWN};{};CASA {n}", theirs(n, ruc)));
                match rows(format!("{own};{title};NOMBRE\n{list}").as_bytes(), None) {
                    Err((code, message)) => {
                        assert_eq!(code, "columna_ambigua");
                        assert!(message.contains("--columna"), "{message}");
                    }
                    Ok(found) => assert!(found.iter().all(|(_, it)| it != OWN), "{own} {title}"),
                }
            }
        }
    }
    // The companies of a group, one after the other.
    for (count, companies_of_it) in [(4, 2), (6, 3), (20, 3)] {
        let owns = companies(7, companies_of_it);
        let list = lines(&rucs[..count], |n, ruc| {
            format!("{};{ruc}", owns[n * companies_of_it / count])
        });
        refused(
            &format!("RUC;N° DOC CLIENTE\n{list}"),
            "columna_ambigua",
            &["A (RUC)", "B (N° DOC CLIENTE)"],
        );
    }
}

#[test]
fn f01_a_list_of_one_supplier_is_still_a_list() {
    let same = vec![OWN.to_owned(); 5];
    check(
        &format!(
            "RUC;FECHA;TOTAL\n{}",
            lines(&same, |n, ruc| format!("{ruc};0{}/11/2026;{n}", n + 1))
        ),
        &same,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f01_partners_are_not_the_own_company() {
    let rucs = companies(4, 6);
    let list = lines(&rucs, |n, ruc| format!("{OWN}|F00{n}|{ruc}|PROVEEDOR {n}"));
    let place = Place::new();
    place.write(
        "compras.txt",
        format!("RUC|Serie|Nro Doc Identidad|Nombre\n{list}"),
    );
    place.run("partners importar compras.txt").expect(0);
    let ran = place
        .run("partners listar --format ndjson --mostrar")
        .expect(0);
    for ruc in &rucs {
        assert!(ran.out.contains(ruc), "{}", ran.out);
    }
    assert!(!ran.out.contains(OWN), "{}", ran.out);
    // In doubt both are named, and the one that is named is taken.
    place.write(
        "una.txt",
        format!("RUC|Nro Doc Identidad\n{OWN}|{}\n", rucs[0]),
    );
    let ran = place.run("partners importar una.txt").expect(2);
    assert!(
        ran.err.contains("A (RUC)") && ran.err.contains("B (Nro Doc"),
        "{}",
        ran.err
    );
    place.run("partners importar una.txt --columna B").expect(0);
}

#[tokio::test]
async fn f01_a_list_that_is_uploaded_is_refused_in_the_same_words() {
    let door = Door::open().await;
    let list = format!("RUC;Nro Doc Identidad\n{OWN};{}\n", companies(12, 1)[0]);
    let (_, words) = rows(list.as_bytes(), None).unwrap_err();
    let file = |name: &str| {
        format!(
            "--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"{name}\"\r\n\r\n{list}\r\n--x--\r\n"
        )
    };
    for address in ["/api/v1/lotes", "/api/v1/partners/importar"] {
        let request = http::Request::post(address)
            .header("Content-Type", "multipart/form-data; boundary=x")
            .header("Idempotency-Key", address.len().to_string())
            .body(file("compras.csv").into())
            .unwrap();
        let answer = door.send(request).await;
        assert_eq!(answer.status, 422, "{address}: {}", answer.text);
        assert_eq!(answer.json()["code"], "columna_ambigua", "{address}");
        let words = chaski_core::sentence(&words);
        assert!(answer.text.contains(&words), "{address}: {}", answer.text);
    }
}

/// A name that opens a quote, in every place, with every separator, closed by a later one or not.
#[test]
fn f03_an_unclosed_quote_takes_no_row() {
    let rucs = companies(5, 12);
    let mut numbers = Numbers(5);
    for round in 0..400 {
        let separator = [';', ',', '\t', '|'][numbers.index(4)];
        let end = ["\n", "\r\n", "\r"][numbers.index(3)];
        let opened = numbers.index(11);
        let closed = opened + 1 + numbers.index(11 - opened);
        let ruc_last = numbers.below(2) == 0;
        let how = numbers.below(5);
        let columns = 2 + numbers.index(3);
        let mut list = String::new();
        let mut line = |index: usize, name: &str, ruc: &str| {
            let mut cells = vec![
                name.to_owned(),
                format!("CIUDAD {index}"),
                "10.50".to_owned(),
            ];
            cells.truncate(columns - 1);
            cells.insert(if ruc_last { columns - 1 } else { 0 }, ruc.to_owned());
            list += &(cells.join(&separator.to_string()) + end);
        };
        line(0, "CLIENTE", "RUC");
        for (index, ruc) in rucs.iter().enumerate() {
            let name = match index {
                _ if index == opened => format!("\"EL REY {index} S.A."),
                _ if index == closed => match how {
                    0 => format!("CASA 5\" {index}"),
                    1 => format!("\"LA CASA\" {index}"),
                    2 => format!("CASA {index}\""),
                    3 => format!("\"CASA {index}\""),
                    _ => format!("CASA {index}"),
                },
                _ => format!("CLIENTE {index}"),
            };
            line(index + 1, &name, ruc);
        }
        match rows(list.as_bytes(), None) {
            Ok(rows) => {
                let found: Vec<String> = rows.into_iter().map(|(_, named)| named).collect();
                assert_eq!(found, rucs, "round {round}\n{list}");
            }
            Err((code, message)) => {
                assert_eq!(code, "comilla_sin_cerrar", "round {round}\n{list}");
                let row = format!("fila {}", opened + 2);
                assert!(message.contains(&row), "round {round}: {message}\n{list}");
            }
        }
    }
}

#[test]
fn f03_line_breaks_inside_quotes_go_on_working() {
    let rucs = companies(6, 3);
    for separator in [";", ",", "\t", "|"] {
        let texts = [
            "\"línea 1\nlínea 2; con \"\"comillas\"\"\"".to_owned(),
            "\"Av. Lima 123, Lima\r\nPiso 4, Perú\r\n\"".to_owned(),
            format!("\"nota:\nsu RUC es {}\"", rucs[0]),
        ];
        let list = lines(&rucs, |n, ruc| {
            format!("{ruc}{separator}UNO{separator}{}", texts[n])
        });
        check(
            &format!("RUC{separator}CLIENTE{separator}NOTA\n{list}"),
            &rucs,
        );
    }
}

#[test]
fn f06_the_separator_leaves_a_column_of_identities() {
    let rucs = companies(7, 12);
    for above in [
        "LIMA, 30 DE NOVIEMBRE DE 2026\n",
        "ESTUDIO UNO, DOS, TRES\nPERIODO 11, 2026\n\n",
        "",
    ] {
        for separator in [";", "|", "\t", ","] {
            let inner = if separator == "," { ';' } else { ',' };
            for (first, second) in [
                (format!("PEREZ{inner} JUAN"), format!("10{inner}50")),
                (format!("A{inner}B{inner}C"), "5".to_owned()),
            ] {
                let list = lines(&rucs, |_, ruc| {
                    format!("{ruc}{separator}{first}{separator}{second}")
                });
                let list = format!("{above}RUC{separator}CLIENTE{separator}TOTAL\n{list}");
                check(&list, &rucs);
                // In a column of two, a tie of pieces.
                let list = lines(&rucs, |_, ruc| format!("{first}{separator}{ruc}"));
                check(&format!("{above}CLIENTE{separator}RUC\n{list}"), &rucs);
            }
        }
    }
}

#[test]
fn f09_a_number_and_a_name_in_one_cell() {
    let rucs = companies(8, 8);
    for written in [
        "{} - GLORIA S.A.",
        "NOMBRE DOS 2 S.A.C. ({})",
        "RUC: {}",
        "RUC {} - UNO",
        "RUC N° {} / CLIENTE 45",
        "Cliente: TRES E.I.R.L. RUC {}",
        "{} GLORIA",
        "[{}] GLORIA",
    ] {
        for title in ["PROVEEDOR;TOTAL\n", "RUC;TOTAL\n", ""] {
            let list = lines(&rucs, |n, ruc| {
                format!("{};{n}00.00", written.replace("{}", ruc))
            });
            check(&format!("{title}{list}"), &rucs);
            let list = lines(&rucs, |_, ruc| written.replace("{}", ruc));
            check(&format!("{}{list}", title.replace(";TOTAL", "")), &rucs);
        }
    }
    // Two of them, one that is mistyped beside a right one: told.
    let list = format!(
        "PROVEEDOR\n{a} - UNO\n{b} - DOS\n{a} y {b}\n{a} o 20100038147\nSIN NUMERO\n",
        a = rucs[0],
        b = rucs[1]
    );
    let expected = [&rucs[0], &rucs[1], "varios_ruc", "varios_ruc", "vacía"];
    check(&list, &expected.map(String::from));
}

/// Titles without a number may come late, and a name may look like one.
#[test]
fn f09_no_row_is_lost_as_titles() {
    let rucs = companies(9, 5);
    let list = lines(&rucs, |n, ruc| format!("{ruc};RUCANO {n} S.A.;LIMA"));
    check(&list, &rucs);
    let late = format!("{list}-;RUC PENDIENTE;LIMA\n");
    let found = named(&late);
    assert_eq!((&found[..5], found.len()), (rucs.as_slice(), 6));
    // A first row that holds a number is a row, good or not.
    let list = lines(&rucs, |n, ruc| format!("CLIENTE {n} RUC:{ruc};a"));
    for first in [
        "UNO RUC:20100070971",
        "UNO 20100070970 y 20100038146",
        "UNO 2010007097",
        "DNI 00000001 JUAN",
    ] {
        let found = named(&format!("{first};a\n{list}"));
        assert_eq!((&found[1..], found.len()), (rucs.as_slice(), 6), "{first}");
    }
    let list = lines(&rucs, |n, ruc| format!("{ruc};RUCANO {n} S.A.;LIMA"));
    // The company's own RUC above the titles is no row.
    for above in [
        "RUC: 20131312955;;\n",
        "EMPRESA;20131312955;\n",
        "RUC;20131312955;\n",
    ] {
        check(&format!("{above}RUC;CLIENTE;CIUDAD\n{list}"), &rucs);
    }
}

/// Unquoted commas, cells that are missing, cells too many.
#[test]
fn f11_a_row_of_another_width_is_aligned_or_told() {
    let rucs = companies(10, 9);
    let mut numbers = Numbers(10);
    for round in 0..300 {
        let (two, constant) = (numbers.below(2) == 0, numbers.below(2) == 0);
        let other = companies(100 + round, 9);
        let mut list = if two {
            "RUC EMISOR,NOMBRE,FECHA,RUC CLIENTE,CLIENTE,TOTAL,NOTA\n".to_owned()
        } else {
            "NOMBRE,FECHA,RUC CLIENTE,CLIENTE,TOTAL,NOTA\n".to_owned()
        };
        let mut damaged = Vec::new();
        for (index, ruc) in rucs.iter().enumerate() {
            let own = if constant { OWN } else { &other[index] };
            let mut cells = vec![
                own.to_owned(),
                format!("EMPRESA {index}"),
                format!("0{}/11/2026", index + 1),
                ruc.clone(),
                format!("CLIENTE {index}"),
                format!("{index}.50"),
                String::new(),
            ];
            if !two {
                cells.remove(0);
            }
            let width = cells.len();
            // Most rows are whole.
            if index % 3 == 1 {
                damaged.push(index);
                match numbers.below(4) {
                    0 => {
                        let text = if numbers.below(2) == 0 {
                            "EMPRESA"
                        } else {
                            "CLIENTE"
                        };
                        for cell in &mut cells {
                            *cell = cell.replace(text, &format!("{text}, HIJOS"));
                        }
                    }
                    1 => drop(cells.remove(numbers.index(width))),
                    2 => cells.insert(numbers.index(width), String::new()),
                    _ => cells.insert(numbers.index(width), "OTRO".to_owned()),
                }
            }
            list += &(cells.join(",") + "\n");
        }
        let found = rows(list.as_bytes(), Some("RUC CLIENTE")).unwrap();
        assert_eq!(found.len(), rucs.len(), "{list}");
        for (index, (number, named)) in found.iter().enumerate() {
            assert_eq!(usize::try_from(*number).unwrap(), index + 2);
            let right = *named == rucs[index];
            let told = damaged.contains(&index) && named.parse::<chaski_core::Ruc>().is_err();
            assert!(
                right || told,
                "round {round}, row {number}: {named}\n{list}"
            );
        }
    }
}

/// What is over lies right of the number: it is read, and the row is told.
#[test]
fn f11_cells_over_right_of_the_number_are_told() {
    for (head, odd) in [
        ("RUC,NOMBRE,TOTAL", "{},UNO, SAC,10.00"),
        ("RUC,NOMBRE,TOTAL", "{},TRES, A, B,12.00"),
        ("N,RUC,NOMBRE", "3,{},T,20100038146"),
        ("RUC,NOMBRE", "{},UNO,de más"),
    ] {
        let rucs = companies(12, 9);
        let plain = |n: usize, ruc: &str| match head {
            "N,RUC,NOMBRE" => format!("{n},{ruc},CLIENTE"),
            "RUC,NOMBRE" => format!("{ruc},CLIENTE"),
            _ => format!("{ruc},CLIENTE,{n}.00"),
        };
        let list = lines(&rucs, |n, ruc| match n {
            4 => odd.replace("{}", ruc),
            _ => plain(n, ruc),
        });
        let list = format!("{head}\n{list}");
        check(&list, &rucs);
        let table = read_bytes(list.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
        let flaws: Vec<_> = table.flaws.into_iter().collect();
        assert_eq!(flaws, [(6, Flaw::Wider)], "{list}");
    }
}

#[test]
fn f11_names_with_unquoted_commas_are_aligned() {
    let rucs = companies(11, 9);
    let list = lines(&rucs, |n, ruc| match n % 3 {
        0 => format!("{OWN},ESTUDIO, ASESORES S.A.C.,202611,{ruc},CLIENTE {n},{n}.50,"),
        1 => format!("{OWN},ESTUDIO ASESORES S.A.C.,202611,{ruc},PEREZ, JUAN Y OTRO,{n}.50,"),
        _ => format!("{OWN},ESTUDIO ASESORES S.A.C.,202611,{ruc},CLIENTE {n},{n}.50,"),
    });
    check(
        &format!("RUC,EMPRESA,PERIODO,NRO DOC,CLIENTE,TOTAL,NOTA\n{list}"),
        &rucs,
    );
}

#[test]
fn l13_absurd_repeats_and_places_are_refused() {
    use crate::sheets::{ods, xlsx};
    let cell = |text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |attributes: &str, cells: &str| {
        format!("<table:table-row {attributes}>{cells}</table:table-row>")
    };
    let titles = row("", &cell("RUC"));
    let good = row("", &cell("20100070970"));
    let code = |bytes: &[u8]| match read_bytes(bytes, None, &Limits::default(), Lang::Es) {
        Ok(table) => format!("{} rows", table.rows.len()),
        Err(error) => error.code().to_owned(),
    };
    for (count, expected) in [
        ("18446744073709551616", "archivo_muy_grande"),
        ("99999999999999999999999999", "archivo_muy_grande"),
        ("4294967295", "archivo_muy_grande"),
        ("200001", "archivo_muy_grande"),
        ("-1", "archivo_danado"),
        ("1e9", "archivo_danado"),
        ("3", "4 rows"),
    ] {
        let rows = format!("table:number-rows-repeated=\"{count}\"");
        let list = format!("{titles}{}{good}", row(&rows, &cell("20100038146")));
        assert_eq!(code(&ods(&list)), expected, "rows {count}");
    }
    for count in ["18446744073709551616", "4294967295", "257"] {
        let cells = format!(
            "<table:table-cell table:number-columns-repeated=\"{count}\" office:value-type=\"string\"><text:p>X</text:p></table:table-cell>"
        );
        let list = format!("{titles}{}{good}", row("", &cells));
        assert_eq!(code(&ods(&list)), "hoja_muy_ancha", "columns {count}");
    }
    // Blank filling of any size is how the format ends a sheet; a row beyond it is not.
    let blank = "<table:table-row table:number-rows-repeated=\"1048574\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    assert_eq!(code(&ods(&format!("{titles}{good}{blank}"))), "1 rows");
    let blank = blank.replace("1048574", "18446744073709551616");
    assert_eq!(code(&ods(&format!("{titles}{good}{blank}"))), "1 rows");
    assert_eq!(
        code(&ods(&format!("{titles}{blank}{good}{good}"))),
        "archivo_muy_grande"
    );
    // Two values in one place.
    let value = |place: &str| format!("<c r=\"{place}\"><v>20100070970</v></c>");
    let twice = format!(
        "<row r=\"1\">{}</row><row r=\"2\">{}{}</row>",
        value("A1"),
        value("A2"),
        value("A2")
    );
    assert_eq!(code(&xlsx(&twice)), "archivo_danado");
    let twice = format!(
        "<row r=\"2\">{}</row><row r=\"2\">{}</row>",
        value("A2"),
        value("A2")
    );
    assert_eq!(code(&xlsx(&twice)), "archivo_danado");
    for number in ["0", "-3", "4294967296", "18446744073709551616"] {
        let row = format!("<row r=\"{number}\"><c><v>20100070970</v></c></row>");
        assert_eq!(code(&xlsx(&row)), "archivo_danado", "{number}");
    }
    let far =
        "<row r=\"4294967295\"><c><v>20100070970</v></c></row><row><c><v>20100038146</v></c></row>";
    assert_eq!(code(&xlsx(far)), "archivo_muy_grande");
}

#[test]
fn a_list_of_which_nothing_was_read_says_the_common_cause() {
    let place = Place::new();
    for (list, words) in [
        // DNIs, in a column that says RUC.
        (
            "RUC,NOMBRE\n00000001,UNO\n00000002,DOS\n00000003,TRES\n",
            &["3 de 3", "chaski dni"][..],
        ),
        // A separator that is none of ours.
        (
            "RUC;NOMBRE\n\"2010007097;1\";UNO\n\"2010003814;2\";DOS\n",
            &["2 de 2", "¿separador equivocado?"],
        ),
        (
            "RUC;TOTAL\n;5\n;6\n-;7\n",
            &["3 de 3", "celda vacía", "--columna"],
        ),
        (
            "RUC;TOTAL\n2.01E+10;5\n2.01E+10;6\n",
            &["2 de 2", "notación científica"],
        ),
    ] {
        place.write("lista.csv", list);
        let ran = place
            .run("ruc lote lista.csv -o resultado.csv --yes --columna RUC")
            .expect(3);
        for word in words {
            assert!(ran.err.contains(word), "{}", ran.err);
        }
        // Every row is there all the same, with its reason.
        assert_eq!(
            place.read("resultado.csv").lines().count(),
            list.lines().count()
        );
    }
}
