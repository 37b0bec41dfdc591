//! The DNIs of a list of RUCs: told apart, looked up, or asked for by the RUC that their owner would
//! have, as the person wants.

use std::collections::{HashMap, HashSet};

use chaski_client::{Ask, Budget, Failure, Found, Person, Source};
use chaski_core::{Dni, Lang, Text, lima_datetime, sentence, text};

use super::kit::args::LoteArgs;
use super::kit::needed::Needed;
use super::kit::terminal::choose;
use crate::app::batches::{Finished, PersonsLeft, ReadList};
use crate::app::{App, AppError, Mode, purpose, source_name};
use crate::counted::counted;
use crate::remote::Server;
use crate::sheets::Aptitud;

/// DNIs that one collection of RUCs holds.
const RUCS_A_CALL: usize = 100;

/// What is done about the DNIs of a list.
pub(super) struct People {
    /// Those to look up once the RUCs are.
    dnis: Vec<Dni>,
}

/// Who is asked about persons.
pub(super) enum PeopleDesk<'d> {
    Here(&'d App),
    There(&'d Server),
}

/// What a person may want.
enum Wish {
    Names,
    Rucs,
    Nothing,
}

impl People {
    /// Decides it: by what was typed; else a person at a terminal is told what it would cost, and
    /// asked; else nothing is spent on them.
    pub(super) fn of(
        needed: &Needed,
        typed: &LoteArgs,
        list: &mut ReadList,
    ) -> Result<People, AppError> {
        let nobody = People { dnis: Vec::new() };
        let dnis = list.dnis(&needed.config.ruc_rules);
        if dnis.is_empty() {
            return Ok(nobody);
        }
        let wish = match typed.dni.as_deref() {
            Some("consultar") => Wish::Names,
            Some("ruc10") => Wish::Rucs,
            Some(_) => Wish::Nothing,
            None if needed.may_ask => asked(dnis.len(), needed.lang())?,
            None => {
                say_untouched(needed, dnis.len());
                Wish::Nothing
            }
        };
        match wish {
            Wish::Names => Ok(People { dnis }),
            Wish::Rucs => {
                list.how.dni_as_ruc = true;
                Ok(nobody)
            }
            Wish::Nothing => Ok(nobody),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.dnis.len()
    }

    /// How many calls they take here: memory may have some.
    pub(super) async fn to_ask(&self, app: &App, ask: &Ask) -> Result<usize, AppError> {
        match self.dnis.len() {
            0 => Ok(0),
            _ => app.dnis_to_ask(&self.dnis, ask).await,
        }
    }

    /// Looks them up and puts their names in the result. What is answered is remembered like any answer.
    pub(super) async fn look_up(
        self,
        needed: &Needed,
        desk: PeopleDesk<'_>,
        typed: &LoteArgs,
        finished: &mut Finished,
    ) -> Result<(), AppError> {
        if self.dnis.is_empty() {
            return Ok(());
        }
        // 1. As many as may still be paid for, and those that cost nothing.
        let lang = needed.lang();
        let mut ask = needed.ask(&typed.run.freshness)?;
        let spent = finished.result.summary.calls_spent as u64;
        let most = [typed.run.gastar_hasta, finished.few_calls];
        let most = most.into_iter().flatten().min();
        let left = most.map(|most| most.saturating_sub(spent));
        let mut within = self.dnis.len();
        match (&desk, left) {
            (PeopleDesk::Here(_), Some(left)) => ask.budget = Some(Budget::of(left)),
            (PeopleDesk::There(_), Some(left)) => {
                within = within.min(usize::try_from(left).unwrap_or(usize::MAX));
            }
            (_, None) => {}
        }
        let (dnis, rest) = self.dnis.split_at(within);
        let rest: HashSet<&str> = rest.iter().map(Dni::as_str).collect();
        ask.purpose = typed.motivo.as_deref().map(purpose).transpose()?;
        let (outcomes, mode) = desk.ask(dnis, &ask).await?;
        let known: HashMap<&str, Result<Found<Person>, AppError>> =
            dnis.iter().map(Dni::as_str).zip(outcomes).collect();
        let paid = known.values().flatten();
        let paid = paid
            .filter(|found| found.source == Source::Upstream)
            .count();
        // 2. What came of them.
        let (mut answered, mut failed, mut not_asked) = (false, 0, rest.len());
        for outcome in known.values() {
            match outcome {
                Err(error) if is_over_budget(error) => not_asked += 1,
                Err(error) if !error.is_not_found() => failed += 1,
                _ => answered = true,
            }
        }
        finished.result.verdicts.change(|_, verdict| {
            let dni = Some(&verdict.ruc_normalizado).filter(|_| verdict.apto == Aptitud::Dni);
            let dni = dni.map(String::as_str);
            match dni.and_then(|it| known.get(it)) {
                None if dni.is_some_and(|it| rest.contains(it)) => {
                    verdict.motivo = sentence(&over_budget().pick(lang));
                }
                None => return false,
                Some(Ok(found)) => {
                    verdict.razon_social.clone_from(&found.value.nombre);
                    source_name(mode, found.source, lang).clone_into(&mut verdict.fuente);
                    let at = lima_datetime(found.stored_at);
                    verdict.consultado_en = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
                    let why = text!(
                        "es el DNI de esa persona: vale una boleta con su DNI",
                        "it is the DNI of that person: a boleta with their DNI will do"
                    );
                    verdict.motivo = sentence(&why.pick(lang));
                }
                Some(Err(error)) if error.is_not_found() => {
                    let why = text!(
                        "es un DNI que no figura en el servicio consultado; puede ser un menor o una persona sin RUC",
                        "it is a DNI that the service does not know; it may be a minor or a person without RUC"
                    );
                    verdict.motivo = sentence(&why.pick(lang));
                }
                Some(Err(error)) if is_over_budget(error) => {
                    verdict.motivo = sentence(&over_budget().pick(lang));
                }
                Some(Err(error)) => {
                    let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
                    let why = text!(
                        "es un DNI que no se pudo consultar: {es}",
                        "it is a DNI that could not be looked up: {en}"
                    );
                    verdict.motivo = sentence(&why.pick(lang));
                }
            }
            true
        });
        finished.result.summary.calls_spent += paid;
        finished.persons = PersonsLeft { failed, not_asked };
        if answered && matches!(finished.total_failure, Some(AppError::NothingRead(_))) {
            finished.total_failure = None;
        }
        Ok(())
    }
}

fn over_budget() -> Text {
    text!(
        "es un DNI que no se consultó: se llegó al máximo que se podía gastar",
        "it is a DNI that was not looked up: the most that might be spent was reached"
    )
}

fn is_over_budget(error: &AppError) -> bool {
    matches!(error, AppError::Lookup(error) if error.failure() == Some(&Failure::BudgetSpent))
}

impl PeopleDesk<'_> {
    async fn ask(
        &self,
        dnis: &[Dni],
        ask: &Ask,
    ) -> Result<(Vec<Result<Found<Person>, AppError>>, Mode), AppError> {
        Ok(match self {
            PeopleDesk::Here(app) => {
                let outcomes = app.lookup_dnis(dnis, ask).await?;
                let outcomes = outcomes.into_iter().map(|it| it.map_err(AppError::from));
                (outcomes.collect(), app.mode)
            }
            PeopleDesk::There(server) => {
                let outcomes = server.dnis(dnis, ask).await?;
                let outcomes = outcomes.into_iter().map(|it| it.map_err(AppError::from));
                (outcomes.collect(), server.mode().unwrap_or(Mode::Sandbox))
            }
        })
    }
}

/// What it would cost: how many DNIs, calls by their names, calls by their RUCs.
fn costs(dnis: usize) -> (usize, usize) {
    (dnis, dnis.div_ceil(RUCS_A_CALL))
}

fn asked(dnis: usize, lang: Lang) -> Result<Wish, AppError> {
    let (names, rucs) = costs(dnis);
    let question = text!(
        "La lista tiene {dnis} DNI. ¿Qué se hace con ellos? (flechas y Enter)",
        "The list has {dnis} DNIs. What is to be done about them? (arrows and Enter)"
    );
    let items = match lang {
        Lang::Es => [
            "Nada: se marcan como DNI, sin costo".to_owned(),
            format!(
                "Consultar el nombre de cada persona (hasta {} más)",
                counted(names, "consulta", "consultas")
            ),
            format!(
                "Consultar su RUC 10 ({} más)",
                counted(rucs, "consulta", "consultas")
            ),
        ],
        Lang::En => [
            "Nothing: they are marked as DNIs, at no cost".to_owned(),
            format!(
                "Look up each person's name (up to {} more)",
                counted(names, "call", "calls")
            ),
            format!(
                "Look up their RUC 10 ({} more)",
                counted(rucs, "call", "calls")
            ),
        ],
    };
    Ok(match choose(question.pick(lang), &items, lang)? {
        1 => Wish::Names,
        2 => Wish::Rucs,
        _ => Wish::Nothing,
    })
}

fn say_untouched(needed: &Needed, dnis: usize) {
    let (names, rucs) = costs(dnis);
    let (consultas, calls) = (
        counted(names, "consulta", "consultas"),
        counted(names, "call", "calls"),
    );
    let (por_ruc, by_ruc) = (
        counted(rucs, "consulta", "consultas"),
        counted(rucs, "call", "calls"),
    );
    needed.say(text!(
        "La lista tiene {dnis} DNI, que no se consultan. Para su nombre: --dni consultar (hasta {consultas} más); para su RUC 10: --dni ruc10 ({por_ruc} más)",
        "DNIs in the list: {dnis}, which are not looked up. For their names: --dni consultar (up to {calls} more); for their RUC 10: --dni ruc10 ({by_ruc} more)"
    ));
}
