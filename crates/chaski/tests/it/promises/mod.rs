//! What the program promises, each promise attacked as it was once broken. A test bears the number of
//! the failure that it keeps from coming back (`h02_…`, `a13_…`, `f03_…`, `l08_…`) and tries it with
//! specimens generated around the one that was seen.

mod clock;
mod figures;
mod files;
mod http;
mod invented;
mod lists;
mod load;
mod operator;
mod processes;
mod spending;
mod verdicts;
