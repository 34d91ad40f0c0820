//! Runs a classic BPF program on a frame.
//!
//! libpcap could do that itself, but the `pcap` crate hands it the captured length as the length on the wire, which makes
//! `len`, `less` and `greater` wrong on every packet that the capture cut. So libpcap compiles, and this runs.
//! The meaning of the instructions is that of McCanne and Jacobson, "The BSD Packet Filter" (1993), and of libpcap's
//! own interpreter: a load outside the captured bytes ends the program, and the packet does not pass.

/// More steps than this are taken for an endless loop. Only `protochain` compiles to loops, and its
/// take a few steps per extension header.
const MAX_STEPS: u32 = 1 << 16;

/// Where an operand comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Constant(u32),
    Index,
}

/// Width of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Byte,
    Half,
    Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Or,
    And,
    Xor,
    ShiftLeft,
    ShiftRight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Equal,
    Greater,
    GreaterOrEqual,
    AnyBit,
}

/// One instruction; jumps are relative to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Instruction {
    Load(Width, u32),
    LoadIndexed(Width, u32),
    LoadConstant(u32),
    LoadLength,
    LoadMemory(usize),
    IndexConstant(u32),
    IndexLength,
    IndexMemory(usize),
    /// The index becomes the header length that an IPv4 header has at this place.
    IndexHeaderLength(u32),
    Store(usize),
    StoreIndex(usize),
    Compute(Arithmetic, Operand),
    Negate,
    Jump(i32),
    JumpIf(Condition, Operand, u8, u8),
    Return(u32),
    ReturnAccumulator,
    ToIndex,
    FromIndex,
}

/// A program that tells whether a frame passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program(Vec<Instruction>);

impl Program {
    /// Takes over a program from its instructions as `(code, jump if true, jump if false, constant)`; none if one of them is unknown.
    pub fn new(instructions: impl Iterator<Item = (u16, u8, u8, u32)>) -> Option<Self> {
        instructions.map(decode).collect::<Option<Vec<_>>>().map(Self)
    }

    /// Whether a frame of `wire_len` bytes, of which `data` was captured, passes.
    pub fn passes(&self, data: &[u8], wire_len: u32) -> bool {
        self.run(data, wire_len).is_some_and(|accepted| accepted != 0)
    }

    /// What the program returns; none if it does not come to its end.
    fn run(&self, data: &[u8], wire_len: u32) -> Option<u32> {
        let (mut accumulator, mut index, mut memory) = (0u32, 0u32, [0u32; 16]);
        let mut at = 0usize;
        for _ in 0..MAX_STEPS {
            let instruction = *self.0.get(at)?;
            at += 1;
            match instruction {
                Instruction::Load(width, place) => accumulator = load(data, width, place)?,
                Instruction::LoadIndexed(width, place) => {
                    accumulator = load(data, width, place.checked_add(index)?)?;
                }
                Instruction::LoadConstant(constant) => accumulator = constant,
                Instruction::LoadLength => accumulator = wire_len,
                Instruction::LoadMemory(cell) => accumulator = *memory.get(cell)?,
                Instruction::IndexConstant(constant) => index = constant,
                Instruction::IndexLength => index = wire_len,
                Instruction::IndexMemory(cell) => index = *memory.get(cell)?,
                Instruction::IndexHeaderLength(place) => index = (load(data, Width::Byte, place)? & 0x0f) << 2,
                Instruction::Store(cell) => *memory.get_mut(cell)? = accumulator,
                Instruction::StoreIndex(cell) => *memory.get_mut(cell)? = index,
                Instruction::Compute(what, operand) => {
                    accumulator = compute(what, accumulator, value(operand, index))?;
                }
                Instruction::Negate => accumulator = accumulator.wrapping_neg(),
                Instruction::Jump(distance) => at = at.checked_add_signed(isize::try_from(distance).ok()?)?,
                Instruction::JumpIf(condition, operand, if_true, if_false) => {
                    let operand = value(operand, index);
                    let holds = match condition {
                        Condition::Equal => accumulator == operand,
                        Condition::Greater => accumulator > operand,
                        Condition::GreaterOrEqual => accumulator >= operand,
                        Condition::AnyBit => accumulator & operand != 0,
                    };
                    at += usize::from(if holds { if_true } else { if_false });
                }
                Instruction::Return(constant) => return Some(constant),
                Instruction::ReturnAccumulator => return Some(accumulator),
                Instruction::ToIndex => index = accumulator,
                Instruction::FromIndex => accumulator = index,
            }
        }
        None
    }
}

