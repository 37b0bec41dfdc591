//! What `chaski ruc lote` says of a list: what it will cost, what it came to, what is left of it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use chaski_core::{Lang, Text, text};

use super::kit::needed::Needed;
use super::kit::output::{self, notice};
use crate::app::batches::concerns_all;
use crate::app::batches::{Attended, BatchKind, Finished, ListKind};
use crate::app::cost::{Cost, Over};
use crate::app::{App, AppError, Mode};
use crate::counted::counted;
use crate::sheets::RowSaid;

/// What a list asks for, in words: one and several of it, in Spanish and in English.
pub(super) struct Things {
    pub(super) one: [&'static str; 2],
    pub(super) many: [&'static str; 2],
    feminine: bool,
}

impl Things {
    /// Those of a kind of list.
    pub(super) fn of(kind: BatchKind) -> &'static Things {
        match kind {
            BatchKind::Ruc => &Things {
                one: ["RUC", "RUC"],
                many: ["RUC", "RUCs"],
                feminine: false,
            },
            BatchKind::Vouchers => &Things {
                one: ["comprobante", "voucher"],
                many: ["comprobantes", "vouchers"],
                feminine: false,
            },
            BatchKind::Rates => &Things {
                one: ["fecha", "date"],
                many: ["fechas", "dates"],
                feminine: true,
            },
            BatchKind::Documents => &Things {
                one: ["documento", "document"],
                many: ["documentos", "documents"],
                feminine: false,
            },
        }
    }

    /// The persons of a list of RUCs.
    pub(super) fn persons() -> &'static Things {
        &Things {
            one: ["DNI", "DNI"],
            many: ["DNI", "DNIs"],
            feminine: false,
        }
    }

    /// So many of them.
    pub(super) fn counted<N>(&self, count: N, lang: Lang) -> String
    where
        N: Copy + Display + PartialEq + From<u8>,
    {
        let at = lang.pick(0, 1);
        counted(count, self.one[at], self.many[at])
    }

    /// What Spanish words that go with them end in.
    pub(super) fn ending(&self) -> char {
        if self.feminine { 'a' } else { 'o' }
    }
}

pub(super) async fn say_cost<K: ListKind>(
    needed: &Needed,
    app: &App,
    plan: &Attended<K>,
) -> Result<(), AppError> {
    let things = Things::of(K::KIND);
    let ([cosa, one], [cosas, many]) = (things.one, things.many);
    let (el, o) = if things.feminine {
        ("la", 'a')
    } else {
        ("el", 'o')
    };
    let ninguno = if things.feminine {
        "ninguna"
    } else {
        "ningún"
    };
    let (known, to_ask) = (plan.known, plan.to_ask);
    let Cost { calls, most } = plan.cost;
    let real = app.mode == Mode::Real;
    let (no_se_usa, none_is_spent) = match plan.beside {
        0 => ("; no se usará ninguna consulta", "; no call will be spent"),
        _ => ("", ""),
    };
    needed.say(match (to_ask, known) {
        (0, 0) => text!(
            "Nada que consultar: la lista no tiene {ninguno} {cosa} válid{o}",
            "Nothing to ask: the list has no valid {one}"
        ),
        (0, 1) => text!(
            "Nada que consultar: {el} únic{o} {cosa} ya está guardad{o}{no_se_usa}",
            "Nothing to ask: the only {one} is known{none_is_spent}"
        ),
        (0, _) => text!(
            "Nada que consultar: l{o}s {known} {cosas} distint{o}s ya están guardad{o}s{no_se_usa}",
            "Nothing to ask: all {known} distinct {many} are known{none_is_spent}"
        ),
        _ => {
            let Text { es, en } = at_most(plan);
            let (de, of) = if real {
                (" de su plan de APIMIGO", " of your APIMIGO plan")
            } else {
                (" de prueba (gratis)", " to try out (free)")
            };
            let (por_consultar, left) = (
                things.counted(to_ask, Lang::Es),
                things.counted(to_ask, Lang::En),
            );
            let (consultas, calls) = (
                counted(calls, "consulta", "consultas"),
                counted(calls, "call", "calls"),
            );
            let (estaban, were) = match known {
                1 => (
                    "1 ya estaba guardado".to_owned(),
                    "1 was known already".to_owned(),
                ),
                n => (
                    format!("{n} ya estaban guardados"),
                    format!("{n} were known already"),
                ),
            };
            text!(
                "{por_consultar} por consultar en {consultas}{de}{es}; {estaban}",
                "{left} to ask in {calls}{of}{en}; {were}"
            )
        }
    });
    if plan.beside > 0 {
        say_persons(needed, plan.beside);
    }
    if plan.under_way_elsewhere {
        needed.say(text!(
            "Otra ejecución de Chaski está consultando esta misma lista: esta espera sus respuestas y no las paga otra vez",
            "Another run of Chaski is asking for this same list: this one waits for its answers and does not pay for them again"
        ));
    }
    let (spent, quota) = app.month_calls().await?;
    let calls = calls.min(most) + plan.beside;
    if let Some(quota) = quota.filter(|quota| real && spent + calls > *quota) {
        let left = quota.saturating_sub(spent);
        needed.say(text!(
            "Atención: consultas que quedan de su propio límite del mes (migo.quota): {left} de {quota}, y la lista toma {calls}; el resto saldrá SIN RESPUESTA y podrá continuarlo con --reanudar. Para no cortarla: chaski config set migo.quota N",
            "Beware: calls left of your own limit for the month (migo.quota): {left} of {quota}, and the list takes {calls}; the rest will have NO ANSWER and can go on with --reanudar. To have it whole: chaski config set migo.quota N"
        ));
    }
    Ok(())
}

