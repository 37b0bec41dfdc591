//! Lists of vouchers and of dates with the real binary: what a row is, what it costs, what is told, that
//! nothing is paid twice, and that a server says the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use calamine::{Data, Reader, Xlsx, open_workbook};
use chaski_sandbox::Operation;

use crate::cli_kit::{Place, Ran, Service, companies, files_of, without_times};
use crate::cli_serve::Server;

/// A register as an accountant has one, with a row of each kind.
const PURCHASES: &str = "\
REGISTRO DE COMPRAS,,,,,,,,
EMPRESA FICTICIA SAC - RUC 20131312955,,,,,,,,
Nro,Fecha Emisión,Fecha Venc.,Tipo Comprobante,Comprobante,RUC Proveedor,Proveedor,Moneda,Importe Total
1,04/08/2026,04/12/2026,FACTURA,F001-00000012,20100070970,UNO,PEN,\"1,180.00\"
2,05/08/2026,05/12/2026,01 - Factura,F001-98,20100038146,DOS,PEN,118.00
3,05/08/2026,,Boleta,B001-91,20000316769,TRES,PEN,50
4,06/08/2026,,NOTA DE CREDITO,FC01-5,20000316769,TRES,PEN,-118.00
5,07/08/2026,,02,E001-7,10123456781,RHE,PEN,500.00
6,07/08/2026,,91,F-1-7777,,ACME CORP,USD,900.00
7,08/08/2026,,01,F001-44,20100070971,MAL,PEN,10.00
8,08/08/2026,,01,,20100070970,SIN NUMERO,PEN,10.00
9,,,01,F001-45,20100070970,SIN FECHA,PEN,10.00
10,08/08/2126,,01,F001-46,20100070970,FUTURA,PEN,10.00
11,08/08/2026,,01,F001-99,20100070970,RARO,PEN,10.00
12,04/08/2026,,01,F001-12,20100070970,REPETIDO,PEN,1180.00
13,,,,,,,,
,,,,,,TOTAL,,\"2,888.00\"
";

const WORDS: [&str; 14] = [
    "VÁLIDO",
    "ANULADO",
    "NO INFORMADO",
    "VÁLIDO, CON OBSERVACIONES",
    "NO SE VALIDA",
    "EMISOR NO DOMICILIADO",
    "RUC INVÁLIDO",
    "SIN NÚMERO",
    "FALTA UN DATO",
    "FALTA UN DATO",
    "ESTADO DESCONOCIDO",
    "VÁLIDO",
    "FILA SIN COMPROBANTE",
    "FILA DE TOTAL",
];

/// The lines of an ndjson result.
#[track_caller]
fn rows(place: &Place, file: &str) -> Vec<serde_json::Value> {
    let text = place.read(file);
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn texts<'r>(rows: &'r [serde_json::Value], key: &str) -> Vec<&'r str> {
    rows.iter().map(|row| row[key].as_str().unwrap()).collect()
}

fn sheet(path: &Path) -> Vec<Vec<Data>> {
    let mut book: Xlsx<_> = open_workbook(path).unwrap();
    let first = book.sheet_names()[0].clone();
    let range = book.worksheet_range(&first).unwrap();
    range.rows().map(<[Data]>::to_vec).collect()
}

/// Where a column of ours is, by its title.
#[track_caller]
fn at(rows: &[Vec<Data>], title: &str) -> usize {
    let found = rows
        .iter()
        .find_map(|row| row.iter().position(|it| *it == title));
    found.unwrap_or_else(|| panic!("no {title}"))
}

#[track_caller]
fn says(ran: &Ran, text: &str) {
    assert!(ran.err.contains(text), "{text} in {}", ran.shown());
}

