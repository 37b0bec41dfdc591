//! What SUNAT says of a partner, and the rule by which a check changes it.
//!
//! A failure of the upstream is a line in the trail of comments and nothing else: only SUNAT's
//! explicit words change a verdict, and nothing that is known is overwritten with nothing.

use std::fmt;
use std::sync::Arc;

use crate::hints::Hinted;
use crate::named::named;
use chaski_client::{Error, Found, Reason, Source};
use chaski_core::{Condicion, Estado, Lang, Ruc, Taxpayer, clean, lima_date, present};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

named! {
    /// SUNAT's *estado* in the few words of the partner table; the whole word is kept beside it.
    /// `ACTIVO`, `BAJA`, `SUSPENDIDO` and `NO_VERIFICADO` are those of the system that Chaski
    /// replaces.
    #[derive(Default)]
    pub enum SunatState {
        /// ACTIVO.
        Activo = "ACTIVO",
        /// Struck off or annulled, for good or for a time.
        Baja = "BAJA",
        /// SUSPENSION TEMPORAL.
        Suspendido = "SUSPENDIDO",
        /// Verified, and none of the above: see SUNAT's own word.
        Otro = "OTRO",
        /// Never verified, or SUNAT knows no such number.
        #[default]
        NoVerificado = "NO_VERIFICADO",
    }
}

named! {
    /// SUNAT's *condición* in the few words of the partner table; the whole word is kept beside it.
    /// `HABIDO`, `NO_HABIDO`, `NO_APLICA` and `NO_VERIFICADO` are those of the system that Chaski
    /// replaces.
    #[derive(Default)]
    pub enum SunatCondition {
        /// HABIDO.
        Habido = "HABIDO",
        /// NO HABIDO, declared so by SUNAT.
        NoHabido = "NO_HABIDO",
        /// NO HALLADO and its variants, which are not NO HABIDO.
        NoHallado = "NO_HALLADO",
        /// NO APLICABLE.
        NoAplica = "NO_APLICA",
        /// Verified, and none of the above: see SUNAT's own word.
        Otro = "OTRO",
        /// Never verified, or SUNAT knows no such number.
        #[default]
        NoVerificado = "NO_VERIFICADO",
    }
}

/// What SUNAT says of a partner. All of it is `None` or `NO_VERIFICADO` before the first check.
/// The words are stored sealed, the rest beside them.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SunatStanding {
    /// Whether the number exists at SUNAT.
    #[serde(skip)]
    pub valid: Option<bool>,
    /// *Estado*, normalised.
    #[serde(skip)]
    pub state: SunatState,
    /// *Condición*, normalised.
    #[serde(skip)]
    pub condition: SunatCondition,
    /// Fit to be invoiced: ACTIVO and HABIDO.
    #[serde(skip)]
    pub fit: Option<bool>,
    /// When SUNAT last said something of it.
    #[serde(skip)]
    pub last_check: Option<Timestamp>,
    /// Why it is not valid: the stored name of a [`Reason`].
    pub reason: Option<String>,
    /// SUNAT's own word for the *estado*; after a "does not exist", the last one known.
    pub estado: Option<String>,
    /// SUNAT's own word for the *condición*; the same.
    pub condicion: Option<String>,
    /// Name at SUNAT.
    pub name: Option<String>,
    /// Fiscal address in one line.
    pub address: Option<String>,
    /// Place code of six digits.
    pub ubigeo: Option<String>,
    /// What came of the checks: dated lines, newest first.
    pub comment: Option<String>,
}

/// What came of asking about one RUC.
#[derive(Clone)]
pub struct SunatCheck {
    /// The number.
    pub ruc: Ruc,
    /// What was said.
    pub said: SunatAnswer,
    /// When it is noted: a check that is later than this was noted while the clock was ahead.
    pub now: Timestamp,
}

