//! The words of a refusal: the one closed table of what counts as "there is none".
//!
//! A refusal is a "no" only if it is made of these words and nothing else, names what was asked for
//! or the registry, and says that it is not there. Whatever else is said is a failure, whatever its
//! status: an upstream that speaks of a service, an account, a table or a host does not speak of the
//! number, even if it "no existe". One word that is not here makes a failure, so that a new way to
//! say "out of order" can never become a statement about a taxpayer; a new way to say "no" costs a
//! row that has no answer until it is added here.
//!
//! Sources, all of which the tests read: the 404 of version 2 ("RUC not found", and its schema of
//! `success` and `message`); the Spanish of the same in version 1; what public clients quote for
//! dates without a rate and for companies outside a list; one whole phrase of another provider.

use chaski_core::fold;
use jiff::civil::Date;

/// What a question is about: whose absence its answer may state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Ruc,
    Dni,
    Representatives,
    List,
    Rate,
    Document,
    /// The account always exists: nothing that is said of it is a "no".
    Account,
}

/// A question as words may repeat it.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskedAbout<'q> {
    pub(super) about: About,
    /// The number, or the dates.
    pub(super) subject: &'q str,
}

impl AskedAbout<'_> {
    pub(super) fn of(about: About, subject: &str) -> AskedAbout<'_> {
        AskedAbout { about, subject }
    }

    /// Whether a question about rates may be answered about a day: one that names none may.
    pub(super) fn is_about_day(self, day: Date) -> bool {
        self.subject.is_empty() || self.subject.contains(&day.to_string())
    }
}

// In all lists a word stands as `fold` writes it, and `@` for O, A, OS or AS at its end.

/// That something is not there.
#[rustfmt::skip]
const ABSENT: &[&str] = &[
    "NO ENCONTRAD@", "NO SE ENCONTRO", "NO SE ENCONTRARON", "NO SE HA ENCONTRADO",
    "NO SE HAN ENCONTRADO", "NO HA SIDO ENCONTRAD@", "NO FUE ENCONTRAD@", "NO SE ENCUENTRA",
    "NO SE ENCUENTRAN", "NO SE ENCUENTRA REGISTRAD@", "NO SE ENCUENTRA INSCRIT@",
    "NO ESTA REGISTRAD@", "NO ESTA INSCRIT@", "NO REGISTRAD@", "NO INSCRIT@", "NO EXISTE",
    "NO EXISTEN", "INEXISTENTE", "NO SE HALLO", "NO SE HALLARON", "NO HALLAD@", "NO FIGURA",
    "NO FIGURA REGISTRAD@", "NO FIGURA INSCRIT@", "NO HAY DATOS", "NO HAY INFORMACION",
    "NO HAY RESULTADOS", "NO HAY REGISTROS", "SIN DATOS", "SIN INFORMACION", "SIN RESULTADOS",
    "SIN REGISTROS", "NO TIENE DATOS", "NO TIENE REGISTROS", "NO TIENE INFORMACION",
    "NOT FOUND", "IS NOT FOUND", "WAS NOT FOUND", "COULD NOT BE FOUND", "DOES NOT EXIST",
    "DOESN T EXIST", "IS NOT REGISTERED", "NOT REGISTERED", "NO DATA FOUND", "NO RECORD FOUND",
    "NO RECORDS FOUND", "NO RESULTS FOUND",
];

/// What is not there, by what was asked for.
#[rustfmt::skip]
const NAMES: &[(&[About], &[&str])] = &[
    (&[About::Ruc, About::Representatives, About::List], &[
        "RUC", "NUMERO DE RUC", "NUMERO RUC", "NRO DE RUC", "NRO RUC", "N DE RUC", "N RUC",
        "RUC NUMBER", "NUMERO", "CONTRIBUYENTE", "TAXPAYER",
    ]),
    (&[About::Dni], &[
        "DNI", "NUMERO DE DNI", "NUMERO DNI", "NRO DE DNI", "NRO DNI", "N DE DNI", "N DNI",
        "DNI NUMBER", "NUMERO", "NUMERO DE DOCUMENTO", "DOCUMENTO DE IDENTIDAD", "PERSONA",
    ]),
    (&[About::Representatives], &[
        "REPRESENTANTE", "REPRESENTANTES", "REPRESENTANTE LEGAL", "REPRESENTANTES LEGALES",
        "LEGAL REPRESENTATIVE", "LEGAL REPRESENTATIVES",
    ]),
    (&[About::List], &[
        "AGENTE DE RETENCION", "AGENTES DE RETENCION", "BUEN CONTRIBUYENTE",
        "BUENOS CONTRIBUYENTES",
    ]),
    (&[About::Rate], &["TIPO DE CAMBIO", "TIPOS DE CAMBIO", "EXCHANGE RATE", "FECHA"]),
    (&[About::Document], &["COMPROBANTE", "COMPROBANTE DE PAGO", "COMPROBANTE ELECTRONICO"]),
];