#[test]
fn a_register_of_purchases() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.write("compras.csv", PURCHASES);
    let ran = place.run("cpe lote compras.csv -o r.ndjson").expect(0);
    let told = rows(&place, "r.ndjson");
    assert_eq!(texts(&told, "comprobante_valido"), WORDS);
    // Where it was read, what it costs, each word with its count.
    says(
        &ran,
        "RUC del emisor: F (RUC Proveedor) · tipo: D (Tipo Comprobante) · número: E (Comprobante) · fecha: B (Fecha Emisión) · importe: I (Importe Total)",
    );
    says(&ran, "5 comprobantes por consultar en 6 consultas");
    for (word, count) in [
        ("VÁLIDO", 2),
        ("FALTA UN DATO", 2),
        ("SIN NÚMERO", 1),
        ("FILA DE TOTAL", 1),
    ] {
        says(&ran, &format!("  {word:<27}{count:>7}"));
    }
    // Five vouchers, and their three issuers in one call.
    assert_eq!(service.sandbox.count(Operation::Cpe), 5);
    assert_eq!(service.sandbox.count(Operation::Collection), 1);
    let reasons = texts(&told, "motivo");
    assert_eq!(reasons[0], "");
    assert!(reasons[3].contains("BAJA DE OFICIO"), "{}", reasons[3]);
    assert!(
        reasons[8].contains("Falta la fecha de emisión"),
        "{}",
        reasons[8]
    );
    assert!(
        reasons[9].contains("08/08/2126 es futura"),
        "{}",
        reasons[9]
    );
    assert!(
        reasons[11].contains("ya está en la fila 4"),
        "{}",
        reasons[11]
    );
    assert!(reasons.iter().skip(1).all(|it| !it.is_empty()));
    // A credit note is asked without its sign.
    assert_eq!(told[3]["monto"], "118.00");
    assert_eq!(told[0]["estado_comprobante"], "ACEPTADO");
    assert_eq!(told[0]["comprobante"], "01 F001-12");
    assert_eq!(
        (&told[3]["estado_emisor"], &told[3]["resultado"]),
        (&"BAJA DE OFICIO".into(), &"observado".into())
    );
    // What was accepted is known; what may change by tomorrow is asked again, its issuer is not.
    place.run("cpe lote compras.csv -o otra.csv").expect(0);
    assert_eq!(service.sandbox.count(Operation::Cpe), 5 + 3);
    assert_eq!(service.sandbox.count(Operation::Collection), 1);
}

#[test]
fn a_workbook_of_vouchers_has_dates_and_amounts() {
    let place = Place::new();
    place.write("compras.csv", PURCHASES);
    place.run("cpe lote compras.csv -o r.xlsx").expect(0);
    let rows = sheet(&place.path("r.xlsx"));
    let titles = rows.iter().position(|row| row[0] == "Nro").unwrap();
    let first = &rows[titles + 1];
    // After theirs: the verdict, and why.
    assert_eq!(rows[titles][9].to_string(), "¿Es válido el comprobante?");
    assert_eq!(rows[titles][10].to_string(), "Motivo");
    assert_eq!(first[at(&rows, "Importe consultado")], Data::Float(1180.0));
    assert!(matches!(
        first[at(&rows, "Fecha de emisión consultada")],
        Data::DateTime(_)
    ));
    assert!(matches!(
        first[at(&rows, "Consultado el")],
        Data::DateTime(_)
    ));
    assert_eq!(
        first[at(&rows, "RUC del emisor")],
        Data::String("20100070970".into())
    );
    // The result of a month is the list of the next.
    place.run("cpe lote r.xlsx -o s.xlsx").expect(0);
    let again = sheet(&place.path("s.xlsx"));
    assert_eq!(again[titles].len(), rows[titles].len());
    place
        .run("cpe lote compras.csv -o t.csv --titulos tecnicos")
        .expect(0);
    let names = place.read("t.csv").lines().next().unwrap().to_owned();
    assert!(names.ends_with("ruc_emisor,comprobante_sunat,fecha_emision_sunat,monto,estado_comprobante,comprobante_valido,razon_social,estado_emisor,condicion_emisor,motivo,fuente,consultado_en"), "{names}");
}

/// SUNAT's own files, by what they hold: words of the four vouchers.
#[test]
fn the_forms_of_sunat() {
    let four = [
        "VÁLIDO",
        "VÁLIDO",
        "VÁLIDO, CON OBSERVACIONES",
        "VÁLIDO, CON OBSERVACIONES",
    ];
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/field_lists/samples");
    for (file, words) in [
        ("sire-rce-propuesta.txt", &four[..]),
        ("sire-reemplazo-sin-titulos.txt", &four[..]),
        ("ple-8-1-compras.txt", &four[..]),
        ("sire-rce-coma-titular.csv", &four[..3]),
    ] {
        let place = Place::new();
        std::fs::copy(samples.join(file), place.path(file)).unwrap();
        place.run(&format!("cpe lote {file} -o r.ndjson")).expect(0);
        let told = rows(&place, "r.ndjson");
        assert_eq!(texts(&told, "comprobante_valido"), words, "{file}");
        assert!(
            !texts(&told, "ruc_emisor").contains(&"20131312955"),
            "{file}"
        );
    }
}

/// Books are in soles; SUNAT compares the amount of the voucher.
#[test]
fn a_voucher_in_dollars_of_a_book() {
    let place = Place::new();
    let row = |moneda: &str, cambio: &str| {
        format!(
            "20261000|1|M1|04/08/2026||01|F001||7||6|20100070970|UNO|0|0|0|0|0|0|0|0|0|0|442.50|{moneda}|{cambio}||||||||||||||1\n"
        )
    };
    place.write("ple.txt", row("USD", "3.750") + &row("PEN", "1.000"));
    place.run("cpe lote ple.txt -o r.ndjson").expect(0);
    let told = rows(&place, "r.ndjson");
    assert_eq!(texts(&told, "monto"), ["118.00", "442.50"]);
    assert!(
        texts(&told, "motivo")[0].contains("442.50 soles ÷ 3.75 = 118.00"),
        "{told:?}"
    );
}

