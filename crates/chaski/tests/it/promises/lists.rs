//! No list ends well that was read wrongly.
