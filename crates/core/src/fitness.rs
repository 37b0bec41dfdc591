//! Whether a RUC is fit to be invoiced: findings with SUNAT's own codes, not one boolean.
//!
//! Three questions are easily taken for one, and they have different answers:
//!
//! | question | method | rule |
//! |---|---|---|
//! | may the factura be issued at all? | [`Fitness::apto_para_emitir_factura`] | SUNAT rejects nothing: a buyer's RUC exists; an issuer's is also ACTIVO and not NO HABIDO |
//! | does SUNAT accept it without remark? | [`Fitness::sin_observaciones`] | the same, and the buyer is ACTIVO and not NO HABIDO |
//! | is it advisable? | [`Fitness::recomendado`] | ACTIVO and HABIDO; protects the *crédito fiscal* |
//!
//! Rules of SUNAT: its workbook of validations for electronic documents, sheets factura, boleta and
//! notes (codes 1083, 2010, 2011, 4013, 4014). Lists that the registry row does not carry, such as
//! taxpayers without operating capacity (1086), are not looked at.

use jiff::civil::Date;

use crate::{Condicion, Estado, Lang, Ruc, RucKind, Taxpayer, clean};

/// On which side of the invoice the taxpayer stands.
///
/// ```
/// assert_eq!(chaski_core::Role::Buyer.as_str(), "adquirente");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Receives the invoice (*adquirente*).
    Buyer,
    /// Issues the invoice (*emisor*), among them the supplier of an invoice received.
    Issuer,
}

/// What a finding does to the invoice.
///
/// ```
/// use chaski_core::Severity;
/// assert!(Severity::Error > Severity::Observacion);
/// assert_eq!(Severity::Aviso.as_str(), "aviso");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// SUNAT does not look at it; people should.
    Aviso,
    /// Accepted with an observation.
    Observacion,
    /// Rejected.
    Error,
}

/// What SUNAT would answer: the worst finding, notices aside.
///
/// ```
/// use chaski_core::Level;
/// assert!(Level::Rechazado > Level::Observado);
/// assert_eq!(Level::Ok.as_str(), "ok");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Accepted without remark.
    Ok,
    /// Accepted with observations.
    Observado,
    /// Rejected.
    Rechazado,
}

/// One thing found. Codes of four digits are SUNAT's; those that begin with `CH-` are Chaski's.
///
/// | code | severity | meaning |
/// |---|---|---|
/// | `1083` | error | the buyer's RUC does not exist |
/// | `2010`, `2011` | error | the issuer is not ACTIVO; is NO HABIDO |
/// | `4013`, `4014` | observación | the buyer is not ACTIVO; is NO HABIDO |
/// | `CH-EMISOR-NO-EXISTE` | error | the issuer's RUC does not exist |
/// | `CH-ESTADO-DESCONOCIDO` | observación | estado absent or not in SUNAT's list |
/// | `CH-CONDICION` | aviso | condición other than HABIDO that SUNAT does not object to |
/// | `CH-CONDICION-DESCONOCIDA` | aviso | condición absent or not in SUNAT's list |
/// | `CH-NOMBRE` | aviso | name absent or shorter than 3 characters |
/// | `CH-DIRECCION` | aviso | address absent or shorter than 10 characters; RUCs of prefix 10 have none |
/// | `CH-DATOS-ANTIGUOS` | aviso | the source's data are older than 365 days |
/// | `CH-NO-DOMICILIADO` | aviso | prefix 17: look at withholdings |
/// | `CH-PREFIJO` | aviso | a prefix that SUNAT does not assign |
/// | `CH-DIGITO` | aviso | the number's check digit is wrong |
///
/// ```
/// use chaski_core::{Lang, Role, fitness};
/// let fitness = fitness(&"20100070970".parse()?, None, Role::Buyer, jiff::civil::date(2026, 9, 1));
/// let finding = &fitness.hallazgos[0];
/// assert_eq!((finding.codigo, finding.severidad.as_str()), ("1083", "error"));
/// assert_eq!(finding.message(Lang::En), "the customer's RUC is not in SUNAT's registry");
/// # Ok::<(), chaski_core::RucError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Stable code, never translated.
    pub codigo: &'static str,
    /// What it does to the invoice.
    pub severidad: Severity,
    mensaje: String,
    message: String,
}

