#include "lwip_peer.h"

#include <string.h>

#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>

#define MTU 1500
#define IP4_HEADER 20u
#define IP6_HEADER 40u
#define HEADER_MAX IP6_HEADER
#define TCP_PROTOCOL 6

/* vtcp's host and lwIP's */
static const uint8_t address4[2][4] = {{10, 0, 0, 1}, {10, 0, 0, 2}};
static const uint8_t address6[2][16] = {{0xfd, [15] = 1}, {0xfd, [15] = 2}};

/* lwIP has one state for the whole process. */
static struct netif interface;
static struct lwip_peer *current;
static uint64_t elapsed; /* microseconds that earlier peers took */

u32_t sys_now(void) {
  if (current == NULL) return (u32_t)(elapsed / 1000);
  current->clock_reads++;
  return (u32_t)((elapsed + current->s->now - current->began) / 1000);
}

/* ---- the wire ---- */

static uint64_t pseudo_header(bool ipv6, enum side from, uint32_t len) {
  enum side to = from == A ? B : A;
  return ipv6 ? vtcp_checksum_ipv6(address6[from], address6[to], len)
              : vtcp_checksum_ipv4(address4[from], address4[to], len);
}

static void put16(uint8_t *p, uint32_t x) {
  p[0] = (uint8_t)(x / 256 % 256);
  p[1] = (uint8_t)(x % 256);
}

/* An IP header from A to B; returns its length. */
static uint32_t put_header(bool ipv6, uint8_t *h, uint32_t len) {
  memset(h, 0, HEADER_MAX);
  if (ipv6) {
    h[0] = 0x60;
    put16(h + 4, len);
    h[6] = TCP_PROTOCOL;
    h[7] = 64;
    memcpy(h + 8, address6[A], 16);
    memcpy(h + 24, address6[B], 16);
    return IP6_HEADER;
  }
  h[0] = 0x45;
  put16(h + 2, IP4_HEADER + len);
  h[8] = 64;
  h[9] = TCP_PROTOCOL;
  memcpy(h + 12, address4[A], 4);
  memcpy(h + 16, address4[B], 4);
  put16(h + 10, vtcp_checksum_fold(vtcp_checksum_add(0, h, IP4_HEADER)) ^ 0xffffu);
  return IP4_HEADER;
}

/* From the simulator to lwIP. A segment that was corrupted on the way is dropped here. */
static void arrive(void *context, const uint8_t *octets, uint32_t len) {
  struct lwip_peer *p = context;
  uint8_t packet[HEADER_MAX + MTU];
  if (len > MTU || !vtcp_checksum_ok(0, octets, len)) return;
  uint32_t h = put_header(p->ipv6, packet, len);
  memcpy(packet + h, octets, len);
  vtcp_checksum_put(pseudo_header(p->ipv6, A, len), packet + h, len);
  struct pbuf *b =
      pbuf_alloc(PBUF_RAW, (u16_t)(h + len), PBUF_RAM); /* Debian's pool has buffers smaller than it says */
  if (b == NULL || pbuf_take(b, packet, (u16_t)(h + len)) != ERR_OK || ip_input(b, &interface) != ERR_OK)
    fail_msg("lwIP takes no packet");
}

/* From lwIP to the simulator; what is not TCP (router solicitations) is left out. */
static void leave(const struct pbuf *b, bool ipv6) {
  uint8_t packet[HEADER_MAX + MTU];
  uint32_t h = ipv6 ? IP6_HEADER : IP4_HEADER;
  if (current == NULL || b->tot_len <= h || b->tot_len > sizeof packet) return;
  pbuf_copy_partial(b, packet, b->tot_len, 0);
  if (packet[ipv6 ? 6 : 9] != TCP_PROTOCOL) return;
  uint32_t len = b->tot_len - h;
  if (!vtcp_checksum_ok(pseudo_header(ipv6, B, len), packet + h, len)) {
    current->bad_checksums++;
    return;
  }
  vtcp_checksum_put(0, packet + h, len);
  if (!sim_carry(current->s, B, packet + h, len)) fail_msg("a segment of lwIP does not parse");
}

