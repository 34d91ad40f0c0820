//! The layers between the link and the innermost IP packet, and small numbers that stand for stacks of them.

use std::collections::HashMap;
use std::fmt;

/// One layer around the innermost IP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Layer {
    /// A VLAN tag (IEEE 802.1Q) and its identifier.
    Vlan(u16),
    /// An MPLS label (RFC 3032).
    Mpls(u32),
    /// A `PPPoE` session (RFC 2516).
    Pppoe(u16),
    /// IPv4 in IPv4 (RFC 2003).
    FourInFour,
    /// IPv4 in IPv6 (RFC 2473).
    FourInSix,
    /// IPv6 in IPv4 (RFC 4213).
    SixInFour,
    /// IPv6 in IPv6 (RFC 2473).
    SixInSix,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Layer::Vlan(id) => write!(f, "vlan:{id}"),
            Layer::Mpls(label) => write!(f, "mpls:{label}"),
            Layer::Pppoe(session) => write!(f, "pppoe:{session}"),
            Layer::FourInFour => f.write_str("4in4"),
            Layer::FourInSix => f.write_str("4in6"),
            Layer::SixInFour => f.write_str("6in4"),
            Layer::SixInSix => f.write_str("6in6"),
        }
    }
}

/// The layers of the frame at hand, outermost first. Layers beyond its room are left out.
#[derive(Debug)]
pub(crate) struct LayerStack {
    layers: [Layer; super::MAX_LAYERS],
    len: usize,
}

impl Default for LayerStack {
    fn default() -> Self {
        Self { layers: [Layer::Vlan(0); super::MAX_LAYERS], len: 0 }
    }
}

impl LayerStack {
    /// Forgets the last frame.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Adds a layer inside the others.
    pub(crate) fn push(&mut self, layer: Layer) {
        if let Some(place) = self.layers.get_mut(self.len) {
            *place = layer;
            self.len += 1;
        }
    }

    /// The layers, outermost first.
    pub(crate) fn as_slice(&self) -> &[Layer] {
        self.layers.get(..self.len).unwrap_or(&[])
    }
}

/// The stacks seen so far. A segment carries the number of its stack; 0 is the empty one.
#[derive(Debug, Default)]
pub(crate) struct Encapsulations {
    numbers: HashMap<Box<[Layer]>, u16>,
    /// Number `n` is at `n - 1`: the layers, and how people read them.
    stacks: Vec<(Box<[Layer]>, String)>,
    last: u16,
}

impl Encapsulations {
    /// The highest number that a stack has.
    pub(crate) fn highest(&self) -> u16 {
        let full = self.stacks.len() >= usize::from(Self::MAX);
        if full { Self::OTHER } else { self.stacks.len() as u16 }
    }

    /// So many stacks have numbers of their own; all others share one, [`Encapsulations::OTHER`]. A capture of a provider's trunk has
    /// hundreds; random tags must not fill the memory.
    const MAX: u16 = 4096;
    /// The number of the stacks that came too late for one of their own.
    const OTHER: u16 = Self::MAX + 1;

    /// The number of a stack: neighbours in a capture mostly have the same.
    #[inline]
    pub(crate) fn number(&mut self, layers: &[Layer]) -> u16 {
        if layers.is_empty() { 0 } else { self.number_of_some(layers) }
    }

    fn number_of_some(&mut self, layers: &[Layer]) -> u16 {
        if self.stack(self.last).is_some_and(|(last, _)| **last == *layers) {
            return self.last;
        }
        let number = match self.numbers.get(layers) {
            Some(&number) => number,
            None if self.stacks.len() >= usize::from(Self::MAX) => return Self::OTHER,
            None => self.add(layers),
        };
        self.last = number;
        number
    }

    /// The stack as people read it, empty for number 0.
    pub(crate) fn name(&self, number: u16) -> &str {
        if number == 0 { "" } else { self.stack(number).map_or("other", |(_, name)| name) }
    }

    fn stack(&self, number: u16) -> Option<&(Box<[Layer]>, String)> {
        self.stacks.get(usize::from(number).checked_sub(1)?)
    }

    fn add(&mut self, layers: &[Layer]) -> u16 {
        let words: Vec<String> = layers.iter().map(Layer::to_string).collect();
        self.stacks.push((layers.into(), words.join("/")));
        let number = self.stacks.len() as u16;
        self.numbers.insert(layers.into(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_keeps_its_number() {
        let mut seen = Encapsulations::default();
        let outer = [Layer::Vlan(100), Layer::Vlan(5)];
        assert_eq!(seen.number(&[]), 0);
        let a = seen.number(&outer);
        let b = seen.number(&[Layer::Mpls(16)]);
        assert_ne!(a, b);
        assert_eq!((seen.number(&outer), seen.number(&outer), seen.number(&[Layer::Mpls(16)])), (a, a, b));
        assert_eq!((seen.name(0), seen.name(a), seen.name(b)), ("", "vlan:100/vlan:5", "mpls:16"));
    }

    #[test]
    fn too_many_stacks_share_one_number() {
        let mut seen = Encapsulations::default();
        for label in 0..5000 {
            seen.number(&[Layer::Mpls(label)]);
        }
        assert_eq!(seen.number(&[Layer::Mpls(4095)]), 4096);
        assert_eq!(seen.number(&[Layer::Mpls(4096)]), Encapsulations::OTHER);
        assert_eq!(seen.name(4096), "mpls:4095");
        assert_eq!(seen.name(Encapsulations::OTHER), "other");
    }

    #[test]
    fn a_stack_that_is_too_deep_leaves_the_innermost_out() {
        let mut stack = LayerStack::default();
        for id in 0..40 {
            stack.push(Layer::Vlan(id));
        }
        assert_eq!(stack.as_slice().len(), crate::decode::MAX_LAYERS);
        stack.clear();
        assert!(stack.as_slice().is_empty());
    }
}