/// The verdict on one RUC.
///
/// ```
/// use chaski_core::{Address, Condicion, Estado, Level, Role, Ruc, Taxpayer, fitness};
/// let ruc: Ruc = "20100070970".parse()?;
/// let taxpayer = Taxpayer {
///     estado: Some(Estado::Activo),
///     condicion: Some(Condicion::NoHallado),
///     address: Address { direccion: Some("AV. LAS PRUEBAS 123".into()), ..Address::default() },
///     ..Taxpayer::new(ruc, "EMPRESA DE PRUEBA S.A.C.")
/// };
/// let verdict = fitness(&ruc, Some(&taxpayer), Role::Buyer, jiff::civil::date(2026, 9, 1));
/// assert!(verdict.apto_para_emitir_factura() && verdict.sin_observaciones());
/// assert!(!verdict.recomendado()); // SUNAT does not object to NO HALLADO, an accountant does
/// assert_eq!((verdict.nivel, verdict.hallazgos[0].codigo), (Level::Ok, "CH-CONDICION"));
/// # Ok::<(), chaski_core::RucError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fitness {
    /// What an accountant means by fit: the RUC exists, is ACTIVO and HABIDO.
    pub apto: bool,
    /// What SUNAT would answer.
    pub nivel: Level,
    /// Everything found, errors first; of equal severity, in the order of the table above.
    pub hallazgos: Vec<Finding>,
    /// `valido` of the system that Chaski replaces: `errores` is empty.
    pub valido: bool,
    /// Blocking errors in that system's own Spanish words.
    pub errores: Vec<String>,
    /// Its warnings, in its own Spanish words. It warns of a missing address for everybody, also
    /// for natural persons, who have none in the registry.
    pub advertencias: Vec<String>,
}

/// Judges a RUC by its registry row. `None` says that the registry **has no such number**; a
/// look-up that failed is not a `None`, or an outage would become a statement about taxes.
///
/// `today` is a Lima date.
pub fn fitness(ruc: &Ruc, taxpayer: Option<&Taxpayer>, role: Role, today: Date) -> Fitness {
    let mut hallazgos = match taxpayer {
        None => vec![not_found(role)],
        Some(taxpayer) => [
            judge_estado(taxpayer.estado.as_ref(), role),
            judge_condicion(taxpayer.condicion.as_ref(), role),
            judge_name(taxpayer),
            judge_address(ruc, taxpayer),
            judge_age(taxpayer, today),
        ]
        .into_iter()
        .flatten()
        .collect(),
    };
    hallazgos.extend(judge_number(ruc));
    hallazgos.sort_by_key(|finding| std::cmp::Reverse(finding.severidad));
    let (errores, advertencias) = words_of_the_original(taxpayer);
    Fitness {
        apto: taxpayer.is_some_and(is_recommended),
        nivel: hallazgos
            .iter()
            .map(Finding::level)
            .max()
            .unwrap_or(Level::Ok),
        hallazgos,
        valido: errores.is_empty(),
        errores,
        advertencias,
    }
}

impl Fitness {
    /// SUNAT rejects nothing of what is known: the factura can be issued.
    pub fn apto_para_emitir_factura(&self) -> bool {
        self.nivel < Level::Rechazado
    }

    /// SUNAT accepts it without observations.
    pub fn sin_observaciones(&self) -> bool {
        self.nivel == Level::Ok
    }

    /// ACTIVO and HABIDO; the same as [`apto`](Fitness::apto).
    pub fn recomendado(&self) -> bool {
        self.apto
    }
}

impl Finding {
    /// What was found and what it means, for people.
    pub fn message(&self, lang: Lang) -> &str {
        lang.pick(&self.mensaje, &self.message)
    }

    fn level(&self) -> Level {
        match self.severidad {
            Severity::Error => Level::Rechazado,
            Severity::Observacion => Level::Observado,
            Severity::Aviso => Level::Ok,
        }
    }
}

impl Role {
    /// SUNAT's word for it: `adquirente` or `emisor`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Buyer => "adquirente",
            Role::Issuer => "emisor",
        }
    }
}

impl Severity {
    /// `error`, `observacion` or `aviso`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Observacion => "observacion",
            Severity::Aviso => "aviso",
        }
    }
}

impl Level {
    /// `ok`, `observado` or `rechazado`.
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Ok => "ok",
            Level::Observado => "observado",
            Level::Rechazado => "rechazado",
        }
    }
}

