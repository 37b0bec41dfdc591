//! `chaski ruc` and `chaski ruc facturacion`.

use std::io::{BufRead, IsTerminal};

use chaski_client::{Found, Source, taxpayer_fields};
use chaski_core::{
    Condicion, Estado, Lang, Role, Ruc, Taxpayer, Text, lima_datetime, sentence, text,
};
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::RucNumbers;
use super::kit::desk::Desk;
use super::kit::explain::unreadable;
use super::kit::needed::Needed;
use super::kit::output::{complain_about, exit_of};
use super::kit::records::{Column, Records, fields};
use super::kit::typed::repeatable;
use crate::app::AppError;
use crate::config::nearest;

/// `chaski ruc <RUC>...`: what the registry knows of each.
pub(super) async fn ruc(needed: &Needed, desk: &Desk, typed: RucNumbers) -> Done {
    let lang = needed.lang();
    let answers = ask(needed, desk, &typed).await?;
    let rows = answers.iter().map(|it| it.row(desk, lang)).collect();
    let codes: Vec<u8> = answers.iter().map(Answer::exit_code).collect();
    let columns = COLUMNS.to_vec();
    complain_about(needed, &complaints(&answers, lang), answers.len());
    Records { columns, rows }.write(needed)?;
    Ok(exit_of(&codes))
}

/// `chaski ruc facturacion <RUC>...`: is each fit to be invoiced?
pub(super) async fn facturacion(
    needed: &Needed,
    desk: &Desk,
    typed: RucNumbers,
    as_issuer: bool,
) -> Done {
    let lang = needed.lang();
    let role = if as_issuer { Role::Issuer } else { Role::Buyer };
    let answers = ask(needed, desk, &typed).await?;
    let judged = answers.iter().map(|it| it.judged(desk, role, lang));
    let (rows, codes): (Vec<_>, Vec<_>) = judged.unzip();
    let columns = vec![
        ("ruc", "RUC", "RUC"),
        ("razon_social", "Razón social", "Name"),
        ("valido", "¿Se le puede facturar?", "To be invoiced?"),
        ("nivel", "Nivel", "Level"),
        ("estado", "Estado", "Estado"),
        ("condicion", "Condición", "Condición"),
        ("direccion", "Dirección", "Address"),
        ("hallazgos", "Hallazgos", "Findings"),
        ("fuente", "Fuente", "Source"),
        ("error", "Error", "Error"),
    ];
    complain_about(needed, &complaints(&answers, lang), answers.len());
    Records { columns, rows }.write(needed)?;
    Ok(exit_of(&codes))
}

/// One number that was typed and what came of it.
struct Answer {
    typed: String,
    outcome: Outcome,
}

