//! `with_stack`: recursion over plans and expressions that no depth of a query can overflow.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Bytes that must be left on a stack for a step of a recursion to run on it. A step may end in a call of a library that
/// knows nothing of this, such as the decoder of a file, and needs room for itself.
const RED_ZONE: usize = 256 * 1024;

/// Bytes of each further stack.
const SEGMENT: usize = 2 * 1024 * 1024;

/// Runs one step of a recursion: on the stack at hand, or on another one where little of it is left.
///
/// Threads have stacks of 2 MiB, and a query decides how deeply its plan nests. Where a traversal is not naturally a loop it
/// calls itself through this function.
#[inline]
pub fn with_stack<R>(step: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(RED_ZONE, SEGMENT, step)
}

/// `future`, each poll of which runs with room on the stack: for futures that hold each other as deep as a query nests.
pub fn on_stack<F: Future>(future: F) -> OnStack<F> {
    OnStack(Box::pin(future))
}

/// The future of [`on_stack`].
#[derive(Debug)]
pub struct OnStack<F>(Pin<Box<F>>);

impl<F: Future> Future for OnStack<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        with_stack(|| self.0.as_mut().poll(context))
    }
}

#[cfg(test)]
mod tests {
    use super::with_stack;

    fn depth(levels: usize) -> usize {
        let frame = std::hint::black_box([0u8; 512]);
        match levels {
            0 => 0,
            _ => with_stack(|| depth(levels - 1)) + 1 + usize::from(frame[0]),
        }
    }

    #[test]
    fn a_deep_recursion_runs_on_a_small_stack() {
        let thread = std::thread::Builder::new().stack_size(512 * 1024);
        let deep = thread.spawn(|| depth(100_000)).expect("a thread");
        assert_eq!(deep.join().expect("no overflow"), 100_000);
    }
}
