//! Files of people are never overwritten by mistake.