/// The registry: where something is not.
const REGISTRIES: &[&str] = &[
    "EN EL PADRON",
    "EN EL PADRON REDUCIDO",
    "EN EL PADRON DE SUNAT",
    "EN EL PADRON DE LA SUNAT",
    "EN EL PADRON REDUCIDO DE SUNAT",
    "EN EL PADRON DE CONTRIBUYENTES",
    "EN SUNAT",
    "EN LA SUNAT",
    "EN RENIEC",
    "EN EL RENIEC",
    "EN LA RENIEC",
];

/// Absence and name in one.
#[rustfmt::skip]
const WHOLE: &[(About, &[&str])] = &[
    (About::Representatives, &[
        "NO TIENE REPRESENTANTES", "NO TIENE REPRESENTANTES LEGALES", "NO HAY REPRESENTANTES",
        "NO HAY REPRESENTANTES LEGALES", "SIN REPRESENTANTES LEGALES",
    ]),
    (About::List, &[
        "NO ES AGENTE DE RETENCION", "NO ES BUEN CONTRIBUYENTE", "NO PERTENECE",
    ]),
    (About::Rate, &[
        "NO HAY TIPO DE CAMBIO", "SIN TIPO DE CAMBIO", "NO SE PUBLICO TIPO DE CAMBIO",
        "NO SE HA PUBLICADO TIPO DE CAMBIO",
    ]),
];

/// Words that change nothing.
#[rustfmt::skip]
const BESIDE: &[&str] = &[
    "EL", "LA", "LOS", "LAS", "UN", "UNA", "NINGUN", "NINGUNA", "DE", "DEL", "CON", "PARA", "A",
    "AL", "ESE", "ESTE", "ESTA", "DICH@", "INGRESAD@", "CONSULTAD@", "INDICAD@", "SOLICITAD@",
    "PROPORCIONAD@", "ENVIAD@", "BUSCAD@", "DATOS", "INFORMACION", "RESULTADO", "RESULTADOS",
    "REGISTROS", "EN EL REGISTRO", "EN LOS REGISTROS", "EN EL REGIMEN", "EN LA RELACION",
    "EN NUESTRA BASE DE DATOS", "EN LA BASE DE DATOS", "EN LA BASE DE DATOS DE SUNAT",
    "THE", "FOR", "THIS", "WITH", "GIVEN", "ANY", "DATA", "INFORMATION",
];

/// Whole texts that say "no" beside an empty `data`, as one provider writes them.
const WITH_EMPTY_DATA: &[&str] = &["NO DATA FOUND"];

/// Texts that neither say "no" nor anything else, as frameworks put them beside the words.
const MUTE: &[&str] = &["NOT FOUND", "404 NOT FOUND", "404", "ERROR", "ERROR 404"];

/// Longest text that is looked into, bytes.
const LONGEST: usize = 300;

