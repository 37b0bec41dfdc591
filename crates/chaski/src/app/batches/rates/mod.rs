//! Lists of dates: the rate that applies on each. Equal dates are asked for once, and the dates of a month
//! together where the upstream has months.

mod outcome;

use std::collections::HashMap;

use chaski_client::{Ask, Key, Ledger, Lookup, Memory, Migo, RateQuery, RatesQuery, Remembered};
use chaski_core::{
    CheckDigit, Currency, ExchangeRate, Lang, RateFor, RateSource, RucRules, lima_datetime, text,
};
use jiff::Timestamp;
use jiff::civil::Date;

use super::how::{HowKept, good_for, list_hash};
use super::kind::{BatchKind, Groups, ListKind, RowRead, groups};
use crate::app::cost::Cost;
use crate::app::unread::{Cause, nothing_read};
use crate::app::verdicts::{OfList, RowPlan, is_limit, of_failed_code};
use crate::app::{App, AppError};
use crate::hints::Hinted;
use crate::sheets::{
    self, RateReader, RateRow, RateVerdict, RateWord, Row, RowSaid, Sought, Table,
};
use crate::store::{Batch, ItemState};
use outcome::{AppliedRate, RateOutcome};

/// Under how many dates a close is looked for at most: those up to the next business day, which after the
/// longest holidays are six, and SBS's own.
const MOST_PLACES: u64 = 7;

/// Asking for exchange rates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateList {
    /// Column of the dates, from 0.
    pub column: usize,
    /// Who publishes them.
    pub fuente: RateSource,
    /// Of what.
    pub moneda: Currency,
    /// The day on which it is read, Lima.
    pub hoy: Date,
}

impl RateList {
    /// Refuses what is not published.
    pub fn check(fuente: RateSource, moneda: Currency) -> Result<(), AppError> {
        if fuente == RateSource::Sunat && moneda != Currency::Usd {
            return Err(AppError::Usage(text!(
                "SUNAT publica solo dólares (USD); para euros use la fuente SBS: --fuente sbs (por HTTP, fuente=sbs)",
                "SUNAT publishes US dollars only; for euros use SBS: --fuente sbs (over HTTP, fuente=sbs)"
            )));
        }
        Ok(())
    }

    /// Finds the dates of a list that is read on `hoy`; `wanted` may name their column.
    pub fn find(
        table: &Table,
        wanted: Option<&str>,
        (fuente, moneda): (RateSource, Currency),
        hoy: Date,
    ) -> Result<RateList, AppError> {
        RateList::check(fuente, moneda)?;
        Ok(RateList {
            column: sheets::find_days(table, wanted)?,
            fuente,
            moneda,
            hoy,
        })
    }
}

impl ListKind for RateList {
    const KIND: BatchKind = BatchKind::Rates;
    const SOUGHT: Sought = Sought::Days;
    const ITEMS_SAY: bool = true;
    type Subject = RateQuery;
    type Read = RateRow;
    type Outcome = RateOutcome;
    type Said = RateVerdict;

