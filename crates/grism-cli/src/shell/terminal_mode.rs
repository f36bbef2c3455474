//! The mode of the terminal while the shell runs: it echoes nothing, so that what is typed or pasted at any time is shown once,
//! by the shell.

use std::io::{Error, Result};
use std::mem::MaybeUninit;

/// The mode that is held; dropped, the terminal gets back the mode that it had.
pub(super) struct TerminalMode {
    original: OriginalMode,
}

/// The mode that a terminal had before the shell.
#[derive(Clone, Copy)]
pub(super) struct OriginalMode(libc::termios);

/// What Ctrl-C is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// A key like others, while a line is edited.
    Read,
    /// A signal, while a statement runs. Other keys wait.
    Signal,
}

impl TerminalMode {
    /// Takes hold of the terminal of standard input.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(super) fn hold() -> Result<Self> {
        let mut mode = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: the call writes a whole mode, unless it fails.
        #[expect(unsafe_code, reason = "terminals are told in C")]
        let done = unsafe { libc::tcgetattr(libc::STDIN_FILENO, mode.as_mut_ptr()) };
        if done != 0 {
            return Err(Error::last_os_error());
        }
        // SAFETY: the call above succeeded.
        #[expect(unsafe_code, reason = "terminals are told in C")]
        let mode = unsafe { mode.assume_init() };
        let held = Self {
            original: OriginalMode(mode),
        };
        held.set(Keys::Read)?;
        Ok(held)
    }

    /// Says what keys are from now on. Those that wait are kept.
    ///
    /// # Errors
    /// Those of the terminal.
    pub(super) fn set(&self, keys: Keys) -> Result<()> {
        let mut mode = self.original.0;
        // SAFETY: the call changes the fields of a mode that it is lent.
        #[expect(unsafe_code, reason = "terminals are told in C")]
        unsafe {
            libc::cfmakeraw(&raw mut mode);
        }
        // Ends of lines are output as usual.
        mode.c_oflag = self.original.0.c_oflag;
        if keys == Keys::Signal {
            mode.c_iflag = self.original.0.c_iflag;
            mode.c_lflag |= self.original.0.c_lflag & libc::ISIG;
        }
        apply(&mode)
    }

    /// The mode that the terminal had.
    pub(super) fn original(&self) -> OriginalMode {
        self.original
    }
}

impl OriginalMode {
    /// Gives it back to the terminal.
    pub(super) fn restore(&self) {
        // A terminal that is gone has no mode.
        let _gone = apply(&self.0);
    }
}

impl Drop for TerminalMode {
    fn drop(&mut self) {
        self.original.restore();
    }
}

fn apply(mode: &libc::termios) -> Result<()> {
    // SAFETY: the call only reads the mode.
    #[expect(unsafe_code, reason = "terminals are told in C")]
    let done = unsafe { libc::tcsetattr(libc::STDIN_FILENO, libc::TCSADRAIN, mode) };
    match done {
        0 => Ok(()),
        _ => Err(Error::last_os_error()),
    }
}
