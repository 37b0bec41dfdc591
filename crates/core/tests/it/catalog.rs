//! Estado and condición: every value, whole and cut, accented and dotted, unknown and absent.

use chaski_core::{Condicion, Estado};
use proptest::prelude::*;

#[track_caller]
fn estado(text: &str, expected: Estado) {
    assert_eq!(Estado::parse(text), Some(expected), "{text:?}");
}

#[track_caller]
fn condicion(text: &str, expected: Condicion) {
    assert_eq!(Condicion::parse(text), Some(expected), "{text:?}");
}

#[test]
fn every_estado_with_its_code_and_full_text() {
    #[track_caller]
    fn check(code: Option<&str>, text: &str, expected: Estado) {
        estado(text, expected.clone());
        assert_eq!((expected.code(), expected.as_str()), (code, text));
        assert_eq!(expected.to_string(), text);
        if let Some(code) = code {
            assert_eq!(Estado::from_code(code), Some(expected));
        }
    }
    check(Some("00"), "ACTIVO", Estado::Activo);
    check(Some("01"), "BAJA PROVISIONAL", Estado::BajaProvisional);
    check(
        Some("02"),
        "BAJA PROV. POR OFICIO",
        Estado::BajaProvisionalPorOficio,
    );
    check(
        Some("03"),
        "SUSPENSION TEMPORAL",
        Estado::SuspensionTemporal,
    );
    check(
        Some("04"),
        "ANUL.PROVI.-ACTO ILICITO",
        Estado::AnulacionProvisionalActoIlicito,
    );
    check(Some("10"), "BAJA DEFINITIVA", Estado::BajaDefinitiva);
    check(Some("11"), "BAJA DE OFICIO", Estado::BajaDeOficio);
    check(
        Some("12"),
        "BAJA MULT.INSCR. Y OTROS",
        Estado::BajaMultipleInscripcion,
    );
    check(Some("20"), "NUM. INTERNO IDENTIF.", Estado::NumeroInterno);
    check(Some("21"), "OTROS OBLIGADOS", Estado::OtrosObligados);
    check(
        Some("22"),
        "INHABILITADO-VENT.UNICA",
        Estado::InhabilitadoVentanillaUnica,
    );
    check(
        Some("30"),
        "ANULACION - ERROR SUNAT",
        Estado::AnulacionErrorSunat,
    );
    check(
        Some("31"),
        "ANULACION - ACTO ILICITO",
        Estado::AnulacionActoIlicito,
    );
    check(
        None,
        "PENDIENTE DE INI. DE ACTIVIDADES",
        Estado::PendienteDeInicio,
    );
    check(None, "INSCRIPCION DE OFICIO", Estado::InscripcionDeOficio);
    assert_eq!(Estado::ALL.len(), 15);
}

#[test]
fn every_condicion_with_its_code_and_full_text() {
    #[track_caller]
    fn check(code: &str, text: &str, expected: Condicion) {
        condicion(text, expected.clone());
        assert_eq!((expected.code(), expected.as_str()), (Some(code), text));
        assert_eq!(Condicion::from_code(code), Some(expected));
    }
    check("00", "HABIDO", Condicion::Habido);
    check(
        "01",
        "NO HALLADO SE MUDO DE DOMICILIO",
        Condicion::NoHalladoSeMudo,
    );
    check("02", "NO HALLADO FALLECIO", Condicion::NoHalladoFallecio);
    check(
        "03",
        "NO HALLADO NO EXISTE DOMICILIO",
        Condicion::NoHalladoNoExisteDomicilio,
    );
    check("04", "NO HALLADO CERRADO", Condicion::NoHalladoCerrado);
    check(
        "05",
        "NO HALLADO NRO.PUERTA NO EXISTE",
        Condicion::NoHalladoNumeroNoExiste,
    );
    check(
        "06",
        "NO HALLADO DESTINATARIO DESCONOCIDO",
        Condicion::NoHalladoDestinatarioDesconocido,
    );
    check("07", "NO HALLADO RECHAZADO", Condicion::NoHalladoRechazado);
    check(
        "08",
        "NO HALLADO OTROS MOTIVOS",
        Condicion::NoHalladoOtrosMotivos,
    );
    check("09", "PENDIENTE", Condicion::Pendiente);
    check("10", "NO APLICABLE", Condicion::NoAplicable);
    check("11", "POR VERIFICAR", Condicion::PorVerificar);
    check("12", "NO HABIDO", Condicion::NoHabido);
    check("20", "NO HALLADO", Condicion::NoHallado);
    check(
        "21",
        "NO EXISTE LA DIRECCION DECLARADA",
        Condicion::NoExisteDireccion,
    );
    check("22", "DOMICILIO CERRADO", Condicion::DomicilioCerrado);
    check(
        "23",
        "NEGATIVA RECEPCION X PERSONA CAPAZ",
        Condicion::NegativaRecepcion,
    );
    check(
        "24",
        "AUSENCIA DE PERSONA CAPAZ",
        Condicion::AusenciaPersonaCapaz,
    );
    check(
        "25",
        "NO APLICABLE X TRAMITE DE REVERSION",
        Condicion::NoAplicablePorReversion,
    );
    check("40", "DEVUELTO", Condicion::Devuelto);
    assert_eq!(Condicion::ALL.len(), 20);
}

