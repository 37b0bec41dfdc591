//! Short words for what the stories do.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::JournalPlace;
use crate::dialects::nubefact::{NubefactDocument, NubefactKind, NubefactReply};
use crate::journal::{
    AttemptOutcome, Intended, Intent, Journal, JournalAttempt, JournalEntry, SeriesName,
    StoredReply,
};

pub(super) const ISSUER: &str = "20600695771";

/// An open journal, and short words for what is done with it.
pub(super) struct OpenJournal {
    pub(super) journal: Arc<dyn Journal>,
}

impl OpenJournal {
    pub(super) async fn open(place: &dyn JournalPlace) -> OpenJournal {
        OpenJournal {
            journal: place.open().await,
        }
    }

    pub(super) async fn opened(place: &dyn JournalPlace, last: u32) -> OpenJournal {
        let it = OpenJournal::open(place).await;
        it.journal.open_series(&series(), last).await.unwrap();
        it
    }

    pub(super) async fn again(self, place: &dyn JournalPlace) -> OpenJournal {
        drop(self.journal);
        OpenJournal::open(place).await
    }

    pub(super) async fn intend(&self, intent: &Intent) -> Intended {
        self.journal.intend(intent).await.unwrap()
    }

    pub(super) async fn granted(&self, key: &str) -> JournalAttempt {
        match self.intend(&wish(key, None)).await {
            Intended::Attempt(attempt) => attempt,
            other => panic!("{key}: {other:?}"),
        }
    }

    pub(super) async fn conclude(
        &self,
        attempt: &JournalAttempt,
        outcome: AttemptOutcome,
    ) -> JournalEntry {
        let concluded = self.journal.conclude(attempt.id, &outcome, at(60));
        concluded.await.unwrap()
    }
}

pub(super) fn series() -> SeriesName {
    SeriesName::new(ISSUER, NubefactKind::Factura, "FFF1")
}

/// Seconds after the first day of these stories.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_790_000_000 + seconds)
}

pub(super) fn document(content: &str, numero: Option<u32>) -> NubefactDocument {
    let numero = numero.map(|it| format!(r#","numero":{it}"#));
    let json = format!(
        r#"{{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1"{},"x":{content:?}}}"#,
        numero.unwrap_or_default()
    );
    NubefactDocument::from_json(json.as_bytes()).unwrap()
}

pub(super) fn wish(key: &str, numero: Option<u32>) -> Intent {
    Intent::to_issue(ISSUER, key, &document(key, numero), at(0))
}

pub(super) fn reply(json: &str) -> StoredReply {
    StoredReply::of(&NubefactReply::from_json(json.as_bytes()).unwrap())
}

pub(super) fn accepted() -> AttemptOutcome {
    AttemptOutcome::Accepted {
        recovered: false,
        reply: reply(r#"{"aceptada_por_sunat":true}"#),
    }
}

pub(super) fn refused_21() -> AttemptOutcome {
    AttemptOutcome::Refused {
        codigo: Some(21),
        text: "no".to_owned(),
    }
}

pub(super) fn unknown() -> AttemptOutcome {
    AttemptOutcome::Unknown {
        why: "tiempo_agotado".into(),
    }
}

pub(super) fn conflict() -> AttemptOutcome {
    AttemptOutcome::Conflict {
        different: vec!["total".into()],
    }
}
