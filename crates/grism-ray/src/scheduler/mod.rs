//! The scheduler: a state machine without I/O. What happened comes in as events, what to do goes out as actions.
//!
//! A task runs when every task of the stages it reads is done. A lost worker takes its running tasks with it, not what
//! it had finished: outputs live in the object store, and only when one of them is lost is the task behind it run
//! again, and nothing else. A second run that makes other bytes than the first takes back what was made of the first.

mod action;
mod config;
mod dispatch;
mod event;
mod resources;
mod state;
mod task_ref;
mod transition;

#[cfg(test)]
mod tests;

pub use action::Action;
pub use config::SchedulerConfig;
pub use event::Event;
pub use state::Scheduler;
pub use task_ref::TaskRef;
