//! Availability: what callers without a key, slow ones and large files can do to others.