/// Shortest name and address that the replaced system does not warn about, in characters.
const SHORTEST_NAME: usize = 3;
const SHORTEST_ADDRESS: usize = 10;
/// Age in days from which the source's row is called old.
const OLD_AFTER_DAYS: i64 = 365;

fn is_recommended(taxpayer: &Taxpayer) -> bool {
    taxpayer.estado.as_ref().is_some_and(Estado::is_activo)
        && taxpayer
            .condicion
            .as_ref()
            .is_some_and(Condicion::is_habido)
}

fn not_found(role: Role) -> Finding {
    match role {
        Role::Buyer => finding(
            "1083",
            Severity::Error,
            "el RUC del cliente no figura en SUNAT",
            "the customer's RUC is not in SUNAT's registry",
        ),
        Role::Issuer => finding(
            "CH-EMISOR-NO-EXISTE",
            Severity::Error,
            "el RUC del emisor no figura en SUNAT",
            "the issuer's RUC does not exist at SUNAT",
        ),
    }
}

/// SUNAT asks for code 00. An unknown text may be a new spelling of it, so nothing is claimed in
/// SUNAT's name; nor is it called clean.
fn judge_estado(estado: Option<&Estado>, role: Role) -> Option<Finding> {
    let (codigo, severidad) = match (estado, role) {
        (Some(Estado::Activo), _) => return None,
        (None | Some(Estado::Otro(_)), _) => return Some(unknown_estado(estado)),
        (_, Role::Buyer) => ("4013", Severity::Observacion),
        (_, Role::Issuer) => ("2010", Severity::Error),
    };
    let (estado, who) = (estado?, spanish(role));
    Some(finding(
        codigo,
        severidad,
        format!("el {who} no está ACTIVO en SUNAT (estado: {estado})"),
        format!(
            "the {} is not ACTIVO at SUNAT (estado: {estado})",
            english(role)
        ),
    ))
}

fn unknown_estado(estado: Option<&Estado>) -> Finding {
    let shown = estado.map_or("-", Estado::as_str);
    finding(
        "CH-ESTADO-DESCONOCIDO",
        Severity::Observacion,
        format!("no se pudo determinar si está ACTIVO (estado: {shown}): verifíquelo en SUNAT"),
        format!("could not tell whether it is ACTIVO (estado: {shown}): check it at SUNAT"),
    )
}

/// SUNAT objects to code 12 only, so whatever else is not HABIDO is a notice.
fn judge_condicion(condicion: Option<&Condicion>, role: Role) -> Option<Finding> {
    let shown = condicion.map_or("-", Condicion::as_str);
    match (condicion, role) {
        (Some(Condicion::Habido), _) => None,
        (Some(Condicion::NoHabido), _) => Some(finding(
            if role == Role::Buyer { "4014" } else { "2011" },
            if role == Role::Buyer {
                Severity::Observacion
            } else {
                Severity::Error
            },
            format!(
                "el {} tiene condición de domicilio NO HABIDO",
                spanish(role)
            ),
            format!(
                "the {} is NO HABIDO: not to be found at its address",
                english(role)
            ),
        )),
        (None | Some(Condicion::Otro(_)), _) => Some(finding(
            "CH-CONDICION-DESCONOCIDA",
            Severity::Aviso,
            format!(
                "no se pudo determinar si es HABIDO (condición: {shown}): verifíquelo en SUNAT"
            ),
            format!("could not tell whether it is HABIDO (condición: {shown}): check it at SUNAT"),
        )),
        _ => Some(finding(
            "CH-CONDICION",
            Severity::Aviso,
            format!(
                "no es HABIDO (condición: {shown}): SUNAT no lo observa, pero pone en riesgo el crédito fiscal"
            ),
            format!(
                "not HABIDO (condición: {shown}): SUNAT does not object, yet the tax credit is at risk"
            ),
        )),
    }
}

fn judge_name(taxpayer: &Taxpayer) -> Option<Finding> {
    is_name_short(taxpayer).then(|| {
        finding(
            "CH-NOMBRE",
            Severity::Aviso,
            "SUNAT no tiene su nombre o razón social, o es muy corto",
            "SUNAT does not have its name, or it is very short",
        )
    })
}