/// SUNAT's format 8.1 as programs print it: titles in several rows, columns of other vouchers and dates, no
/// column of currencies.
#[test]
fn a_printed_register() {
    let place = Place::new();
    place.write(
        "formato.csv",
        "FORMATO 8.1: REGISTRO DE COMPRAS;;;;;;;;;;;;;;;;;;
PERIODO: 08/2026;;;;;;;;;;;;;;;;;;
NÚMERO CORRELATIVO DEL REGISTRO;FECHA DE EMISIÓN DEL COMPROBANTE DE PAGO O DOCUMENTO;FECHA DE VENCIMIENTO O FECHA DE PAGO;COMPROBANTE DE PAGO O DOCUMENTO;;N° DEL COMPROBANTE DE PAGO, DOCUMENTO, N° DE ORDEN DEL FORMULARIO FÍSICO O VIRTUAL;INFORMACIÓN DEL PROVEEDOR;;;ADQUISICIONES GRAVADAS;;IMPORTE TOTAL;N° DE COMPROBANTE DE PAGO EMITIDO POR SUJETO NO DOMICILIADO;CONSTANCIA DE DEPÓSITO DE DETRACCIÓN;;TIPO DE CAMBIO;REFERENCIA DEL COMPROBANTE DE PAGO QUE SE MODIFICA;;
;;;TIPO (TABLA 10);SERIE;;TIPO (TABLA 2);NÚMERO;APELLIDOS Y NOMBRES;BASE IMPONIBLE;IGV;;;NÚMERO;FECHA;;FECHA;SERIE;NÚMERO
1;03/08/2026;03/09/2026;01;F001;00000011;6;20100070970;UNO;1000.00;180.00;1180.00;;55;04/08/2026;;;;
2;04/08/2026;;01;F001;12;6;20100038146;DOS;375.00;67.50;442.50;;;;3.750;;;
3;05/08/2026;;07;FC01;13;6;20000316769;TRES;-100.00;-18.00;-118.00;;;;;03/08/2026;F001;7
;;;;;;;;TOTALES;1275.00;229.50;1504.50;;;;;;;
",
    );
    place.run("cpe lote formato.csv -o r.ndjson").expect(0);
    let told = rows(&place, "r.ndjson");
    assert_eq!(
        texts(&told, "comprobante_valido"),
        [
            "VÁLIDO",
            "VÁLIDO",
            "VÁLIDO, CON OBSERVACIONES",
            "FILA DE TOTAL"
        ]
    );
    assert_eq!(
        texts(&told, "comprobante")[..3],
        ["01 F001-11", "01 F001-12", "07 FC01-13"]
    );
    assert_eq!(
        texts(&told, "fecha_emision")[..3],
        ["2026-08-03", "2026-08-04", "2026-08-05"]
    );
    assert_eq!(texts(&told, "monto")[..3], ["1180.00", "118.00", "118.00"]);
}

/// The sheet with dates, or with vouchers, is found among others.
#[test]
fn the_sheet_that_is_the_list() {
    let place = Place::new();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheets: [(&str, &[&[&str]]); 3] = [
        ("Leeme", &[&["Instrucciones"], &["Complete las hojas"]]),
        (
            "Clientes",
            &[
                &["Cliente", "RUC"],
                &["UNO", "20100070970"],
                &["DOS", "20100038146"],
            ],
        ),
        (
            "Compras",
            &[
                &[
                    "RUC emisor",
                    "Tipo",
                    "Serie",
                    "Número",
                    "Fecha",
                    "Importe total",
                ],
                &["20100070970", "01", "F001", "1", "03/08/2026", "118.00"],
                &["20100038146", "01", "F001", "2", "04/08/2026", "118.00"],
            ],
        ),
    ];
    for (name, cells) in sheets {
        let sheet = book.add_worksheet();
        sheet.set_name(name).unwrap();
        for (row, texts) in (0..).zip(cells) {
            for (column, text) in (0..).zip(*texts) {
                sheet.write_string(row, column, *text).unwrap();
            }
        }
    }
    book.save(place.path("libro.xlsx")).unwrap();
    for line in ["cpe lote", "tipo-cambio lote"] {
        let ran = place.run(&format!("{line} libro.xlsx -o r.csv")).expect(0);
        says(&ran, "Se leyó la hoja «Compras»");
        let named = place
            .run(&format!("{line} libro.xlsx -o s.csv --hoja Clientes"))
            .expect(2);
        says(&named, "Ninguna columna parece contener");
    }
}

