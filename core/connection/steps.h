/* The steps of RFC 9293 s3.10, each refining the function of the same name in spec/tcp.mlw. Internal to connection/. */
#ifndef VTCP_CONNECTION_STEPS_H
#define VTCP_CONNECTION_STEPS_H

#include "vtcp.h"

/* A segment as the steps see it: SEG.SEQ and SEG.ACK as stream offsets, SEG.WND in octets. */
struct vtcp_arrival {
  bool syn, fin, rst, ackf, urg;
  int64_t seq, ack;
  uint32_t txt; /* octets of text */
  uint32_t wnd;
  uint32_t up;
  uint32_t wire_seq, wire_ack;
  const uint8_t *text;
};

/* tcb.c: what several events share */
void vtcp_tcb_ack_now(struct vtcp *c);
void vtcp_tcb_challenge(struct vtcp *c, uint64_t now);
void vtcp_tcb_finish(struct vtcp *c, int32_t outcome);
void vtcp_tcb_fresh_send(struct vtcp *c);
void vtcp_tcb_opened(struct vtcp *c, uint32_t iss);
void vtcp_tcb_queue_fin(struct vtcp *c);
void vtcp_tcb_rst_to_peer(struct vtcp *c);
int64_t vtcp_tcb_edge(const struct vtcp *c);
bool vtcp_tcb_receiving(const struct vtcp *c);

/* arrival.c */
bool vtcp_arrival_flag(uint16_t flags, uint16_t bit);
uint32_t vtcp_arrival_len(const struct vtcp_arrival *g); /* SEG.LEN: SYN and FIN count */
struct vtcp_arrival vtcp_arrival_of(const struct vtcp *c, const struct vtcp_segment *s);
struct vtcp_reset {
  bool ackf;
  uint32_t seq, ack;
};
struct vtcp_reset vtcp_arrival_reset(bool ackf, uint32_t seq, uint32_t ack, uint32_t len);
void vtcp_arrival_reset_for(struct vtcp *c, const struct vtcp_arrival *g);
void vtcp_arrival_options(struct vtcp *c, const struct vtcp_segment *s);

/* arrive_check.c: first to fourth. False: the segment is done with. */
bool vtcp_arrive_seq(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now);
void vtcp_arrive_rst(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now);
void vtcp_arrive_syn(struct vtcp *c, uint64_t now);

/* arrive_ack.c: fifth */
void vtcp_arrive_window_of(struct vtcp *c, const struct vtcp_arrival *g);
void vtcp_arrive_establish(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now);
void vtcp_arrive_ack(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now);

/* arrive_data.c: sixth to eighth */
void vtcp_arrive_data(struct vtcp *c, const struct vtcp_arrival *g, uint64_t now);

#endif
