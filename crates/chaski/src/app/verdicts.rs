//! What is said of each row of a list, once it is known what came of its RUC.

use std::sync::Arc;

use chaski_client::{Error, Found, Lookup, Memory, Remembered, RucQuery, Source};
use chaski_core::{
    Condicion, DniError, Estado, Lang, Place, Role, Ruc, Severity, Taxpayer, Ubigeo, fitness,
    lima_date, lima_datetime, sentence, text,
};
use compact_str::CompactString;
use jiff::Timestamp;

use super::{App, Mode};
use crate::hints::Hinted;
use crate::partners::{SunatAnswer, SunatCheck};
use crate::sheets::{Aptitud, CellProblem, Repair, Subject, Verdict};
use crate::store::ItemState;

/// What one row turned out to be.
pub struct RowPlan<S = Subject> {
    /// Its number, as Excel shows it.
    pub(super) row: u32,
    pub(super) subject: S,
    pub(super) repairs: Vec<Repair>,
    /// Position of what it asks for among the unique ones.
    pub(super) unique: Option<usize>,
    /// Row of the first appearance, when this is a repetition; as Excel numbers it.
    pub(super) repeats: Option<u32>,
}

/// Why nothing came of one RUC.
#[derive(Clone, Copy)]
pub(super) enum NotAsked {
    /// Its turn has not come.
    Waits,
    /// The plan has calls for those before it only.
    PlanTooSmall,
}

/// What the verdict of a row takes from the whole list.
#[derive(Clone, Copy)]
pub struct OfList {
    /// Why, where nothing came of a row.
    pub(super) otherwise: NotAsked,
    /// Whether the upstream failed and answered about no number. Then one that the limit of calls
    /// left out is one more without an answer: it would have got none either.
    pub(super) nothing_came: bool,
}

/// Failures by a limit that was set on purpose for the list or its asker: nothing was sent.
const LIMITS: [&str; 2] = ["tope_de_gasto", "tope_diario"];

/// What came of one RUC.
#[derive(Clone)]
pub enum RucOutcome {
    /// The registry knows it.
    Found {
        /// What it knows.
        taxpayer: Arc<Taxpayer>,
        /// Who said so.
        source: Source,
        /// When.
        at: Timestamp,
    },
    /// The registry does not know it.
    NotFound {
        /// Who said so.
        source: Source,
        /// When.
        at: Timestamp,
    },
    /// It could not be asked.
    Failed(Error),
    /// What an earlier run failed with: only its code is on record.
    FailedBefore(CompactString),
    /// It was answered, and the answer is no longer kept.
    Forgotten,
}

impl RucOutcome {
    pub(super) fn of_memory(ruc: Ruc, memory: &Memory, source: Source) -> Option<RucOutcome> {
        let at = memory.stored_at;
        Some(match &memory.what {
            Remembered::Answer(body) => RucOutcome::Found {
                taxpayer: Arc::new(RucQuery(ruc).unpack(body)?),
                source,
                at,
            },
            Remembered::Refusal { .. } => RucOutcome::NotFound { source, at },
        })
    }

    pub(super) fn of_outcome(
        outcome: Result<Found<Taxpayer>, Error>,
        now: Timestamp,
    ) -> RucOutcome {
        match outcome {
            Ok(found) => RucOutcome::Found {
                taxpayer: found.value,
                source: found.source,
                at: found.stored_at,
            },
            Err(error) if error.is_not_found() => RucOutcome::NotFound {
                source: if error.is_remembered() {
                    Source::Memory
                } else {
                    Source::Upstream
                },
                at: now,
            },
            Err(error) => RucOutcome::Failed(error),
        }
    }

    /// How its item is marked.
    pub(super) fn item_state(&self) -> ItemState {
        match self {
            RucOutcome::Found { .. } | RucOutcome::Forgotten => ItemState::Answered,
            RucOutcome::NotFound { .. } => ItemState::Refused,
            RucOutcome::Failed(error) => ItemState::Failed {
                code: error.code().into(),
            },
            RucOutcome::FailedBefore(code) => ItemState::Failed { code: code.clone() },
        }
    }