#[inline]
fn value(operand: Operand, index: u32) -> u32 {
    match operand {
        Operand::Constant(constant) => constant,
        Operand::Index => index,
    }
}

#[inline]
fn load(data: &[u8], width: Width, place: u32) -> Option<u32> {
    let bytes = data.get(place as usize..)?;
    match width {
        Width::Byte => bytes.first().map(|&byte| u32::from(byte)),
        Width::Half => bytes.first_chunk().map(|&half| u32::from(u16::from_be_bytes(half))),
        Width::Word => bytes.first_chunk().map(|&word| u32::from_be_bytes(word)),
    }
}

/// None for a division by zero, which ends the program.
fn compute(what: Arithmetic, left: u32, right: u32) -> Option<u32> {
    Some(match what {
        Arithmetic::Add => left.wrapping_add(right),
        Arithmetic::Subtract => left.wrapping_sub(right),
        Arithmetic::Multiply => left.wrapping_mul(right),
        Arithmetic::Divide => left.checked_div(right)?,
        Arithmetic::Modulo => left.checked_rem(right)?,
        Arithmetic::Or => left | right,
        Arithmetic::And => left & right,
        Arithmetic::Xor => left ^ right,
        Arithmetic::ShiftLeft => left.checked_shl(right).unwrap_or(0),
        Arithmetic::ShiftRight => left.checked_shr(right).unwrap_or(0),
    })
}

/// The instruction with the code `code`: class in the lowest three bits, then what the class needs.
fn decode((code, if_true, if_false, constant): (u16, u8, u8, u32)) -> Option<Instruction> {
    let operand = if code & 0x08 != 0 { Operand::Index } else { Operand::Constant(constant) };
    let cell = constant as usize;
    Some(match (code & 0x07, code & 0xe0) {
        (0, 0x00) => Instruction::LoadConstant(constant),
        (0, 0x20) => Instruction::Load(width(code & 0x18)?, constant),
        (0, 0x40) => Instruction::LoadIndexed(width(code & 0x18)?, constant),
        (0, 0x60) => Instruction::LoadMemory(cell),
        (0, 0x80) => Instruction::LoadLength,
        (1, 0x00) => Instruction::IndexConstant(constant),
        (1, 0x60) => Instruction::IndexMemory(cell),
        (1, 0x80) => Instruction::IndexLength,
        (1, 0xa0) => Instruction::IndexHeaderLength(constant),
        (2, _) => Instruction::Store(cell),
        (3, _) => Instruction::StoreIndex(cell),
        (4, _) if code & 0xf0 == 0x80 => Instruction::Negate,
        (4, _) => Instruction::Compute(arithmetic(code & 0xf0)?, operand),
        (5, _) if code & 0xf0 == 0x00 => Instruction::Jump(constant as i32),
        (5, _) => Instruction::JumpIf(condition(code & 0xf0)?, operand, if_true, if_false),
        (6, _) if code & 0x18 == 0x00 => Instruction::Return(constant),
        (6, _) if code & 0x18 == 0x10 => Instruction::ReturnAccumulator,
        (7, _) if code & 0xf8 == 0x00 => Instruction::ToIndex,
        (7, _) if code & 0xf8 == 0x80 => Instruction::FromIndex,
        _ => return None,
    })
}

fn width(size: u16) -> Option<Width> {
    Some(match size {
        0x00 => Width::Word,
        0x08 => Width::Half,
        0x10 => Width::Byte,
        _ => return None,
    })
}

