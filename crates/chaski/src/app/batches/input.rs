//! The list of a background batch as it is kept: the cells and no longer the file, so that one
//! person's number can be masked in it, and a list of typed numbers is kept like any other.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chaski_core::{CheckDigit, RucRules};
use compact_str::CompactString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::how::HowKept;
use crate::app::AppError;
use crate::sheets::{Cell, Encoding, Flaw, ListLooks, Packed, Row, SourceKind, Table};

/// A list and how it is to be read.
pub(super) struct KeptList {
    pub(super) table: Table,
    pub(super) how: HowKept,
    pub(super) check_digit: CheckDigit,
}

#[derive(Serialize, Deserialize)]
struct Kept<Rows> {
    #[serde(flatten)]
    how: HowKept,
    format_only: bool,
    sheet: Option<String>,
    headers: Vec<String>,
    header_row: Option<usize>,
    notes: Vec<String>,
    /// What stood above the list, and how it looked.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    above: Option<Rows>,
    #[serde(default)]
    looks: ListLooks,
    rows: Rows,
    /// Rows that were aligned, by their number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    realigned: Vec<u32>,
    /// Rows with cells over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    wider: Vec<u32>,
    /// Rows whose cells are not under their titles: number, cells, usual cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shifted: Vec<(u32, u16, u16)>,
}

/// Rows as they are written and read, one by one: a whole list must not be there twice.
struct RowsOut<'t>(&'t Packed<Row>);
struct RowIn(Row);

impl Serialize for RowsOut<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let row = |row: Cow<'_, Row>| {
            let cells = row.cells.iter().map(KeptCell::of);
            (row.number, cells.collect::<Vec<_>>())
        };
        serializer.collect_seq(self.0.iter().map(row))
    }
}

impl<'de> Deserialize<'de> for RowIn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<RowIn, D::Error> {
        let (number, cells) = <(u32, Vec<KeptCell>)>::deserialize(deserializer)?;
        Ok(RowIn(Row {
            number,
            cells: cells.into_iter().map(KeptCell::into_cell).collect(),
        }))
    }
}

/// Every number is text: masking its digits leaves readable JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum KeptCell {
    Empty(()),
    Bool(bool),
    Text(CompactString),
    Number { n: CompactString },
    Date { d: CompactString },
    Error { e: CompactString },
}

impl KeptList {
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, AppError> {
        let with = |flaw: Flaw| {
            let rows = self.table.flaws.iter();
            rows.filter_map(move |(row, it)| (*it == flaw).then_some(*row))
        };
        let shifted = |(row, flaw): (&u32, &Flaw)| match flaw {
            Flaw::Shifted { cells, usual } => Some((*row, *cells, *usual)),
            Flaw::Realigned | Flaw::Wider => None,
        };
        let above: Packed<Row> = self.table.above.iter().cloned().collect();
        let kept = Kept {
            how: self.how.clone(),
            format_only: self.check_digit == CheckDigit::FormatOnly,
            sheet: self.table.source.sheet().map(str::to_owned),
            headers: self.table.headers.clone(),
            header_row: self.table.header_row,
            notes: self.table.notes.clone(),
            above: Some(RowsOut(&above)).filter(|it| !it.0.is_empty()),
            looks: self.table.looks.clone(),
            rows: RowsOut(&self.table.rows),
            realigned: with(Flaw::Realigned).collect(),
            wider: with(Flaw::Wider).collect(),
            shifted: self.table.flaws.iter().filter_map(shifted).collect(),
        };
        Ok(serde_json::to_vec(&kept).map_err(std::io::Error::from)?)
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Result<KeptList, AppError> {
        let kept: Kept<Vec<RowIn>> = serde_json::from_slice(bytes).map_err(std::io::Error::from)?;
        let realigned = kept.realigned.into_iter().map(|row| (row, Flaw::Realigned));
        let wider = kept.wider.into_iter().map(|row| (row, Flaw::Wider));
        let shifted = kept.shifted.into_iter();
        let shifted = shifted.map(|(row, cells, usual)| (row, Flaw::Shifted { cells, usual }));
        Ok(KeptList {
            table: Table {
                flaws: realigned.chain(wider).chain(shifted).collect(),
                source: match kept.sheet {
                    Some(sheet) => SourceKind::Xlsx { sheet },
                    None => csv(),
                },
                sheet: 0,
                headers: kept.headers,
                header_row: kept.header_row,
                above: kept
                    .above
                    .unwrap_or_default()
                    .into_iter()
                    .map(|row| row.0)
                    .collect(),
                looks: kept.looks,
                rows: kept.rows.into_iter().map(|row| row.0).collect(),
                notes: kept.notes,
            },
            how: kept.how,
            check_digit: if kept.format_only {
                CheckDigit::FormatOnly
            } else {
                CheckDigit::Strict
            },
        })
    }

    /// The numbers of a list without a file, one a row.
    pub(super) fn of_numbers(numbers: &[String], check_digit: CheckDigit) -> KeptList {
        let rows = numbers.iter().map(|number| vec![number.clone()]);
        let rows: Vec<Vec<String>> = rows.collect();
        KeptList::of_rows(&["ruc"], &rows, HowKept::default(), check_digit)
    }

    /// What a list without a file asks for, a row each.
    pub(super) fn of_rows(
        titles: &[&str],
        rows: &[Vec<String>],
        how: HowKept,
        check_digit: CheckDigit,
    ) -> KeptList {
        let row = |(number, texts): (u32, &Vec<String>)| Row {
            number,
            cells: texts.iter().map(|text| Cell::text(text)).collect(),
        };
        KeptList {
            table: Table {
                source: csv(),
                sheet: 0,
                headers: titles.iter().map(|it| (*it).to_owned()).collect(),
                header_row: None,
                above: Vec::new(),
                looks: ListLooks::default(),
                flaws: BTreeMap::new(),
                rows: (1..).zip(rows).map(row).collect(),
                notes: Vec::new(),
            },
            how,
            check_digit,
        }
    }

    /// What is accepted as a RUC in it, whatever the configuration says by now.
    pub(super) fn rules(&self, configured: &RucRules) -> RucRules {
        RucRules {
            check_digit: self.check_digit,
            ..configured.clone()
        }
    }
}

impl KeptCell {
    pub(super) fn of(cell: &Cell) -> KeptCell {
        match cell {
            Cell::Empty => KeptCell::Empty(()),
            Cell::Text(text) => KeptCell::Text(text.clone()),
            Cell::Number(number) => KeptCell::Number {
                n: number.to_string().into(),
            },
            Cell::Bool(value) => KeptCell::Bool(*value),
            Cell::Date(text) => KeptCell::Date { d: text.clone() },
            Cell::Error(text) => KeptCell::Error { e: text.clone() },
        }
    }

    pub(super) fn into_cell(self) -> Cell {
        match self {
            KeptCell::Empty(()) => Cell::Empty,
            KeptCell::Text(text) => Cell::Text(text),
            // One that was masked is text by now.
            KeptCell::Number { n } => n.parse().map_or(Cell::Text(n), Cell::Number),
            KeptCell::Bool(value) => Cell::Bool(value),
            KeptCell::Date { d } => Cell::Date(d),
            KeptCell::Error { e } => Cell::Error(e),
        }
    }
}

fn csv() -> SourceKind {
    SourceKind::Csv {
        separator: ',',
        encoding: Encoding::Utf8,
    }
}
