//! Asking the processor for memory that is needed soon.

/// Has the processor fetch the cache line in which this begins, if it can, while it goes on.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(what: &T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint that reads nothing the program can see and never faults, of an address that is a reference's besides.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(std::ptr::from_ref(what).cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = what;
}
