//! APIMIGO's own behaviour: who may ask, what is well asked, what is answered, what it costs.

mod cpe;
mod dni;
mod exchange;
mod lists;
mod quota;
mod rates;
mod registry;
mod ruc;

use compact_str::CompactString;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::json;

pub(crate) use quota::Quota;
pub(crate) use rates::Rates;

use crate::config::SandboxConfig;
use crate::fault::{FaultKind, OTHER_RUC};
use crate::operation::{Operation, Route, Version};
use crate::reply::Reply;
use crate::request::Asked;

/// Numbers in one collection.
const COLLECTION_LIMIT: usize = 100;
/// A number that came is written down no longer than this.
const SUBJECT_LENGTH: usize = 64;

/// What is answered, or why the question cannot be.
type Answered = Result<Reply, Reply>;

/// A question on its way to an answer.
pub(crate) struct Question<'a> {
    pub(crate) config: &'a SandboxConfig,
    pub(crate) rates: &'a Rates,
    pub(crate) quota: &'a Quota,
    pub(crate) route: Route<'a>,
    pub(crate) asked: &'a Asked,
    /// The fault that struck it, if one did.
    pub(crate) struck: Option<FaultKind>,
    pub(crate) now: Timestamp,
}

/// The numbers, dates or documents that are asked about, as they came.
pub(crate) fn subjects(route: &Route<'_>, asked: &Asked) -> Vec<CompactString> {
    let short = |text: &str| {
        let end = text.floor_char_boundary(SUBJECT_LENGTH);
        CompactString::from(&text[..end])
    };
    let named = |keys: &[&str]| {
        let values = keys.iter().filter_map(|key| asked.one(key));
        values.map(short).collect()
    };
    if let Some(subject) = route.subject {
        return vec![short(subject)];
    }
    match route.operation {
        Operation::Collection => asked.many("ruc").map(short).collect(),
        Operation::Ruc
        | Operation::Representatives
        | Operation::WithholdingAgents
        | Operation::GoodTaxpayers => named(&["ruc"]),
        Operation::Dni => named(&["dni"]),
        Operation::ExchangeDate | Operation::ExchangeSbs => named(&["fecha"]),
        Operation::ExchangeRange => named(&["fecha_inicio", "fecha_fin"]),
        Operation::Cpe => cpe::document(asked)
            .as_deref()
            .map(short)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

impl<'a> Question<'a> {
    /// The answer and what it costs.
    pub(crate) fn answer(&self) -> (Reply, u64) {
        // 1. Does the path exist?
        if let Some(allowed) = self.route.allowed {
            return (Reply::wrong_method(allowed), 0);
        }
        if self.route.operation == Operation::Unknown {
            return (Reply::wrong_path(), 0);
        }
        // 2. May this token ask it?
        if let Some(refusal) = self.refusal() {
            return (refusal, 0);
        }
        // 3. Is there anything left of the plan? The account itself is free.
        if self.route.operation == Operation::Account {
            return (self.account(), 0);
        }
        if self.quota.is_spent() {
            return (Reply::too_many(), 0);
        }
        // 4. Is it well asked, and what is the answer? Both are looked up, so both cost.
        let (Ok(reply) | Err(reply)) = self.look_up();
        let cost = if reply.status == StatusCode::UNPROCESSABLE_ENTITY {
            0
        } else if self.config.charge_per_ruc && self.route.operation == Operation::Collection {
            self.asked.many("ruc").count() as u64
        } else {
            1
        };
        if self.quota.take(cost) {
            (reply, cost)
        } else {
            (Reply::too_many(), 0)
        }
    }

    fn look_up(&self) -> Answered {
        match self.route.operation {
            Operation::Ruc => ruc::one(self),
            Operation::Collection => ruc::collection(self),
            Operation::Dni => dni::one(self),
            Operation::ExchangeLatest => exchange::latest(self),
            Operation::ExchangeDate => exchange::on_date(self),
            Operation::ExchangeRange => exchange::range(self),
            Operation::ExchangeSbs => exchange::sbs(self),
            Operation::Representatives => lists::representatives(self),
            Operation::Activity => lists::activity(self),
            Operation::WithholdingAgents => lists::withholding_agents(self),
            Operation::GoodTaxpayers => lists::good_taxpayers(self),
            Operation::Cpe => cpe::validate(self),
            Operation::Account => Ok(self.account()),
            // Nubefact's never come here.
            _ => Err(Reply::wrong_path()),
        }
    }

    fn refusal(&self) -> Option<Reply> {
        let holds = |list: &[String], token: &str| list.iter().any(|known| known == token);
        match self.asked.token() {
            Some(token) if holds(&self.config.forbidden_tokens, token) => Some(Reply::forbidden()),
            Some(token) if !holds(&self.config.rejected_tokens, token) => None,
            _ if self.is_v1() => Some(Reply::rejected_v1(self.config.v1_rejects_with_403)),
            _ => Some(Reply::unauthenticated()),
        }
    }

    fn account(&self) -> Reply {
        Reply::found(&json!({
            "success": true,
            "nombre": "EMPRESA DE PRUEBA",
            "email": "pruebas@example.com",
            "consultas": self.quota.left(),
        }))
    }

    fn is_v1(&self) -> bool {
        self.route.version == Some(Version::V1)
    }

    fn seed(&self) -> u64 {
        self.config.seed
    }

    /// The RUC asked, of eleven digits; another one when that is commanded.
    fn ruc(&self) -> Result<&'a str, Reply> {
        let ruc = self.digits("ruc", 11)?;
        Ok(self.twisted(ruc))
    }

    fn twisted<'b>(&self, ruc: &'b str) -> &'b str {
        match ruc {
            _ if !self.is_of_another() => ruc,
            OTHER_RUC => "20100070970",
            _ => OTHER_RUC,
        }
    }

    /// Whether the answer for another number is commanded.
    fn is_of_another(&self) -> bool {
        self.struck == Some(FaultKind::OtherRuc)
    }

    /// Whether texts that a spreadsheet would run are commanded.
    fn is_hostile(&self) -> bool {
        self.struck == Some(FaultKind::Formula)
    }

    /// A number of exactly `length` digits, from the path or from a field.
    fn digits(&self, field: &str, length: usize) -> Result<&'a str, Reply> {
        match self.route.subject.map_or_else(|| self.field(field), Ok)? {
            "" => Err(missing(field)),
            text if is_digits(text, length) => Ok(text),
            _ => Err(Reply::invalid(field, &digits_rule(field, length))),
        }
    }

    /// A field that has to be there.
    fn field(&self, field: &str) -> Result<&'a str, Reply> {
        let text = self.asked.one(field).filter(|text| !text.is_empty());
        text.ok_or_else(|| missing(field))
    }
}

fn missing(field: &str) -> Reply {
    Reply::invalid(field, &format!("El campo {field} es obligatorio."))
}

fn is_digits(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn digits_rule(field: &str, length: usize) -> String {
    format!("El campo {field} debe tener {length} dígitos.")
}