#[test]
fn what_is_not_found_is_named() {
    let place = Place::new();
    place.write(
        "sin.csv",
        "Proveedor;RUC\nUNO;20100070970\nDOS;20100038146\n",
    );
    let ran = place.run("cpe lote sin.csv -o r.csv").expect(2);
    says(
        &ran,
        "Ninguna columna parece contener el número del comprobante",
    );
    says(&ran, "--columna numero=COLUMNA");
    // A part that the person names is believed.
    place.write(
        "dos.csv",
        "RUC proveedor;Tipo doc;Serie;Número doc;Fecha emisión;Importe total;Importe total neto\n20100070970;01;F001;1;04/08/2026;118.00;100.00\n20100038146;01;F001;2;05/08/2026;118.00;100.00\n",
    );
    let ran = place.run("cpe lote dos.csv -o r.ndjson").expect(2);
    says(&ran, "Más de una columna puede contener el importe total");
    place
        .run("cpe lote dos.csv -o r.ndjson --columna monto=G")
        .expect(0);
    assert_eq!(
        texts(&rows(&place, "r.ndjson"), "monto"),
        ["100.00", "100.00"]
    );
    // Nothing but what is wrong: the common cause, and an exit code of its own.
    place.write(
        "mal.csv",
        "RUC proveedor;Tipo doc;Serie;Número doc;Fecha emisión;Importe total\n20100070971;01;F001;1;04/08/2026;118.00\n20100070972;01;F001;2;05/08/2026;118.00\n",
    );
    let ran = place.run("cpe lote mal.csv -o m.csv").expect(3);
    says(&ran, "No se pudo leer ningún comprobante de la lista");
}

/// A list that came to its most goes on where it was, and pays for nothing twice.
#[test]
fn a_register_that_was_cut_short_goes_on() {
    let service = Service::new();
    let place = Place::asking(&service);
    let issuers = companies(97, 40);
    let mut list = "RUC emisor;Tipo;Serie;Número;Fecha;Importe\n".to_owned();
    for (at, ruc) in issuers.iter().enumerate() {
        // Every state, also those that memory does not keep.
        writeln!(
            list,
            "{ruc};01;F001;{};0{}/08/2026;118.00",
            61 + at,
            at % 9 + 1
        )
        .unwrap();
    }
    place.write("compras.csv", &list);
    let ran = place
        .run("cpe lote compras.csv -o r.ndjson --gastar-hasta 20")
        .expect(8);
    says(&ran, "--reanudar");
    assert_eq!(service.sandbox.count(Operation::Cpe), 19);
    let words = |file: &str| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows(&place, file) {
            let word = row["resultado"].as_str().unwrap().to_owned();
            *counts.entry(word).or_default() += 1;
        }
        counts
    };
    assert_eq!(words("r.ndjson")["pendiente"], 21);
    place
        .run("cpe lote compras.csv -o r.ndjson --reanudar")
        .expect(0);
    assert_eq!(service.sandbox.count(Operation::Cpe), 40);
    assert_eq!(service.sandbox.count(Operation::Collection), 1);
    assert_eq!(words("r.ndjson").get("pendiente"), None);
    assert_eq!(words("r.ndjson")["no_informado"], 8);
}

/// The result of a batch of a command, whose list was not kept: a row for each thing asked for.
#[test]
fn the_result_of_a_batch_of_a_command() {
    let place = Place::new();
    place.write("compras.csv", PURCHASES);
    place.write("ventas.csv", SALES);
    for (line, key, words) in [
        (
            "cpe lote compras.csv -o r.csv",
            "comprobante_valido",
            &[
                "VÁLIDO",
                "ANULADO",
                "NO INFORMADO",
                "VÁLIDO, CON OBSERVACIONES",
                "ESTADO DESCONOCIDO",
            ][..],
        ),
        (
            "tipo-cambio lote ventas.csv -o r.csv",
            "tipo_de_cambio",
            &["SÍ", "SÍ"][..],
        ),
    ] {
        place.run(line).expect(0);
        let batches = place.run("lotes listar --format ndjson").expect(0);
        let id = batches.objects()[0]["id"].as_str().unwrap().to_owned();
        place
            .run(&format!("lotes resultado {id} -o lote.ndjson"))
            .expect(0);
        assert_eq!(texts(&rows(&place, "lote.ndjson"), key), words, "{line}");
    }
}

