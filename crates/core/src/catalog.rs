//! SUNAT's closed word lists of the registry: *estado del contribuyente* and *condición de
//! domicilio*, recognised in every spelling that sources print.
//!
//! The same value arrives whole, cut at 20 characters (the registry file), with or without accents
//! and dots, or followed by a second line (the web page). What is not in the list is kept as it
//! came, never replaced by a default: a silent default would turn a rare estado into ACTIVO.

use std::fmt;

use crate::text::{clean, fold, present};

/// Where the registry file cuts these values, in characters.
const CUT: usize = 20;

/// Defines one list: variants, their code, their full text, and the way to read them.
macro_rules! catalog {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $($(#[$doc:meta])* $variant:ident = ($code:expr, $text:literal),)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A text that is not in the list, blanks collapsed and otherwise as it came.
            Otro(String),
        }

        impl $name {
            /// Every value of the list, in the order of SUNAT's codes.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// Reads a value. `None` when the text says nothing: empty, blanks, `-`, `----`.
            ///
            /// Only the first line counts. Accents, punctuation, blanks and case do not; a value
            /// cut at 20 characters or later is recognised, a shorter fragment is not.
            pub fn parse(text: &str) -> Option<$name> {
                let line = first_line(text)?;
                let found = position(&line, $name::ALL.iter().map($name::as_str));
                Some(found.map_or($name::Otro(line), |index| $name::ALL[index].clone()))
            }

            /// The value that a two-digit SUNAT code stands for.
            pub fn from_code(code: &str) -> Option<$name> {
                $name::ALL.iter().find(|value| value.code() == Some(code)).cloned()
            }

            /// SUNAT's two-digit code. `None` where SUNAT publishes none, and for `Otro`.
            pub fn code(&self) -> Option<&'static str> {
                match self {
                    $($name::$variant => $code,)+
                    $name::Otro(_) => None,
                }
            }

            /// The full text, upper-case as SUNAT prints it; for `Otro`, the text as it came.
            pub fn as_str(&self) -> &str {
                match self {
                    $($name::$variant => $text,)+
                    $name::Otro(text) => text,
                }
            }
        }

        impl $name {
            /// The same as the registry file has it and services pass it on: cut at 20 characters.
            pub fn as_cut(&self) -> &str {
                match self {
                    $name::Otro(text) => text,
                    known => cut(known.as_str()),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

catalog! {
    /// *Estado del contribuyente*: whether the taxpayer is registered and active.
    ///
    /// Codes are those of SUNAT's registry and of its validation rules 2010 and 4013, which ask
    /// for 00.
    ///
    /// ```
    /// use chaski_core::Estado;
    /// assert_eq!(Estado::parse("BAJA PROV. POR OFICI"), Some(Estado::BajaProvisionalPorOficio));
    /// assert_eq!(Estado::parse("Activo\n").as_ref().and_then(Estado::code), Some("00"));
    /// assert_eq!(Estado::parse("-"), None);
    /// assert_eq!(Estado::parse("EN TRÁMITE"), Some(Estado::Otro("EN TRÁMITE".into())));
    /// assert_eq!(Estado::from_code("10"), Some(Estado::BajaDefinitiva));
    /// assert_eq!(Estado::BajaProvisionalPorOficio.as_cut(), "BAJA PROV. POR OFICI");
    /// assert_eq!(Estado::ALL.len(), 15);
    /// ```
    pub enum Estado {
        /// 00: registered and active.
        Activo = (Some("00"), "ACTIVO"),
        /// 01: provisionally struck off.
        BajaProvisional = (Some("01"), "BAJA PROVISIONAL"),
        /// 02: provisionally struck off by SUNAT.
        BajaProvisionalPorOficio = (Some("02"), "BAJA PROV. POR OFICIO"),
        /// 03: activities suspended for a time.
        SuspensionTemporal = (Some("03"), "SUSPENSION TEMPORAL"),
        /// 04: provisionally annulled for an unlawful act.
        AnulacionProvisionalActoIlicito = (Some("04"), "ANUL.PROVI.-ACTO ILICITO"),
        /// 10: struck off for good.
        BajaDefinitiva = (Some("10"), "BAJA DEFINITIVA"),
        /// 11: struck off by SUNAT.
        BajaDeOficio = (Some("11"), "BAJA DE OFICIO"),
        /// 12: struck off for being registered more than once, and other reasons.
        BajaMultipleInscripcion = (Some("12"), "BAJA MULT.INSCR. Y OTROS"),
        /// 20: a number for SUNAT's internal use.
        NumeroInterno = (Some("20"), "NUM. INTERNO IDENTIF."),
        /// 21: obliged for another reason.
        OtrosObligados = (Some("21"), "OTROS OBLIGADOS"),
        /// 22: disabled, *ventanilla única*.
        InhabilitadoVentanillaUnica = (Some("22"), "INHABILITADO-VENT.UNICA"),
        /// 30: annulled, an error of SUNAT.
        AnulacionErrorSunat = (Some("30"), "ANULACION - ERROR SUNAT"),
        /// 31: annulled for an unlawful act.
        AnulacionActoIlicito = (Some("31"), "ANULACION - ACTO ILICITO"),
        /// Registered, activities not begun; no published code.
        PendienteDeInicio = (None, "PENDIENTE DE INI. DE ACTIVIDADES"),
        /// Registered by SUNAT itself; no published code.
        InscripcionDeOficio = (None, "INSCRIPCION DE OFICIO"),
    }
}

catalog! {
    /// *Condición de domicilio*: whether the taxpayer can be found at the declared address.
    ///
    /// Codes are those of SUNAT's registry and of its validation rules 2011 and 4014, which only
    /// object to 12.
    ///
    /// ```
    /// use chaski_core::Condicion;
    /// assert_eq!(Condicion::parse("NO HALLADO SE MUDO D"), Some(Condicion::NoHalladoSeMudo));
    /// assert_eq!(Condicion::parse("no habido"), Some(Condicion::NoHabido));
    /// assert_eq!(Condicion::parse(" - "), None);
    /// assert_eq!(Condicion::from_code("00"), Some(Condicion::Habido));
    /// assert_eq!(Condicion::NoHallado.to_string(), "NO HALLADO");
    /// ```
    pub enum Condicion {
        /// 00: found at the address.
        Habido = (Some("00"), "HABIDO"),
        /// 01: not found, moved away.
        NoHalladoSeMudo = (Some("01"), "NO HALLADO SE MUDO DE DOMICILIO"),
        /// 02: not found, deceased.
        NoHalladoFallecio = (Some("02"), "NO HALLADO FALLECIO"),
        /// 03: not found, the address does not exist.
        NoHalladoNoExisteDomicilio = (Some("03"), "NO HALLADO NO EXISTE DOMICILIO"),
        /// 04: not found, closed.
        NoHalladoCerrado = (Some("04"), "NO HALLADO CERRADO"),
        /// 05: not found, no such street number.
        NoHalladoNumeroNoExiste = (Some("05"), "NO HALLADO NRO.PUERTA NO EXISTE"),
        /// 06: not found, addressee unknown.
        NoHalladoDestinatarioDesconocido = (Some("06"), "NO HALLADO DESTINATARIO DESCONOCIDO"),
        /// 07: not found, refused.
        NoHalladoRechazado = (Some("07"), "NO HALLADO RECHAZADO"),
        /// 08: not found, other reasons.
        NoHalladoOtrosMotivos = (Some("08"), "NO HALLADO OTROS MOTIVOS"),
        /// 09: pending.
        Pendiente = (Some("09"), "PENDIENTE"),
        /// 10: does not apply.
        NoAplicable = (Some("10"), "NO APLICABLE"),
        /// 11: to be verified.
        PorVerificar = (Some("11"), "POR VERIFICAR"),
        /// 12: not to be found, declared so by SUNAT; the one condición its rules object to.
        NoHabido = (Some("12"), "NO HABIDO"),
        /// 20: not found.
        NoHallado = (Some("20"), "NO HALLADO"),
        /// 21: the declared address does not exist.
        NoExisteDireccion = (Some("21"), "NO EXISTE LA DIRECCION DECLARADA"),
        /// 22: address closed.
        DomicilioCerrado = (Some("22"), "DOMICILIO CERRADO"),
        /// 23: a capable person refused to receive.
        NegativaRecepcion = (Some("23"), "NEGATIVA RECEPCION X PERSONA CAPAZ"),
        /// 24: no capable person present.
        AusenciaPersonaCapaz = (Some("24"), "AUSENCIA DE PERSONA CAPAZ"),
        /// 25: does not apply, reversal under way.
        NoAplicablePorReversion = (Some("25"), "NO APLICABLE X TRAMITE DE REVERSION"),
        /// 40: returned.
        Devuelto = (Some("40"), "DEVUELTO"),
    }
}

impl Estado {
    /// Whether it is ACTIVO, the only estado that SUNAT accepts without remark.
    ///
    /// ```
    /// assert!(!chaski_core::Estado::BajaDeOficio.is_activo());
    /// ```
    pub fn is_activo(&self) -> bool {
        *self == Estado::Activo
    }
}

impl Condicion {
    /// Whether it is HABIDO.
    ///
    /// ```
    /// assert!(!chaski_core::Condicion::Pendiente.is_habido());
    /// ```
    pub fn is_habido(&self) -> bool {
        *self == Condicion::Habido
    }

    /// Whether it is NO HABIDO, which is not merely "other than HABIDO".
    ///
    /// ```
    /// assert!(!chaski_core::Condicion::NoHallado.is_no_habido());
    /// ```
    pub fn is_no_habido(&self) -> bool {
        *self == Condicion::NoHabido
    }
}

/// The texts of the lists are ASCII, so that a character is a byte.
fn cut(text: &str) -> &str {
    text.get(..CUT).unwrap_or(text).trim_end()
}

/// The first line that says something, cleaned: the web page adds the date of the baja below.
fn first_line(text: &str) -> Option<String> {
    let line = text.trim_start().split(['\n', '\r']).next()?;
    present(Some(line))
}

/// Which of the texts a source meant: the very text (nearly always, so it is tried first and
/// allocates nothing), the same text after folding, or a cut of it no shorter than the registry's.
/// The cut is made before folding: dots and blanks count as characters there.
fn position<'a>(line: &str, mut texts: impl Iterator<Item = &'a str> + Clone) -> Option<usize> {
    if let Some(index) = texts.clone().position(|text| text == line) {
        return Some(index);
    }
    let found = letters(line);
    if let Some(index) = texts.clone().position(|text| letters(text) == found) {
        return Some(index);
    }
    texts.position(|text| {
        let cut: String = text.chars().take(CUT).collect();
        found.len() >= letters(&cut).len() && letters(text).starts_with(&found)
    })
}

/// Folded and without blanks, so that `VENT.UNICA`, `VENT. ÚNICA` and `vent unica` are one.
fn letters(text: &str) -> String {
    fold(&clean(text)).replace(' ', "")
}
