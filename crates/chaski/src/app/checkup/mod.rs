//! What the doctor looks at: each look is a function from what there is to findings, which say what
//! is well, what could be better and what does not work, with the command that mends it.

mod clock;
mod folder;
mod issuing;

pub use clock::{Dated, Noting, TOLERANCE, clock_finding, difference};
pub use folder::{
    LITTLE_SPACE, NO_SPACE, exposed, foreign, in_use, probed, space_finding, space_of,
};

use chaski_core::{Lang, Text, sentence, text};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::counted::counted;
use crate::named::named;
use crate::store::{LastBackup, ServerFacts};

named! {
    /// How well something is.
    pub enum Grade {
        /// Well.
        Good = "bien",
        /// Works, and could be safer.
        Advice = "aviso",
        /// Does not work, or lays data open.
        Bad = "mal",
    }
}

impl Grade {
    /// Its sign for people.
    pub fn sign(self) -> &'static str {
        match self {
            Grade::Good => "✔",
            Grade::Advice => "!",
            Grade::Bad => "✘",
        }
    }
}

/// What a look came to.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckupFinding {
    /// What was looked at; stable, never translated.
    pub check: &'static str,
    /// How well it is.
    pub grade: Grade,
    text: Text,
    /// The figures behind the words.
    pub facts: Vec<(&'static str, Value)>,
    /// What the command line ends with for it; 0 unless it is bad.
    pub exit_code: u8,
}

/// What was looked at, and how it comes to a finding.
#[derive(Debug, Clone, Copy)]
pub struct Examined(pub &'static str);

impl Examined {
    /// It is well.
    pub fn good(self, text: Text) -> CheckupFinding {
        self.found(Grade::Good, text)
    }

    /// It works, and could be safer.
    pub fn advice(self, text: Text) -> CheckupFinding {
        self.found(Grade::Advice, text)
    }

    /// It does not work, or lays data open.
    pub fn bad(self, text: Text) -> CheckupFinding {
        self.found(Grade::Bad, text)
    }

    fn found(self, grade: Grade, text: Text) -> CheckupFinding {
        CheckupFinding {
            check: self.0,
            grade,
            text,
            facts: Vec::new(),
            exit_code: u8::from(grade == Grade::Bad),
        }
    }
}

impl CheckupFinding {
    /// With a figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> CheckupFinding {
        self.facts.push((name, value.into()));
        self
    }

    /// With an exit code of its own.
    #[must_use]
    pub fn ending(mut self, exit_code: u8) -> CheckupFinding {
        self.exit_code = exit_code;
        self
    }

    /// What is so and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        sentence(lang.pick(&self.text.es, &self.text.en))
    }
}

/// A copy that is older is as good as none for most of what was done since.
pub const OLD_BACKUP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How old the last copy is. Of invented data an old one is no worse.
pub fn backup_finding(last: Option<&LastBackup>, invented: bool, now: Timestamp) -> CheckupFinding {
    let Some(last) = last else {
        return Examined("copia").advice(text!(
            "no se ha hecho ninguna copia de seguridad: chaski backup CARPETA",
            "no backup was ever taken: chaski backup FOLDER"
        ));
    };
    let age = now.duration_since(last.at);
    let days = age.as_hours().max(0) / 24;
    let path = last.path.display();
    let (grade, es, en) = if age > OLD_BACKUP && !invented {
        (
            Grade::Advice,
            ": haga otra con: chaski backup CARPETA",
            ": take another one: chaski backup FOLDER",
        )
    } else {
        (Grade::Good, "", "")
    };
    let (dias, age) = (counted(days, "día", "días"), counted(days, "day", "days"));
    let text = text!(
        "la última copia de seguridad tiene {dias} ({path}){es}",
        "the last backup is {age} old ({path}){en}"
    );
    Examined("copia")
        .found(grade, text)
        .with("dias", days)
        .with("hecha", last.at.to_string())
}

/// The database on a server: its version and size, and who serves it.
pub fn server_finding(server: &ServerFacts, bytes: u64) -> CheckupFinding {
    let (place, version, kib) = (&server.place, &server.version, bytes / 1024);
    let by = server
        .served_by
        .as_deref()
        .map(|name| match &server.served_from {
            Some(machine) => format!("{name} ({machine})"),
            None => name.to_owned(),
        });
    let Text { es, en } = match &by {
        Some(by) => text!("atiende {by}", "served by {by}"),
        None => text!(
            "ningún chaski serve la atiende",
            "no chaski serve works with it"
        ),
    };
    Examined("base")
        .good(text!(
            "PostgreSQL {version} en {place}: {kib} KiB en total; {es}",
            "PostgreSQL {version} at {place}: {kib} KiB in all; {en}"
        ))
        .with("lugar", place.as_str())
        .with("version_base", version.as_str())
        .with("bytes_base", bytes)
        .with("servidor_base", by)
}

/// What is left of the plan and of the limit that was set here.
pub fn plan_finding(
    left: Option<i64>,
    spent: u64,
    quota: Option<u64>,
    spent_code: u8,
) -> CheckupFinding {
    let limited = quota.map(|quota| quota.saturating_sub(spent));
    let shown = left.map_or_else(|| "?".to_owned(), |left| left.to_string());
    let finding = if left.is_some_and(|left| left <= 0) {
        Examined("proveedor").bad(text!(
            "el proveedor responde, pero se acabaron las consultas de su plan: renuévelo o amplíelo con APIMIGO",
            "the upstream answers, but the calls of your plan are used up: renew or enlarge it with APIMIGO"
        ))
        .ending(spent_code)
    } else if limited == Some(0) {
        Examined("proveedor").bad(text!(
            "el proveedor responde (consultas que quedan: {shown}), pero se llegó al límite del mes que pone migo.quota (llamadas hechas: {spent}): súbalo con chaski config set migo.quota N",
            "the upstream answers (calls left: {shown}), but the limit of the month that migo.quota sets is reached (calls made: {spent}): raise it with chaski config set migo.quota N"
        ))
        .ending(spent_code)
    } else {
        Examined("proveedor").good(text!(
            "el proveedor responde; consultas que quedan: {shown}",
            "the upstream answers; calls left: {shown}"
        ))
    };
    let finding = finding
        .with("consultas", left)
        .with("llamadas_del_mes", spent);
    match quota {
        Some(quota) => finding.with("cuota", quota),
        None => finding,
    }
}
