//! What the states of documents mean, in words.

use chaski_core::Lang;

/// What a state means, and what to do.
pub(super) fn meaning(estado: &str, lang: Lang) -> &'static str {
    match estado {
        "ACEPTADO" => lang.pick("SUNAT lo aceptó", "SUNAT took it"),
        "OBSERVADO" => lang.pick(
            "SUNAT lo aceptó con observaciones: vale, pero corríjalas en adelante",
            "SUNAT took it with remarks: it stands, but mend them from now on",
        ),
        "RECHAZADO" => lang.pick(
            "SUNAT lo rechazó: su número quedó gastado; corrija y emita otro",
            "SUNAT refused it: its number is used up; correct it and issue another",
        ),
        "PENDIENTE_SUNAT" => lang.pick(
            "está emitido y SUNAT aún no responde; una boleta se informa al día siguiente: no lo emita otra vez",
            "it is issued and SUNAT has not answered yet; a boleta is reported the next day: do not issue it again",
        ),
        "ANULADO" => lang.pick("está anulado", "it is voided"),
        "ANULACION_PENDIENTE" => lang.pick(
            "la anulación está en trámite en SUNAT; consúltela en unos minutos",
            "SUNAT is working on the void; ask about it in some minutes",
        ),
        "DEVUELTO" => lang.pick(
            "Nubefact no lo aceptó y no existe: corríjalo y emítalo de nuevo",
            "Nubefact did not take it and it does not exist: correct it and issue it again",
        ),
        "EN_ESPERA" | "EN_COLA" => lang.pick(
            "no se envió todavía: repita la emisión",
            "it was not sent yet: repeat the issue",
        ),
        "CONFLICTO" => lang.pick(
            "ese número es de otro documento que no se emitió desde aquí",
            "that number is another document's that was not issued from here",
        ),
        _ => "",
    }
}
