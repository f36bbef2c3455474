//! What `grism` does with its arguments.

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};
use grism::{ErrorKind, Result};

use crate::arguments::{Arguments, Command};
use crate::exit_code::{FOUND_PROBLEMS, SUCCESS, exit_code};
use crate::output::tell;
use crate::{load, maintain, output, query, shell, tck};

/// Runs the command with `arguments`, of which the first is the program's name, and returns its exit status: 0, or the code of
/// what went wrong, as `grism --help` lists them.
///
/// Results go to the standard output, everything else to the standard error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(refused) => {
            // Of `--help` as well, whose text goes to the standard output.
            let _ = refused.print();
            return u8::try_from(refused.exit_code()).unwrap_or(u8::MAX);
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(async { tokio::spawn(dispatch(arguments)).await });
            // What was cancelled may still be about to notice; the process does not wait for it.
            runtime.shutdown_background();
            done
        }
        Err(error) => {
            tell(format!("grism: no threads: {error}"));
            return exit_code(ErrorKind::Unavailable);
        }
    };
    match done {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            tell(format!("grism: {error}"));
            exit_code(error.kind())
        }
        Err(error) => {
            tell(format!("grism: Internal: {error}"));
            exit_code(ErrorKind::Internal)
        }
    }
}

async fn dispatch(arguments: Arguments) -> Result<u8> {
    match arguments.command {
        Command::Load(load) => load::load(*load).await?,
        Command::Query(query) if query.is_typed() => shell::shell(query.into_shell()).await?,
        Command::Query(query) => query::query(query).await?,
        Command::Shell(given) => shell::shell(given).await?,
        Command::Explain(explain) => query::explain(explain).await?,
        Command::Schema(schema) => query::schema(schema).await?,
        Command::Export(export) => maintain::export(export).await?,
        Command::Import(import) => maintain::import(import).await?,
        Command::Check(check) => {
            if !maintain::check(check).await? {
                return Ok(FOUND_PROBLEMS);
            }
        }
        Command::History(history) => maintain::history(history).await?,
        Command::Optimize(optimize) => maintain::optimize(optimize).await?,
        Command::Vacuum(vacuum) => maintain::vacuum(vacuum).await?,
        Command::Completions(given) => {
            let mut script = Vec::new();
            clap_complete::generate(given.shell, &mut Arguments::command(), "grism", &mut script);
            output::write_text(String::from_utf8_lossy(&script).trim_end())?;
        }
        Command::TckServer(server) => tck::serve(server).await?,
    }
    Ok(SUCCESS)
}
