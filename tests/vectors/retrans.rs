//! Vectors 43 to 57: why was it sent again, and was that needed?

use super::script::{C, Run, S, Script, ms};
use tcplens::base::IcmpKind;
use tcplens::tcp::{Confidence, EventKind};

/// What S lost behind the capture point.
fn lost_downstream(run: &Run) -> u64 {
    let loss = run.loss(S);
    assert_eq!(loss.lost_upstream_bytes, Some(0));
    loss.lost_downstream_bytes.unwrap()
}

/// Asserts that the only retransmission of S, at 340 ms, was by a timer and not needed, and on what that rests.
fn assert_unneeded(run: &Run, proof: &str) {
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.tlp_packets + loss.rto_packets, loss.spurious_packets), (1, 1, 1));
    assert_eq!(lost_downstream(run), 0);
    assert_eq!(run.times(S, EventKind::Spurious), [340.0]);
    let evidence = run.event(S, EventKind::Spurious).evidence;
    assert!(evidence.words().any(|word| word == proof), "{evidence:?}");
}

/// 43: the first of six segments is lost, three SACKs tell of it, and it comes again 31 ms after the last of these, which is a round trip to S:
/// fast, and 1000 bytes lost behind the capture point.
#[test]
fn vector_43_fast_retransmit() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_burst(100.01, 1001..6001);
    s.client_ack(110.1, 1).sack(&[(1001, 2001)]);
    s.client_ack(110.2, 1).sack(&[(1001, 3001)]);
    s.client_ack(110.4, 1).sack(&[(1001, 6001)]);
    s.server_data(142.0, 1..1001);
    s.client_ack(152.0, 6001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(142.0, "fast_retransmit")]);
    assert_eq!((lost_downstream(&run), run.loss(S).spurious_packets), (1000, 0));
    assert_eq!((run.acks(C).dup_acks, run.acks(C).sack_acks), (3, Some(3)));
    let loss = run.loss(S);
    assert_eq!((loss.episodes, loss.recovery), (Some(1), Some(ms(40.0))));
}

/// 44: the same with a single SACK: fast, by RACK.
#[test]
fn vector_44_fast_by_rack() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_data(100.0, 1001..2001);
    s.client_ack(110.0, 1).sack(&[(1001, 2001)]);
    s.server_data(150.0, 1..1001);
    s.client_ack(160.0, 2001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(150.0, "fast_retransmit")]);
    assert_eq!(lost_downstream(&run), 1000);
}

/// 45: without SACK two segments get no ACK, and the first comes again after 240 and after another 480 ms: a timer's, twice, and that is
/// certain.
#[test]
fn vector_45_timer_twice() {
    let mut s = Script::new().without_sack().opened();
    for segment in [1..1001, 1001..2001] {
        s.server_data(100.0, segment).lost();
    }
    s.server_data(340.0, 1..1001).lost();
    s.server_data(820.0, 1..1001);
    s.client_ack(830.0, 1001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(340.0, "rto"), (820.0, "rto")]);
    assert!(
        run.events.iter().filter(|(_, e)| e.kind == EventKind::Rto).all(|(_, e)| e.confidence == Confidence::Certain)
    );
    assert_eq!(lost_downstream(&run), 2000);
}

/// 46: three segments are lost. The last one comes again after 82 ms and is SACKed, and then the first and the second: a tail loss probe and two
/// fast ones; no original arrived, so that 3000 bytes are lost.
#[test]
fn vector_46_tail_loss_probe() {
    let mut s = Script::setup();
    for segment in [1..1001, 1001..2001, 2001..3001] {
        s.server_data(100.0, segment).lost();
    }
    s.server_data(182.0, 2001..3001);
    s.client_ack(192.0, 1).sack(&[(2001, 3001)]);
    s.server_data(224.0, 1..1001);
    s.server_data(224.1, 1001..2001);
    s.client_ack(234.1, 3001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(182.0, "tlp"), (224.0, "fast_retransmit"), (224.1, "fast_retransmit")]);
    assert_eq!((lost_downstream(&run), run.loss(S).spurious_packets), (3000, 0));
}

/// 47: a segment alone comes again after 240 ms and after another 240 ms: the first was a tail loss probe, for a timer would have doubled.
#[test]
fn vector_47_probe_of_a_segment_alone() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_data(340.0, 1..1001).lost();
    s.server_data(580.0, 1..1001);
    s.client_ack(590.0, 1001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(340.0, "tlp"), (580.0, "rto")]);
    assert_eq!(lost_downstream(&run), 2000);
}

