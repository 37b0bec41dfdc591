//! Who answers, and whose keys are whose.

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The embedded sandbox: invented data, nothing leaves the process.
    Sandbox,
    /// The configured upstream, with its token.
    Real,
}

impl Mode {
    /// Its name in what programs read.
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Sandbox => "sandbox",
            Mode::Real => "real",
        }
    }

    /// The mode of that name.
    pub(crate) fn from_name(name: &str) -> Option<Mode> {
        let mut both = [Mode::Sandbox, Mode::Real].into_iter();
        both.find(|mode| mode.as_str() == name)
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Mode {
        match self {
            Mode::Sandbox => Mode::Real,
            Mode::Real => Mode::Sandbox,
        }
    }
}

/// The beginning of every key of a mode.
pub(crate) fn kind_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Sandbox => "chk_test_",
        Mode::Real => "chk_live_",
    }
}

/// Which side a presented key belongs to.
pub fn mode_of_key(presented: &str) -> Option<Mode> {
    [Mode::Sandbox, Mode::Real]
        .into_iter()
        .find(|mode| presented.starts_with(kind_of(*mode)))
}
