/* TCP_INFO: what the core tells, and what is seen of it from outside, as Linux's struct tcp_info. */
#include <linux/tcp.h>
#include <string.h>

#include "stack.h"

#define LINUX_NO_SSTHRESH 0x7fffffffu
#define CORE_NO_SSTHRESH 0x40000000u

static uint32_t len_of(const struct vtcp_segment *segment) {
  return segment->text_len + segment->more_len + ((segment->flags & VTCP_SYN) != 0 ? 1u : 0u) +
         ((segment->flags & VTCP_FIN) != 0 ? 1u : 0u);
}

/* Beyond, as sequence numbers that are not far apart. */
static bool beyond(uint32_t a, uint32_t b) { return a != b && a - b < 0x80000000u; }

/* A segment that ends beyond all in flight is a new one. */
static void note_end(struct sock_counts *c, uint32_t end) {
  if (c->in_flight > 0 && !beyond(end, c->ends[c->in_flight - 1])) return;
  if (c->in_flight == SEGMENTS_MAX) c->in_flight--;
  c->ends[c->in_flight++] = end;
}

void tcp_info_sent(struct sock *k, const struct vtcp_segment *segment, uint64_t now) {
  struct sock_counts *c = &k->counts;
  uint32_t text = segment->text_len + segment->more_len, len = len_of(segment);
  c->segments_out++;
  if ((segment->flags & VTCP_SYN) != 0) c->scale_sent = segment->has_wscale;
  if ((segment->flags & VTCP_RST) != 0 || len == 0) return;
  bool again = c->in_flight > 0 && !beyond(segment->seq + len, c->ends[c->in_flight - 1]);
  note_end(c, segment->seq + len);
  if (text == 0) return;
  c->data_out++;
  c->octets_out += text;
  if (again) c->octets_again += text;
  c->data_out_at = now;
}

void tcp_info_received(struct sock *k, const struct vtcp_segment *segment, uint64_t now) {
  struct sock_counts *c = &k->counts;
  c->segments_in++;
  if ((segment->flags & VTCP_SYN) != 0 && sock_state(k) <= VTCP_SYN_SENT) {
    c->scale_received = segment->has_wscale;
    c->peer_shift = segment->wscale;
  }
  if ((segment->flags & VTCP_ACK) != 0) c->ack_in_at = now;
  if (segment->text_len == 0) return;
  c->data_in++;
  c->octets_in += segment->text_len;
  c->data_in_at = now;
}

void tcp_info_acked(struct sock *k) {
  struct vtcp_status status;
  struct sock_counts *c = &k->counts;
  vtcp_status(&k->tcb, &status);
  uint32_t gone = 0;
  if (!c->una_known) c->last_una = status.iss;
  c->una_known = true;
  c->octets_acked += status.snd_una - c->last_una;
  c->last_una = status.snd_una;
  while (gone < c->in_flight && !beyond(c->ends[gone], status.snd_una)) gone++;
  if (gone == 0) return;
  memmove(c->ends, c->ends + gone, (c->in_flight - gone) * sizeof *c->ends);
  c->in_flight -= gone;
  c->timeouts = c->probes = 0;
}

void tcp_info_timeout(struct sock *k, uint32_t retransmitted, uint32_t data_out) {
  struct vtcp_status status;
  vtcp_status(&k->tcb, &status);
  if (status.state >= VTCP_ESTABLISHED && status.snd_wnd == 0 && k->counts.data_out != data_out)
    k->counts.probes++;
  else if (status.retransmitted != retransmitted)
    k->counts.timeouts++;
}

static uint8_t linux_state(const struct sock *k) {
  static const uint8_t states[] = {7, 10, 2, 3, 1, 4, 5, 8, 11, 9, 6};
  return k->phase == SOCK_LISTENING ? 10 : states[sock_state(k)];
}

static uint32_t ms_since(uint64_t now, uint64_t then) { return then == 0 ? 0 : (uint32_t)((now - then) / 1000u); }