/// What a person may demand to be erased is, in lists of vouchers too.
#[test]
fn a_person_who_issues_vouchers_can_be_erased() {
    let place = Place::new();
    place.write(
        "compras.csv",
        "RUC emisor;Tipo;Serie;Número;Fecha;Importe\n10123456781;01;E001;1;04/08/2026;118.00\n20100070970;01;F001;2;05/08/2026;118.00\n",
    );
    place.run("cpe lote compras.csv -o r.csv").expect(0);
    place
        .run_with_input("datos-personales borrar --dni - --yes", b"12345678")
        .expect(0);
    let batches = place.run("lotes listar --format ndjson").expect(0);
    let id = batches.objects()[0]["id"].as_str().unwrap().to_owned();
    place.run(&format!("lotes resultado {id} -o lote.ndjson"));
    assert_eq!(
        texts(&rows(&place, "lote.ndjson"), "ruc_emisor"),
        ["", "20100070970"]
    );
}

/// The numbers of people who issue vouchers rest nowhere in clear.
#[test]
fn the_ruc_of_a_person_does_not_rest_in_clear() {
    let place = Place::new();
    place.write(
        "compras.csv",
        "RUC emisor;Tipo;Serie;Número;Fecha;Importe\n10123456781;01;E001;1;04/08/2026;118.00\n10876543210;01;E001;98;05/08/2026;118.00\n",
    );
    place.run("cpe lote compras.csv -o r.csv").expect(0);
    assert!(place.read("r.csv").contains("10123456781"));
    for (path, bytes) in files_of(&place.data()) {
        for number in ["10123456781", "10876543210", "12345678", "87654321"] {
            let there = bytes
                .windows(number.len())
                .any(|it| it == number.as_bytes());
            assert!(!there, "{number} in {}", path.display());
        }
    }
}

/// A list of sales, with a row of each kind.
const SALES: &str = "\
VENTAS;;;;
Fecha;Vencimiento;Documento;Moneda;Total
03/08/2026;03/09/2026;F001-1;USD;100,00
04/08/2026;04/09/2026;F001-2;USD;100,00
04/08/2026;05/09/2026;F001-3;PEN;100,00
15/09/2026;;F001-5;EUR;50,00
;;F001-6;USD;50,00
31/02/2026;;F001-7;USD;50,00
15/12/2127;;F001-8;USD;50,00
03/08/2026;;F001-9;US$;50,00
;;TOTAL;;550,00
";

#[test]
fn a_list_of_sales() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.write("ventas.csv", SALES);
    let ran = place
        .run("tipo-cambio lote ventas.csv -o r.ndjson")
        .expect(0);
    says(&ran, "fechas en la columna A (Fecha)");
    says(&ran, "2 fechas por consultar en 1 consulta");
    let told = rows(&place, "r.ndjson");
    let words = [
        "SÍ",
        "SÍ",
        "EN SOLES",
        "OTRA MONEDA",
        "SIN FECHA",
        "FECHA ILEGIBLE",
        "FECHA FUTURA",
        "SÍ",
        "FILA DE TOTAL",
    ];
    assert_eq!(texts(&told, "tipo_de_cambio"), words);
    // A month is one call, and equal dates are one question.
    assert_eq!(service.sandbox.count(Operation::ExchangeRange), 1);
    assert_eq!(
        service.sandbox.last_sequence(),
        1 + service.sandbox.count(Operation::Account)
    );
    // As the single question says it.
    let one = place
        .run("tipo-cambio --fecha 03/08/2026 --format ndjson")
        .expect(0);
    let one = &one.objects()[0];
    for key in ["precio_compra", "precio_venta", "fecha_cierre_sbs"] {
        assert_eq!(told[0][key], one[key], "{key}");
    }
    assert_eq!(told[0]["fecha_publicacion"], one["fecha"]);
    // The month is over, so it is known for ever.
    let again = place
        .run("tipo-cambio lote ventas.csv -o otra.xlsx")
        .expect(0);
    says(&again, "no se usará ninguna consulta");
    assert_eq!(service.sandbox.count(Operation::ExchangeRange), 1);
    let book = sheet(&place.path("otra.xlsx"));
    let first = &book[2];
    assert_eq!(book[1][5].to_string(), "¿Hay tipo de cambio?");
    let price = |text: &serde_json::Value| Data::Float(text.as_str().unwrap().parse().unwrap());
    assert_eq!(first[at(&book, "Compra")], price(&told[0]["precio_compra"]));
    assert_eq!(first[at(&book, "Venta")], price(&told[0]["precio_venta"]));
    assert!(matches!(
        first[at(&book, "Publicado el")],
        Data::DateTime(_)
    ));
    assert!(matches!(
        first[at(&book, "Cierre SBS del")],
        Data::DateTime(_)
    ));
}

