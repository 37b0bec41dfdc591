//! Closed sets whose values have a stable name: each name is written once.

/// Defines the set as an enum, and the ways from a value to its name and back.
macro_rules! named {
    (
        $(#[$about:meta])*
        pub enum $set:ident {
            $($(#[$doc:meta])* $value:ident = $name:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $set {
            $($(#[$doc])* $value,)+
        }

        impl $set {
            /// All of them, in this order.
            pub const ALL: [$set; [$($name),+].len()] = [$($set::$value,)+];

            /// Stable name, never translated.
            pub fn as_str(self) -> &'static str {
                match self {
                    $($set::$value => $name,)+
                }
            }

            /// The value of a stable name.
            pub fn from_name(name: &str) -> Option<$set> {
                match name {
                    $($name => Some($set::$value),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use named;