fn judge_address(ruc: &Ruc, taxpayer: &Taxpayer) -> Option<Finding> {
    let normal = ruc.kind() == RucKind::NaturalWithDni && address_length(taxpayer) == 0;
    (is_address_short(taxpayer) && !normal).then(|| {
        finding(
            "CH-DIRECCION",
            Severity::Aviso,
            "SUNAT no tiene su dirección, o es muy corta",
            "SUNAT does not have its address, or it is very short",
        )
    })
}

fn judge_age(taxpayer: &Taxpayer, today: Date) -> Option<Finding> {
    let updated = taxpayer.actualizado_en?.date();
    let days = today.duration_since(updated).as_hours() / 24;
    (days > OLD_AFTER_DAYS).then(|| {
        finding(
            "CH-DATOS-ANTIGUOS",
            Severity::Aviso,
            format!(
                "los datos son del {}: tienen más de un año",
                updated.strftime("%d/%m/%Y")
            ),
            format!("the data are of {updated}: over a year old"),
        )
    })
}

/// What the digits alone say, found in the registry or not.
fn judge_number(ruc: &Ruc) -> Vec<Finding> {
    let mut findings = Vec::new();
    if ruc.kind() == RucKind::NonDomiciled {
        findings.push(finding(
            "CH-NO-DOMICILIADO",
            Severity::Aviso,
            "posible no domiciliado (RUC 17): verifique si corresponde retención",
            "possibly non-domiciled (RUC 17): check whether to withhold",
        ));
    }
    if ruc.kind() == RucKind::Unknown {
        findings.push(finding(
            "CH-PREFIJO",
            Severity::Aviso,
            "el RUC no empieza con 10, 15, 16, 17 ni 20",
            "the RUC does not begin with 10, 15, 16, 17 or 20",
        ));
    }
    if !ruc.has_valid_check_digit() {
        findings.push(finding(
            "CH-DIGITO",
            Severity::Aviso,
            format!(
                "dígito verificador incorrecto: debería terminar en {}",
                ruc.expected_check_digit()
            ),
            format!(
                "wrong check digit: it should end in {}",
                ruc.expected_check_digit()
            ),
        ));
    }
    findings
}

/// Errors and warnings exactly as the replaced system words them: its clients compare the texts.
fn words_of_the_original(taxpayer: Option<&Taxpayer>) -> (Vec<String>, Vec<String>) {
    let Some(taxpayer) = taxpayer else {
        return (vec!["RUC no encontrado en SUNAT".into()], Vec::new());
    };
    let (mut errores, mut advertencias) = (Vec::new(), Vec::new());
    let (estado, condicion) = (taxpayer.estado.as_ref(), taxpayer.condicion.as_ref());
    if !estado.is_some_and(Estado::is_activo) {
        let shown = estado.map_or("-", Estado::as_str).to_uppercase();
        errores.push(format!("Contribuyente no está ACTIVO (estado: {shown})"));
    }
    if !condicion.is_some_and(Condicion::is_habido) {
        let shown = condicion.map_or("-", Condicion::as_str).to_uppercase();
        errores.push(format!("Contribuyente no es HABIDO (condición: {shown})"));
    }
    if is_name_short(taxpayer) {
        advertencias.push("Razón social muy corta o vacía".into());
    }
    if is_address_short(taxpayer) {
        advertencias.push("Dirección muy corta o incompleta".into());
    }
    (errores, advertencias)
}

fn is_name_short(taxpayer: &Taxpayer) -> bool {
    clean(&taxpayer.nombre_o_razon_social).chars().count() < SHORTEST_NAME
}

fn is_address_short(taxpayer: &Taxpayer) -> bool {
    address_length(taxpayer) < SHORTEST_ADDRESS
}

fn address_length(taxpayer: &Taxpayer) -> usize {
    crate::present(taxpayer.direccion()).map_or(0, |line| line.chars().count())
}

/// What an accountant calls them.
fn spanish(role: Role) -> &'static str {
    match role {
        Role::Buyer => "cliente",
        Role::Issuer => "emisor",
    }
}

fn english(role: Role) -> &'static str {
    match role {
        Role::Buyer => "buyer",
        Role::Issuer => "issuer",
    }
}

fn finding(
    codigo: &'static str,
    severidad: Severity,
    mensaje: impl Into<String>,
    message: impl Into<String>,
) -> Finding {
    Finding {
        codigo,
        severidad,
        mensaje: mensaje.into(),
        message: message.into(),
    }
}