    fn reader<'t>(
        &'t self,
        table: &'t Table,
        _: &'t RucRules,
    ) -> impl Fn(&Row) -> RowRead<RateList> + Send + 't {
        let reader = RateReader::new(table, self.column, self.moneda, self.hoy);
        move |row| {
            let read = reader.read(row);
            let asked = read.day.map(|fecha| RateQuery {
                fecha,
                fuente: self.fuente,
                moneda: self.moneda,
            });
            (read, Vec::new(), asked)
        }
    }

    fn nothing_read(rows: &[RowPlan<RateRow>]) -> Option<AppError> {
        let wrong = rows.iter().map(|plan| {
            let read = &plan.subject;
            let [es, en] = RateVerdict::kind().words[read.word as usize].meaning;
            Cause {
                row: plan.row,
                kind: read.word.as_str(),
                words: read.why.clone().unwrap_or_else(|| text!("{es}", "{en}")),
                read: plan.unique.is_some(),
                nobody: matches!(read.word, RateWord::Total | RateWord::Titulos),
            }
        });
        nothing_read(
            wrong,
            text!(
                "ninguna fecha con tipo de cambio",
                "not a single date with a rate"
            ),
        )
    }

    fn is_damaged(read: &RateRow) -> bool {
        read.word == RateWord::FechaIlegible
    }

    fn fingerprint(&self, file: &[u8; 32], sheet: usize) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&list_hash(file, sheet, self.column));
        hasher.update(self.what().as_bytes());
        *hasher.finalize().as_bytes()
    }

    fn options(&self, _: CheckDigit) -> String {
        self.what()
    }

    fn keep(&self) -> HowKept {
        HowKept {
            column: self.column,
            rates: Some((
                self.fuente.as_str().to_owned(),
                self.moneda.as_str().to_owned(),
            )),
            hoy: Some(self.hoy),
            ..HowKept::default()
        }
    }

    fn kept(how: HowKept) -> Option<RateList> {
        let (fuente, moneda) = how.rates?;
        Some(RateList {
            column: how.column,
            fuente: RateSource::parse(&fuente)?,
            moneda: Currency::parse(&moneda)?,
            hoy: how.hoy?,
        })
    }

    fn listed(asked: &[Option<RateQuery>]) -> (&'static [&'static str], Vec<Vec<String>>, HowKept) {
        let any = asked.iter().flatten().next();
        let how = RateList {
            column: 0,
            fuente: any.map_or(RateSource::Sunat, |it| it.fuente),
            moneda: any.map_or(Currency::Usd, |it| it.moneda),
            // What was asked for was not to come.
            hoy: Date::MAX,
        };
        let row = |date: &Option<RateQuery>| {
            vec![date.map_or_else(String::new, |it| it.fecha.to_string())]
        };
        (&["fecha"], asked.iter().map(row).collect(), how.keep())
    }

    fn key(question: &RateQuery) -> Key {
        question.key()
    }

    fn subject(key: &Key) -> Option<RateQuery> {
        let mut parts = key.subject.splitn(3, '-');
        Some(RateQuery {
            fuente: RateSource::parse(parts.next()?)?,
            moneda: Currency::parse(parts.next()?)?,
            fecha: parts.next()?.parse().ok()?,
        })
    }

    async fn known(
        app: &App,
        dates: &[RateQuery],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, RateOutcome>, AppError> {
        let mut known = app.rates_of_memory(dates, since, ask).await?;
        if ask.force {
            return Ok(known);
        }
        // What needs several days is known if all of them are.
        for (at, date) in dates.iter().enumerate() {
            let RateQuery {
                fecha,
                fuente,
                moneda,
            } = *date;
            if known.contains_key(&at) || app.rate_calls(fecha, fuente, moneda).await? > 0 {
                continue;
            }
            let found = app.migo.rate_for(fecha, fuente, moneda, ask).await;
            known.insert(at, RateOutcome::of(found));
        }
        Ok(known)
    }

    async fn cost(_: &App, to_ask: &[RateQuery], _: &Ask) -> Result<Cost, AppError> {
        let Some(first) = to_ask.first() else {
            return Ok(Cost::of_singles(0, 0));
        };
        let dates: Vec<Date> = to_ask.iter().map(|it| it.fecha).collect();
        let calls = Migo::calls_for_rates(&dates, first.fuente, first.moneda) as u64;
        // Days on which nothing was published are asked for one by one, and those before them.
        let usual = Cost::of_singles(dates.len(), calls);
        Ok(Cost { calls, ..usual })
    }

    fn could_cost(to_ask: usize, usual: Cost) -> u64 {
        usual.most.max(MOST_PLACES * to_ask as u64)
    }

    fn within(calls: usize, to_ask: usize, usual: Cost) -> usize {
        match usize::try_from(usual.calls) {
            Ok(needed) if calls >= needed => to_ask,
            _ => calls,
        }
    }

    fn work(app: &App, group: Vec<RateQuery>, ask: &Ask) -> Groups<RateOutcome> {
        let Some(RateQuery { fuente, moneda, .. }) = group.first().copied() else {
            return Box::pin(futures_util::stream::empty());
        };
        let dates: Vec<Date> = group.iter().map(|it| it.fecha).collect();
        let outcomes = app.migo.rates_for(&dates, fuente, moneda, ask);
        groups(outcomes, |_, outcome| RateOutcome::of(outcome))
    }

    async fn told(
        _: &App,
        _: &Batch,
        asked: Vec<(RateQuery, ItemState)>,
    ) -> Result<HashMap<RateQuery, RateOutcome>, AppError> {
        let told = asked.into_iter();
        Ok(told
            .map(|(date, state)| (date, RateOutcome::of_item(state)))
            .collect())
    }

    fn row(
        app: &App,
        row: &RowPlan<RateRow>,
        learned: Option<&RateOutcome>,
        list: OfList,
        lang: Lang,
    ) -> RateVerdict {
        let mut said = RateVerdict {
            word: row.subject.word,
            ..RateVerdict::default()
        };
        let mut notes: Vec<String> = Vec::new();
        if let Some(day) = row.subject.day {
            said.fecha = day.to_string();
            row.subject.moneda.as_str().clone_into(&mut said.moneda);
            if let Some(outcome) = learned {
                app.judge_rate(outcome, list, &mut said, &mut notes, lang);
            } else {
                said.word = if list.nothing_came {
                    RateWord::Error
                } else {
                    RateWord::Pendiente
                };
                notes.push(list.otherwise.message(lang).to_owned());
            }
        } else {
            let [es, en] = RateVerdict::kind().words[said.word as usize].meaning;
            let why = row.subject.why.clone();
            notes.push(why.unwrap_or_else(|| text!("{es}", "{en}")).pick(lang));
        }
        said.motivo = chaski_core::sentence(&notes.join("; "));
        said
    }

    fn asked_of(said: &RateVerdict) -> String {
        said.fecha.clone()
    }
}