/// An upstream without months, or a plan that leaves them out: the dates are asked for one by one.
#[test]
fn rates_without_months() {
    let expected = {
        let service = Service::new();
        let place = Place::asking(&service);
        place.write("ventas.csv", SALES);
        place.run("tipo-cambio lote ventas.csv -o r.csv").expect(0);
        without_times(&place.read("r.csv"))
    };
    for fault in ["403@tipo-cambio-rango", "404@tipo-cambio-rango"] {
        let service = Service::new();
        let place = Place::asking(&service);
        service.sandbox.fail(fault.parse().unwrap());
        place.write("ventas.csv", SALES);
        place.run("tipo-cambio lote ventas.csv -o r.csv").expect(0);
        assert_eq!(without_times(&place.read("r.csv")), expected, "{fault}");
        assert_eq!(service.sandbox.count(Operation::ExchangeDate), 2, "{fault}");
    }
    // One that is down is not asked date by date as well.
    let service = Service::new();
    let place = Place::asking(&service);
    service
        .sandbox
        .fail("500@tipo-cambio-rango".parse().unwrap());
    place.write("ventas.csv", SALES);
    let ran = place.run("tipo-cambio lote ventas.csv -o r.ndjson");
    assert_ne!(ran.code, 0, "{}", ran.shown());
    assert_eq!(service.sandbox.count(Operation::ExchangeDate), 0);
    let told = rows(&place, "r.ndjson");
    assert_eq!(
        texts(&told, "tipo_de_cambio")[..3],
        ["SIN RESPUESTA", "SIN RESPUESTA", "EN SOLES"]
    );
    service.sandbox.heal();
    place
        .run("tipo-cambio lote ventas.csv -o r.csv --reanudar")
        .expect(0);
    assert_eq!(without_times(&place.read("r.csv")), expected);
}

/// An issuer that could not be looked up leaves its vouchers without an answer; when it goes on, the
/// vouchers are not paid for again.
#[test]
fn issuers_that_could_not_be_asked() {
    let service = Service::new();
    let place = Place::asking(&service);
    for fault in ["500@coleccion", "500@ruc"] {
        service.sandbox.fail(fault.parse().unwrap());
    }
    place.write(
        "compras.csv",
        "RUC emisor;Tipo;Serie;Número;Fecha;Importe\n20100070970;01;F001;1;04/08/2026;118.00\n20100038146;01;F001;98;05/08/2026;118.00\n",
    );
    place.run("cpe lote compras.csv -o r.ndjson").expect(8);
    let told = rows(&place, "r.ndjson");
    // What was voided is, whoever issued it.
    assert_eq!(
        texts(&told, "comprobante_valido"),
        ["SIN RESPUESTA", "ANULADO"]
    );
    assert!(
        texts(&told, "motivo")[0].contains("no se pudo consultar a su emisor"),
        "{told:?}"
    );
    service.sandbox.heal();
    place
        .run("cpe lote compras.csv -o r.ndjson --reanudar")
        .expect(0);
    assert_eq!(
        texts(&rows(&place, "r.ndjson"), "comprobante_valido"),
        ["VÁLIDO", "ANULADO"]
    );
    assert_eq!(service.sandbox.count(Operation::Cpe), 2);
}

/// What fails for every voucher ends the list after a few calls, and says nothing of any.
#[test]
fn a_token_that_is_refused() {
    let service = Service::new();
    let place = Place::asking(&service);
    service.sandbox.fail("401".parse().unwrap());
    let mut list = "RUC emisor;Tipo;Serie;Número;Fecha;Importe\n".to_owned();
    for number in 1..=60 {
        writeln!(list, "20100070970;01;F001;{number};04/08/2026;118.00").unwrap();
    }
    place.write("compras.csv", &list);
    place.run("cpe lote compras.csv -o r.ndjson").expect(7);
    let told = rows(&place, "r.ndjson");
    assert!(
        texts(&told, "comprobante_valido")
            .iter()
            .all(|it| *it == "SIN RESPUESTA")
    );
    // Four go at first, and two more while fewer than three of them have failed.
    assert!(
        service.sandbox.count(Operation::Cpe) <= 6,
        "{}",
        service.sandbox.count(Operation::Cpe)
    );
}

#[test]
fn the_column_of_dates() {
    let place = Place::new();
    // Two that differ from row to row: the titles decide, or the person does.
    place.write(
        "dos.csv",
        "Emitido;F1;F2\nA;03/08/2026;04/08/2026\nB;05/08/2026;06/08/2026\n",
    );
    let ran = place.run("tipo-cambio lote dos.csv -o r.csv").expect(2);
    says(
        &ran,
        "Más de una columna puede contener fechas: B (F1), C (F2)",
    );
    place
        .run("tipo-cambio lote dos.csv -o r.ndjson --columna F2")
        .expect(0);
    assert_eq!(
        texts(&rows(&place, "r.ndjson"), "fecha_solicitada"),
        ["2026-08-04", "2026-08-06"]
    );
    // One that never changes is a heading beside one that does.
    place.write(
        "una.csv",
        "Corte;Fecha venta\n31/08/2026;03/08/2026\n31/08/2026;04/08/2026\n",
    );
    place.run("tipo-cambio lote una.csv -o s.ndjson").expect(0);
    assert_eq!(
        texts(&rows(&place, "s.ndjson"), "fecha_solicitada"),
        ["2026-08-03", "2026-08-04"]
    );
    place.write("nada.csv", "Cliente;Total\nUNO;118.00\nDOS;50.00\n");
    let ran = place.run("tipo-cambio lote nada.csv -o r.csv").expect(2);
    says(&ran, "Ninguna columna parece contener fechas");
    let ran = place
        .run("tipo-cambio lote dos.csv -o r.csv --columna F2 --moneda EUR")
        .expect(2);
    says(&ran, "--fuente sbs");
}

