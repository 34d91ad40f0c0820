//! `PPPoE` sessions (RFC 2516).

use crate::decode::bytes::Bytes;
use crate::decode::encapsulation::{Layer, LayerStack};
use crate::decode::link::ppp;
use crate::decode::skip::Skip;
use crate::decode::step::Step;

/// Version 1 and type 1 in one byte, and the code of session data (RFC 2516 4).
const SESSION_DATA: [u8; 2] = [0x11, 0x00];

/// The `PPPoE` header, six bytes, and the PPP protocol behind it.
pub(crate) fn parse<'a>(bytes: Bytes<'a>, layers: &mut LayerStack) -> Step<'a> {
    let Some((&[version, code, session_high, session_low, _, _], rest)) = bytes.split::<6>() else {
        return Step::Stop(Skip::TruncatedLink);
    };
    if [version, code] != SESSION_DATA {
        return Step::Stop(Skip::OtherNetwork);
    }
    layers.push(Layer::Pppoe(u16::from_be_bytes([session_high, session_low])));
    ppp::protocol(rest)
}
