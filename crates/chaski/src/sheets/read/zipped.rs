//! A zip with one list in it, as SUNAT hands them out.

use std::io::{Read, Seek};

use super::package::Package;
use crate::sheets::SheetError;

/// What a list is called.
const LISTS: [&str; 9] = [
    "xlsx", "xlsm", "xls", "ods", "csv", "txt", "tsv", "htm", "html",
];

/// Names that a message holds.
const NAMES_SHOWN: usize = 5;

/// The bytes of the only list of an archive. What computers leave beside files is none.
pub(super) fn only_list<R: Read + Seek>(
    package: &mut Package<'_, R>,
) -> Result<Vec<u8>, SheetError> {
    let is_list = |name: &String| {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let extension = file.rsplit_once('.').map(|(_, it)| it.to_ascii_lowercase());
        !name.starts_with("__MACOSX")
            && !file.starts_with(['.', '~'])
            && extension.is_some_and(|it| LISTS.contains(&it.as_str()))
    };
    let lists: Vec<String> = package.files().into_iter().filter(is_list).collect();
    match lists.as_slice() {
        [] => Err(SheetError::NoList),
        [only] => package.bytes(only),
        several => {
            let shown = several.iter().take(NAMES_SHOWN);
            let shown = shown.map(|name| format!("«{}»", chaski_core::clean(name)));
            let mut seen = shown.collect::<Vec<_>>().join(", ");
            if several.len() > NAMES_SHOWN {
                seen.push_str(", …");
            }
            Err(SheetError::ManyLists { seen })
        }
    }
}
