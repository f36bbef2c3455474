//! `RayDriver`: the process that speaks to Ray for a Rust program, so that the program does not link Python.
//!
//! It is `python -m grism_ray.driver`. The request goes to its standard input in two parts, each of which is the length as a
//! little-endian `u64` and then that: JSON, and the plan as it travels. The input stays open as long as the answer is wanted; where it closes, the driver cancels what runs. Frames come back
//! on its standard output, each a letter, the length of what follows as a little-endian `u64`, and then that: `B` a bundle, `P`
//! the number of tasks done, `M` the metrics of tasks and the end, `E` an error.

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::{Duration, Instant};

use arrow::buffer::Buffer;
use futures::Stream;
use grism_core::{Error, Result, log_variable};
use grism_engine::RunHandle;
use tokio::sync::mpsc;

use crate::RayExecutorConfig;

/// Bundles the driver may be ahead of the reader.
const AHEAD: usize = 2;

/// The environment variable that tells the package `grism_ray` which extension module is behind it.
const MODULE_VARIABLE: &str = "GRISM_MODULE";

/// How long a driver that was told to stop may take to leave the cluster.
const LEAVE: Duration = Duration::from_secs(5);

/// How often it is looked whether a driver has left.
const LOOK: Duration = Duration::from_millis(20);

/// A driver that runs one request, and is told to stop where this is dropped.
pub(crate) struct RayDriver {
    frames: mpsc::Receiver<Result<Buffer>>,
    /// What the thread that holds the driver's input waits for: that it is dropped.
    _wanted: blocking::Sender<()>,
}

impl RayDriver {
    /// Starts a driver on `request`.
    ///
    /// # Errors
    /// `Unavailable` where it does not start.
    pub(crate) fn start(
        config: &RayExecutorConfig,
        request: [Vec<u8>; 2],
        run: RunHandle,
    ) -> Result<Self> {
        let mut child = spawn(config)?;
        let (mut input, output) = match (child.stdin.take(), child.stdout.take()) {
            (Some(input), Some(output)) => (input, output),
            _ => return Err(gone()),
        };
        let (sender, frames) = mpsc::channel(AHEAD);
        let (wanted, unwanted) = blocking::channel::<()>();
        // Threads and not tasks: the end of a tokio runtime would wait for a task that reads.
        thread::spawn(move || {
            // A driver that does not take its request ends, which the other thread tells.
            let _ = request.iter().try_for_each(|part| {
                input.write_all(&(part.len() as u64).to_le_bytes())?;
                input.write_all(part)
            });
            let _ = unwanted.recv();
            drop(input);
            leave(child);
        });
        thread::spawn(move || {
            if let Err(error) = read_frames(output, &sender, &run) {
                let _ = sender.blocking_send(Err(error));
            }
        });
        Ok(Self {
            frames,
            _wanted: wanted,
        })
    }

    /// The bundles of the answer.
    pub(crate) fn bundles(self) -> impl Stream<Item = Result<Buffer>> + Send {
        futures::stream::unfold(self, |mut driver| async move {
            let next = driver.frames.recv().await?;
            Some((next, driver))
        })
    }
}

fn spawn(config: &RayExecutorConfig) -> Result<Child> {
    let mut command = Command::new(&config.python);
    if let Some(module) = &config.worker_module {
        command.env(MODULE_VARIABLE, module);
    }
    command
        .args(["-m", "grism_ray.driver"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(match log_variable() {
            Some(_) => Stdio::inherit(),
            None => Stdio::null(),
        })
        .spawn()
        .map_err(|error| {
            Error::unavailable(format!(
                "the Ray driver does not start with {}: {error}; set GRISM_PYTHON to a Python that has grism_ray",
                config.python
            ))
        })
}

fn gone() -> Error {
    Error::unavailable("the Ray driver ended before the answer was whole")
}

/// Passes on what the driver tells, until it is done or nobody listens.
fn read_frames(
    output: ChildStdout,
    sender: &mpsc::Sender<Result<Buffer>>,
    run: &RunHandle,
) -> Result<()> {
    let mut output = BufReader::new(output);
    loop {
        let mut head = [0u8; 9];
        output.read_exact(&mut head).map_err(|_| gone())?;
        let length = <[u8; 8]>::try_from(&head[1..])
            .map(u64::from_le_bytes)
            .map_err(|_| gone())?;
        let mut body = vec![0; usize::try_from(length).map_err(|_| gone())?];
        output.read_exact(&mut body).map_err(|_| gone())?;
        match head[0] {
            b'B' => {
                if sender.blocking_send(Ok(Buffer::from(body))).is_err() {
                    return Ok(());
                }
            }
            b'P' => run.note_tasks_done(parsed(&body)?),
            b'M' => {
                run.note_tasks(parsed(&body)?);
                return Ok(());
            }
            _ => return Err(parsed::<Error>(&body)?),
        }
    }
}

fn parsed<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        Error::internal(format!(
            "the Ray driver sent a frame of no known form: {error}"
        ))
    })
}

/// Waits until the driver has left the cluster, and ends it where it does not.
fn leave(mut child: Child) {
    let begun = Instant::now();
    while begun.elapsed() < LEAVE {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
}