#[test]
fn estados_as_the_registry_file_cuts_them() {
    estado("BAJA PROV. POR OFICI", Estado::BajaProvisionalPorOficio);
    estado(
        "ANUL.PROVI.-ACTO ILI",
        Estado::AnulacionProvisionalActoIlicito,
    );
    estado("BAJA MULT.INSCR. Y O", Estado::BajaMultipleInscripcion);
    estado("NUM. INTERNO IDENTIF", Estado::NumeroInterno);
    estado("INHABILITADO-VENT.UN", Estado::InhabilitadoVentanillaUnica);
    estado("ANULACION - ERROR SU", Estado::AnulacionErrorSunat);
    estado("ANULACION - ACTO ILI", Estado::AnulacionActoIlicito);
    estado("PENDIENTE DE INI. DE", Estado::PendienteDeInicio);
    estado("INSCRIPCION DE OFICI", Estado::InscripcionDeOficio);
}

#[test]
fn condiciones_as_the_registry_file_cuts_them() {
    condicion("NO HALLADO SE MUDO D", Condicion::NoHalladoSeMudo);
    condicion(
        "NO HALLADO NO EXISTE",
        Condicion::NoHalladoNoExisteDomicilio,
    );
    condicion("NO HALLADO NRO.PUERT", Condicion::NoHalladoNumeroNoExiste);
    condicion(
        "NO HALLADO DESTINATA",
        Condicion::NoHalladoDestinatarioDesconocido,
    );
    condicion("NO HALLADO OTROS MOT", Condicion::NoHalladoOtrosMotivos);
    condicion("NO EXISTE LA DIRECCI", Condicion::NoExisteDireccion);
    condicion("NEGATIVA RECEPCION X", Condicion::NegativaRecepcion);
    condicion("AUSENCIA DE PERSONA ", Condicion::AusenciaPersonaCapaz);
    condicion("NO APLICABLE X TRAMI", Condicion::NoAplicablePorReversion);
}

/// Whatever the cut from 20 characters up, and however it is dressed, it is the same value.
#[test]
fn every_cut_from_twenty_characters_of_every_value() {
    let dressed = |cut: &str| {
        [
            cut.to_owned(),
            format!(" {} ", cut.to_lowercase()),
            format!("{cut}."),
        ]
    };
    for value in Estado::ALL {
        for length in 20..=40 {
            let cut: String = value.as_str().chars().take(length).collect();
            for text in dressed(&cut) {
                estado(&text, value.clone());
            }
        }
    }
    for value in Condicion::ALL {
        for length in 20..=40 {
            let cut: String = value.as_str().chars().take(length).collect();
            for text in dressed(&cut) {
                condicion(&text, value.clone());
            }
        }
    }
}

