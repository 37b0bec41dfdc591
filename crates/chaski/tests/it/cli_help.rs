//! Help, manual and completions, in both languages and without leftovers of the parser's.

use crate::cli_kit::Place;

const COMMANDS: [&str; 90] = [
    "",
    "ruc",
    "ruc validar",
    "ruc facturacion",
    "ruc representantes",
    "ruc actividad",
    "ruc condiciones",
    "ruc lote",
    "ruc invalidos",
    "ruc invalidos listar",
    "ruc invalidos borrar",
    "dni",
    "tipo-cambio",
    "tipo-cambio lote",
    "cpe",
    "cpe validar",
    "cpe lote",
    "factura",
    "factura validar",
    "factura emitir",
    "factura consultar",
    "factura anular",
    "factura descargar",
    "factura corregir",
    "factura duplicar",
    "factura listar",
    "factura plantilla",
    "factura esquema",
    "series",
    "series listar",
    "series abrir",
    "series sincronizar",
    "empresas",
    "empresas listar",
    "empresas agregar",
    "empresas ensayo",
    "empresas probar",
    "cuenta",
    "llamadas",
    "consumo",
    "lotes",
    "lotes listar",
    "lotes ver",
    "lotes resultado",
    "lotes pausar",
    "lotes reanudar",
    "lotes cancelar",
    "lotes reintentar",
    "trabajos",
    "trabajos listar",
    "trabajos programados",
    "trabajos ver",
    "trabajos cancelar",
    "trabajos reintentar",
    "serve",
    "llaves",
    "llaves listar",
    "llaves crear",
    "llaves editar",
    "llaves rotar",
    "llaves revocar",
    "openapi",
    "migrate",
    "partners",
    "partners importar",
    "partners listar",
    "partners ver",
    "partners actualizar",
    "partners exportar",
    "partners borrar",
    "partners cambios",
    "partners dejaron-de-ser-aptos",
    "sandbox",
    "config",
    "config init",
    "config show",
    "config set",
    "config check",
    "config recargar",
    "datos-personales",
    "datos-personales exportar",
    "datos-personales borrar",
    "backup",
    "restaurar",
    "salud",
    "doctor",
    "completions",
    "man",
    "version",
    "ruc lote --sandbox",
];

#[test]
fn help_of_every_command_is_in_one_language() {
    let place = Place::new();
    let english = [
        "[OPTIONS]",
        "Usage",
        "Options:",
        "Commands:",
        "Arguments:",
        "Shows this help",
    ];
    let spanish = [
        "[OPCIONES]",
        "Uso:",
        "Opciones",
        "Órdenes:",
        "Datos:",
        "Muestra esta ayuda",
        "<ARCHIVO>",
    ];
    let neither = ["[possible values", "[default", "||", "<VALUE_", "[aliases"];
    for command in COMMANDS {
        let es = place.run(&format!("{command} --help")).expect(0).out;
        let en = place
            .run(&format!("{command} --help --lang en"))
            .expect(0)
            .out;
        for (text, never) in [(&es, &english[..]), (&en, &spanish[..])] {
            for word in never.iter().chain(&neither) {
                assert!(!text.contains(word), "chaski {command}: {word} in\n{text}");
            }
        }
        let flags = |text: &str| -> Vec<String> {
            let lines = text
                .lines()
                .map(str::trim)
                .filter(|line| line.starts_with('-'));
            lines
                .filter_map(|line| {
                    line.split("--")
                        .nth(1)?
                        .split(' ')
                        .next()
                        .map(str::to_owned)
                })
                .collect()
        };
        assert_eq!(flags(&es), flags(&en), "chaski {command}");
        assert!(flags(&es).len() > 10, "chaski {command}:\n{es}");
    }
}

