//! The program `grism`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(grism_cli::run(std::env::args_os().collect(), None))
}
