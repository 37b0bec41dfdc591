//! Why a deed about a document was not done, as problems.

use std::time::Duration;

use chaski_core::invoicing::InvoiceFinding;
use chaski_core::{Lang, Severity, text};

use super::super::kit::{FieldProblem, FindingProblem, Problem};
use crate::app::AppError;
use crate::app::invoices::InvoiceError;

/// What is said of a sale that was probably handed over twice.
const TWIN: &str = "CH-DUPLICADO-PROBABLE";

/// When to come back for what is not known yet.
pub(super) const SOON: Duration = Duration::from_secs(5);

pub(in crate::http) fn problem(error: AppError) -> Problem {
    let in_doubt = matches!(error, AppError::Invoice(InvoiceError::InDoubt(_)));
    let field = match &error {
        AppError::Invoice(InvoiceError::ProbablyTwice(_, id)) => Some(("", TWIN, Some(*id))),
        AppError::Invoice(InvoiceError::NumberUsed(_, id)) => {
            Some(("numero", "numero_usado", Some(*id)))
        }
        AppError::Invoice(InvoiceError::NumberTheirs) => Some(("numero", "numero_ajeno", None)),
        AppError::Invoice(InvoiceError::CreditUsedUp(_)) => Some(("total", "3286", None)),
        _ => None,
    };
    let mut problem = Problem::from(error);
    if let Some((field, code, of)) = field {
        let action = match of {
            Some(id) => text!(
                "vea /api/v1/comprobantes/{id}",
                "see /api/v1/comprobantes/{id}"
            ),
            None => text!("use otro", "use another"),
        };
        problem.errors.push(FieldProblem {
            field: field.to_owned(),
            code,
            es: problem.es.clone(),
            en: problem.en.clone(),
            finding: Some(FindingProblem {
                severity: Severity::Error,
                expected: None,
                action,
            }),
        });
    }
    if in_doubt {
        problem.after(SOON)
    } else {
        problem
    }
}

/// All that is wrong with a document; nothing was stored.
pub(super) fn wrong(findings: &[InvoiceFinding]) -> Problem {
    let errors = findings.iter().filter(|it| it.severidad == Severity::Error);
    let count = errors.count();
    let mut problem = Problem::new(
        "comprobante_con_errores",
        format!("el documento tiene errores ({count}); no se guardó nada ni se tomó un número"),
        format!("the document has errors ({count}); nothing was stored and no number taken"),
    );
    problem.errors = findings.iter().map(of_finding).collect();
    problem
}

fn of_finding(finding: &InvoiceFinding) -> FieldProblem {
    placed(finding.campo.clone(), finding)
}

/// A finding at a place of a list.
pub(super) fn placed(field: String, finding: &InvoiceFinding) -> FieldProblem {
    FieldProblem {
        field,
        code: finding.codigo,
        es: finding.message(Lang::Es).to_owned(),
        en: finding.message(Lang::En).to_owned(),
        finding: Some(FindingProblem {
            severity: finding.severidad,
            expected: finding.esperado.clone(),
            action: finding.accion.clone(),
        }),
    }
}