/// What was said about a RUC.
#[derive(Clone)]
pub enum SunatAnswer {
    /// Its registry row.
    Found {
        /// The row.
        taxpayer: Arc<Taxpayer>,
        /// When the upstream gave it.
        at: Timestamp,
    },
    /// SUNAT knows no such number.
    NotFound {
        /// When that was said, as far as known.
        at: Timestamp,
        /// It comes from memory: the upstream was not asked now.
        remembered: bool,
    },
    /// Nothing was said: the upstream could not be asked.
    Failed {
        /// Why, for people.
        why: String,
        /// When.
        at: Timestamp,
    },
}

/// How a check changed what SUNAT says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingChange {
    /// Whether the number existed, before and after.
    pub valid: [bool; 2],
    /// *Estado*, normalised, before and after.
    pub state: [SunatState; 2],
    /// *Condición*, normalised, before and after.
    pub condition: [SunatCondition; 2],
    /// SUNAT's own words for the *estado*, before and after.
    pub estado: [Option<String>; 2],
    /// SUNAT's own words for the *condición*, before and after.
    pub condicion: [Option<String>; 2],
    /// Whether it was fit to be invoiced, before and after.
    pub fit: [bool; 2],
}

/// Most characters of an address and of the trail of comments.
const MOST_ADDRESS: usize = 500;
const MOST_COMMENT: usize = 1_000;

impl SunatState {
    /// The few words that a word of SUNAT comes under.
    ///
    /// ```
    /// use chaski::partners::SunatState;
    /// use chaski_core::Estado;
    /// assert_eq!(SunatState::of(&Estado::BajaDeOficio), SunatState::Baja);
    /// assert_eq!(SunatState::of(&Estado::Otro("EN TRÁMITE".into())), SunatState::Otro);
    /// ```
    pub fn of(estado: &Estado) -> SunatState {
        match estado {
            Estado::Activo => SunatState::Activo,
            Estado::SuspensionTemporal => SunatState::Suspendido,
            Estado::BajaProvisional
            | Estado::BajaProvisionalPorOficio
            | Estado::BajaDefinitiva
            | Estado::BajaDeOficio
            | Estado::BajaMultipleInscripcion
            | Estado::AnulacionProvisionalActoIlicito
            | Estado::AnulacionErrorSunat
            | Estado::AnulacionActoIlicito => SunatState::Baja,
            _ => SunatState::Otro,
        }
    }
}

impl SunatCondition {
    /// The few words that a word of SUNAT comes under.
    ///
    /// ```
    /// use chaski::partners::SunatCondition;
    /// use chaski_core::Condicion;
    /// assert_eq!(SunatCondition::of(&Condicion::NoHalladoSeMudo), SunatCondition::NoHallado);
    /// assert_eq!(SunatCondition::of(&Condicion::Pendiente), SunatCondition::Otro);
    /// ```
    pub fn of(condicion: &Condicion) -> SunatCondition {
        match condicion {
            Condicion::Habido => SunatCondition::Habido,
            Condicion::NoHabido => SunatCondition::NoHabido,
            Condicion::NoAplicable | Condicion::NoAplicablePorReversion => SunatCondition::NoAplica,
            Condicion::NoHallado
            | Condicion::NoHalladoSeMudo
            | Condicion::NoHalladoFallecio
            | Condicion::NoHalladoNoExisteDomicilio
            | Condicion::NoHalladoCerrado
            | Condicion::NoHalladoNumeroNoExiste
            | Condicion::NoHalladoDestinatarioDesconocido
            | Condicion::NoHalladoRechazado
            | Condicion::NoHalladoOtrosMotivos => SunatCondition::NoHallado,
            _ => SunatCondition::Otro,
        }
    }
}

impl SunatCheck {
    /// What the outcome of a look-up says. An expired answer says nothing: it was given in
    /// place of an upstream that could not be asked.
    pub fn of(ruc: Ruc, outcome: &Result<Found<Taxpayer>, Error>, now: Timestamp) -> SunatCheck {
        let said = match outcome {
            Ok(found) if found.source == Source::Stale => SunatAnswer::Failed {
                why: "el proveedor no respondió".to_owned(),
                at: now,
            },
            Ok(found) => SunatAnswer::Found {
                taxpayer: Arc::clone(&found.value),
                at: found.stored_at,
            },
            Err(error) if error.is_not_found() => SunatAnswer::NotFound {
                at: now,
                remembered: error.is_remembered(),
            },
            Err(error) => SunatAnswer::Failed {
                why: error.hinted(Lang::Es),
                at: now,
            },
        };
        SunatCheck { ruc, said, now }
    }
}