/// 48: three segments are lost, and a timer sends the first again. When that is acknowledged the other two follow: the recovery after a
/// timeout.
#[test]
fn vector_48_recovery_after_a_timeout() {
    let mut s = Script::setup();
    for segment in [1..1001, 1001..2001, 2001..3001] {
        s.server_data(100.0, segment).lost();
    }
    s.server_data(340.0, 1..1001);
    s.client_ack(350.0, 1001);
    s.server_data(380.0, 1001..2001);
    s.server_data(380.1, 2001..3001);
    s.client_ack(390.1, 3001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(340.0, "rto"), (380.0, "rto_recovery"), (380.1, "rto_recovery")]);
    assert_eq!((run.loss(S).rto_packets, lost_downstream(&run)), (3, 3000));
    assert_eq!((run.loss(S).episodes, run.loss(S).recovery), (Some(1), Some(ms(80.1))));
}

/// 49: the fast resend is lost too, as the SACK of data shows that was sent after it: fast again, and 2000 bytes lost in all.
#[test]
fn vector_49_resend_lost() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001).lost();
    s.server_burst(100.01, 1001..6001);
    s.client_ack(110.1, 1).sack(&[(1001, 2001)]);
    s.client_ack(110.2, 1).sack(&[(1001, 3001)]);
    s.client_ack(110.4, 1).sack(&[(1001, 6001)]);
    s.server_data(142.0, 1..1001).lost();
    s.server_data(180.0, 6001..7001);
    s.client_ack(190.0, 1).sack(&[(1001, 7001)]);
    s.server_data(222.0, 1..1001);
    s.client_ack(232.0, 7001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(142.0, "fast_retransmit"), (222.0, "fast_retransmit")]);
    assert_eq!((lost_downstream(&run), run.loss(S).spurious_packets), (2000, 0));
}

/// 50: a segment is late and comes again meanwhile; both are acknowledged, the second with a D-SACK: unneeded, nothing lost. With
/// timestamps the echo of the first one's has said so before (Eifel).
#[test]
fn vector_50_dsack() {
    for (script, proof) in [(Script::new(), "eifel"), (Script::new().without_timestamps(), "dsack")] {
        let mut s = script.opened();
        let original = s.clock(S, 100.0);
        s.server_data(100.0, 1..1001);
        s.server_data(340.0, 1..1001);
        s.client_ack(350.0, 1001).tsecr(original);
        s.client_ack(350.5, 1001).sack(&[(1, 1001)]).tsecr(original);
        let run = s.run();
        assert_unneeded(&run, proof);
        assert_eq!((run.acks(C).dsacks, run.acks(C).dup_acks), (Some(1), 0));
    }
}

/// 51: the ACK comes 3 ms after the resend, but C is 10 ms away: the resend did not cause it, and was not needed.
#[test]
fn vector_51_acknowledged_too_soon() {
    let mut s = Script::new().without_timestamps().opened();
    s.server_data(100.0, 1..1001);
    s.server_data(340.0, 1..1001);
    s.client_ack(343.0, 1001);
    assert_unneeded(&s.run(), "causality");
}

/// 51 with timestamps: the echo says the same (Eifel).
#[test]
fn vector_51_acknowledged_too_soon_with_timestamps() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.server_data(340.0, 1..1001);
    s.client_ack(343.0, 1001);
    assert_unneeded(&s.run(), "eifel");
}

/// 52: the ACK passes at 335 and meets the resend of 340, which S had sent before it came in: unneeded.
#[test]
fn vector_52_crossed() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.client_ack(335.0, 1001);
    s.server_data(340.0, 1..1001);
    assert_unneeded(&s.run(), "acknowledged");
}

/// 53: the ACK passes at 200, and S resends at 340 all the same: the ACK was lost behind the capture point, the resend was not needed.
#[test]
fn vector_53_ack_lost() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..1001);
    s.client_ack(200.0, 1001).lost();
    s.server_data(340.0, 1..1001);
    assert_unneeded(&s.run(), "acknowledged");
}

/// 54: a segment has 500 bytes that had been sent and 500 that had not: 500 sent again, 1500 different ones in all.
#[test]
fn vector_54_repacketized() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..501);
    s.server_data(100.1, 501..1001).lost();
    s.client_ack(150.0, 501);
    s.server_data(400.0, 501..1501);
    s.client_ack(410.0, 1501);
    let run = s.run();
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.retrans_bytes), (1, 500));
    assert_eq!((run.unique_bytes(S), run.half(S).volume.payload_bytes), (1500, 2000));
    assert_eq!(lost_downstream(&run), 500);
}