/// What the persons of a list cost besides.
pub(super) fn say_persons(needed: &Needed, persons: u64) {
    let (dnis, people) = (
        Things::persons().counted(persons, Lang::Es),
        Things::persons().counted(persons, Lang::En),
    );
    let (consultas, calls) = (
        counted(persons, "consulta", "consultas"),
        counted(persons, "call", "calls"),
    );
    needed.say(text!(
        "Además, {dnis} por consultar de a uno: como mucho {consultas} más",
        "Besides, {people} to ask one by one: {calls} more at most"
    ));
}

/// Why the rest costs more than is usual for its length; nothing where it does not.
pub(super) fn why_singly(over: Over, lang: Lang) -> &'static str {
    if over.singly {
        lang.pick(
            ", que el proveedor no respondió en grupo y van uno por uno",
            ", which the upstream did not answer in groups and which go one by one",
        )
    } else {
        ""
    }
}

/// How much of what a list takes may be spent.
fn at_most<K: ListKind>(plan: &Attended<K>) -> Text {
    let Cost { calls, most } = plan.cost;
    match plan.limit {
        Some(_) if most < calls => text!(
            ", de las que --gastar-hasta permite como mucho {most}",
            ", of which --gastar-hasta allows {most} at most"
        ),
        Some(_) if most == calls => text!(
            ", como mucho {most} (--gastar-hasta)",
            ", at most {most} (--gastar-hasta)"
        ),
        _ if K::KIND != BatchKind::Ruc => text!(
            ", como mucho {most} con reintentos",
            ", at most {most} with retries"
        ),
        _ => text!(
            ", como mucho {most} con reintentos y los que haya que consultar uno por uno",
            ", at most {most} with retries and those that must be asked one by one"
        ),
    }
}

pub(super) fn say_summary<K: ListKind>(
    needed: &Needed,
    mode: Mode,
    finished: &Finished<K>,
    writing: Duration,
) {
    let lang = needed.lang();
    let total = finished.result.verdicts.len().max(1);
    let mut lines = vec![String::new()];
    let words = K::Said::kind().words;
    let longest = words.iter().map(|it| it.text(lang).chars().count());
    let wide = longest.max().unwrap_or_default().max(22) + 2;
    let mut counts = vec![0; words.len()];
    for said in finished.result.verdicts.iter() {
        counts[said.word()] += 1;
    }
    for (word, count) in words.iter().zip(counts) {
        if count > 0 {
            // Rounded as the workbook rounds it.
            let share = (count * 1000 + total / 2) / total;
            let word = word.text(lang);
            lines.push(format!(
                "  {word:<wide$}{count:>7}  {:>3}.{} %",
                share / 10,
                share % 10
            ));
        }
    }
    let summary = &finished.result.summary;
    let (calls, hits) = (summary.calls_spent, summary.cache_hits);
    let (repeated, repaired) = (summary.duplicates, summary.repaired);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let (asking, whole) = (
        seconds(finished.asking),
        seconds(summary.duration + writing),
    );
    let figures = text!(
        "  Repetidos: {repeated} · corregidos: {repaired} · consultas usadas: {calls} · respuestas ya guardadas: {hits}\n  Tiempo: {whole} (consultando: {asking})",
        "  Repeated: {repeated} · corrected: {repaired} · calls used: {calls} · answers already known: {hits}\n  Time: {whole} (asking: {asking})"
    );
    lines.push(figures.pick(lang));
    if let Some(path) = &needed.output {
        let result = lang.pick("Resultado", "Result");
        lines.push(format!("{result}: {}", path.display()));
    }
    // The cause comes before what to do about it.
    if let Some(error) = &finished.total_failure {
        notice(needed, &lines.join("\n"));
        lines.clear();
        output::complain(error, lang);
    }
    lines.extend(what_is_left(finished, lang));
    if mode == Mode::Sandbox {
        let invented = text!(
            "Son datos inventados, de prueba: no los use para facturar",
            "These are invented data, to try out: do not invoice by them"
        );
        lines.push(invented.pick(lang));
    }
    if !lines.is_empty() {
        notice(needed, &lines.join("\n"));
    }
}

