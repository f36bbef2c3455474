//! Runs a command, and says how it ended.

use std::ffi::OsString;
use std::sync::Arc;

use clap::{CommandFactory as _, Parser as _};
use grism::ErrorKind;

use crate::arguments::{Arguments, Command};
use crate::exit_code::{FOUND_PROBLEMS, SUCCESS, exit_code};
use crate::functions::{FunctionSource, become_python};
use crate::output::{tell, write_text};
use crate::{load, maintain, query, shell, tck};

/// Runs the command with `words`, of which the first is the program's name, and returns its exit status: 0, or the code of what
/// went wrong, as `grism --help` lists them. `functions` finds functions of users; without it a Python runs a command that needs
/// them.
///
/// Results go to the standard output, everything else to the standard error.
pub fn run(words: Vec<OsString>, functions: Option<Arc<dyn FunctionSource>>) -> u8 {
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(refused) => {
            // Of `--help` as well, whose text goes to the standard output.
            let _ = refused.print();
            return u8::try_from(refused.exit_code()).unwrap_or(u8::MAX);
        }
    };
    if let Err(error) = grism::log_to_standard_error() {
        tell(format!("grism: {error}"));
        return exit_code(error.kind());
    }
    let is_verbose = arguments.command.is_verbose();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let done = match runtime {
        Ok(runtime) => {
            let command = command(arguments, functions);
            let done = runtime.block_on(async { tokio::spawn(command).await });
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
            if let Some(operator) = error.operator().filter(|_| is_verbose) {
                tell(format!("in {operator}"));
            }
            exit_code(error.kind())
        }
        Err(error) => {
            tell(format!("grism: Internal: {error}"));
            exit_code(ErrorKind::Internal)
        }
    }
}

async fn command(
    arguments: Arguments,
    functions: Option<Arc<dyn FunctionSource>>,
) -> grism::Result<u8> {
    let functions = functions.as_deref();
    if let Some(wanted) = arguments.command.functions() {
        become_python(wanted, functions)?;
    }
    match arguments.command {
        Command::Load(load) => load::load(*load).await?,
        Command::Query(query) if query.is_typed() => {
            shell::shell(query.into_shell(), functions).await?;
        }
        Command::Query(query) => query::query(query, functions).await?,
        Command::Shell(given) => shell::shell(given, functions).await?,
        Command::Explain(explain) => query::explain(explain, functions).await?,
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
            write_text(String::from_utf8_lossy(&script).trim_end())?;
        }
        Command::TckServer(server) => tck::serve(server).await?,
    }
    Ok(SUCCESS)
}
