//! What every command shares: what was typed and is needed, who is asked, what is printed.

pub(in crate::cli) mod args;
pub(in crate::cli) mod desk;
pub(in crate::cli) mod explain;
pub(in crate::cli) mod interrupt;
pub(in crate::cli) mod needed;
pub(in crate::cli) mod numbers;
pub(in crate::cli) mod output;
pub(in crate::cli) mod overwrite;
pub(in crate::cli) mod plan_left;
pub(in crate::cli) mod port;
pub(in crate::cli) mod progress;
pub(in crate::cli) mod records;
mod suggestions;
pub(in crate::cli) mod table;
mod table_words;
pub(in crate::cli) mod terminal;
pub(in crate::cli) mod typed;
