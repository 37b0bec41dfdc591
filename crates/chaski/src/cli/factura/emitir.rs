//! `chaski factura emitir`: one document, exactly once, after it was shown.

use chaski_client::{IssueSettled, JournalEntry, NubefactKind, StoredReply};
use chaski_core::invoicing::{DocumentCustomer, InvoiceFinding, JsonValue, Known, check};
use chaski_core::{Lang, Severity, text};

use super::shown::{DOCUMENT, FINDING, cents, document_row, finding_row, sign};
use super::{issuer_of, read_document};
use crate::app::invoices::{
    InvoicePlan, InvoiceRoom, IssueWish, ReadyInvoice, nubefact_kind, settled_code,
};
use crate::app::issuing::AcceptOptions;
use crate::app::{App, AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::args::EmitirArgs;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::records::Records;
use crate::codes;
use crate::telemetry::writes_json;

pub(super) async fn emitir(needed: &Needed, app: &App, args: &EmitirArgs) -> Done {
    let bytes = read_document(&args.file)?;
    let Ok(value) = JsonValue::parse(&bytes) else {
        let checked = check(&bytes, app.clock.now(), &Known::default());
        return wrong(needed, &checked.hallazgos);
    };
    let ruc = issuer_of(args.empresa.as_deref(), &value)?;
    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
    let wish = IssueWish {
        value,
        key: args.idempotency_key.clone(),
        another: args.otra,
    };
    let plan = room.plan_invoice(wish).await?;
    carry_out(needed, &room, plan, args.dry_run).await
}

/// Shows what is going to be issued and, unless that is all that was wanted, issues it.
pub(super) async fn carry_out(
    needed: &Needed,
    room: &InvoiceRoom<'_>,
    plan: InvoicePlan,
    dry_run: bool,
) -> Done {
    let ready = match plan {
        InvoicePlan::Wrong(checked) => return wrong(needed, &checked.hallazgos),
        InvoicePlan::Before(entry) => return told(needed, room, &entry).await,
        InvoicePlan::Ready(ready) => ready,
    };
    // 1. What it is.
    say_findings(needed, &ready);
    let name = say_ready(needed, room, &ready);
    if dry_run {
        needed.say(text!(
            "ensayo: no se envió nada ni se tomó un número",
            "dry run: nothing was sent and no number taken"
        ));
        let mut bytes = ready.document.to_bytes();
        bytes.push(b'\n');
        output::text(&needed.overwrite, needed.output.as_deref(), &bytes)?;
        return Ok(0);
    }
    // 2. Is it meant?
    if room.mode() == Mode::Real {
        confirm(needed, &ready, &name)?;
    }
    // 3. Once.
    // A key made of the content tells the same document apart already.
    let options = AcceptOptions {
        twin_allowed: true,
        ..AcceptOptions::default()
    };
    let settled = room.issue_invoice(&ready, &options).await?;
    write_settled(needed, &settled, &ready)
}

fn write_settled(needed: &Needed, settled: &IssueSettled, ready: &ReadyInvoice) -> Done {
    let lang = needed.lang();
    let message = settled.message(lang);
    let code = settled_code(settled);
    let exit = code.map_or(0, codes::exit_code);
    if let Some(entry) = settled.entry() {
        let id = entry.document();
        let reply = settled.issued().map(|it| &it.reply);
        let document = Some(&ready.document);
        let mut row = document_row(&id, settled.estado(), document, reply, &message);
        row.insert("clave".into(), entry.key.as_str().into());
        if let Some(code) = code {
            row.insert("code".into(), code.into());
        }
        Records {
            columns: DOCUMENT.to_vec(),
            rows: vec![row],
        }
        .write(needed)?;
    }
    if exit != 0 {
        output::complain_about(
            needed,
            &[(settled.estado().to_owned(), advice(settled, lang))],
            1,
        );
    }
    Ok(exit)
}

/// What happened, and the command that goes on from there.
fn advice(settled: &IssueSettled, lang: Lang) -> String {
    let message = settled.message(lang);
    let name = settled.entry().map(JournalEntry::document);
    match (settled, name) {
        (IssueSettled::Unknown { .. }, Some(id)) => {
            let name = id.short_name();
            format!("{message}: chaski factura consultar {name}")
        }
        (IssueSettled::Conflict { .. }, _) => lang.pick(
            format!("{message}; para tomar el siguiente número, repita con --otra o, si dio su propia clave, con otra --idempotency-key"),
            format!("{message}; to take the next number, repeat with --otra or, if you gave a key of your own, with another --idempotency-key"),
        ),
        _ => message,
    }
}

/// It was issued before, and that is said.
async fn told(needed: &Needed, room: &InvoiceRoom<'_>, entry: &JournalEntry) -> Done {
    let id = entry.document();
    let issued = room.issued(&id).await?;
    let reply = entry.reply.as_ref().map(StoredReply::reply);
    let estado = reply
        .as_ref()
        .map_or("PENDIENTE_SUNAT", |it| it.state().as_str());
    let name = id.short_name();
    let message = needed.lang().pick(
        format!("ya estaba emitido: es {name}; no se emitió otra vez (para emitir uno más: --otra)"),
        format!("it was issued before: it is {name}; it was not issued again (to issue one more: --otra)"),
    );
    output::notice(needed, &message);
    let mut row = document_row(
        &id,
        estado,
        Some(&issued.document),
        reply.as_ref(),
        &message,
    );
    row.insert("ya_emitido".into(), true.into());
    row.insert("clave".into(), entry.key.as_str().into());
    Records {
        columns: DOCUMENT.to_vec(),
        rows: vec![row],
    }
    .write(needed)?;
    Ok(0)
}

/// All that is wrong; nothing was sent.
fn wrong(needed: &Needed, findings: &[InvoiceFinding]) -> Done {
    let errors = findings.iter().filter(|it| it.severidad == Severity::Error);
    let errors = errors.count();
    needed.say(text!(
        "no se envió nada ni se tomó un número; errores, {errors}",
        "nothing was sent and no number taken; errors, {errors}"
    ));
    let lang = needed.lang();
    Records {
        columns: FINDING.to_vec(),
        rows: findings.iter().map(|it| finding_row(it, lang)).collect(),
    }
    .write(needed)?;
    Ok(codes::exit_code("comprobante_con_errores"))
}

fn say_findings(needed: &Needed, ready: &ReadyInvoice) {
    let lang = needed.lang();
    for finding in &ready.hallazgos {
        let (severity, code) = (finding.severidad.as_str(), finding.codigo);
        let (field, what) = (&finding.campo, finding.message(lang));
        let action = finding.action(lang);
        let line = format!("{severity} {code} {field}: {what}; {action}");
        output::notice(needed, &line);
    }
}

/// Says issuer, document, customer and total; the document's name.
fn say_ready(needed: &Needed, room: &InvoiceRoom<'_>, ready: &ReadyInvoice) -> String {
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
    let ruc = room.issuer.ruc.as_str();
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
fn confirm(needed: &Needed, ready: &ReadyInvoice, name: &str) -> Result<(), AppError> {
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
    anstream::eprint!("{ask}");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    let typed = typed.trim();
    let is_it = !typed.is_empty() && (typed == total || typed.eq_ignore_ascii_case(name));
    if is_it {
        Ok(())
    } else {
        Err(AppError::Interrupted)
    }
}