    /// What it says of a partner with that RUC. An expired answer was given because the upstream could
    /// not be asked, and says nothing.
    pub(super) fn check(&self, ruc: Ruc, now: Timestamp) -> SunatCheck {
        let failed = |why: String| SunatAnswer::Failed { why, at: now };
        let said = match self {
            RucOutcome::Found {
                source: Source::Stale,
                ..
            } => failed("el proveedor no respondió".to_owned()),
            RucOutcome::Found { taxpayer, at, .. } => SunatAnswer::Found {
                taxpayer: Arc::clone(taxpayer),
                at: *at,
            },
            RucOutcome::NotFound { source, at } => SunatAnswer::NotFound {
                at: *at,
                remembered: *source == Source::Memory,
            },
            RucOutcome::Failed(error) => failed(error.hinted(Lang::Es)),
            RucOutcome::FailedBefore(code) => failed(code.to_string()),
            RucOutcome::Forgotten => failed("la respuesta ya no se conserva".to_owned()),
        };
        SunatCheck { ruc, said, now }
    }

    pub(super) fn was_remembered(&self) -> bool {
        matches!(
            self,
            RucOutcome::Found {
                source: Source::Memory | Source::Stale,
                ..
            } | RucOutcome::NotFound {
                source: Source::Memory,
                ..
            }
        )
    }
}

impl<S> RowPlan<S> {
    /// What a person should know of how it was read.
    pub(super) fn remarks(&self, lang: Lang) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(first) = self.repeats {
            let repeated = text!(
                "repetido, ya está en la fila {first}",
                "repeated, already in row {first}"
            );
            notes.push(repeated.pick(lang));
        }
        if !self.repairs.is_empty() && self.unique.is_some() {
            let repairs = self.repairs.iter().map(|repair| repair.message(lang));
            let list = repairs.collect::<Vec<_>>().join(", ");
            notes.push(text!("se corrigió: {list}", "it was corrected: {list}").pick(lang));
        }
        notes
    }
}

/// What an earlier run failed with, of which only the code is on record.
pub(super) fn of_failed_code(code: &str, lang: Lang) -> String {
    let why = match code {
        "tope_de_gasto" => lang.pick(
            "no se consultó, la lista llegó al máximo que podía gastar",
            "not asked, the list came to the most that it might spend",
        ),
        "tope_diario" => lang.pick(
            "no se consultó, la llave llegó a su máximo del día",
            "not asked, the key came to its most of the day",
        ),
        _ => lang.pick("no se pudo consultar", "it could not be asked"),
    };
    format!("{why}: {code}")
}

impl App {
    /// The verdict of a row.
    pub(super) fn verdict(
        &self,
        row: &RowPlan,
        learned: Option<&RucOutcome>,
        list: OfList,
        lang: Lang,
    ) -> Verdict {
        let mut verdict = Verdict::default();
        let mut notes: Vec<String> = Vec::new();
        match &row.subject {
            Subject::Empty => {
                verdict.apto = Aptitud::SinNumero;
                let why = text!(
                    "no hay un número en la celda",
                    "there is no number in the cell"
                );
                notes.push(why.pick(lang));
            }
            Subject::Bad(problem) => {
                verdict.apto = match problem {
                    CellProblem::Dni(DniError::Length { found: 7 }) => Aptitud::Dni,
                    _ => Aptitud::Invalido,
                };
                notes.push(of_problem(problem, lang));
            }
            Subject::Other(document) => {
                verdict.apto = Aptitud::OtroDocumento;
                notes.push(document.message(lang).to_owned());
            }
            Subject::Total => {
                verdict.apto = Aptitud::Total;
                notes.push(Aptitud::Total.meaning(lang).to_owned());
            }
            Subject::Titles => {
                verdict.apto = Aptitud::Titulos;
                notes.push(Aptitud::Titulos.meaning(lang).to_owned());
            }
            Subject::Dni { dni, padded } if row.unique.is_none() => {
                dni.as_str().clone_into(&mut verdict.ruc_normalizado);
                verdict.apto = Aptitud::Dni;
                notes.push(of_dni(*padded, Ruc::from_dni(*dni), lang));
            }
            Subject::Dni { dni, .. } => {
                let note = text!(
                    "es un DNI: se consultó su RUC 10",
                    "it is a DNI: its RUC 10 was looked up"
                );
                notes.push(note.pick(lang));
                let ruc = Ruc::from_dni(*dni);
                self.judge_ruc(ruc, learned, list, &mut verdict, &mut notes, lang);
                if verdict.apto == Aptitud::NoEncontrado {
                    verdict.apto = Aptitud::Dni;
                    let why = text!(
                        "es un DNI, y la persona no tiene RUC: vale una boleta con su DNI",
                        "it is a DNI, and the person has no RUC: a boleta with their DNI will do"
                    );
                    notes = vec![why.pick(lang)];
                }
            }
            Subject::Ruc(ruc) => {
                self.judge_ruc(*ruc, learned, list, &mut verdict, &mut notes, lang);
            }
        }
        notes.extend(row.remarks(lang));
        verdict.motivo = sentence(&notes.join("; "));
        verdict
    }

