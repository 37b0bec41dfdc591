//! What every page of the API shares: bodies read, callers known, answers and problems written.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod code_pages;
pub(crate) mod code_texts;
pub(crate) mod form;
pub(crate) mod limits;
pub(crate) mod once;
pub(crate) mod outgoing;
pub(crate) mod paging;
pub(crate) mod parameters;
pub(crate) mod problem;
pub(crate) mod rendered;
pub(crate) mod reply;
pub(crate) mod request_info;
pub(crate) mod rest;
pub(crate) mod room;
pub(crate) mod squeezed;
pub(crate) mod texts;
pub(crate) mod under_way;
pub(crate) mod upload;
pub(crate) mod waiting;

pub(crate) use body::{MOST_BYTES, fields};
pub(crate) use caller::Caller;
pub(crate) use limits::Learned;
pub(crate) use once::{Created, OnceWanted};
pub(crate) use paging::{PageWanted, cursor, limit, shaped};
pub(crate) use parameters::{
    Given, MOST_RUCS, bad_query, check_fits, date, id_of, nobody, put_purpose, read_dni, read_ruc,
};
pub(crate) use problem::{ERROR_STATUSES, FieldProblem, FindingProblem, Problem, Problems};
pub(crate) use reply::JsonAnswer;
pub(crate) use request_info::{REQUEST_ID, RequestInfo, language, request_id};
pub(crate) use rest::Watched;
pub(crate) use room::{Room, RoomHeld};
pub(crate) use under_way::Work;
pub(crate) use upload::most_of_a_file;
pub(crate) use waiting::{Turned, Waiting};
