//! A void or a reversal in Nubefact's JSON, made once. Whether it may be, Nubefact says.

use chaski_client::{DocumentState, NubefactId, NubefactReply, StoredReply};
use chaski_core::text;

use super::issue::answer_of;
use super::wait::is_barred;
use super::{RelayRefusal, RelayWish, Relayed};
use crate::app::AppError;
use crate::app::invoices::{InvoiceRoom, full_name};
use crate::app::issuing::VoidOptions;
use crate::store::{DocumentRow, DocumentSheet};

/// Longest reason.
const MOST_MOTIVO: usize = 100;
/// What Nubefact says where SUNAT has heard of a void before.
const VOIDED_BEFORE: &str = "Existe documento ya informado anteriormente en una comunicación de baja | \
     Error al PreValidar INFO : 2323 (nodo: / valor: )";

impl InvoiceRoom<'_> {
    pub(super) async fn relay_void(
        &self,
        id: &NubefactId,
        request: &NubefactReply,
        wish: &RelayWish,
    ) -> Result<Relayed, AppError> {
        // 1. What is wanted.
        let options = VoidOptions {
            motivo: request.text("motivo").unwrap_or_default(),
            codigo_unico: request.text("codigo_unico"),
            unaccepted: true,
            key_id: wish.key_id,
        };
        let length = options.motivo.chars().count();
        if length > MOST_MOTIVO {
            return Ok(RelayRefusal::reason_same(
                "Motivo es demasiado largo (100 caracteres máximo)",
            )
            .into());
        }
        if length == 0 && id.kind.number().is_some() {
            return Ok(RelayRefusal::reason_same("Motivo no puede estar en blanco").into());
        }
        // 2. Ours, now or since before; what came to nothing is wanted again.
        let void = self.accept_void_with(id, &options).await?.document;
        let again = matches!(
            void.state,
            DocumentState::Queued | DocumentState::Returned | DocumentState::Released
        );
        if again {
            let sheet = DocumentSheet {
                motivo: Some(options.motivo),
                codigo_unico: options.codigo_unico,
                sin_aceptar: true,
                ..void.sheet.clone()
            };
            let now = self.app.clock.now();
            self.app.store.want_again(void.id, Some(sheet), now).await?;
            self.app.documents_moved();
        }
        // 3. What came of it.
        let void = self.known_by(void.id, wish.until).await?;
        self.told_of_void(&void).await
    }

    async fn told_of_void(&self, void: &DocumentRow) -> Result<Relayed, AppError> {
        let reply = void.reply.as_ref().map(StoredReply::reply);
        let refusal = match (void.state, void.code.as_deref()) {
            (DocumentState::Voided | DocumentState::VoidPending | DocumentState::Rejected, _) => {
                match reply.filter(|it| !it.fields().is_empty()) {
                    Some(reply) => return Ok(Relayed::Told(answer_of(&reply))),
                    None => RelayRefusal::reason_same(VOIDED_BEFORE),
                }
            }
            (DocumentState::Returned, Some("comprobante_no_existe" | "anulacion_en_sol")) => {
                RelayRefusal::of(24)
            }
            (DocumentState::Returned, Some("anulacion_sin_objeto")) => RelayRefusal::reason_same(
                "El documento fue rechazado por la SUNAT, no se puede anular",
            ),
            (DocumentState::Returned, Some("anulacion_fuera_de_plazo")) => {
                let issued = void.issued_on.map(|it| it.to_string()).unwrap_or_default();
                RelayRefusal::reason_same(&format!(
                    "Error al PreValidar INFO : 2957 (nodo: fecha_de_emision / valor: {issued})"
                ))
            }
            (DocumentState::Returned, _) => match (self.refused_with(void).await?, reply) {
                (Some(refusal), _) => RelayRefusal::passed_on(&refusal),
                (None, Some(reply)) => return Ok(Relayed::Told(answer_of(&reply))),
                (None, None) => RelayRefusal::of(21),
            },
            (DocumentState::Held, _) => match self.refused_with(void).await? {
                Some(said) if is_barred(void) && self.give_up(void).await? => {
                    RelayRefusal::passed_on(&said)
                }
                _ => void_not_known_yet(void),
            },
            _ => void_not_known_yet(void),
        };
        Ok(refusal.into())
    }
}

/// 40, with what is voided and how to ask about it.
pub(super) fn void_not_known_yet(void: &DocumentRow) -> RelayRefusal {
    let series = &void.series;
    let id = NubefactId {
        kind: series.kind,
        serie: series.serie.clone(),
        numero: void.numero.unwrap_or_default(),
    };
    let name = full_name(&id);
    let asking = series.kind.asking_voided();
    let asking = asking.map_or("consultar_anulacion", |it| it.as_str());
    RelayRefusal::unknown(text!(
        "la anulación de {name} está recibida y todavía no se sabe si quedó hecha; pregunte con {asking}, o pídala otra vez: no se hace dos veces",
        "the void of {name} was taken on and it is not known yet whether it was made; ask with {asking}, or ask for it again: it is not made twice"
    ))
}