fn arithmetic(operation: u16) -> Option<Arithmetic> {
    Some(match operation {
        0x00 => Arithmetic::Add,
        0x10 => Arithmetic::Subtract,
        0x20 => Arithmetic::Multiply,
        0x30 => Arithmetic::Divide,
        0x40 => Arithmetic::Or,
        0x50 => Arithmetic::And,
        0x60 => Arithmetic::ShiftLeft,
        0x70 => Arithmetic::ShiftRight,
        0x90 => Arithmetic::Modulo,
        0xa0 => Arithmetic::Xor,
        _ => return None,
    })
}

fn condition(operation: u16) -> Option<Condition> {
    Some(match operation {
        0x10 => Condition::Equal,
        0x20 => Condition::Greater,
        0x30 => Condition::GreaterOrEqual,
        0x40 => Condition::AnyBit,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(instructions: &[(u16, u8, u8, u32)], data: &[u8], wire_len: u32) -> Option<u32> {
        Program::new(instructions.iter().copied()).unwrap().run(data, wire_len)
    }

    #[test]
    fn loads_outside_the_captured_bytes_end_the_program() {
        assert_eq!(run(&[(0x20, 0, 0, 1), (0x16, 0, 0, 0)], &[0, 1, 2, 3, 4], 5), Some(0x0102_0304));
        assert_eq!(run(&[(0x20, 0, 0, 2), (0x16, 0, 0, 0)], &[0, 1, 2, 3, 4], 500), None);
        let indexed = [(0x01, 0, 0, u32::MAX), (0x50, 0, 0, 2), (0x16, 0, 0, 0)];
        assert_eq!(run(&indexed, &[0, 1, 2, 3, 4], 5), None, "index and constant do not wrap around");
    }

    #[test]
    fn arithmetic_wraps_and_division_by_zero_ends_the_program() {
        let with = |code, constant| run(&[(0x00, 0, 0, 6), (code, 0, 0, constant), (0x16, 0, 0, 0)], &[], 0);
        assert_eq!((with(0x04, u32::MAX), with(0x14, 7), with(0x24, 7)), (Some(5), Some(u32::MAX), Some(42)));
        assert_eq!((with(0x34, 4), with(0x34, 0), with(0x94, 4), with(0x94, 0)), (Some(1), None, Some(2), None));
        assert_eq!((with(0x44, 1), with(0x54, 2), with(0xa4, 2)), (Some(7), Some(2), Some(4)));
        assert_eq!(
            (with(0x64, 1), with(0x64, 32), with(0x74, 1), with(0x84, 0)),
            (Some(12), Some(0), Some(3), Some(6u32.wrapping_neg()))
        );
        let by_index = [(0x00, 0, 0, 6), (0x01, 0, 0, 4), (0x1c, 0, 0, 0), (0x16, 0, 0, 0)];
        assert_eq!(run(&by_index, &[], 0), Some(2), "subtraction of the index");
    }

    #[test]
    fn memory_length_and_jumps_work() {
        let length = [(0x80, 0, 0, 0), (0x02, 0, 0, 3), (0x00, 0, 0, 1), (0x60, 0, 0, 3), (0x16, 0, 0, 0)];
        assert_eq!(run(&length, &[1, 2], 1500), Some(1500));
        let jump = [(0x80, 0, 0, 0), (0x25, 0, 1, 100), (0x06, 0, 0, 1), (0x06, 0, 0, 0)];
        assert_eq!((run(&jump, &[], 101), run(&jump, &[], 100)), (Some(1), Some(0)));
        let header = [(0xb1, 0, 0, 0), (0x87, 0, 0, 0), (0x16, 0, 0, 0)];
        assert_eq!(run(&header, &[0x46], 1), Some(24));
    }

    #[test]
    fn endless_loops_and_wild_jumps_do_not_pass() {
        assert_eq!(run(&[(0x05, 0, 0, u32::MAX)], &[], 0), None);
        assert_eq!(run(&[(0x05, 0, 0, 7)], &[], 0), None);
        assert_eq!(run(&[(0x05, 0, 0, -100i32 as u32)], &[], 0), None);
        assert_eq!(run(&[(0x60, 0, 0, 16), (0x16, 0, 0, 0)], &[], 0), None);
        assert_eq!(Program::new([(0x07 | 0x40, 0, 0, 0)].into_iter()), None);
    }
}
