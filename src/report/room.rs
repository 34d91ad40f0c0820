//! Writing into memory that is there already: how every cell of a row and of an event becomes bytes.
//!
//! A function that puts something takes the room and the place where its text begins, and returns the place behind it. It allocates
//! nothing, and it need not ask for room: what does not fit is left out and counted all the same, so that whoever gave the room
//! sees that it was too small ([`fits`]) and has it written again with more ([`super::rows::RowBuffer`]).

/// The largest block. A text that ends so far from the end of the room was written in full.
const BLOCK: usize = 64;

/// Whether all that was put before `at` found its place.
pub const fn fits(room: &[u8], at: usize) -> bool {
    at + BLOCK <= room.len()
}

/// Puts the first `used` bytes of `block`. All of it is copied, which costs less than copying a number of bytes that is not known
/// beforehand; what is put next covers the rest.
#[inline(always)]
pub fn put_block<const N: usize>(room: &mut [u8], at: usize, block: &[u8; N], used: usize) -> usize {
    const { assert!(N <= BLOCK) };
    // No room is as large as that: where the sum cannot overflow, one comparison tells whether the block fits.
    let start = at & u32::MAX as usize;
    if let Some(place) = room.get_mut(start..start + N) {
        place.copy_from_slice(block);
    }
    at + used
}

/// Puts what was put at `from` once more; it is at most `N` bytes long, of which `used` count.
#[inline(always)]
pub fn put_again<const N: usize>(room: &mut [u8], from: usize, at: usize, used: usize) -> usize {
    let start = from & u32::MAX as usize;
    match room.get(start..start + N).and_then(<[u8]>::first_chunk) {
        Some(&text) => put_block::<N>(room, at, &text, used),
        None => at + used,
    }
}

/// Puts one byte.
#[inline(always)]
pub fn put_byte(room: &mut [u8], at: usize, byte: u8) -> usize {
    if let Some(place) = room.get_mut(at) {
        *place = byte;
    }
    at + 1
}

/// Puts a text of constant length.
#[inline(always)]
pub fn put_all<const N: usize>(room: &mut [u8], at: usize, text: &[u8; N]) -> usize {
    put_block(room, at, text, N)
}

/// Puts bytes.
#[inline]
pub fn put_bytes(room: &mut [u8], at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    if let Some(place) = room.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
    end
}

/// Puts a byte in a place that was put before.
#[inline]
pub fn replace(room: &mut [u8], at: usize, byte: u8) {
    if let Some(place) = room.get_mut(at) {
        *place = byte;
    }
}

/// What `put` puts, as a text of its own: for those who are in no hurry.
pub fn text_of(put: impl Fn(&mut [u8], usize) -> usize) -> String {
    let mut room = vec![0; 2 * BLOCK];
    loop {
        let end = put(&mut room, 0);
        if fits(&room, end) {
            room.truncate(end);
            return String::from_utf8_lossy(&room).into_owned();
        }
        room.resize(end + 2 * BLOCK, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_counted() {
        let mut room = [b'-'; 3];
        let at = put_block(&mut room, 1, b"ab", 1);
        assert_eq!((at, &room), (2, b"-ab"));
        let at = put_all(&mut room, at, b"cd");
        assert_eq!((at, &room), (4, b"-ab"));
        assert_eq!(put_bytes(&mut room, at, b"xyz"), 7);
        assert_eq!(put_byte(&mut room, 7, b'x'), 8);
        assert!(!fits(&room, 1) && fits(&[0; BLOCK + 1], 1) && !fits(&[0; BLOCK + 1], 2));
    }

    #[test]
    fn a_long_text_is_put_again() {
        let long = "long".repeat(100);
        assert_eq!(text_of(|room, at| put_bytes(room, at, long.as_bytes())), long);
    }
}
