/*
 * spec/tcp.mlw and spec/negotiated.mlw as code: the functions that the core is proved to refine, by the same names, in the same order. A test
 * compares what a call makes of a connection with what the specification makes of it.
 */
#ifndef VTCP_TESTS_MODEL_H
#define VTCP_TESTS_MODEL_H

#include "vtcp.h"

/* clang-format off */
#define MODEL_FIELDS(F) \
  F(state) F(outcome) F(passive) F(close_wanted) F(iss) F(irs) F(snd_una) F(snd_nxt) F(snd_end) F(fin) F(snd_up) \
  F(snd_wnd) F(snd_wl1) F(snd_wl2) F(snd_wnd_max) F(rcv_nxt) F(rcv_adv) F(rcv_fin) F(rcv_up) F(ack_due) F(rst_due) \
  F(rst_ackf) F(rst_seq) F(rst_ack)
/* clang-format on */

/* The type tcb. Truth values are 0 and 1. */
struct model {
#define MODEL_FIELD(name) int64_t name;
  MODEL_FIELDS(MODEL_FIELD)
#undef MODEL_FIELD
  int64_t text_lo, text_hi; /* not in the specification's tcb: what arrive_text has stored, lo >= hi for nothing */
};

/* The type segment. */
struct model_segment {
  bool syn, fin, rst, ackf, urg;
  int64_t seq, ack, txt, wnd, up;
  uint32_t wire_seq, wire_ack;
};

/* The type negotiated. */
/* clang-format off */
#define MODEL_OPTIONS(F) \
  F(mss) F(rcv_shift) F(wscale_offer) F(ipv6) F(remote_port) F(snd_mss) F(wscale) F(snd_factor) F(rcv_factor)
/* clang-format on */
struct model_options {
#define MODEL_OPTION(name) int64_t name;
  MODEL_OPTIONS(MODEL_OPTION)
#undef MODEL_OPTION
};

struct model model_of(const struct vtcp *c);                                               /* tcb_abs */
struct model_segment model_segment_of(const struct vtcp *c, const struct vtcp_segment *s); /* seg_of */
bool model_allowed(const struct vtcp *c, uint64_t now);                                    /* allowed */
bool model_keep_runs(const struct vtcp *c);                                                /* keep_runs */
bool model_keep_dead(const struct vtcp *c, uint64_t now);                                  /* keep_dead */
const char *model_difference(struct model a, struct model b); /* NULL, or the name of a member that differs */

struct model model_open_active(struct model a, uint32_t isn, int64_t wnd);
struct model model_open_passive(struct model a, int64_t wnd);
struct model model_send(struct model a, int64_t n, bool urgent);
struct model model_receive(struct model a, bool update);
struct model model_close(struct model a);
struct model model_abort(struct model a);
/* nxt: the first offset that is missing afterwards. */
struct model model_arrive(struct model a, struct model_segment g, bool allow, int64_t nxt, uint32_t isn);
struct model model_timeout(struct model a, bool user, bool wait);
struct model model_out_rst(struct model a);
struct model model_out_range(struct model a, int64_t hi, int64_t adv);

struct model_options model_options_of(const struct vtcp *c); /* opt_abs */
const char *model_options_difference(struct model_options a, struct model_options b);
struct model_options model_opt_fresh(struct model_options o);
struct model_options model_opt_arrive(struct model_options o, struct model a, struct model_segment g,
                                      const struct vtcp_segment *syn);

#endif
