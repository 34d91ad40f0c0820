//! Tells the processor what will be read soon.

/// The part of memory that comes at once, on nearly every processor.
const LINE: usize = 64;

/// Has the processor fetch this from memory, and go on with other things meanwhile: a value that is read has to be there before much else can
/// happen. A hint that changes nothing; where there is no such instruction, nothing is done.
#[inline(always)]
#[allow(unsafe_code)]
pub fn prefetch<T>(soon: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(soon).cast::<i8>();
        // So many lines at most, wherever the first of them begins: one is looked for in each, and the last byte lies in the last.
        let lines = (size_of::<T>() + LINE - align_of::<T>().min(LINE)).div_ceil(LINE);
        let fetch = |at: usize| {
            // SAFETY: the instruction is part of every x86-64, and may be given any address: it reads nothing as far as a program can see.
            // This one lies within `soon`. It pays where memory is far away: `cargo bench --bench stages -- segments_to_rows`, the last line.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(at)) };
        };
        for line in 1..lines {
            fetch((line - 1) * LINE);
        }
        fetch(size_of::<T>() - 1);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = soon;
}