impl SunatAnswer {
    /// Whether it may bring something new on a partner that was last checked then, and was valid
    /// or not: not the same answer again, nor an older one than is known.
    pub(crate) fn is_news(&self, last_check: Option<Timestamp>, valid: Option<bool>) -> bool {
        let Some(last) = last_check.map(micros) else {
            return true;
        };
        match self {
            SunatAnswer::Found { at, .. } => micros(*at) > last,
            SunatAnswer::NotFound { remembered, .. } if *remembered && valid == Some(false) => {
                false
            }
            SunatAnswer::NotFound { at, .. } => micros(*at) >= last,
            SunatAnswer::Failed { .. } => true,
        }
    }
}

impl SunatStanding {
    /// What SUNAT says after a check; none when the check brings nothing new.
    pub fn after(&self, said: &SunatAnswer) -> Option<SunatStanding> {
        if !said.is_news(self.last_check, self.valid) {
            return None;
        }
        let next = match said {
            SunatAnswer::Found { taxpayer, at } => self.found(taxpayer, *at),
            SunatAnswer::NotFound { at, .. } => self.not_found(*at),
            SunatAnswer::Failed { why, at } => self.noted(*at, why),
        };
        (next != *self).then_some(next)
    }

    /// How this differs from what was known before; none when it does not, or when nothing was
    /// known before.
    pub fn change_since(&self, before: &SunatStanding) -> Option<StandingChange> {
        before.last_check?;
        let words = |it: &SunatStanding| {
            let words = (it.estado.clone(), it.condicion.clone());
            (it.valid, it.state, it.condition, words)
        };
        if words(self) == words(before) {
            return None;
        }
        Some(StandingChange {
            valid: [before, self].map(|it| it.valid == Some(true)),
            state: [before, self].map(|it| it.state),
            condition: [before, self].map(|it| it.condition),
            estado: [before, self].map(|it| it.estado.clone()),
            condicion: [before, self].map(|it| it.condicion.clone()),
            fit: [before, self].map(|it| it.fit == Some(true)),
        })
    }

    fn found(&self, taxpayer: &Taxpayer, at: Timestamp) -> SunatStanding {
        let mut next = self.noted(at, "Validación exitosa");
        next.valid = Some(true);
        next.reason = None;
        next.last_check = Some(at);
        if let Some(estado) = &taxpayer.estado {
            next.state = SunatState::of(estado);
            next.estado = Some(estado.as_str().to_owned());
        }
        if let Some(condicion) = &taxpayer.condicion {
            next.condition = SunatCondition::of(condicion);
            next.condicion = Some(condicion.as_str().to_owned());
        }
        next.fit =
            Some(next.state == SunatState::Activo && next.condition == SunatCondition::Habido);
        let address = &taxpayer.address;
        let line = [&address.direccion_simple, &address.direccion];
        let line = line.into_iter().find_map(|it| present(it.as_deref()));
        let line = line.map(|line| shortened(&line, MOST_ADDRESS));
        next.address = line.or(next.address);
        let ubigeo = taxpayer.ubigeo.as_ref().map(|it| it.as_str().to_owned());
        next.ubigeo = ubigeo.or(next.ubigeo);
        let name = present(Some(taxpayer.nombre_o_razon_social.as_str()));
        next.name = name.or(next.name);
        next
    }

    /// Words, name and address stay as the last ones known.
    fn not_found(&self, at: Timestamp) -> SunatStanding {
        SunatStanding {
            valid: Some(false),
            state: SunatState::NoVerificado,
            condition: SunatCondition::NoVerificado,
            fit: Some(false),
            last_check: Some(at),
            reason: Some(Reason::NotFoundInBatch.as_str().to_owned()),
            ..self.noted(at, "RUC no existe en SUNAT")
        }
    }

