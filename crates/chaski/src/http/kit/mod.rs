//! What every page of the API shares: bodies read, callers known, answers and problems written.

pub(in crate::http) mod body;
pub(in crate::http) mod caller;
pub(in crate::http) mod code_pages;
pub(in crate::http) mod code_texts;
pub(in crate::http) mod form;
pub(in crate::http) mod limits;
pub(in crate::http) mod once;
pub(in crate::http) mod outgoing;
pub(in crate::http) mod paging;
pub(in crate::http) mod parameters;
pub(in crate::http) mod problem;
pub(in crate::http) mod rendered;
pub(in crate::http) mod reply;
pub(in crate::http) mod request_info;
pub(in crate::http) mod rest;
pub(in crate::http) mod room;
pub(in crate::http) mod texts;
pub(in crate::http) mod under_way;
pub(in crate::http) mod upload;
pub(in crate::http) mod waiting;
