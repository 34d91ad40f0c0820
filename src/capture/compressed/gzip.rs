//! gzip (RFC 1952), with any number of members.

use flate2::{Decompress, FlushDecompress, Status};

use super::Fault;
use super::unpack::{Decode, Step, Then};

/// The largest window that deflate has, and the only one that its writers use.
const WINDOW_BITS: u8 = 15;

/// Decompresses gzip. The checksums of the members are checked.
pub(super) struct Gzip {
    /// None between two members.
    member: Option<Decompress>,
    /// There was one already.
    any: bool,
}

impl Gzip {
    pub fn new() -> Self {
        Self { member: None, any: false }
    }
}

impl Decode for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8], _last: bool) -> Step {
        if self.member.is_none() && self.any {
            // Tapes and other devices with fixed blocks leave zeros behind the last member.
            let zeros = input.iter().take_while(|&&byte| byte == 0).count();
            if zeros > 0 || input.is_empty() {
                return Step { taken: zeros, given: 0, then: Ok(Then::Whole) };
            }
            if input.first() != Some(&0x1f) {
                let what = "behind it is something that is not gzip".to_owned();
                return Step { taken: 0, given: 0, then: Err(Fault::Damaged(what)) };
            }
        }
        let member = self.member.get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
        let (taken, given) = (member.total_in(), member.total_out());
        let result = member.decompress(input, output, FlushDecompress::None);
        let (taken, given) = ((member.total_in() - taken) as usize, (member.total_out() - given) as usize);
        let then = match result {
            Ok(Status::StreamEnd) => {
                (self.member, self.any) = (None, true);
                Ok(Then::Whole)
            }
            Ok(Status::Ok | Status::BufError) => Ok(Then::More),
            Err(error) => Err(Fault::Damaged(error.message().unwrap_or("invalid data").to_owned())),
        };
        Step { taken, given, then }
    }
}
