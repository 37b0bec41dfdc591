//! `chaski factura emitir`: one document, exactly once, after it was shown.

use chaski_client::NubefactKind;
use chaski_core::invoicing::{DocumentCustomer, JsonValue};
use chaski_core::{Lang, text};

use super::desk::{DocumentDesk, DocumentWish, IssueTold, Rehearsed, RehearsedDocument};
use super::shown::{DOCUMENT, FINDING, cents, finding_row, row_of, sign};
use super::validar::not_json;
use super::{issuer_of, read_document};
use crate::api::issued::DocumentFindingData;
use crate::api::told::ToldData;
use crate::app::invoices::nubefact_kind;
use crate::app::{AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::args::EmitirArgs;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::interrupt::question;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::records::Records;
use crate::codes;
use crate::telemetry::writes_json;

pub(super) async fn emitir(needed: &Needed, desk: &Desk, args: &EmitirArgs) -> Done {
    let bytes = read_document(&args.file)?;
    let Ok(value) = JsonValue::parse(&bytes) else {
        return wrong(needed, &not_json(needed, desk, &bytes).hallazgos);
    };
    if let Some(key) = &args.idempotency_key {
        check_key(key)?;
    }
    let ruc = issuer_of(args.empresa.as_deref(), &value)?;
    let desk = DocumentDesk::open(needed, desk, ruc).await?;
    let wish = DocumentWish::Issue {
        value,
        key: args.idempotency_key.clone(),
        another: args.otra,
    };
    carry_out(needed, &desk, &wish, args.dry_run).await
}

/// A key is what a header can carry, so that the same one means the same here and at a server.
fn check_key(key: &str) -> Result<(), AppError> {
    let is_good = (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    if is_good {
        return Ok(());
    }
    Err(AppError::Usage(text!(
        "--idempotency-key debe tener de 1 a 255 caracteres ASCII visibles, sin espacios",
        "--idempotency-key must have 1 to 255 visible ASCII characters, without blanks"
    )))
}

/// Shows what is going to be issued and, unless that is all that was wanted, issues it.
pub(super) async fn carry_out(
    needed: &Needed,
    desk: &DocumentDesk<'_>,
    wish: &DocumentWish,
    dry_run: bool,
) -> Done {
    let lang = needed.lang();
    let ready = match desk.rehearse(wish, lang).await? {
        Rehearsed::Wrong(findings) => return wrong(needed, &findings),
        Rehearsed::Before(before) => return told(needed, &before),
        Rehearsed::Ready(ready) => ready,
    };
    // 1. What it is.
    say_findings(needed, &ready);
    let name = say_ready(needed, &ready);
    if dry_run {
        needed.say(text!(
            "Ensayo: no se envió nada ni se tomó un número",
            "Dry run: nothing was sent and no number taken"
        ));
        let mut bytes = ready.document.to_bytes();
        bytes.push(b'\n');
        output::text(&needed.overwrite, needed.output.as_deref(), &bytes)?;
        return Ok(0);
    }
    // 2. Is it meant?
    if ready.mode == Mode::Real {
        confirm(needed, &ready, &name)?;
    }
    // 3. Once.
    let told = desk.issue(wish, &ready, lang).await?;
    write_told(needed, &told)
}

fn write_told(needed: &Needed, told: &IssueTold) -> Done {
    let exit = told.code.as_deref().map_or(0, codes::exit_code);
    if let Some(row) = &told.row {
        Records {
            columns: DOCUMENT.to_vec(),
            rows: vec![row_of(row)],
        }
        .write(needed)?;
    }
    if exit != 0 {
        let advice = advice(told, needed.lang());
        output::complain_about(needed, &[(told.estado.clone(), advice)], 1);
    }
    Ok(exit)
}

/// What happened, and the command that goes on from there.
fn advice(told: &IssueTold, lang: Lang) -> String {
    let message = &told.mensaje;
    match (told.estado.as_str(), &told.row) {
        ("DESCONOCIDO", Some(row)) => {
            let name = &row.comprobante;
            format!("{message}: chaski factura consultar {name}")
        }
        ("CONFLICTO", Some(_)) => lang.pick(
            format!("{message}; para tomar el siguiente número, repita con --otra o, si dio su propia clave, con otra --idempotency-key"),
            format!("{message}; to take the next number, repeat with --otra or, if you gave a key of your own, with another --idempotency-key"),
        ),
        _ => message.clone(),
    }
}

/// It was issued before, and that is said.
fn told(needed: &Needed, before: &ToldData) -> Done {
    output::notice(needed, &before.mensaje);
    Records {
        columns: DOCUMENT.to_vec(),
        rows: vec![row_of(before)],
    }
    .write(needed)?;
    Ok(0)
}

/// All that is wrong; nothing was sent.
fn wrong(needed: &Needed, findings: &[DocumentFindingData]) -> Done {
    let errors = findings.iter().filter(|it| it.is_error()).count();
    needed.say(text!(
        "no se envió nada ni se tomó un número; errores, {errors}",
        "nothing was sent and no number taken; errors, {errors}"
    ));
    Records {
        columns: FINDING.to_vec(),
        rows: findings.iter().map(finding_row).collect(),
    }
    .write(needed)?;
    Ok(codes::exit_code("comprobante_con_errores"))
}

fn say_findings(needed: &Needed, ready: &RehearsedDocument) {
    for finding in &ready.hallazgos {
        let (severity, code) = (&finding.severidad, &finding.codigo);
        let (field, what) = (&finding.campo, &finding.mensaje);
        let action = &finding.accion;
        let line = format!("{severity} {code} {field}: {what}; {action}");
        output::notice(needed, &line);
    }
}

/// Says issuer, document, customer and total; the document's name.
fn say_ready(needed: &Needed, ready: &RehearsedDocument) -> String {
    let document = &ready.document;
    let kind = nubefact_kind(document.kind()).map_or("", NubefactKind::word);
    let serie = document.serie().unwrap_or_default();
    let name = ready
        .numero
        .map_or_else(|| serie.to_owned(), |it| format!("{serie}-{it}"));
    let total = document
        .total()
        .map(|it| format!("{} {}", sign(document.moneda()), cents(it)));
    let total = total.unwrap_or_else(|| "-".to_owned());
    let cliente = customer(&document.cliente());
    let ruc = &ready.emisor;
    let again = if ready.resumed {
        needed.lang().pick(" (se retoma)", " (gone on with)")
    } else {
        ""
    };
    needed.say(text!(
        "emisor {ruc} · {kind} {name}{again} · cliente {cliente} · total {total}",
        "issuer {ruc} · {kind} {name}{again} · customer {cliente} · total {total}"
    ));
    name
}

/// Name and number for the person at the screen; a log gets neither.
fn customer(cliente: &DocumentCustomer<'_>) -> String {
    if writes_json() {
        return "-".to_owned();
    }
    format!("{} ({})", cliente.nombre, cliente.numero)
}

/// With real tokens a document is meant only if somebody says so: `--yes`, or its total or number typed.
fn confirm(needed: &Needed, ready: &RehearsedDocument, name: &str) -> Result<(), AppError> {
    if needed.yes {
        return Ok(());
    }
    if !needed.may_ask {
        return Err(AppError::Usage(text!(
            "esto se emite de verdad ante SUNAT: agregue --yes para confirmarlo (o --dry-run para ver sin enviar)",
            "this is issued for real before SUNAT: add --yes to confirm it (or --dry-run to look without sending)"
        )));
    }
    let total = ready.document.total().map(cents).unwrap_or_default();
    let ask = needed.lang().pick(
        format!("Para emitir, escriba el total ({total}) o el número ({name}): "),
        format!("To issue it, type the total ({total}) or the number ({name}): "),
    );
    let mut typed = String::new();
    question(needed.lang(), || {
        anstream::eprint!("{ask}");
        std::io::stdin().read_line(&mut typed)
    })?;
    let typed = typed.trim();
    let is_it = !typed.is_empty() && (typed == total || typed.eq_ignore_ascii_case(name));
    if is_it {
        Ok(())
    } else {
        Err(AppError::Usage(text!(
            "no se emitió nada: lo escrito no es el total ni el número",
            "nothing was issued: what was typed is neither the total nor the number"
        )))
    }
}