    fn judge_ruc(
        &self,
        ruc: Ruc,
        learned: Option<&RucOutcome>,
        list: OfList,
        verdict: &mut Verdict,
        notes: &mut Vec<String>,
        lang: Lang,
    ) {
        ruc.as_str().clone_into(&mut verdict.ruc_normalizado);
        let Some(learned) = learned else {
            verdict.apto = Aptitud::Pendiente;
            notes.push(list.otherwise.message(lang).to_owned());
            return;
        };
        self.judge_row(ruc, learned, verdict, notes, lang);
        if verdict.apto == Aptitud::Pendiente && list.nothing_came {
            verdict.apto = Aptitud::Error;
        }
    }

    fn judge_row(
        &self,
        ruc: Ruc,
        learned: &RucOutcome,
        verdict: &mut Verdict,
        notes: &mut Vec<String>,
        lang: Lang,
    ) {
        let today = lima_date(self.clock.now());
        let (source, at) = match learned {
            RucOutcome::Failed(error) => {
                verdict.apto = of_failure(error.code());
                notes.push(error.hinted(lang));
                return;
            }
            RucOutcome::FailedBefore(code) => {
                verdict.apto = of_failure(code);
                notes.push(of_failed_code(code, lang));
                return;
            }
            RucOutcome::Forgotten => {
                verdict.apto = Aptitud::Error;
                let why = text!(
                    "la respuesta ya no está guardada",
                    "the answer is no longer kept"
                );
                notes.push(why.pick(lang));
                return;
            }
            RucOutcome::NotFound { source, at } => {
                verdict.apto = Aptitud::NoEncontrado;
                let fitness = fitness(&ruc, None, Role::Buyer, today);
                notes.extend(fitness.hallazgos.iter().map(|it| with_code(it, lang)));
                (*source, *at)
            }
            RucOutcome::Found {
                taxpayer,
                source,
                at,
            } => {
                let fitness = fitness(&ruc, Some(taxpayer), Role::Buyer, today);
                let remarks = fitness
                    .hallazgos
                    .iter()
                    .any(|it| it.severidad == Severity::Observacion);
                verdict.apto = match (fitness.apto, remarks) {
                    (true, false) => Aptitud::Apto,
                    (true, true) => Aptitud::Observado,
                    (false, _) => Aptitud::NoApto,
                };
                notes.extend(fitness.hallazgos.iter().map(|it| with_code(it, lang)));
                describe(taxpayer, verdict);
                (*source, *at)
            }
        };
        self.source_name(source, lang)
            .clone_into(&mut verdict.fuente);
        verdict.consultado_en = lima_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
    }

    /// Who said so, for people.
    pub fn source_name(&self, source: Source, lang: Lang) -> &'static str {
        source_name(self.mode, source, lang)
    }
}

