//! Lists of vouchers: how each stands at SUNAT, and how its issuer does. There is no batch call for
//! vouchers, so each is a call; their issuers are asked about first, a hundred a call.

mod outcome;
mod verdict;

use std::collections::{HashMap, HashSet};

use chaski_client::{Ask, CpeQuery, Key, Ledger, Lookup, Remembered, Source};
use chaski_core::{CheckDigit, Lang, Ruc, RucRules, text};
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use jiff::civil::Date;

use super::how::{HowKept, good_for, list_hash};
use super::kind::{BatchKind, ERASED, Groups, ListKind, RowRead, RucList, groups};
use crate::app::cost::{Cost, calls_for};
use crate::app::unread::{Cause, nothing_read};
use crate::app::verdicts::{OfList, RowPlan, RucOutcome};
use crate::app::{App, AppError};
use crate::partners::ruc_of_form;
use crate::sheets::{
    self, ListedVoucher, Row, RowSaid, Sought, Table, VoucherColumns, VoucherPart, VoucherReader,
    VoucherRow, VoucherVerdict, VoucherWord,
};
use crate::store::{Batch, ItemState};
use outcome::{VoucherAnswer, VoucherOutcome};

/// Asking how vouchers stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoucherList {
    /// Where their parts stand.
    pub columns: VoucherColumns,
    /// The day on which it is read, Lima.
    pub hoy: Date,
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

    fn reader<'t>(
        &'t self,
        table: &'t Table,
        rules: &'t RucRules,
    ) -> impl Fn(&Row) -> RowRead<VoucherList> + Send + 't {
        let reader = VoucherReader::new(table, self.columns, rules, self.hoy);
        move |row| {
            let mut read = reader.read(row);
            let (voucher, repairs) = (read.voucher.clone(), std::mem::take(&mut read.repairs));
            (read, repairs, voucher)
        }
    }

    fn nothing_read(rows: &[RowPlan<VoucherRow>]) -> Option<AppError> {
        let wrong = rows.iter().map(|plan| {
            let read = &plan.subject;
            let [es, en] = VoucherVerdict::kind().words[read.word as usize].meaning;
            Cause {
                row: plan.row,
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

    fn listed(
        asked: &[Option<ListedVoucher>],
    ) -> (&'static [&'static str], Vec<Vec<String>>, HowKept) {
        const TITLES: &[&str] = &["ruc", "tipo", "serie", "numero", "fecha", "monto"];
        let row = |voucher: &Option<ListedVoucher>| {
            let Some(voucher) = voucher else {
                return vec![ERASED.to_owned()];
            };
            vec![
                voucher.ruc.as_str().to_owned(),
                voucher.tipo.to_string(),
                voucher.serie.to_string(),
                voucher.numero.to_string(),
                voucher.fecha.to_string(),
                format!("{:.2}", voucher.monto),
            ]
        };
        let how = VoucherList {
            columns: VoucherColumns {
                ruc: 0,
                tipo: Some(1),
                de_tipo: None,
                serie: Some(2),
                numero: 3,
                hasta: None,
                fecha: 4,
                monto: 5,
                moneda: None,
                cambio: None,
                en_soles: false,
            },
            // What was asked about was not to come.
            hoy: Date::MAX,
        };
        (TITLES, asked.iter().map(row).collect(), how.keep())
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
        said.motivo = chaski_core::sentence(&notes.join("; "));
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