impl RateList {
    fn what(&self) -> String {
        let (class, fuente, moneda) = (Self::KIND, self.fuente, self.moneda);
        let (class, fuente, moneda) = (class.as_str(), fuente.as_str(), moneda.as_str());
        format!("clase={class} fuente={fuente} moneda={moneda}")
    }
}

impl App {
    /// Rates whose date, or whose whole month, memory holds.
    async fn rates_of_memory(
        &self,
        dates: &[RateQuery],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, RateOutcome>, AppError> {
        let now = self.clock.now();
        let today = chaski_core::lima_date(now);
        let months: Vec<RatesQuery> = dates
            .iter()
            .map(|it| Migo::month_of_rates(it.fecha, today))
            .collect();
        let keys: Vec<Key> = dates.iter().map(RateList::key).collect();
        let mut whole: Vec<Key> = months.iter().map(Lookup::key).collect();
        whole.sort_unstable_by(|one, other| one.subject.cmp(&other.subject));
        whole.dedup();
        let of_months = self.store.recall(&whole).await?;
        let of_months: HashMap<&Key, Memory> = whole
            .iter()
            .zip(of_months)
            .filter_map(|(key, memory)| Some((key, memory?)))
            .collect();
        let good = |memory: &Memory| good_for(memory, since, now, ask);
        let mut known = HashMap::new();
        let memories = self.store.recall(&keys).await?;
        for (at, memory) in memories.into_iter().enumerate() {
            let (date, month) = (&dates[at], &months[at]);
            let applies = |rate: ExchangeRate| RateFor::of(date.fecha, date.fuente, rate);
            let own = memory.and_then(|memory| {
                let Remembered::Answer(body) = &memory.what else {
                    return None;
                };
                let rate = applies(date.unpack(body)?).filter(|it| !it.arrastrado)?;
                Some((rate, good(&memory)?, memory.stored_at))
            });
            let is_dollar = date.fuente == RateSource::Sunat && date.moneda == Currency::Usd;
            let of_month = || {
                let memory = of_months.get(&month.key()).filter(|_| is_dollar)?;
                let Remembered::Answer(body) = &memory.what else {
                    return None;
                };
                let rates: Vec<ExchangeRate> = month.unpack(body)?;
                let of_close = rates.into_iter().filter_map(applies);
                // Preferably as it was published under that very day.
                let rate = of_close.min_by_key(|it| it.arrastrado)?;
                Some((rate, good(memory)?, memory.stored_at))
            };
            if let Some((rate, source, at_time)) = own.or_else(of_month) {
                let outcome = RateOutcome::Found {
                    rate: AppliedRate::of(&rate),
                    source,
                    at: at_time,
                };
                known.insert(at, outcome);
            }
        }
        Ok(known)
    }

    fn judge_rate(
        &self,
        outcome: &RateOutcome,
        list: OfList,
        said: &mut RateVerdict,
        notes: &mut Vec<String>,
        lang: Lang,
    ) {
        match outcome {
            RateOutcome::Found { rate, source, at } => {
                said.word = RateWord::Hallado;
                said.compra.clone_from(&rate.compra);
                said.venta.clone_from(&rate.venta);
                said.publicado = rate.publicado.to_string();
                said.cierre = rate.cierre.to_string();
                self.source_name(*source, lang).clone_into(&mut said.fuente);
                said.consultado_en = lima_datetime(*at).strftime("%Y-%m-%d %H:%M:%S").to_string();
                if rate.arrastrado {
                    let day = rate.publicado.strftime("%d/%m/%Y");
                    let why = text!(
                        "ese día no se publicó; vale el publicado el {day}",
                        "none was published that day; the one published on {day} applies"
                    );
                    notes.push(why.pick(lang));
                }
            }
            RateOutcome::NotFound => {
                said.word = RateWord::SinTipo;
                let [es, en] = RateVerdict::kind().words[said.word as usize].meaning;
                notes.push(lang.pick(es, en).to_owned());
            }
            RateOutcome::Failed(error) => {
                said.word = of_failure(error.code(), list);
                notes.push(error.hinted(lang));
            }
            RateOutcome::FailedBefore(code) => {
                said.word = of_failure(code, list);
                notes.push(of_failed_code(code, lang));
            }
            RateOutcome::Forgotten => {
                said.word = RateWord::Error;
                let why = text!(
                    "la respuesta ya no está guardada",
                    "the answer is no longer kept"
                );
                notes.push(why.pick(lang));
            }
        }
    }
}

fn of_failure(code: &str, list: OfList) -> RateWord {
    if is_limit(code) && !list.nothing_came {
        RateWord::Pendiente
    } else {
        RateWord::Error
    }
}