/// 55: a super-packet of ten segments, and the fourth of them comes again: 1000 bytes, and only these; the next one counts for itself.
#[test]
fn vector_55_part_of_a_super_packet() {
    let mut s = Script::setup();
    s.server_data(100.0, 1..10_001);
    s.client_ack(110.0, 3001).sack(&[(4001, 6001), (7001, 10_001)]);
    s.server_data(142.0, 3001..4001);
    s.server_data(142.1, 6001..7001);
    s.client_ack(152.1, 10_001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(142.0, "fast_retransmit"), (142.1, "fast_retransmit")]);
    assert_eq!((run.loss(S).retrans_bytes, lost_downstream(&run), run.unique_bytes(S)), (2000, 2000, 10_000));
}

/// 56: a FIN comes again after 240 ms: a retransmission. (The vector says by the timer; Linux's first resend of a FIN alone is a tail loss
/// probe, and the kernel is right.)
#[test]
fn vector_56_fin_again() {
    let mut s = Script::setup();
    s.fin(S, 100.0).lost();
    s.fin_at(S, 340.0, 1);
    s.client_ack(350.0, 2);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(340.0, "tlp")]);
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.retrans_bytes, run.half(S).volume.fin_packets), (1, 0, 2));
    assert_eq!((run.unique_bytes(S), lost_downstream(&run)), (0, 0));
}

/// 56 without SACK, and so without probes: by the timer.
#[test]
fn vector_56_fin_again_without_sack() {
    let mut s = Script::new().without_sack().opened();
    s.fin(S, 100.0).lost();
    s.fin_at(S, 340.0, 1);
    s.client_ack(350.0, 2);
    assert_eq!(s.run().verdicts(S), [(340.0, "rto")]);
}

/// A full segment comes three times without progress, a router says that it is too big, and it comes again in smaller pieces.
fn too_big() -> Run {
    let mut s = Script::setup();
    for t in [100.0, 340.0, 820.0] {
        s.server_data(t, 1..1001).lost();
    }
    s.icmp(830.0, IcmpKind::TooBig, S, 1);
    s.server_data(862.0, 1..577);
    s.server_data(862.1, 577..1001);
    s.client_ack(872.1, 1001);
    s.run()
}

/// 57: the pieces are retransmissions for the path's sake: with the timer's, as Linux's Loss state has them.
#[test]
fn vector_57_too_big_for_the_path() {
    let run = too_big();
    let loss = run.loss(S);
    assert_eq!((loss.retrans_packets, loss.retrans_bytes), (4, 3000));
    assert_eq!((loss.rto_packets + loss.tlp_packets, loss.fast_packets, loss.unclear_packets), (4, 0, 0));
    assert!(loss.rto_packets >= 3);
    assert_eq!((loss.spurious_packets, run.unique_bytes(S)), (0, 1000));
}

/// 57: and they are no loss (6): of what was sent again, only the two full segments are.
#[test]
fn vector_57_pieces_are_no_loss() {
    assert_eq!(lost_downstream(&too_big()), 2000);
}

/// 57, the other sign of it (5.3 S5): no router says anything, but a full segment that came three times comes in pieces then.
#[test]
fn vector_57_black_hole() {
    let mut s = Script::setup();
    for i in 0..4 {
        s.server_data(60.0 + f64::from(i), i * 1000 + 1..i * 1000 + 1001);
    }
    s.client_ack(80.0, 4001);
    for t in [100.0, 340.0, 820.0] {
        s.server_data(t, 4001..5001).lost();
    }
    s.server_data(1780.0, 4001..4577);
    s.server_data(1780.1, 4577..5001);
    s.client_ack(1790.1, 5001);
    assert_eq!(lost_downstream(&s.run()), 2000);
}

/// 5.3, SACK sanity: where something on the path rewrites sequence numbers but not the SACK blocks, the blocks say nothing, and duplicate ACKs
/// are all that is left.
#[test]
fn rewritten_sacks_are_ignored() {
    let mut s = Script::setup();
    s.server_burst(100.0, 1..16001);
    for i in 0..15 {
        let elsewhere = 900_000 + i * 1000;
        s.client_ack(110.0 + f64::from(i) / 10.0, 1).sack(&[(elsewhere, elsewhere + 1000)]);
    }
    s.server_data(142.0, 1..1001);
    s.client_ack(152.0, 16001);
    let run = s.run();
    assert_eq!(run.verdicts(S), [(142.0, "fast_retransmit")]);
    assert_eq!(run.acks(C).sack_acks, Some(0));
}