/// Why rows have no answer, in the words of most of them.
fn usual_reason<K: ListKind>(finished: &Finished<K>) -> Option<String> {
    let words = K::Said::kind().words;
    let failed = finished.result.verdicts.iter();
    let failed = failed.filter(|it| words[it.word()].failed && !it.reason().is_empty());
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for said in failed {
        match counts.get_mut(said.reason()) {
            Some(count) => *count += 1,
            None => drop(counts.insert(said.reason().to_owned(), 1)),
        }
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(why, _)| why)
}

/// A sentence inside of another one.
fn mid_sentence(text: &str) -> String {
    let mut letters = text.chars();
    match (letters.next(), letters.clone().next()) {
        // APIMIGO and SUNAT are so written.
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            format!("{}{}", first.to_lowercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

/// How many have no answer, why, and what to do about it.
fn what_is_left<K: ListKind>(finished: &Finished<K>, lang: Lang) -> Option<String> {
    let things = Things::of(K::KIND);
    let over = finished.over;
    let failed = finished.failed - finished.left_out - over.map_or(0, |over| over.rucs);
    let mut parts = Vec::new();
    if let Some(over) = over {
        let (left, why, most) = (
            not_asked(over.rucs, things, lang),
            why_singly(over, lang),
            over.most,
        );
        let (consultas, calls) = (
            counted(most, "consulta", "consultas"),
            counted(most, "call", "calls"),
        );
        let because = text!(
            "porque la lista llegó a su máximo de {consultas}",
            "because the list came to its most of {calls}"
        );
        parts.push(format!("{left}{why}, {}", because.pick(lang)));
    }
    if finished.left_out > 0 {
        let why = if finished.by_a_server {
            lang.pick(
                "por un límite de gasto, que dice la columna «motivo»",
                "because of a limit of spending, which the column \"motivo\" tells",
            )
        } else {
            lang.pick(
                "porque a su plan no le quedaban consultas para más",
                "because your plan had no calls left for more",
            )
        };
        parts.push(format!(
            "{} {why}",
            not_asked(finished.left_out, things, lang)
        ));
    }
    if failed > 0 {
        let left = things.counted(failed, lang);
        let left = match (lang, failed) {
            (Lang::Es, 1) => format!("{left} quedó sin respuesta"),
            (Lang::Es, _) => format!("{left} quedaron sin respuesta"),
            (Lang::En, 1) => format!("{left} has no answer"),
            (Lang::En, _) => format!("{left} have no answer"),
        };
        // A cause that concerns all was told above.
        let why = finished
            .total_failure
            .is_none()
            .then(|| usual_reason(finished));
        parts.push(match why.flatten() {
            Some(why) => format!("{left} ({})", mid_sentence(&why)),
            None => left,
        });
    }
    let persons = finished.persons;
    if persons.not_asked > 0 {
        let left = not_asked(persons.not_asked, Things::persons(), lang);
        let why = lang.pick(
            "por el máximo que se puede gastar",
            "because of the most that may be spent",
        );
        parts.push(format!("{left} {why}"));
    }
    if persons.failed > 0 {
        let left = Things::persons().counted(persons.failed, lang);
        parts.push(
            lang.pick("sin respuesta: ", "without an answer: ")
                .to_owned()
                + &left,
        );
    }
    if parts.is_empty() {
        return None;
    }
    // Asking again before the cause is gone would meet it again.
    let of_plan = finished.left_out > 0 && !finished.by_a_server;
    let when = match &finished.total_failure {
        Some(error) if is_to_be_mended(error) => {
            lang.pick("cuando lo haya corregido, ", "when that is mended, ")
        }
        _ if of_plan => lang.pick("cuando lo haya ampliado, ", "when it is enlarged, "),
        _ => "",
    };
    let other_limit = finished.left_out > 0 && finished.by_a_server;
    let allow = match over.map(|over| over.enough) {
        Some(more) => text!(
            " --gastar-hasta {more}, si acepta gastar hasta {more} más",
            " --gastar-hasta {more}, if it may spend up to {more} more"
        ),
        // The batch keeps its limit; what it learned is known to another one.
        None if other_limit => text!(
            ", o sin él y con otro --gastar-hasta",
            ", or without it and with another --gastar-hasta"
        ),
        None => text!("", ""),
    };
    let (parts, allow) = (parts.join("; "), allow.pick(lang));
    let text = text!(
        "{parts}: {when}repita el mismo comando con --reanudar{allow}; lo ya consultado no se vuelve a pagar",
        "{parts}: {when}repeat the command with --reanudar{allow}; nothing is paid twice"
    );
    Some(text.pick(lang))
}

fn not_asked(count: usize, things: &Things, lang: Lang) -> String {
    let left = things.counted(count, lang);
    match (lang, count) {
        (Lang::Es, 1) => format!("{left} no se consultó"),
        (Lang::Es, _) => format!("{left} no se consultaron"),
        (Lang::En, 1) => format!("{left} was not asked"),
        (Lang::En, _) => format!("{left} were not asked"),
    }
}

/// Whether the person has to correct something first: the token, the address, the plan, the own limit.
fn is_to_be_mended(error: &AppError) -> bool {
    concerns_all(error.code()) && error.code() != "tope_diario"
}