enum Outcome {
    /// It cannot be read: code, what to do, exit code.
    Wrong((&'static str, String, u8)),
    Asked(Ruc, Result<Found<Taxpayer>, AppError>),
}

async fn ask(needed: &Needed, desk: &Desk, typed: &RucNumbers) -> Result<Vec<Answer>, AppError> {
    let numbers = numbers(&typed.numbers, "ruc")?;
    let ask = needed.ask(&typed.freshness)?;
    desk.say_mode(needed);
    let parsed: Vec<Result<Ruc, _>> = numbers
        .iter()
        .map(|text| Ruc::parse_with(text, &needed.config.ruc_rules))
        .collect();
    let rucs: Vec<Ruc> = parsed
        .iter()
        .filter_map(|ruc| ruc.as_ref().ok().copied())
        .collect();
    let mut outcomes = desk.lookup_rucs(&rucs, &ask).await?.into_iter();
    let mut answers = Vec::with_capacity(numbers.len());
    for (typed, parsed) in numbers.into_iter().zip(parsed) {
        let outcome = match parsed {
            Ok(ruc) => match outcomes.next() {
                Some(outcome) => Outcome::Asked(ruc, outcome),
                None => return Err(AppError::Io(std::io::Error::other("an outcome is missing"))),
            },
            Err(error) => {
                let wrong = (error.code(), error.message(needed.lang()));
                Outcome::Wrong(unreadable(&typed, wrong, needed.lang()))
            }
        };
        answers.push(Answer { typed, outcome });
    }
    Ok(answers)
}

/// The numbers typed, or read from the input when there are none or `-` is typed.
pub(super) fn numbers(typed: &[String], command: &str) -> Result<Vec<String>, AppError> {
    let from_input = typed == ["-"] || (typed.is_empty() && !std::io::stdin().is_terminal());
    let numbers: Vec<String> = if from_input {
        let lines: Vec<String> = std::io::stdin().lock().lines().collect::<Result<_, _>>()?;
        lines
            .into_iter()
            // Windows programs begin a text with an invisible mark.
            .map(|line| line.trim_start_matches('\u{feff}').to_owned())
            .filter(|line| !line.trim().is_empty())
            .collect()
    } else {
        typed.to_vec()
    };
    if numbers.is_empty() {
        let example = if command == "dni" {
            "00000001"
        } else {
            "20100070970"
        };
        return Err(AppError::Usage(text!(
            "falta el número; por ejemplo: chaski {command} {example}",
            "the number is missing; for instance: chaski {command} {example}"
        )));
    }
    if !from_input {
        refuse_word(&numbers[0], command)?;
        refuse_pieces(&numbers, command)?;
    }
    Ok(numbers)
}

/// The one number of a command; where it cannot be read, that is told and the exit code given. No person's
/// number is put to a server, which would have it in an address, and whoever is on the way in a log.
pub(super) fn one_ruc(
    needed: &Needed,
    desk: &Desk,
    typed: &str,
    command: &str,
) -> Result<Result<Ruc, u8>, AppError> {
    let read = numbers(&[typed.to_owned()], command)?;
    let [number] = &read[..] else {
        return Err(AppError::Usage(text!(
            "chaski {command} consulta un solo RUC, y en la entrada hay varios",
            "chaski {command} looks up one RUC, and there are several in the input"
        )));
    };
    let ruc = match Ruc::parse_with(number, &needed.config.ruc_rules) {
        Ok(ruc) => ruc,
        Err(error) => {
            let lang = needed.lang();
            let wrong = (error.code(), error.message(lang));
            let (_, message, exit) = unreadable(number, wrong, lang);
            complain_about(needed, &[(repeatable(number), message)], 1);
            return Ok(Err(exit));
        }
    };
    if ruc.is_personal() && matches!(desk, Desk::There(_)) {
        return Err(AppError::Usage(text!(
            "el RUC de una persona lleva su DNI y no se pone en una dirección: ejecute chaski {command} en la máquina del servidor, sin --server",
            "a person's RUC has their DNI in it and is not put in an address: run chaski {command} on the server's machine, without --server"
        )));
    }
    Ok(Ok(ruc))
}

fn complaints(answers: &[Answer], lang: Lang) -> Vec<(String, String)> {
    // Errors are kept in logs and screenshots: a person's number is masked there.
    let name = |answer: &Answer| match &answer.outcome {
        Outcome::Asked(ruc, _) => ruc.masked(),
        Outcome::Wrong(_) => answer.name(),
    };
    let complaint = |answer: &Answer| Some((name(answer), answer.message(lang)?.1));
    answers.iter().filter_map(complaint).collect()
}

/// A number typed with blanks comes in pieces, none of which is one. That of a person is not repeated.
fn refuse_pieces(numbers: &[String], command: &str) -> Result<(), AppError> {
    let whole = numbers.concat();
    let is_piece = |it: &String| it.len() < 8 && it.bytes().all(|b| b.is_ascii_digit());
    let is_one = match command {
        "dni" => whole.len() == 8,
        _ => whole.parse::<Ruc>().is_ok(),
    };
    if numbers.len() < 2 || !numbers.iter().all(is_piece) || !is_one {
        return Ok(());
    }
    let shown = match command {
        "dni" => "DNI".to_owned(),
        _ => repeatable(&whole),
    };
    Err(AppError::Usage(text!(
        "el número se escribe sin espacios: chaski {command} {shown}",
        "the number is written without blanks: chaski {command} {shown}"
    )))
}

/// A word where a number is expected is a slip in the command, not in the number.
fn refuse_word(first: &str, command: &str) -> Result<(), AppError> {
    let is_word =
        first.contains(char::is_alphabetic) && !first.contains(|c: char| c.is_ascii_digit());
    if !is_word {
        return Ok(());
    }
    let word = repeatable(first);
    if std::path::Path::new(first).is_file() {
        return Err(AppError::Usage(text!(
            "«{word}» es un archivo; para una lista use: chaski ruc lote {word} -o resultado.xlsx",
            "\"{word}\" is a file; for a list use: chaski ruc lote {word} -o resultado.xlsx"
        )));
    }
    let orders = [
        "validar",
        "facturacion",
        "representantes",
        "actividad",
        "condiciones",
        "lote",
        "invalidos",
    ];
    let orders = orders.into_iter();
    let hint = nearest(first, orders.filter(|_| command == "ruc"));
    let Text { es, en } = match hint {
        Some(hint) => text!(
            "; ¿quiso decir: chaski ruc {hint}?",
            "; did you mean: chaski ruc {hint}?"
        ),
        None => text!("", ""),
    };
    Err(AppError::Usage(text!(
        "«{word}» no es un número ni un comando de chaski {command}{es}",
        "\"{word}\" is neither a number nor a command of chaski {command}{en}"
    )))
}

impl Answer {
    /// How the number is called in messages.
    fn name(&self) -> String {
        match &self.outcome {
            Outcome::Asked(ruc, _) => ruc.as_str().to_owned(),
            Outcome::Wrong(_) => repeatable(&self.typed),
        }
    }

    fn message(&self, lang: Lang) -> Option<(&'static str, String)> {
        match &self.outcome {
            Outcome::Wrong((code, message, _)) => Some((code, message.clone())),
            Outcome::Asked(_, Err(error)) => Some((error.code(), error.message(lang))),
            Outcome::Asked(_, Ok(_)) => None,
        }
    }

    fn exit_code(&self) -> u8 {
        match &self.outcome {
            Outcome::Wrong((_, _, exit)) => *exit,
            Outcome::Asked(_, outcome) => outcome.as_ref().err().map_or(0, AppError::exit_code),
        }
    }

    fn row(&self, desk: &Desk, lang: Lang) -> Map<String, Value> {
        let mut row = Map::new();
        row.insert(
            "success".into(),
            matches!(self.outcome, Outcome::Asked(_, Ok(_))).into(),
        );
        match &self.outcome {
            Outcome::Asked(_, Ok(found)) => {
                for (name, value) in taxpayer_fields(&found.value) {
                    row.insert(name.into(), value.map_or(Value::Null, Value::from));
                }
                insert_origin(&mut row, desk, found, lang);
            }
            _ => self.insert_error(&mut row, lang),
        }
        row
    }

    fn insert_error(&self, row: &mut Map<String, Value>, lang: Lang) {
        row.insert("ruc".into(), self.name().into());
        if let Some((code, message)) = self.message(lang) {
            row.insert("code".into(), code.into());
            row.insert("error".into(), sentence(&message).into());
        }
    }

    fn judged(&self, desk: &Desk, role: Role, lang: Lang) -> (Map<String, Value>, u8) {
        let mut row = Map::new();
        let judged = match &self.outcome {
            Outcome::Asked(ruc, outcome) => desk.judge(ruc, outcome, role),
            Outcome::Wrong(_) => None,
        };
        let Some(fitness) = judged else {
            row.insert("success".into(), false.into());
            self.insert_error(&mut row, lang);
            return (row, self.exit_code());
        };
        row.extend(fields(json!({
            "success": true,
            "ruc": self.name(),
            "valido": fitness.valido,
            "apto": fitness.apto,
            "nivel": fitness.nivel.as_str(),
        })));
        if let Outcome::Asked(_, Ok(found)) = &self.outcome {
            let taxpayer = &found.value;
            row.extend(fields(json!({
                "razon_social": taxpayer.nombre_o_razon_social,
                "estado": taxpayer.estado.as_ref().map(Estado::as_str),
                "condicion": taxpayer.condicion.as_ref().map(Condicion::as_str),
                "direccion": taxpayer.direccion(),
            })));
            insert_origin(&mut row, desk, found, lang);
        }
        row.insert("errores".into(), fitness.errores.clone().into());
        row.insert("advertencias".into(), fitness.advertencias.clone().into());
        let findings = fitness.hallazgos.iter().map(|finding| {
            json!({
                "codigo": finding.codigo,
                "severidad": finding.severidad.as_str(),
                "mensaje": sentence(finding.message(lang)),
            })
        });
        row.insert("hallazgos".into(), findings.collect());
        (row, if fitness.apto { 0 } else { 3 })
    }
}

/// Where the answer came from and how old it is.
pub(super) fn insert_origin<A>(
    row: &mut Map<String, Value>,
    desk: &Desk,
    found: &Found<A>,
    lang: Lang,
) {
    let at = lima_datetime(found.stored_at).strftime("%Y-%m-%dT%H:%M:%S-05:00");
    row.extend(fields(json!({
        "fuente": desk.source_name(found.source, lang),
        "cache_hit": found.source != Source::Upstream,
        "stale": found.source == Source::Stale,
        "consultado_en": at.to_string(),
    })));
}

const COLUMNS: [Column; 9] = [
    ("ruc", "RUC", "RUC"),
    ("nombre_o_razon_social", "Razón social", "Name"),
    ("estado_del_contribuyente", "Estado", "Estado"),
    ("condicion_de_domicilio", "Condición", "Condición"),
    ("direccion", "Dirección", "Address"),
    ("ubigeo", "Ubigeo", "Ubigeo"),
    ("actualizado_en", "Actualizado", "Updated"),
    ("fuente", "Fuente", "Source"),
    ("error", "Error", "Error"),
];
