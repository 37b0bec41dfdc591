//! `chaski factura descargar`: the files of a document.

use chaski_client::FileKind;
use chaski_core::text;
use serde_json::json;

use super::desk::{DocumentDesk, FilesTold};
use super::ruc_of;
use crate::app::AppError;
use crate::app::invoices::WantedInvoice;
use crate::cli::Done;
use crate::cli::kit::args::DescargarArgs;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::overwrite::all;
use crate::cli::kit::records::{Records, fields};

pub(super) async fn descargar(needed: &Needed, desk: &Desk, args: &DescargarArgs) -> Done {
    let wanted: WantedInvoice = args.name.parse()?;
    std::fs::create_dir_all(&args.destino).map_err(AppError::file(&args.destino))?;
    let all_of_them = !(args.pdf || args.xml || args.cdr);
    let kinds: Vec<FileKind> = [
        (FileKind::Pdf, args.pdf),
        (FileKind::Xml, args.xml),
        (FileKind::Cdr, args.cdr),
    ]
    .into_iter()
    .filter(|(_, asked)| *asked || all_of_them)
    .map(|(kind, _)| kind)
    .collect();
    let desk = DocumentDesk::open(needed, desk, ruc_of(args.empresa.as_deref())?).await?;
    let found = desk.files(&wanted, &kinds).await?;
    let mut rows = Vec::new();
    for (kind, file) in &found.files {
        let extension = kind.extension();
        let Some((name, content)) = file else {
            say_missing(needed, *kind, &found);
            continue;
        };
        let path = args.destino.join(name);
        needed.overwrite.check(&path)?;
        needed.overwrite.write(&path, true, all(content))?;
        rows.push(fields(json!({
            "archivo": path.display().to_string(),
            "tipo": extension,
            "bytes": content.len(),
        })));
    }
    let columns = vec![
        ("archivo", "Archivo", "File"),
        ("tipo", "Tipo", "Kind"),
        ("bytes", "Bytes", "Bytes"),
    ];
    let missing = rows.len() < found.files.len();
    Records { columns, rows }.write(needed)?;
    Ok(if missing { 3 } else { 0 })
}

/// What is not there yet, and when it will be.
fn say_missing(needed: &Needed, kind: FileKind, found: &FilesTold) {
    let (name, id) = (kind.extension().to_uppercase(), &found.name);
    if found.ended {
        needed.say(text!(
            "{name}: Nubefact no lo tiene para {id}",
            "{name}: Nubefact has none of {id}"
        ));
    } else if found.waits_for_summary {
        needed.say(text!(
            "{name}: todavía no hay; SUNAT responde por {id} al día siguiente de la emisión",
            "{name}: there is none yet; SUNAT answers about {id} the day after its issue"
        ));
    } else {
        needed.say(text!(
            "{name}: todavía no hay; SUNAT aún no responde por {id}: consulte en unos minutos",
            "{name}: there is none yet; SUNAT has not answered about {id}: ask in some minutes"
        ));
    }
}