/// Whether a text says that what was asked for is not there.
pub(super) fn says_no(text: &str, asked: AskedAbout<'_>) -> bool {
    if text.len() > LONGEST {
        return false;
    }
    let (text, subject) = (fold(text), fold(asked.subject));
    let words: Vec<&str> = text.split(' ').collect();
    let numbers: Vec<&str> = subject.split(' ').collect();
    let names = NAMES.iter().filter(|row| row.0.contains(&asked.about));
    let names: Vec<&str> = names.flat_map(|row| row.1).copied().collect();
    let whole = WHOLE.iter().filter(|row| row.0 == asked.about);
    let whole: Vec<&str> = whole.flat_map(|row| row.1).copied().collect();
    let (mut is_absent, mut is_named, mut at) = (false, false, 0);
    while let rest @ [word, ..] = &words[at..] {
        let lengths = [
            longest(&whole, rest),
            longest(ABSENT, rest),
            longest(&names, rest),
            longest(REGISTRIES, rest),
            longest(BESIDE, rest),
            usize::from(numbers.contains(word)),
        ];
        // What reads furthest; of equals the first.
        let furthest = lengths.into_iter().max().unwrap_or(0);
        match lengths.into_iter().position(|length| length == furthest) {
            _ if furthest == 0 => return false,
            Some(0) => (is_absent, is_named) = (true, true),
            Some(1) => is_absent = true,
            Some(2 | 3) => is_named = true,
            Some(5) => is_named |= matches!(asked.about, About::Ruc | About::Dni),
            _ => {}
        }
        at += furthest;
    }
    is_absent && is_named && asked.about != About::Account
}

/// Whether a text says "no" where an empty `data` stands beside it.
pub(super) fn says_no_with_empty_data(text: &str) -> bool {
    text.len() <= LONGEST && WITH_EMPTY_DATA.contains(&fold(text).as_str())
}

/// Whether a text says nothing.
pub(super) fn is_mute(text: &str) -> bool {
    text.len() <= LONGEST && MUTE.contains(&fold(text).as_str())
}

/// How many of the words that come next are one of the phrases, the longest if several are.
fn longest(phrases: &[&str], words: &[&str]) -> usize {
    let reads = |phrase: &str| {
        let mut rest = words.iter();
        let mut parts = phrase.split(' ');
        let fits = parts.all(|part| rest.next().is_some_and(|word| is_word(part, word)));
        if fits { words.len() - rest.len() } else { 0 }
    };
    let first = words.first().and_then(|word| word.bytes().next());
    phrases
        .iter()
        .filter(|phrase| phrase.bytes().next() == first)
        .map(|phrase| reads(phrase))
        .max()
        .unwrap_or(0)
}

fn is_word(pattern: &str, word: &str) -> bool {
    match pattern.strip_suffix('@') {
        Some(stem) => word
            .strip_prefix(stem)
            .is_some_and(|end| matches!(end, "O" | "A" | "OS" | "AS")),
        None => pattern == word,
    }
}

/// What a refusal that is no "no" is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The address.
    Route,
    /// Token, account, plan.
    Account,
    Quota,
    Limit,
    /// Anything else.
    Other,
}

/// Whole words and what they are about; the first that is found decides. They only choose between
/// failures.
#[rustfmt::skip]
const TROUBLES: [(Trouble, &[&str]); 4] = [
    (Trouble::Route, &[
        "RECURSO", "RUTA", "ROUTE", "URL", "ENDPOINT", "PAGE", "PAGINA", "METHOD", "METODO",
    ]),
    (Trouble::Quota, &[
        "CUOTA", "QUOTA", "SALDO", "CREDITOS", "CREDITS", "CONSULTAS AGOTADAS", "SIN CONSULTAS",
    ]),
    (Trouble::Account, &[
        "TOKEN", "API KEY", "APIKEY", "ACCESS KEY", "LLAVE", "CLAVE", "CUENTA", "ACCOUNT",
        "USUARIO", "USER", "SUSCRIPCION", "SUBSCRIPTION", "PLAN", "MEMBRESIA", "LICENCIA",
        "LICENSE", "PERMISO", "PERMISOS", "PERMISSION", "PERMISSIONS", "ACCESO", "ACCESS",
        "CREDENCIAL", "CREDENCIALES", "CREDENTIAL", "CREDENTIALS", "CONTRASENA", "PASSWORD",
        "SESION", "SESSION", "AUTENTICACION", "AUTHENTICATION", "AUTORIZACION", "AUTHORIZATION",
        "UNAUTHENTICATED", "UNAUTHORIZED", "UNAUTHORISED", "FORBIDDEN", "AUTORIZADO",
        "AUTORIZADA", "AUTHORIZED", "AUTHORISED", "IP",
    ]),
    (Trouble::Limit, &["TOO MANY", "LIMITE", "RATE LIMIT", "DEMASIADAS"]),
];