#[test]
fn accents_dots_blanks_case_and_further_lines() {
    estado("Activo", Estado::Activo);
    estado("  ACTIVO  ", Estado::Activo);
    estado("\u{feff}ACTIVO\u{a0}", Estado::Activo);
    estado("Suspensión Temporal", Estado::SuspensionTemporal);
    estado("SUSPENSIO\u{301}N TEMPORAL", Estado::SuspensionTemporal);
    estado("Anulación - Error Su", Estado::AnulacionErrorSunat);
    estado("ANULACION ERROR SUNAT", Estado::AnulacionErrorSunat);
    estado("BAJA PROV POR OFICIO", Estado::BajaProvisionalPorOficio);
    estado("BAJA PROV.POR OFICI", Estado::BajaProvisionalPorOficio);
    estado(
        "INHABILITADO - VENT. ÚNICA",
        Estado::InhabilitadoVentanillaUnica,
    );
    estado("NUM INTERNO IDENTIF", Estado::NumeroInterno);
    estado(
        "BAJA DE OFICIO\n(Fecha de Baja: 31/01/2020)",
        Estado::BajaDeOficio,
    );
    estado("BAJA DE OFICIO\r\n  Fecha de Baja", Estado::BajaDeOficio);
    estado("\r\n   BAJA DEFINITIVA   \rFecha", Estado::BajaDefinitiva);
    condicion("Habido", Condicion::Habido);
    condicion("no habido.", Condicion::NoHabido);
    condicion("NO  HABIDO", Condicion::NoHabido);
    condicion(
        "NO HALLADO SE MUDÓ DE DOMICILIO",
        Condicion::NoHalladoSeMudo,
    );
    condicion("NO HALLADO FALLECIÓ", Condicion::NoHalladoFallecio);
    condicion(
        "NO HALLADO NRO. PUERTA NO EXISTE",
        Condicion::NoHalladoNumeroNoExiste,
    );
}

#[test]
fn absent() {
    for text in ["", " ", "-", "----", " - - ", "\n", "\t-\r\n"] {
        assert_eq!(
            (Estado::parse(text), Condicion::parse(text)),
            (None, None),
            "{text:?}"
        );
    }
}

#[test]
fn unknown_texts_are_kept_and_are_nothing_known() {
    #[track_caller]
    fn check(text: &str, kept: &str) {
        let estado = Estado::parse(text).expect("says something");
        assert_eq!(estado, Estado::Otro(kept.into()));
        assert_eq!(
            (estado.as_str(), estado.code(), estado.is_activo()),
            (kept, None, false)
        );
        let condicion = Condicion::parse(text).expect("says something");
        assert_eq!(condicion, Condicion::Otro(kept.into()));
        assert_eq!((condicion.as_str(), condicion.code()), (kept, None));
        assert!(!condicion.is_habido() && !condicion.is_no_habido());
    }
    check("EN TRÁMITE", "EN TRÁMITE");
    check("  algo   raro ", "algo raro");
    check("INACTIVO", "INACTIVO");
    check("NO ACTIVO", "NO ACTIVO");
    check("ACTIVO SUSPENDIDO", "ACTIVO SUSPENDIDO");
    check("ACTIV", "ACTIV");
    check("BAJA PROV", "BAJA PROV");
    check("HABIDO NO", "HABIDO NO");
    check("NO HABIDOS", "NO HABIDOS");
    check("HABID", "HABID");
    check("NO HALLADO SE", "NO HALLADO SE");
    check("00", "00");
}

#[test]
fn a_list_does_not_take_the_words_of_the_other() {
    assert_eq!(Estado::parse("HABIDO"), Some(Estado::Otro("HABIDO".into())));
    assert_eq!(
        Condicion::parse("ACTIVO"),
        Some(Condicion::Otro("ACTIVO".into()))
    );
    estado("PENDIENTE DE INI. DE", Estado::PendienteDeInicio);
    condicion("PENDIENTE", Condicion::Pendiente);
    assert_eq!(
        Estado::parse("PENDIENTE"),
        Some(Estado::Otro("PENDIENTE".into()))
    );
}

#[test]
fn only_one_value_is_activo_habido_or_no_habido() {
    let activos: Vec<_> = Estado::ALL
        .iter()
        .filter(|value| value.is_activo())
        .collect();
    assert_eq!(activos, [&Estado::Activo]);
    let habidos: Vec<_> = Condicion::ALL
        .iter()
        .filter(|value| value.is_habido())
        .collect();
    assert_eq!(habidos, [&Condicion::Habido]);
    let no_habidos: Vec<_> = Condicion::ALL
        .iter()
        .filter(|value| value.is_no_habido())
        .collect();
    assert_eq!(no_habidos, [&Condicion::NoHabido]);
}

#[test]
fn codes_that_do_not_exist() {
    for code in ["", "0", "000", "99", "-", "AA"] {
        assert_eq!(
            (Estado::from_code(code), Condicion::from_code(code)),
            (None, None),
            "{code:?}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_absent_or_round_trips(text in "\\PC*|[-A-Z. \r\n]{0,24}") {
        if let Some(value) = Estado::parse(&text) {
            prop_assert_eq!(Estado::parse(value.as_str()), Some(value));
        }
        if let Some(value) = Condicion::parse(&text) {
            prop_assert_eq!(Condicion::parse(value.as_str()), Some(value));
        }
    }
}