#[test]
fn help_as_people_ask_for_it() {
    let place = Place::new();
    let whole = place.run("--help").expect(0).out;
    insta::assert_snapshot!(whole);
    insta::assert_snapshot!("help_lote_en", place.run("ruc lote -h --lang en").out);
    for same in ["help", "ayuda", "-h"] {
        assert_eq!(place.run(same).expect(0).out, whole, "chaski {same}");
    }
    let lote = place.run("ruc lote --help").out;
    assert_eq!(place.run("help ruc lote").expect(0).out, lote);
    for version in ["--version", "-V", "version"] {
        let expected = format!("chaski {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!(place.run(version).expect(0).out, expected);
    }
}

#[test]
fn manual_and_completions() {
    let place = Place::new();
    place.run("man --to manual").expect(0);
    let pages = std::fs::read_dir(place.path("manual")).unwrap().count();
    assert_eq!(pages, COMMANDS.len() - 1, "one page per command");
    let page = place.read("manual/chaski-ruc-lote.1");
    assert!(page.contains(".TH chaski-ruc-lote 1"), "{page}");
    assert!(
        page.contains(".SH NOMBRE") && !page.contains(".SH NAME"),
        "{page}"
    );
    assert!(!page.contains("ossible values"), "{page}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.run(&format!("completions {shell}")).expect(0).out;
        assert!(script.contains("facturacion"), "{shell}");
    }
    place.run("completions bash -o chaski.bash").expect(0);
    assert_eq!(place.read("chaski.bash"), place.run("completions bash").out);
}

/// Every option of every command that takes a number says so of what is none, a minus included.
#[test]
fn options_that_take_a_number_say_which_got_something_else() {
    let place = Place::new();
    let mut options = 0;
    for command in COMMANDS {
        let help = place.run(&format!("{command} --help")).expect(0).out;
        for line in help.lines().filter(|line| line.contains("<N>")) {
            let option = line.split_whitespace().find(|it| it.starts_with("--"));
            let option = option.unwrap();
            options += 1;
            for value in [
                "-1",
                "-1.5",
                "-1,5",
                "-3x",
                "abc",
                "2.5",
                "99999999999999999999",
            ] {
                for (lang, said, takes, large) in [
                    (
                        "es",
                        format!("«{value}» no es un valor válido para {option}"),
                        "Debe ser un número entero",
                        "Es demasiado grande",
                    ),
                    (
                        "en",
                        format!("\"{value}\" is not a valid value for {option}"),
                        "It must be a whole number",
                        "It is too large",
                    ),
                ] {
                    let typed = format!("{command} {option} {value} --lang {lang}");
                    let ran = place.run(&typed).expect(2);
                    assert!(ran.err.contains(&said), "{typed}: {}", ran.err);
                    let takes = if value.len() > 9 { large } else { takes };
                    assert!(ran.err.contains(takes), "{typed}: {}", ran.err);
                }
            }
        }
    }
    assert!(options >= 10, "{options}");
}

/// What begins like a negative number is a value of the option before it, whatever that takes.
#[test]
fn options_with_a_value_take_a_minus_for_its_beginning() {
    let place = Place::new();
    for (typed, says) in [
        (
            "ruc 20100070970 --timeout -1",
            "--timeout: «-1» no es un tiempo",
        ),
        (
            "ruc 20100070970 --max-age -5m",
            "--max-age: «-5m» no es un tiempo",
        ),
        (
            "llaves crear ana --vence -3d",
            "--vence: «-3d» no es un tiempo",
        ),
        (
            "llaves crear ana --rpm -3",
            "«-3» no es un valor válido para --por-minuto <N>",
        ),
        ("sandbox --latencia -1", "--latencia: "),
        ("tipo-cambio --fecha -2026-01-01", "--fecha: "),
        ("llamadas --desde -3", "--desde: "),
        (
            "ruc lote x.csv --gastar-hasta -o y.csv",
            "--gastar-hasta <N> necesita un valor",
        ),
        ("config set migo.quota -1", "migo.quota"),
        // After this nothing is an option.
        ("ruc -- --timeout -1", "--timeout"),
        ("ruc 20100070970 -1", "No existe la opción «-1»"),
    ] {
        let ran = place.run(typed);
        assert!((2..=7).contains(&ran.code), "{typed}: {}", ran.shown());
        assert!(ran.err.contains(says), "{typed}: {}", ran.err);
    }
}
