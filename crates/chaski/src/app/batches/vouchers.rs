//! Lists of vouchers: how each stands at SUNAT, and how its issuer does. There is no batch call for
//! vouchers, so each is a call; their issuers are asked about first, a hundred a call.

use std::collections::{HashMap, HashSet};

use chaski_client::{
    Ask, CpeQuery, CpeState, Error, Found, Key, Ledger, Lookup, Remembered, Source,
};
use chaski_core::{
    CheckDigit, Condicion, Estado, Lang, Role, Ruc, RucRules, Severity, fitness, lima_date,
    lima_datetime, text,
};
use compact_str::CompactString;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use jiff::civil::Date;

use super::how::{HowKept, good_for, list_hash};
use super::kind::{BatchKind, Groups, ListKind, ListOutcome, RucList, groups, plans};
use crate::app::cost::{Cost, calls_for};
use crate::app::unread::{Cause, nothing_read};
use crate::app::verdicts::{OfList, RowPlan, RucOutcome, is_limit, of_failed_code, with_code};
use crate::app::{App, AppError};
use crate::hints::Hinted;
use crate::partners::ruc_of_form;
use crate::sheets::{
    self, ListedVoucher, RowSaid, Sought, Table, VoucherColumns, VoucherPart, VoucherReader,
    VoucherRow, VoucherVerdict, VoucherWord,
};
use crate::store::{Batch, ItemState};

/// Asking how vouchers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoucherList {
    /// Where their parts stand.
    pub columns: VoucherColumns,
    /// The day on which it is read, Lima.
    pub hoy: Date,
}

/// What came of one voucher.
#[derive(Clone)]
pub struct VoucherOutcome {
    answer: VoucherAnswer,
    /// What came of its issuer; none where that is no longer kept.
    issuer: Option<RucOutcome>,
}

#[derive(Clone)]
enum VoucherAnswer {
    Said {
        state: CpeState,
        source: Source,
        at: Timestamp,
    },
    Failed(Error),
    FailedBefore(CompactString),
    Forgotten,
}

impl VoucherList {
    /// Finds the parts of vouchers in a list that is read on `hoy`; `wanted` may name columns.
    pub fn find(table: &Table, wanted: Option<&str>, hoy: Date) -> Result<VoucherList, AppError> {
        let columns = sheets::find_vouchers(table, wanted)?;
        Ok(VoucherList { columns, hoy })
    }
}

impl ListKind for VoucherList {
    const KIND: BatchKind = BatchKind::Vouchers;
    const SOUGHT: Sought = Sought::Part(VoucherPart::Ruc);
    const ITEMS_SAY: bool = true;
    type Subject = ListedVoucher;
    type Read = VoucherRow;
    type Outcome = VoucherOutcome;
    type Said = VoucherVerdict;

    fn read(
        &self,
        table: &Table,
        rules: &RucRules,
    ) -> (Vec<RowPlan<VoucherRow>>, Vec<ListedVoucher>) {
        let reader = VoucherReader::new(table, self.columns, rules, self.hoy);
        plans(table, |row| {
            let mut read = reader.read(row);
            let (voucher, repairs) = (read.voucher.clone(), std::mem::take(&mut read.repairs));
            (read, repairs, voucher)
        })
    }

    fn nothing_read(rows: &[RowPlan<VoucherRow>], table: &Table) -> Option<AppError> {
        let wrong = rows.iter().zip(&table.rows).map(|(plan, row)| {
            let read = &plan.subject;
            let [es, en] = VoucherVerdict::kind().words[read.word as usize].meaning;
            Cause {
                row: row.number,
                kind: read.word.as_str(),
                words: read.why.clone().unwrap_or_else(|| text!("{es}", "{en}")),
                read: plan.unique.is_some(),
                nobody: matches!(read.word, VoucherWord::Total | VoucherWord::Titulos),
            }
        });
        nothing_read(wrong, text!("ningún comprobante", "not a single voucher"))
    }

    fn is_damaged(read: &VoucherRow) -> bool {
        matches!(
            read.word,
            VoucherWord::RucInvalido | VoucherWord::SinNumero | VoucherWord::Incompleto
        )
    }