static err_t output4(struct netif *n, struct pbuf *b, const ip4_addr_t *to) {
  (void)n;
  (void)to;
  leave(b, false);
  return ERR_OK;
}

static err_t output6(struct netif *n, struct pbuf *b, const ip6_addr_t *to) {
  (void)n;
  (void)to;
  leave(b, true);
  return ERR_OK;
}

/* ---- time ---- */

static uint64_t deadline(void *context) {
  const struct lwip_peer *p = context;
  u32_t sleep = sys_timeouts_sleeptime();
  if (sleep == SYS_TIMEOUTS_SLEEPTIME_INFINITE) return VTCP_NEVER;
  uint64_t past = elapsed + p->s->now - p->began; /* lwIP counts whole milliseconds */
  return p->s->now + (past / 1000 + sleep) * 1000 - past;
}

static void timeout(void *context) {
  (void)context;
  sys_check_timeouts();
}

/* ---- making and unmaking ---- */

static err_t interface_init(struct netif *n) {
  n->output = output4;
  n->output_ip6 = output6;
  n->mtu = MTU;
  n->name[0] = 'v';
  n->name[1] = 't';
  return ERR_OK;
}

static ip_addr_t address(bool ipv6, enum side e) {
  ip_addr_t a;
  if (ipv6)
    IP_ADDR6_HOST(&a, 0xfd000000u, 0, 0, e == A ? 1u : 2u);
  else
    IP_ADDR4(&a, 10, 0, 0, e == A ? 1 : 2);
  return a;
}

static void start_lwip(void) {
  static bool started;
  if (started) return;
  started = true;
  lwip_init();
  ip_addr_t own4 = address(false, B), own6 = address(true, B), gateway = address(false, A);
  ip4_addr_t mask;
  IP4_ADDR(&mask, 255, 255, 255, 0);
  if (netif_add(&interface, ip_2_ip4(&own4), &mask, ip_2_ip4(&gateway), NULL, interface_init, ip_input) == NULL)
    fail_msg("lwIP takes no interface");
  netif_set_default(&interface);
  netif_set_up(&interface);
  netif_set_link_up(&interface);
  netif_ip6_addr_set(&interface, 0, ip_2_ip6(&own6));
  netif_ip6_addr_set_state(&interface, 0, IP6_ADDR_PREFERRED);
}

void lwip_peer_init(struct lwip_peer *p, struct sim *s, bool ipv6) {
  if (current != NULL) lwip_peer_free(current); /* what a test that failed has left */
  memset(p, 0, sizeof *p);
  start_lwip();
  p->s = s;
  p->ipv6 = ipv6;
  p->began = s->now;
  current = p;
  s->foreign = (struct sim_foreign){p, arrive, deadline, timeout};
  sim_role(s, B, SIM_FOREIGN);
}

static void forget(struct tcp_pcb *pcb) {
  tcp_arg(pcb, NULL);
  tcp_err(pcb, NULL);
  tcp_recv(pcb, NULL);
  tcp_sent(pcb, NULL);
}

void lwip_peer_free(struct lwip_peer *p) {
  elapsed += p->s->now - p->began;
  current = NULL;
  if (p->listener != NULL) tcp_close(p->listener);
  while (tcp_active_pcbs != NULL) {
    forget(tcp_active_pcbs);
    tcp_abort(tcp_active_pcbs);
  }
  while (tcp_tw_pcbs != NULL) tcp_abort(tcp_tw_pcbs);
}

unsigned lwip_peer_active(void) {
  unsigned n = 0;
  for (const struct tcp_pcb *c = tcp_active_pcbs; c != NULL; c = c->next) n++;
  return n;
}

unsigned lwip_peer_waiting(void) {
  unsigned n = 0;
  for (const struct tcp_pcb *c = tcp_tw_pcbs; c != NULL; c = c->next) n++;
  return n;
}

