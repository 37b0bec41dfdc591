//! The command line in one language: help texts are written "español || English", and one half is kept.

use chaski_core::Lang;
use clap::builder::Str;
use clap::{Command, CommandFactory};

use super::Typed;

/// The command in one language, with headings in that language too.
pub(in crate::cli) fn command(lang: Lang) -> Command {
    let template = lang.pick(
        "{about-with-newline}\nUso: {usage}\n\n{all-args}{after-help}",
        "{about-with-newline}\nUsage: {usage}\n\n{all-args}{after-help}",
    );
    let after = lang.pick(
        "Ejemplos:\n  chaski ruc 20100070970\n  chaski ruc lote clientes.xlsx -o resultado.xlsx\n  chaski tipo-cambio --fecha 2026-07-28\n\nSin un token guardado se trabaja en modo de prueba: los datos son inventados y no se consulta por Internet.",
        "Examples:\n  chaski ruc 20100070970\n  chaski ruc lote clientes.xlsx -o resultado.xlsx\n  chaski tipo-cambio --fecha 2026-07-28\n\nWithout a token it runs in trial mode: the data are invented and nothing is asked over the Internet.",
    );
    let version = clap::Arg::new("version")
        .short('V')
        .long("version")
        .action(clap::ArgAction::Version)
        .display_order(901)
        .help(lang.pick("Muestra la versión", "Shows the version"));
    let command = localized(Typed::command(), lang, template)
        .after_help(after)
        .arg(version.help_heading(lang.pick("Opciones generales", "General options")));
    // The parser builds "Uso: … [OPTIONS]" only when it knows the whole path of a command.
    let mut built = command.clone();
    built.build();
    with_usage(command, &mut built, lang)
}

fn localized(command: Command, lang: Lang, template: &'static str) -> Command {
    let about = command
        .get_about()
        .map(|text| half(&text.to_string(), lang));
    let mut command = command
        .help_template(template)
        .subcommand_help_heading(lang.pick("Comandos", "Commands"))
        .subcommand_value_name(lang.pick("COMANDO", "COMMAND"))
        .disable_help_flag(true)
        .disable_version_flag(true);
    if let Some(about) = about {
        command = command.about(about.clone()).long_about(about);
    }
    if let Some(after) = command.get_after_help().map(ToString::to_string) {
        command = command.after_help(half(&after, lang));
    }
    let help = clap::Arg::new("help")
        .short('h')
        .long("help")
        .action(clap::ArgAction::HelpShort)
        .display_order(900)
        .help_heading(lang.pick("Opciones generales", "General options"))
        .help(lang.pick("Muestra esta ayuda", "Shows this help"));
    command = command.mut_args(|arg| localized_arg(arg, lang)).arg(help);
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| localized(sub, lang, template));
    }
    command
}

/// Which values are good and which is the default are said in the help text itself: the parser
/// would say it in English.
fn localized_arg(arg: clap::Arg, lang: Lang) -> clap::Arg {
    let heading = match (arg.is_positional(), arg.is_global_set()) {
        (true, _) => lang.pick("Datos", "Arguments"),
        (false, true) => lang.pick("Opciones generales", "General options"),
        (false, false) => lang.pick("Opciones", "Options"),
    };
    let text = arg.get_help().map(|text| half(&text.to_string(), lang));
    let value = arg
        .get_value_names()
        .and_then(|names| names.first())
        .map(|name| value_name(name, lang));
    let mut arg = arg.help_heading(heading);
    if arg.get_action().takes_values() {
        arg = arg.hide_possible_values(true).hide_default_value(true);
    }
    if let Some(text) = text {
        arg = arg.help(text);
    }
    if let Some(value) = value {
        arg = arg.value_name(value);
    }
    arg
}

/// Names of values; those that are the same in both languages stay as they are.
fn value_name(name: &Str, lang: Lang) -> Str {
    const NAMES: [(&str, &str); 38] = [
        ("ARCHIVO", "FILE"),
        ("CARPETA", "FOLDER"),
        ("CLAVE", "KEY"),
        ("COLUMNA", "COLUMN"),
        ("QUÉ", "WHAT"),
        ("CUÁLES", "WHICH"),
        ("COMPROBANTE", "VOUCHER"),
        ("COPIA", "COPY"),
        ("DEMORA", "DELAY"),
        ("DESTINO", "DESTINATION"),
        ("DIRECCION", "ADDRESS"),
        ("ESTADO", "STATE"),
        ("DOCUMENTO", "DOCUMENT"),
        ("FALLO", "FAULT"),
        ("FECHA", "DATE"),
        ("FORMATO", "FORMAT"),
        ("FUENTE", "SOURCE"),
        ("IDIOMA", "LANGUAGE"),
        ("CONSOLA", "SHELL"),
        ("IMPORTE", "AMOUNT"),
        ("LISTA", "LIST"),
        ("LLAVE", "KEY"),
        ("LOTE", "BATCH"),
        ("MONEDA", "CURRENCY"),
        ("MOTIVO", "PURPOSE"),
        ("NOMBRE", "NAME"),
        ("NUMERO", "NUMBER"),
        ("OPERACION", "OPERATION"),
        ("ORIGEN", "SOURCE"),
        ("PERMISO", "SCOPE"),
        ("PROVEEDOR", "UPSTREAM"),
        ("QUIEN", "WHO"),
        ("RESULTADO", "OUTCOME"),
        ("SERIE", "SERIES"),
        ("TEXTO", "TEXT"),
        ("TIEMPO", "TIME"),
        ("TIPO", "KIND"),
        ("VALOR", "VALUE"),
    ];
    let known = NAMES.into_iter().find(|(es, _)| *es == name.as_str());
    known.map_or_else(|| name.clone(), |(es, en)| lang.pick(es, en).into())
}

fn with_usage(command: Command, built: &mut Command, lang: Lang) -> Command {
    let usage = built.render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let usage = match lang {
        // The second line of a usage stands below the first, past "Uso: ".
        Lang::Es => usage
            .replace("[OPTIONS]", "[OPCIONES]")
            .replace("\n       ", "\n     "),
        Lang::En => usage.to_owned(),
    };
    let mut command = command.override_usage(usage);
    let names: Vec<String> = command
        .get_subcommands()
        .map(|sub| sub.get_name().to_owned())
        .collect();
    for name in names {
        if let Some(inner) = built.find_subcommand_mut(&name) {
            command = command.mut_subcommand(&name, |sub| with_usage(sub, inner, lang));
        }
    }
    command
}

fn half(text: &str, lang: Lang) -> String {
    let (es, en) = text.split_once("||").unwrap_or((text, text));
    lang.pick(es, en).trim().to_owned()
}