    fn fingerprint(&self, file: &[u8; 32], sheet: usize) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&list_hash(file, sheet, self.columns.ruc));
        hasher.update(format!("{:?} {:?}", Self::KIND, self.columns).as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn options(&self, check_digit: CheckDigit) -> String {
        format!("clase={} verificacion={check_digit:?}", Self::KIND.as_str())
    }

    fn keep(&self) -> HowKept {
        HowKept {
            column: self.columns.ruc,
            vouchers: Some(self.columns),
            hoy: Some(self.hoy),
            ..HowKept::default()
        }
    }

    fn kept(how: HowKept) -> Option<VoucherList> {
        Some(VoucherList {
            columns: how.vouchers?,
            hoy: how.hoy?,
        })
    }

    fn key(voucher: &ListedVoucher) -> Key {
        query(voucher).key()
    }

    fn subject(key: &Key) -> Option<ListedVoucher> {
        let parts: Vec<&str> = key.subject.split('-').collect();
        let [ruc, tipo, serie, numero, year, month, day, total] = parts[..] else {
            return None;
        };
        Some(ListedVoucher {
            ruc: ruc_of_form(ruc)?,
            tipo: tipo.into(),
            serie: serie.into(),
            numero: numero.parse().ok()?,
            fecha: format!("{year}-{month}-{day}").parse().ok()?,
            monto: total.parse().ok()?,
        })
    }

    /// One is known if both it and its issuer are.
    async fn known(
        app: &App,
        vouchers: &[ListedVoucher],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, VoucherOutcome>, AppError> {
        let keys: Vec<Key> = vouchers.iter().map(VoucherList::key).collect();
        let memories = app.store.recall(&keys).await?;
        let rucs = issuers_of(vouchers);
        let issuers = app.remembered(&rucs, since, ask).await?;
        let issuers: HashMap<Ruc, RucOutcome> = issuers
            .into_iter()
            .map(|(at, outcome)| (rucs[at], outcome))
            .collect();
        let now = app.clock.now();
        let known = vouchers.iter().zip(memories).enumerate();
        let known = known.filter_map(|(at, (voucher, memory))| {
            let memory = memory?;
            let source = good_for(&memory, since, now, ask)?;
            let Remembered::Answer(body) = &memory.what else {
                return None;
            };
            let outcome = VoucherOutcome {
                answer: VoucherAnswer::Said {
                    state: query(voucher).unpack(body)?,
                    source,
                    at: memory.stored_at,
                },
                issuer: Some(issuers.get(&voucher.ruc)?.clone()),
            };
            Some((at, outcome))
        });
        Ok(known.collect())
    }

    async fn cost(app: &App, to_ask: &[ListedVoucher], ask: &Ask) -> Result<Cost, AppError> {
        let keys: Vec<Key> = to_ask.iter().map(VoucherList::key).collect();
        let now = app.clock.now();
        let memories = app.store.recall(&keys).await?;
        let held = memories.into_iter().flatten();
        let held = held.filter(|it| {
            let is_answer = matches!(it.what, Remembered::Answer(_));
            is_answer && good_for(it, None, now, ask).is_some()
        });
        let rucs = issuers_of(to_ask);
        let unknown = rucs.len() - app.remembered(&rucs, None, ask).await?.len();
        let vouchers = to_ask.len() - held.count();
        Ok(Cost::of_singles(vouchers, calls_for(unknown)))
    }

    fn could_cost(to_ask: usize, usual: Cost) -> u64 {
        // Each may be tried three times, and each issuer singly.
        usual.most.max(4 * to_ask as u64)
    }

    fn within(calls: usize, to_ask: usize, usual: Cost) -> usize {
        let issuers = usize::try_from(usual.calls).unwrap_or(usize::MAX);
        calls.saturating_sub(issuers.saturating_sub(to_ask))
    }

    fn work(app: &App, group: Vec<ListedVoucher>, ask: &Ask) -> Groups<VoucherOutcome> {
        let (migo, clock, ask) = (app.migo.clone(), app.clock, ask.clone());
        let begun = async move {
            let rucs = issuers_of(&group);
            let outcomes = migo.rucs(&rucs, &ask).all().await;
            let now = clock.now();
            let issuers = rucs.into_iter().zip(outcomes);
            let issuers: HashMap<Ruc, RucOutcome> = issuers
                .map(|(ruc, it)| (ruc, RucOutcome::of_outcome(it, now)))
                .collect();
            let vouchers = group.iter().map(query).collect();
            groups(migo.cpes(vouchers, &ask), move |place, outcome| {
                let issuer = issuers.get(&group[place].ruc).cloned();
                VoucherOutcome::of(outcome, issuer)
            })
        };
        stream::once(begun).flatten().boxed()
    }

    async fn told(
        app: &App,
        _: &Batch,
        asked: Vec<(ListedVoucher, ItemState)>,
    ) -> Result<HashMap<ListedVoucher, VoucherOutcome>, AppError> {
        let rucs: HashSet<Ruc> = asked.iter().map(|(voucher, _)| voucher.ruc).collect();
        let rucs: Vec<Ruc> = rucs.into_iter().collect();
        let keys: Vec<Key> = rucs.iter().map(RucList::key).collect();
        let memories = app.store.recall(&keys).await?;
        let issuers = rucs.iter().zip(memories).filter_map(|(ruc, memory)| {
            let outcome = RucOutcome::of_memory(*ruc, &memory?, Source::Memory)?;
            Some((*ruc, outcome))
        });
        let issuers: HashMap<Ruc, RucOutcome> = issuers.collect();
        let told = asked.into_iter().map(|(voucher, state)| {
            let outcome = VoucherOutcome {
                answer: VoucherAnswer::of_item(state),
                issuer: issuers.get(&voucher.ruc).cloned(),
            };
            (voucher, outcome)
        });
        Ok(told.collect())
    }

    fn row(
        app: &App,
        row: &RowPlan<VoucherRow>,
        learned: Option<&VoucherOutcome>,
        list: OfList,
        lang: Lang,
    ) -> VoucherVerdict {
        let mut said = VoucherVerdict {
            word: row.subject.word,
            ..VoucherVerdict::default()
        };
        let mut notes: Vec<String> = Vec::new();
        if let Some(voucher) = &row.subject.voucher {
            voucher.ruc.as_str().clone_into(&mut said.ruc);
            said.comprobante = format!("{} {}-{}", voucher.tipo, voucher.serie, voucher.numero);
            said.fecha = voucher.fecha.to_string();
            said.monto = format!("{:.2}", voucher.monto);
            if let Some(outcome) = learned {
                app.judge_voucher(outcome, list, &mut said, &mut notes, lang);
            } else {
                said.word = if list.nothing_came {
                    VoucherWord::Error
                } else {
                    VoucherWord::Pendiente
                };
                notes.push(list.otherwise.message(lang).to_owned());
            }
        }
        match &row.subject.why {
            Some(why) => notes.push(why.clone().pick(lang)),
            None if row.unique.is_none() => {
                let [es, en] = VoucherVerdict::kind().words[said.word as usize].meaning;
                notes.push(lang.pick(es, en).to_owned());
            }
            None => {}
        }
        notes.extend(row.remarks(lang));
        said.motivo = notes.join("; ");
        said
    }

    fn asked_of(said: &VoucherVerdict) -> String {
        let VoucherVerdict {
            ruc,
            comprobante,
            fecha,
            monto,
            ..
        } = said;
        format!("{ruc} {comprobante} {fecha} {monto}")
    }
}

impl VoucherOutcome {
    fn of(outcome: Result<Found<CpeState>, Error>, issuer: Option<RucOutcome>) -> VoucherOutcome {
        let answer = match outcome {
            Ok(found) => VoucherAnswer::Said {
                state: found.value.as_ref().clone(),
                source: found.source,
                at: found.stored_at,
            },
            Err(error) => VoucherAnswer::Failed(error),
        };
        VoucherOutcome { answer, issuer }
    }
}

impl ListOutcome for VoucherOutcome {
    fn state(&self) -> ItemState {
        if let Some(error) = self.error() {
            let code = error.code().into();
            return ItemState::Failed { code };
        }
        match &self.answer {
            VoucherAnswer::Said { state, source, at } => {
                let by = if *source == Source::Upstream {
                    'p'
                } else {
                    'm'
                };
                let what = format!("{}|{by}|{}", at.as_second(), raw(state));
                ItemState::Said { what: what.into() }
            }
            VoucherAnswer::FailedBefore(code) => ItemState::Failed { code: code.clone() },
            VoucherAnswer::Failed(_) | VoucherAnswer::Forgotten => ItemState::Answered,
        }
    }

    fn is_from_memory(&self) -> bool {
        let VoucherAnswer::Said { source, .. } = self.answer else {
            return false;
        };
        source != Source::Upstream && self.error().is_none()
    }

    /// One that was accepted is not known without its issuer; it is remembered, so asking again costs
    /// the issuer alone.
    fn error(&self) -> Option<&Error> {
        match (&self.answer, &self.issuer) {
            (VoucherAnswer::Failed(error), _)
            | (
                VoucherAnswer::Said {
                    state: CpeState::Accepted,
                    ..
                },
                Some(RucOutcome::Failed(error)),
            ) => Some(error),
            _ => None,
        }
    }
}

impl VoucherAnswer {
    fn of_item(state: ItemState) -> VoucherAnswer {
        match state {
            ItemState::Failed { code } => VoucherAnswer::FailedBefore(code),
            ItemState::Said { what } => VoucherAnswer::of_text(&what),
            ItemState::Answered | ItemState::Refused => VoucherAnswer::Forgotten,
        }
    }

    fn of_text(what: &str) -> VoucherAnswer {
        let mut parts = what.splitn(3, '|');
        let mut read = || {
            let at = parts.next()?.parse().ok()?;
            let at = Timestamp::from_second(at).ok()?;
            let source = match parts.next()? {
                "p" => Source::Upstream,
                _ => Source::Memory,
            };
            let state = match parts.next()? {
                "0" => CpeState::NotFound,
                "1" => CpeState::Accepted,
                "2" => CpeState::Cancelled,
                other => CpeState::Unknown(other.to_owned()),
            };
            Some(VoucherAnswer::Said { state, source, at })
        };
        read().unwrap_or(VoucherAnswer::Forgotten)
    }
}

impl App {
    fn judge_voucher(
        &self,
        outcome: &VoucherOutcome,
        list: OfList,
        said: &mut VoucherVerdict,
        notes: &mut Vec<String>,
        lang: Lang,
    ) {
        let judged = self.judge_issuer(outcome.issuer.as_ref(), said, lang);
        let (state, source, at) = match &outcome.answer {
            VoucherAnswer::Said { state, source, at } => (state, *source, *at),
            VoucherAnswer::Failed(error) => {
                said.word = of_failure(error.code(), list);
                notes.push(error.hinted(lang));
                return;
            }
            VoucherAnswer::FailedBefore(code) => {
                said.word = of_failure(code, list);
                notes.push(of_failed_code(code, lang));
                return;
            }
            VoucherAnswer::Forgotten => {
                said.word = VoucherWord::Error;
                let why = text!(
                    "la respuesta ya no está guardada",
                    "the answer is no longer kept"
                );
                notes.push(why.pick(lang));
                return;
            }
        };
        self.source_name(source, lang).clone_into(&mut said.fuente);
        said.consultado_en = lima_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let (word, name) = match state {
            CpeState::Accepted => (VoucherWord::Valido, "ACEPTADO"),
            CpeState::Cancelled => (VoucherWord::Anulado, "ANULADO"),
            CpeState::NotFound => (VoucherWord::NoInformado, "NO EXISTE"),
            CpeState::Unknown(raw) => (VoucherWord::Desconocido, raw.as_str()),
        };
        name.clone_into(&mut said.estado);
        said.word = word;
        match state {
            CpeState::Accepted => match judged {
                Judged::Good => {}
                Judged::Remarks(remarks) => {
                    said.word = VoucherWord::Observado;
                    notes.extend(remarks);
                }
                Judged::Failed(why) => {
                    said.word = VoucherWord::Error;
                    let why = text!(
                        "SUNAT lo tiene ACEPTADO, pero no se pudo consultar a su emisor: {why}",
                        "SUNAT has it accepted, but its issuer could not be looked up: {why}"
                    );
                    notes.push(why.pick(lang));
                }
            },
            CpeState::Cancelled => notes
                .push(text!("su emisor lo comunicó de baja", "its issuer voided it").pick(lang)),
            CpeState::NotFound => notes.push(
                text!(
                    "SUNAT no lo tiene con este RUC, serie, número, fecha e importe",
                    "SUNAT does not have it with this RUC, series, number, date and amount"
                )
                .pick(lang),
            ),
            CpeState::Unknown(raw) if raw.is_empty() => notes.push(
                text!(
                    "el servicio no dijo su estado: verifíquelo en SUNAT",
                    "the service did not say its state: check it at SUNAT"
                )
                .pick(lang),
            ),
            CpeState::Unknown(raw) => notes.push(
                text!(
                    "el servicio respondió «{raw}»: verifíquelo en SUNAT",
                    "the service said \"{raw}\": check it at SUNAT"
                )
                .pick(lang),
            ),
        }
    }

    /// How the issuer stands today.
    fn judge_issuer(
        &self,
        issuer: Option<&RucOutcome>,
        said: &mut VoucherVerdict,
        lang: Lang,
    ) -> Judged {
        let today = lima_date(self.clock.now());
        let fitness = match issuer {
            Some(RucOutcome::Found { taxpayer, .. }) => {
                let text = |it: Option<&str>| it.unwrap_or_default().to_owned();
                said.razon_social
                    .clone_from(&taxpayer.nombre_o_razon_social);
                said.estado_emisor = text(taxpayer.estado.as_ref().map(Estado::as_str));
                said.condicion_emisor = text(taxpayer.condicion.as_ref().map(Condicion::as_str));
                fitness(&taxpayer.ruc, Some(taxpayer), Role::Issuer, today)
            }
            Some(RucOutcome::NotFound { .. }) => {
                let why = text!(
                    "el RUC de su emisor no figura en SUNAT",
                    "SUNAT does not know the RUC of its issuer"
                );
                return Judged::Remarks(vec![why.pick(lang)]);
            }
            Some(RucOutcome::Failed(error)) => return Judged::Failed(error.hinted(lang)),
            Some(RucOutcome::FailedBefore(code)) => return Judged::Failed(code.to_string()),
            Some(RucOutcome::Forgotten) | None => {
                let why = text!(
                    "lo que se sabía de su emisor ya no está guardado",
                    "what was known of its issuer is no longer kept"
                );
                return Judged::Remarks(vec![why.pick(lang)]);
            }
        };
        let mut findings = fitness.hallazgos.iter();
        if fitness.apto && findings.all(|it| it.severidad == Severity::Aviso) {
            return Judged::Good;
        }
        let remarks = fitness.hallazgos.iter().map(|it| with_code(it, lang));
        Judged::Remarks(remarks.collect())
    }
}

/// What is to be said of an issuer.
enum Judged {
    Good,
    Remarks(Vec<String>),
    Failed(String),
}

fn of_failure(code: &str, list: OfList) -> VoucherWord {
    if is_limit(code) && !list.nothing_came {
        VoucherWord::Pendiente
    } else {
        VoucherWord::Error
    }
}

fn query(voucher: &ListedVoucher) -> CpeQuery {
    CpeQuery {
        ruc_emisor: voucher.ruc,
        tipo_comprobante: voucher.tipo.to_string(),
        serie: voucher.serie.to_string(),
        numero: voucher.numero,
        fecha_emision: voucher.fecha,
        monto: voucher.monto,
    }
}

/// Those who issued some vouchers, each once, in the order of their first appearance.
fn issuers_of(vouchers: &[ListedVoucher]) -> Vec<Ruc> {
    let mut seen = HashSet::new();
    let rucs = vouchers.iter().map(|it| it.ruc);
    rucs.filter(|ruc| seen.insert(*ruc)).collect()
}

/// The upstream's own value of a state.
fn raw(state: &CpeState) -> &str {
    match state {
        CpeState::NotFound => "0",
        CpeState::Accepted => "1",
        CpeState::Cancelled => "2",
        CpeState::Unknown(raw) => raw,
    }
}