#[test]
fn a_server_says_the_same() {
    let (there, here) = (Service::new(), Service::new());
    let (home, local) = (Place::asking(&there), Place::asking(&here));
    let server = Server::start(&home);
    let client = Place::new();
    for place in [&local, &client] {
        place.write("compras.csv", PURCHASES);
        place.write("ventas.csv", SALES);
    }
    for line in [
        "cpe lote compras.csv -o r.csv",
        "tipo-cambio lote ventas.csv -o r.csv",
    ] {
        let ran = client
            .run(&format!("{line} --server {}", server.url))
            .expect(0);
        local.run(line).expect(0);
        assert_eq!(
            without_times(&client.read("r.csv")),
            without_times(&local.read("r.csv")),
            "{}",
            ran.shown()
        );
    }
    assert_eq!(
        there.sandbox.count(Operation::Cpe),
        here.sandbox.count(Operation::Cpe)
    );
    assert_eq!(
        there.sandbox.count(Operation::ExchangeRange),
        here.sandbox.count(Operation::ExchangeRange)
    );
    // Fetched again, nothing is paid for.
    let before = there.sandbox.count(Operation::Cpe);
    let line = format!(
        "cpe lote compras.csv -o r.csv --reanudar --server {}",
        server.url
    );
    client.run(&line).expect(0);
    assert_eq!(there.sandbox.count(Operation::Cpe), before);
    let line = format!(
        "cpe lote compras.csv -o r.xlsx --max-age 1h --server {}",
        server.url
    );
    says(&client.run(&line).expect(2), "--max-age no vale");
}

/// A register of nothing but facturas has no column of kinds: the message says what to write, and that works.
#[test]
fn a_register_without_kinds_says_the_kind_of_all() {
    let place = Place::new();
    let list = "Fecha,Comprobante,RUC Proveedor,Total\n04/08/2026,F001-12,20100070970,1180.00\n\
                05/08/2026,F001-98,20100038146,118.00\n";
    place.write("compras.csv", list);
    let ran = place.run("cpe lote compras.csv -o r.ndjson").expect(2);
    assert!(
        ran.err.contains("--columna tipo=01 (factura)"),
        "{}",
        ran.err
    );
    for kind in ["01", "factura"] {
        let line = format!("cpe lote compras.csv -o r-{kind}.ndjson --columna tipo={kind}");
        place.run(&line).expect(0);
        let rows = rows(&place, &format!("r-{kind}.ndjson"));
        assert_eq!(rows[0]["comprobante"], "01 F001-12");
        assert_eq!(rows[1]["comprobante"], "01 F001-98");
    }
    // A column that is not there stays an error.
    let ran = place
        .run("cpe lote compras.csv -o r.ndjson --columna tipo=clase")
        .expect(2);
    assert!(ran.err.contains("«clase»"), "{}", ran.err);
}

/// Beyond so many, rows are packed and answers are recalled when the result is made.
const BEYOND_SHORT: usize = 10_240;

/// What a row of a result says, without what an earlier answer changes.
fn said(row: &serde_json::Value) -> serde_json::Value {
    let mut row = row.clone();
    for changing in ["fila", "fuente", "consultado_en"] {
        row[changing].take();
    }
    row
}

