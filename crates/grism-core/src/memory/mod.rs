//! Memory: one manager a process, a budget of it for each query, and what they are counted by.
//!
//! ```text
//! PoolMemoryManager      what the process may use (system_memory: cgroup, machine, ulimit)
//!   ├─ caches            charged to it; they give room back when a query needs it (Reclaim)
//!   ├─ MemoryBudget      one query: its own limit, and all that it holds counts above as well
//!   │    └─ MemoryReservation   what one operator or buffer holds
//!   └─ MemoryBudget      another query
//! ```

mod batch_bytes;
mod budget;
mod caches;
mod cgroup;
mod counter;
mod freed;
mod manager;
mod pool;
mod reservation;
mod system_memory;

pub use batch_bytes::{batch_bytes, compact_slices, slice_bytes};
pub use budget::MemoryBudget;
pub use freed::release_freed;
pub use manager::{MemoryManager, Reclaim};
pub use pool::PoolMemoryManager;
pub use reservation::MemoryReservation;
pub use system_memory::system_memory;
