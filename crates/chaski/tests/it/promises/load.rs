//! Overload, and failures that concern every number.
