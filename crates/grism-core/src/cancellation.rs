//! `CancellationHandle`: tells a running query to stop, when it is asked to or at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tokio::sync::Notify;

use crate::{Error, ErrorKind, Result};

/// Tells running work to stop; clones share the same state, and what is below a handle stops with it.
///
/// ```
/// use grism_core::CancellationHandle;
///
/// let program = CancellationHandle::default();
/// let query = program.child(None);
/// program.cancel();
/// assert!(query.is_cancelled());
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancellationHandle(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cancelled: AtomicBool,
    deadline: Option<Instant>,
    parent: Option<CancellationHandle>,
    watch: Option<Watch>,
    /// Wakes whoever waits on a handle; a handle and its children share it.
    changed: Arc<Notify>,
}

/// What is called whenever somebody looks at a handle.
struct Watch(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

impl CancellationHandle {
    /// A handle that also stops at `deadline`.
    #[must_use]
    pub fn with_deadline(deadline: Option<Instant>) -> Self {
        Self(Arc::new(State {
            deadline,
            ..State::default()
        }))
    }

    /// A handle that stops with this one, by itself, and at `deadline`; this one goes on where only the other stops.
    #[must_use]
    pub fn child(&self, deadline: Option<Instant>) -> Self {
        let deadlines = deadline.into_iter().chain(self.0.deadline);
        Self(Arc::new(State {
            cancelled: AtomicBool::new(false),
            deadline: deadlines.min(),
            parent: Some(self.clone()),
            watch: None,
            changed: Arc::clone(&self.0.changed),
        }))
    }

    /// A handle that stops with this one, and calls `watch` whenever work looks at it or at a handle below it, on the thread of
    /// that work: once a batch, and from time to time within long loops.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    /// use grism_core::CancellationHandle;
    ///
    /// let looks = Arc::new(AtomicU32::new(0));
    /// let counted = Arc::clone(&looks);
    /// let program = CancellationHandle::default();
    /// let query = program.watched(move || {
    ///     counted.fetch_add(1, Ordering::Relaxed);
    /// });
    /// query.child(None).check().unwrap();
    /// program.check().unwrap();
    /// assert_eq!(looks.load(Ordering::Relaxed), 1);
    /// ```
    #[must_use]
    pub fn watched(&self, watch: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(State {
            cancelled: AtomicBool::new(false),
            deadline: self.0.deadline,
            parent: Some(self.clone()),
            watch: Some(Watch(Box::new(watch))),
            changed: Arc::clone(&self.0.changed),
        }))
    }

    /// Stops the work at its next check.
    pub fn cancel(&self) {
        self.0.cancelled.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }

    /// Whether the work was told to stop; the deadline does not count.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        if let Some(Watch(watch)) = &self.0.watch {
            watch();
        }
        let parent = self.0.parent.as_ref();
        self.0.cancelled.load(Ordering::Acquire) || parent.is_some_and(Self::is_cancelled)
    }

    /// When the work stops at the latest; `None` is without end.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }

    /// Fails where the work was told to stop or its time ran out.
    ///
    /// # Errors
    /// `Cancelled`.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() {
            return Err(Error::cancelled());
        }
        if self
            .0
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline)
        {
            return Err(Error::new(
                ErrorKind::Cancelled,
                "the query ran out of time",
            ));
        }
        Ok(())
    }

    /// Waits until the work has to stop; the error says why. A handle with a deadline needs a tokio runtime with timers.
    pub async fn cancelled(&self) -> Error {
        loop {
            let mut changed = std::pin::pin!(self.0.changed.notified());
            // A call between the check and the wait must not be missed.
            changed.as_mut().enable();
            if let Err(error) = self.check() {
                return error;
            }
            match self.0.deadline {
                // What comes of it is asked above.
                Some(deadline) => {
                    let _ = tokio::time::timeout_at(deadline.into(), changed).await;
                }
                None => changed.await,
            }
        }
    }
}

/// Cancels when it is dropped: for work that nobody waits for any more.
#[derive(Debug)]
pub struct CancelOnDrop(CancellationHandle);

impl CancelOnDrop {
    /// Cancels `handle` at its end.
    #[must_use]
    pub fn new(handle: CancellationHandle) -> Self {
        Self(handle)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_child_stops_with_its_parent_and_not_the_other_way_round() {
        let program = CancellationHandle::default();
        let (first, second) = (program.child(None), program.child(None));
        first.cancel();
        assert!(first.is_cancelled() && !second.is_cancelled() && !program.is_cancelled());
        program.cancel();
        assert!(second.child(None).is_cancelled());
    }

    #[test]
    fn a_watch_that_cancels_is_heard_by_the_look_that_called_it() {
        let program = CancellationHandle::default();
        let query = program.clone().watched(move || program.cancel());
        assert_eq!(
            query.child(None).check().unwrap_err().kind(),
            ErrorKind::Cancelled
        );
    }

    #[test]
    fn the_earlier_deadline_counts() {
        let now = Instant::now();
        let outer = CancellationHandle::with_deadline(Some(now));
        let inner = outer.child(Some(now + Duration::from_secs(9)));
        assert_eq!(inner.deadline(), Some(now));
        assert_eq!(inner.check().unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(!inner.is_cancelled());
    }

    #[tokio::test]
    async fn whoever_waits_wakes_when_the_parent_is_cancelled_or_time_is_up() {
        let program = CancellationHandle::default();
        let query = program.child(None);
        let waiting = tokio::spawn(async move { query.cancelled().await });
        tokio::task::yield_now().await;
        drop(CancelOnDrop::new(program));
        assert_eq!(waiting.await.unwrap().kind(), ErrorKind::Cancelled);

        let soon = Instant::now() + Duration::from_millis(20);
        let query = CancellationHandle::default().child(Some(soon));
        assert!(query.cancelled().await.to_string().contains("out of time"));
        assert!(Instant::now() >= soon);
    }
}