/// A long list says of each row what two short ones say of its halves, asked for or known, with numbers that
/// are repeated, wrong or unknown on either side of every border; and so does the worker's result.
#[test]
fn a_long_list_says_what_short_ones_say() {
    let numbers = companies(7, 12_000);
    let lines: Vec<String> = (0..14_000_usize)
        .map(|at| {
            let number = match at % 500 {
                17 => "20100070971",
                18 => "",
                19 => "00000001",
                20 => numbers[0].as_str(),
                _ => numbers[at % 12_000].as_str(),
            };
            format!("CLIENTE {at},{number},{at}.50")
        })
        .collect();
    let list_of = |lines: &[String]| format!("CLIENTE,RUC,MONTO\n{}\n", lines.join("\n"));
    let place = Place::new();
    place.write("larga.csv", list_of(&lines));
    place.write("una.csv", list_of(&lines[..7_000]));
    place.write("otra.csv", list_of(&lines[7_000..]));
    place.run("ruc lote larga.csv -o pedida.ndjson").expect(0);
    place.run("ruc lote larga.csv -o sabida.ndjson").expect(0);
    place.run("ruc lote una.csv -o una.ndjson").expect(0);
    place.run("ruc lote otra.csv -o otra.ndjson").expect(0);
    let (asked, known) = (rows(&place, "pedida.ndjson"), rows(&place, "sabida.ndjson"));
    assert_eq!(asked.len(), lines.len());
    assert!(asked.len() > BEYOND_SHORT + 3_000);
    let halves = [rows(&place, "una.ndjson"), rows(&place, "otra.ndjson")].concat();
    for (at, ((asked, known), half)) in asked.iter().zip(&known).zip(&halves).enumerate() {
        assert_eq!(said(asked), said(known), "row {at}");
        let (mut asked, mut half) = (said(asked), said(half));
        // Which row came first differs: in the halves it is another one, or in the other half.
        if asked["motivo"]
            .as_str()
            .unwrap_or_default()
            .contains("epetido")
        {
            asked["motivo"].take();
            half["motivo"].take();
        }
        assert_eq!(asked, half, "row {at}");
    }
    let sources = |rows: &[serde_json::Value]| {
        let sources = rows
            .iter()
            .map(|it| it["fuente"].as_str().unwrap().to_owned());
        sources.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(sources(&asked).contains("prueba (inventado)"));
    assert!(!sources(&known).contains("prueba (inventado)"));
    // Only what is wrong, of a long list.
    place
        .run("ruc lote larga.csv -o mal.ndjson --solo-errores")
        .expect(0);
    let wrong = rows(&place, "mal.ndjson");
    let mend = |row: &&serde_json::Value| row["aptitud"] == "invalido";
    assert_eq!(wrong.iter().filter(mend).count(), 28);
    assert!(wrong.len() < lines.len() / 2);
}

/// Where nothing is to be remembered, the answers of a long list are in its result all the same.
#[test]
fn a_long_list_needs_no_memory() {
    let mut place = Place::new();
    place.set("CHASKI_CACHE_RUC_TTL", "0s");
    place.set("CHASKI_CACHE_INVALID_TTL", "0s");
    let numbers = companies(9, BEYOND_SHORT + 500);
    place.write("larga.csv", format!("RUC\n{}\n", numbers.join("\n")));
    place.run("ruc lote larga.csv -o r.ndjson").expect(0);
    let found = rows(&place, "r.ndjson");
    assert_eq!(found.len(), numbers.len());
    assert!(found.iter().all(|it| it["aptitud"] != "error"));
}

/// A long list that came to its most goes on where it was, and pays for nothing twice.
#[test]
fn a_long_list_that_came_to_its_most_goes_on() {
    let service = Service::new();
    let place = Place::asking(&service);
    let numbers = companies(7, BEYOND_SHORT + 360);
    place.write("larga.csv", format!("RUC\n{}\n", numbers.join("\n")));
    let first = place
        .run("ruc lote larga.csv -o r.ndjson --gastar-hasta 50")
        .expect(8);
    says(&first, "porque la lista llegó a su máximo de 50 consultas");
    let open = rows(&place, "r.ndjson");
    let open = open.iter().filter(|it| it["aptitud"] == "pendiente");
    assert_eq!(open.count(), numbers.len() - 5_000);
    place
        .run("ruc lote larga.csv -o r.ndjson --reanudar")
        .expect(0);
    assert_eq!(service.sandbox.count(Operation::Collection), 106);
    let done = rows(&place, "r.ndjson");
    let fit = |row: &&serde_json::Value| row["aptitud"] == "apto" || row["aptitud"] == "no_apto";
    assert!(done.iter().filter(fit).count() > numbers.len() * 9 / 10);
    // Nobody answers: said of every row with the cause, after a handful of calls.
    let place = Place::asking(&service);
    place.write("larga.csv", format!("RUC\n{}\n", numbers.join("\n")));
    service.sandbox.fail("caida".parse().unwrap());
    let before = service.sandbox.count(Operation::Collection);
    let failed = place.run("ruc lote larga.csv -o r.ndjson");
    assert_eq!(failed.code, 5, "{}", failed.shown());
    assert!(service.sandbox.count(Operation::Collection) - before < 30);
    let failed = rows(&place, "r.ndjson");
    assert!(failed.iter().all(|it| it["aptitud"] == "error"));
    assert!(
        failed
            .iter()
            .all(|it| !it["motivo"].as_str().unwrap().is_empty())
    );
}