static uint8_t byte(uint32_t n) { return (uint8_t)(n < 255u ? n : 255u); }

static void fill_counts(const struct stack *s, const struct sock *k, struct tcp_info *i) {
  const struct sock_counts *c = &k->counts;
  bool scaled = c->scale_sent && c->scale_received;
  i->tcpi_ca_state = c->timeouts > 0 ? 4 : 0; /* TCP_CA_Loss, TCP_CA_Open */
  i->tcpi_retransmits = byte(c->timeouts);
  i->tcpi_backoff = byte(c->timeouts + c->probes);
  i->tcpi_probes = byte(c->probes);
  i->tcpi_options = scaled ? 4 : 0; /* TCPI_OPT_WSCALE */
  i->tcpi_snd_wscale = scaled ? c->peer_shift & 15u : 0;
  i->tcpi_rcv_wscale = scaled ? c->own_shift & 15u : 0;
  i->tcpi_unacked = c->in_flight;
  i->tcpi_lost = c->timeouts > 0 ? c->in_flight : 0;
  i->tcpi_retrans = c->timeouts > 0 && c->in_flight > 0 ? 1 : 0;
  i->tcpi_last_data_sent = ms_since(s->now, c->data_out_at);
  i->tcpi_last_data_recv = ms_since(s->now, c->data_in_at);
  i->tcpi_last_ack_recv = ms_since(s->now, c->ack_in_at);
  i->tcpi_bytes_acked = c->octets_acked;
  i->tcpi_bytes_received = c->octets_in;
  i->tcpi_bytes_sent = c->octets_out;
  i->tcpi_bytes_retrans = c->octets_again;
  i->tcpi_segs_in = c->segments_in;
  i->tcpi_segs_out = c->segments_out;
  i->tcpi_data_segs_in = c->data_in;
  i->tcpi_data_segs_out = c->data_out;
}

static void fill_status(const struct vtcp_status *v, struct tcp_info *i) {
  i->tcpi_rto = (uint32_t)v->rto;
  i->tcpi_rtt = (uint32_t)v->srtt;
  i->tcpi_ato = VTCP_ACK_DELAY;
  i->tcpi_snd_mss = v->snd_mss;
  i->tcpi_rcv_mss = v->snd_mss;
  i->tcpi_snd_cwnd = v->cwnd / v->snd_mss;
  i->tcpi_snd_ssthresh = v->ssthresh >= CORE_NO_SSTHRESH ? LINUX_NO_SSTHRESH : v->ssthresh / v->snd_mss;
  i->tcpi_rcv_ssthresh = v->rcv_wnd;
  i->tcpi_rcv_space = v->rcv_wnd;
  i->tcpi_snd_wnd = v->snd_wnd;
  i->tcpi_total_retrans = v->retransmitted;
  uint32_t flight = v->snd_nxt - v->snd_una;
  i->tcpi_notsent_bytes = v->unacknowledged > flight ? v->unacknowledged - flight : 0;
}

int tcp_info_get(const struct stack *s, const struct sock *k, void *value, socklen_t *len) {
  struct tcp_info i;
  memset(&i, 0, sizeof i);
  i.tcpi_state = linux_state(k);
  i.tcpi_pmtu = (uint32_t)s->sysctl.now.mtu;
  i.tcpi_reordering = 3;
  i.tcpi_advmss = vtcp_mtu_mss(i.tcpi_pmtu, k->local.family == AF_INET6);
  if (k->phase == SOCK_LISTENING) { /* as Linux: the accept queue */
    i.tcpi_unacked = k->accept_count;
    i.tcpi_sacked = (uint32_t)k->backlog;
  } else if (k->buffers != NULL) {
    struct vtcp_status status;
    vtcp_status(&k->tcb, &status);
    fill_status(&status, &i);
    fill_counts(s, k, &i);
  }
  if (*len > sizeof i) *len = sizeof i;
  memcpy(value, &i, *len);
  return 0;
}
