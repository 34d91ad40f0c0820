//! Writing into memory that is there already: how every cell of a row and of an event becomes bytes.
//!
//! A function that puts something takes the room and the place where its text begins, and returns the place behind it. It allocates
//! nothing, and it need not ask whether there is room: what is put at a time is bounded, and a [`Room`] is larger. Its size is known
//! when the program is built, so that putting a cell is a store and no comparison.

/// The largest block.
const BLOCK: usize = 64;

/// So many bytes may be put at a time: all cells of one endpoint, or an event, take less than half of it, and most rows do.
pub const CAPACITY: usize = 8192;

/// Room for what is put at a time. A block may begin at the last place.
pub type Room = [u8; CAPACITY + BLOCK];

/// The place `at`, where there is room for a block.
#[inline(always)]
const fn place(at: usize) -> usize {
    at % CAPACITY
}

/// Puts the first `used` bytes of `block`. All of it is copied, which costs less than copying a number of bytes that is not known
/// beforehand; what is put next covers the rest.
#[inline(always)]
pub fn put_block<const N: usize>(room: &mut Room, at: usize, block: &[u8; N], used: usize) -> usize {
    const { assert!(N <= BLOCK) };
    let start = place(at);
    room[start..start + N].copy_from_slice(block);
    at + used
}

/// Puts one byte.
#[inline(always)]
pub fn put_byte(room: &mut Room, at: usize, byte: u8) -> usize {
    room[place(at)] = byte;
    at + 1
}

/// Puts a text of constant length.
#[inline(always)]
pub fn put_all<const N: usize>(room: &mut Room, at: usize, text: &[u8; N]) -> usize {
    put_block(room, at, text, N)
}

/// Puts the same few bytes so many times.
#[inline(always)]
pub fn put_times<const N: usize, const TIMES: usize>(room: &mut Room, at: usize, text: [u8; N]) -> usize {
    const { assert!(N * TIMES <= BLOCK) };
    let start = place(at);
    room[start..start + N * TIMES].as_chunks_mut().0.fill(text);
    at + N * TIMES
}

/// Puts bytes.
#[inline]
pub fn put_bytes(room: &mut Room, at: usize, bytes: &[u8]) -> usize {
    let end = at + bytes.len();
    if let Some(place) = room.get_mut(at..end) {
        place.copy_from_slice(bytes);
    }
    end
}

/// What `put` puts, as a text of its own: for those who are in no hurry.
pub fn text_of(put: impl FnOnce(&mut Room, usize) -> usize) -> String {
    let mut room = [0; CAPACITY + BLOCK];
    let end = put(&mut room, 0).min(CAPACITY);
    String::from_utf8_lossy(&room[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_stands_side_by_side() {
        let text = text_of(|room, at| {
            let at = put_block(room, at, b"abcd", 2);
            let at = put_byte(room, at, b'-');
            let at = put_times::<2, 3>(room, at, *b"x,");
            let at = put_all(room, at, b"yz");
            put_bytes(room, at, b"!?")
        });
        assert_eq!(text, "ab-x,x,x,yz!?");
    }

    #[test]
    fn the_last_place_is_one_for_a_block() {
        let text = text_of(|room, at| {
            let at = put_bytes(room, at, &[b'a'; CAPACITY - 1]);
            put_block(room, at, &[b'b'; BLOCK], 1)
        });
        assert_eq!(text, format!("{}b", "a".repeat(CAPACITY - 1)));
    }
}