    /// The same with one more line in the trail, above the older ones, which make room at the
    /// end. The line of the same day and words is not repeated.
    fn noted(&self, at: Timestamp, what: &str) -> SunatStanding {
        let line = format!("[{}] SUNAT: {}", lima_date(at), clean(what));
        let older = self.comment.as_deref().unwrap_or_default();
        let mut trail = shortened(&line, MOST_COMMENT);
        let mut length = trail.chars().count();
        for (index, old) in older.lines().enumerate() {
            if index == 0 && old == line {
                continue;
            }
            length += 1 + old.chars().count();
            if length > MOST_COMMENT {
                break;
            }
            trail.push('\n');
            trail.push_str(old);
        }
        SunatStanding {
            comment: Some(trail),
            ..self.clone()
        }
    }
}

impl StandingChange {
    /// Whether the partner stopped being fit to be invoiced.
    pub fn lost_fitness(&self) -> bool {
        self.fit == [true, false]
    }
}

impl fmt::Debug for SunatStanding {
    /// Name, address and unknown words may be those of a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SunatStanding")
            .field("valid", &self.valid)
            .field("state", &self.state)
            .field("condition", &self.condition)
            .field("last_check", &self.last_check)
            .finish_non_exhaustive()
    }
}

/// Instants are stored to the microsecond.
fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use chaski_core::Address;
    use jiff::SignedDuration;

    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::from_second(1_793_635_200).unwrap() + SignedDuration::from_hours(24 * days)
    }

    fn found(days: i64, estado: &str, condicion: &str, address: &str) -> SunatAnswer {
        let mut taxpayer = Taxpayer::new("20100070970".parse().unwrap(), "EMPRESA S.A.C.");
        taxpayer.estado = Estado::parse(estado);
        taxpayer.condicion = Condicion::parse(condicion);
        taxpayer.address = Address {
            direccion_simple: present(Some(address)),
            ..Address::default()
        };
        SunatAnswer::Found {
            taxpayer: Arc::new(taxpayer),
            at: day(days),
        }
    }

    fn not_found(days: i64, remembered: bool) -> SunatAnswer {
        let at = day(days);
        SunatAnswer::NotFound { at, remembered }
    }

    fn failed(days: i64) -> SunatAnswer {
        SunatAnswer::Failed {
            why: "el proveedor no está disponible".into(),
            at: day(days),
        }
    }

    /// What is known after some checks, in one line.
    #[track_caller]
    fn check(said: &[SunatAnswer], expected: &str) {
        let mut standing = SunatStanding::default();
        for said in said {
            standing = standing.after(said).unwrap_or(standing);
        }
        let text = |it: &Option<String>| it.as_deref().unwrap_or("-").to_owned();
        let shown = format!(
            "{:?} {} {} {:?} | {} {} {} | {}",
            standing.valid,
            standing.state.as_str(),
            standing.condition.as_str(),
            standing.fit,
            text(&standing.estado),
            text(&standing.condicion),
            text(&standing.address),
            text(&standing.comment).replace('\n', " / "),
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_rule() {
        check(
            &[found(0, "ACTIVO", "HABIDO", "AV. UNO 1")],
            "Some(true) ACTIVO HABIDO Some(true) | ACTIVO HABIDO AV. UNO 1 | [2026-11-02] SUNAT: Validación exitosa",
        );
        // SUNAT's strings are mapped, and kept as they are.
        check(
            &[found(0, "BAJA DE OFICIO", "NO HABIDO", "-")],
            "Some(true) BAJA NO_HABIDO Some(false) | BAJA DE OFICIO NO HABIDO - | [2026-11-02] SUNAT: Validación exitosa",
        );
        check(
            &[found(0, "EN TRAMITE", "POR VERIFICAR", "-")],
            "Some(true) OTRO OTRO Some(false) | EN TRAMITE POR VERIFICAR - | [2026-11-02] SUNAT: Validación exitosa",
        );
        // A failure is a line of the trail and never a verdict.
        check(
            &[failed(0)],
            "None NO_VERIFICADO NO_VERIFICADO None | - - - | [2026-11-02] SUNAT: el proveedor no está disponible",
        );
        check(
            &[
                found(0, "ACTIVO", "HABIDO", "AV. UNO 1"),
                failed(1),
                failed(1),
            ],
            "Some(true) ACTIVO HABIDO Some(true) | ACTIVO HABIDO AV. UNO 1 | [2026-11-03] SUNAT: el proveedor no está disponible / [2026-11-02] SUNAT: Validación exitosa",
        );
        // Nothing is overwritten with nothing.
        check(
            &[
                found(0, "ACTIVO", "HABIDO", "AV. UNO 1"),
                found(1, "-", "", "- - -"),
            ],
            "Some(true) ACTIVO HABIDO Some(true) | ACTIVO HABIDO AV. UNO 1 | [2026-11-03] SUNAT: Validación exitosa / [2026-11-02] SUNAT: Validación exitosa",
        );
        check(
            &[
                found(0, "ACTIVO", "HABIDO", "AV. UNO 1"),
                not_found(1, false),
            ],
            "Some(false) NO_VERIFICADO NO_VERIFICADO Some(false) | ACTIVO HABIDO AV. UNO 1 | [2026-11-03] SUNAT: RUC no existe en SUNAT / [2026-11-02] SUNAT: Validación exitosa",
        );
        // An older answer does not displace a newer one.
        check(
            &[
                found(1, "ACTIVO", "HABIDO", "AV. UNO 1"),
                found(0, "BAJA DEFINITIVA", "HABIDO", "X"),
            ],
            "Some(true) ACTIVO HABIDO Some(true) | ACTIVO HABIDO AV. UNO 1 | [2026-11-03] SUNAT: Validación exitosa",
        );
    }

    #[test]
    fn the_same_answer_again_brings_nothing() {
        let said = found(0, "ACTIVO", "HABIDO", "AV. UNO 1");
        let standing = SunatStanding::default().after(&said).unwrap();
        assert_eq!(standing.after(&said), None);
        let gone = standing.after(&not_found(1, true)).unwrap();
        assert_eq!(gone.after(&not_found(2, true)), None);
        let asked_again = gone.after(&not_found(2, false)).unwrap();
        assert_eq!(asked_again.last_check, Some(day(2)));
    }

    #[test]
    fn the_trail_keeps_whole_lines_up_to_its_length() {
        let mut standing = SunatStanding::default();
        for days in 0..60 {
            standing = standing
                .after(&found(days, "ACTIVO", "HABIDO", "-"))
                .unwrap();
        }
        let comment = standing.comment.unwrap();
        assert!((950..=1_000).contains(&comment.chars().count()));
        assert!(comment.starts_with("[2026-12-31] SUNAT: Validación exitosa\n[2026-12-30]"));
        assert!(comment.lines().all(|line| line.ends_with("exitosa")));
        let long = SunatAnswer::Failed {
            why: "ñ".repeat(2_000),
            at: day(0),
        };
        let comment = SunatStanding::default().after(&long).unwrap().comment;
        assert_eq!(comment.unwrap().chars().count(), 1_000);
    }

    #[test]
    fn changes_are_told_from_first_sights() {
        let nothing = SunatStanding::default();
        let first = nothing.after(&found(0, "ACTIVO", "HABIDO", "-")).unwrap();
        assert_eq!(first.change_since(&nothing), None);
        let same = first.after(&found(1, "ACTIVO", "HABIDO", "X")).unwrap();
        assert_eq!(same.change_since(&first), None);
        let down = same.after(&found(2, "BAJA DEFINITIVA", "HABIDO", "X"));
        let down = down.unwrap();
        let change = down.change_since(&same).unwrap();
        assert!(change.lost_fitness());
        assert_eq!(change.state, [SunatState::Activo, SunatState::Baja]);
        assert_eq!(change.estado[1].as_deref(), Some("BAJA DEFINITIVA"));
        // Another word for the same few words is a change too.
        let other = down.after(&found(3, "BAJA DE OFICIO", "HABIDO", "X"));
        let change = other.unwrap().change_since(&down).unwrap();
        assert!(!change.lost_fitness() && change.state == [SunatState::Baja; 2]);
    }
}