/// What some texts are about.
pub(super) fn trouble<'t>(texts: impl Iterator<Item = &'t str>) -> Trouble {
    let mut all = String::new();
    for text in texts {
        all.push(' ');
        all.push_str(&fold(text));
    }
    all.push(' ');
    let says = |word: &&str| all.contains(&format!(" {word} "));
    let found = TROUBLES.iter().find(|(_, words)| words.iter().any(says));
    found.map_or(Trouble::Other, |(trouble, _)| *trouble)
}

#[cfg(test)]
mod tests {
    use super::{About, AskedAbout, Trouble, says_no, trouble};

    #[track_caller]
    fn check(about: About, subject: &str, text: &str, expected: bool) {
        let asked = AskedAbout { about, subject };
        assert_eq!(says_no(text, asked), expected, "{about:?}: {text}");
    }

    #[test]
    fn a_no_names_what_was_asked_for_and_says_that_it_is_not_there() {
        for text in [
            "RUC no encontrado",
            "RUC not found",
            "El RUC no existe",
            "¡El RUC ingresado no existe!",
            "No se encontró el número",
            "El RUC no se encuentra registrado",
            "El RUC 20131312955 no figura en el padrón de SUNAT.",
            "20131312955 no existe",
            "No se encontraron datos para el RUC indicado",
            "No se encontró información del RUC",
            "El número de RUC no se encuentra en nuestra base de datos",
            "Contribuyente no registrado",
            "No existe en el padrón",
            "Taxpayer not found",
        ] {
            check(About::Ruc, "20131312955", text, true);
            check(
                About::Dni,
                "12345678",
                text,
                text == "No se encontró el número"
                    || text.contains("en el padrón") && !text.contains("RUC"),
            );
            check(About::Account, "", text, false);
        }
        check(About::Dni, "12345678", "DNI no encontrado", true);
        check(
            About::Dni,
            "12345678",
            "El DNI 12345678 no existe en RENIEC",
            true,
        );
        check(
            About::Rate,
            "2026-01-28",
            "No hay tipo de cambio para la fecha 28/01/2026",
            true,
        );
        check(
            About::Rate,
            "2026-01-28",
            "No hay tipo de cambio para la fecha 27/01/2026",
            false,
        );
        check(
            About::List,
            "20131312955",
            "El RUC no se encuentra en el padrón",
            true,
        );
        check(
            About::List,
            "20131312955",
            "No es agente de retención",
            true,
        );
        check(
            About::Representatives,
            "20131312955",
            "No se encontraron representantes legales",
            true,
        );
        check(About::Document, "1", "El comprobante no existe", true);
    }

    #[test]
    fn one_word_more_is_a_failure() {
        for text in [
            "",
            "Not Found",
            "No encontrado",
            "No existe",
            "RUC",
            "El padrón no se encuentra",
            "SUNAT no se encuentra operativo",
            "SUNAT no se encuentra",
            "El servicio de RUC no existe",
            "token inexistente para este RUC",
            "No existe la tabla RUC",
            "El RUC no se encuentra disponible",
            "El RUC no se encuentra en línea",
            "No se encontró el servidor del padrón",
            "La base de datos de RUC no se encuentra",
            "RUC 20100070970 no encontrado",
            "RUC inválido",
            "RUC no encontrado: connection refused",
            "Su cuenta no se encuentra activa",
            "No results found",
            "No hay RUC",
            "El campo RUC no existe",
        ] {
            check(About::Ruc, "20131312955", text, false);
        }
    }

    #[test]
    fn failures_are_told_apart_by_whole_words() {
        let about = |text: &str| trouble([text].into_iter());
        assert_eq!(about("Recurso no encontrado"), Trouble::Route);
        assert_eq!(about("FRUTAS S.A. no existe"), Trouble::Other);
        assert_eq!(about("Su cuenta no se encuentra activa"), Trouble::Account);
        assert_eq!(about("API key not found"), Trouble::Account);
        assert_eq!(about("Su IP no esta autorizada"), Trouble::Account);
        assert_eq!(about("This address is not authorized"), Trouble::Account);
        assert_eq!(about("Su plan no tiene saldo"), Trouble::Quota);
        assert_eq!(about("Too Many Attempts."), Trouble::Limit);
        assert_eq!(about("Base table or view not found"), Trouble::Other);
    }
}
