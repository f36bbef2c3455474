//! Memory that was freed and that the allocator keeps.

/// Gives what was freed, and what glibc keeps for later, back to the system. Left alone it keeps ever larger blocks, since it
/// takes the size of what was freed last for what is wanted next. Nothing is set, and nothing that is in use moves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn release_freed() {
    // SAFETY: the call takes an integer, and walks free blocks under the allocator's own locks.
    #[expect(unsafe_code, reason = "the allocator is asked in C")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Does nothing: this system's allocator gives large blocks back itself.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn release_freed() {}