/// Who said so, for people.
pub fn source_name(mode: Mode, source: Source, lang: Lang) -> &'static str {
    match (mode, source) {
        (Mode::Real, Source::Upstream) => "APIMIGO",
        (Mode::Real, Source::Memory) => lang.pick("APIMIGO (guardado)", "APIMIGO (remembered)"),
        (Mode::Real, Source::Stale) => lang.pick(
            "APIMIGO (guardado, vencido)",
            "APIMIGO (remembered, past its time)",
        ),
        (Mode::Sandbox, Source::Upstream) => lang.pick("prueba (inventado)", "trial (invented)"),
        (Mode::Sandbox, _) => lang.pick(
            "prueba (inventado, guardado)",
            "trial (invented, remembered)",
        ),
    }
}

/// Whether a failure is a limit that was set on purpose.
pub(super) fn is_limit(code: &str) -> bool {
    LIMITS.contains(&code)
}

fn of_failure(code: &str) -> Aptitud {
    if is_limit(code) {
        Aptitud::Pendiente
    } else {
        Aptitud::Error
    }
}

impl NotAsked {
    pub(super) fn message(self, lang: Lang) -> &'static str {
        match self {
            NotAsked::Waits => lang.pick("aún no se consultó", "not asked yet"),
            NotAsked::PlanTooSmall => lang.pick(
                "no se consultó: a su plan no le quedaban consultas para este; amplíelo y continúe con --reanudar",
                "not asked: your plan had no calls left for this one; enlarge it and go on with --reanudar",
            ),
        }
    }
}

fn describe(taxpayer: &Taxpayer, verdict: &mut Verdict) {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let ubigeo = taxpayer.ubigeo.as_ref();
    let place = ubigeo.and_then(Ubigeo::place);
    // Where the registry leaves a part out, the ubigeo names it.
    let part = |own: &Option<String>, of_place: fn(&Place) -> &'static str| {
        text(own.as_deref().or(place.as_ref().map(of_place)))
    };
    let (address, name) = (&taxpayer.address, &taxpayer.nombre_o_razon_social);
    verdict.razon_social.clone_from(name);
    verdict.estado = text(taxpayer.estado.as_ref().map(Estado::as_str));
    verdict.condicion = text(taxpayer.condicion.as_ref().map(Condicion::as_str));
    verdict.ubigeo = text(ubigeo.map(Ubigeo::as_str));
    verdict.departamento = part(&address.departamento, |it| it.departamento);
    verdict.provincia = part(&address.provincia, |it| it.provincia);
    verdict.distrito = part(&address.distrito, |it| it.distrito);
    verdict.direccion = text(taxpayer.direccion());
}

pub(super) fn with_code(finding: &chaski_core::Finding, lang: Lang) -> String {
    format!("{} ({})", finding.message(lang), finding.codigo)
}

/// A column of RUCs is no place for advice on how to write a DNI.
pub(super) fn of_problem(problem: &CellProblem, lang: Lang) -> String {
    match problem {
        CellProblem::Dni(DniError::Length { found: 7 }) => text!(
            "tiene 7 dígitos y un RUC tiene 11; si es un DNI sin su cero inicial, escriba el RUC de la persona",
            "it has 7 digits and a RUC has 11; if it is a DNI without its leading zero, write the person's RUC"
        )
        .pick(lang),
        problem => problem.message(lang),
    }
}

fn of_dni(padded: bool, ruc: Ruc, lang: Lang) -> String {
    let ruc = ruc.as_str();
    let text = if padded {
        text!(
            "parece un DNI que perdió su cero inicial en Excel; si la persona tiene RUC, sería {ruc}",
            "it looks like a DNI that lost its leading zero in Excel; if the person has a RUC, it is {ruc}"
        )
    } else {
        text!(
            "es un DNI, no un RUC; si la persona tiene RUC, sería {ruc}",
            "it is a DNI, not a RUC; if the person has one, it is {ruc}"
        )
    };
    text.pick(lang)
}