/* ---- the application ---- */

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *b, err_t error) {
  struct lwip_peer *p = arg;
  (void)error;
  if (b == NULL) {
    p->end_seen = true;
    return ERR_OK;
  }
  if (p->end_seen) fail_msg("lwIP delivers octets after the end");
  for (const struct pbuf *c = b; c != NULL; c = c->next) sim_log_add(&p->s->end[B].got, c->payload, c->len);
  if (p->slow)
    p->unread += b->tot_len;
  else
    tcp_recved(pcb, b->tot_len);
  pbuf_free(b);
  return ERR_OK;
}

static void on_error(void *arg, err_t error) {
  struct lwip_peer *p = arg;
  p->pcb = NULL;
  p->ended = true;
  p->error = (int)error; /* negative */
}

static void adopt(struct lwip_peer *p, struct tcp_pcb *pcb) {
  p->pcb = pcb;
  tcp_arg(pcb, p);
  tcp_recv(pcb, on_receive);
  tcp_err(pcb, on_error);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error) {
  struct lwip_peer *p = arg;
  if (error != ERR_OK || pcb == NULL) return ERR_VAL;
  adopt(p, pcb);
  p->connected = true;
  return ERR_OK;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t error) {
  struct lwip_peer *p = arg;
  (void)pcb;
  p->connected = error == ERR_OK;
  return ERR_OK;
}

static struct tcp_pcb *bound(struct lwip_peer *p) {
  struct tcp_pcb *pcb = tcp_new_ip_type(p->ipv6 ? IPADDR_TYPE_V6 : IPADDR_TYPE_V4);
  ip_addr_t own = address(p->ipv6, B);
  if (pcb == NULL || tcp_bind(pcb, &own, p->s->end[B].cfg.local_port) != ERR_OK) fail_msg("lwIP cannot bind");
  return pcb;
}

bool lwip_peer_listen(struct lwip_peer *p) {
  p->listener = tcp_listen(bound(p));
  if (p->listener == NULL) return false;
  tcp_arg(p->listener, p);
  tcp_accept(p->listener, on_accept);
  return true;
}

bool lwip_peer_connect(struct lwip_peer *p) {
  ip_addr_t peer = address(p->ipv6, A);
  adopt(p, bound(p));
  return tcp_connect(p->pcb, &peer, p->s->end[A].cfg.local_port, on_connected) == ERR_OK;
}

/* tcp_write takes all or nothing, and a number of segments is its limit too. */
static bool write_some(struct lwip_peer *p, struct tcp_pcb *pcb) {
  size_t n = p->out_len - p->out_done;
  if (n > tcp_sndbuf(pcb)) n = tcp_sndbuf(pcb);
  while (n > 0 && tcp_write(pcb, p->out + p->out_done, (u16_t)n, TCP_WRITE_FLAG_COPY) != ERR_OK) n /= 2;
  sim_log_add(&p->s->end[B].sent, p->out + p->out_done, n);
  p->out_done += n;
  return n > 0;
}

void lwip_peer_work(struct lwip_peer *p) {
  if (p->pcb == NULL || !p->connected || p->shut) return;
  struct tcp_pcb *pcb = p->pcb;
  while (write_some(p, pcb)) {}
  if (p->out_done == p->out_len && p->shut_when_done) {
    p->shut = tcp_shutdown(pcb, 0, 1) == ERR_OK;
    if (p->shut && p->end_seen) p->pcb = NULL; /* lwIP frees it when it likes */
  }
  if (p->pcb != NULL) tcp_output(pcb);
}

void lwip_peer_read(struct lwip_peer *p) {
  p->slow = false;
  while (p->unread > 0 && p->pcb != NULL) {
    uint32_t n = p->unread < 32768 ? p->unread : 32768;
    tcp_recved(p->pcb, (u16_t)n);
    p->unread -= n;
  }
}

void lwip_peer_abort(struct lwip_peer *p) {
  struct tcp_pcb *pcb = p->pcb;
  if (pcb == NULL) return;
  forget(pcb);
  p->pcb = NULL;
  p->ended = true;
  tcp_abort(pcb);
}
