/*
 * Two endpoints, A and B, in virtual time, with a wire between them. Each segment is encoded to octets with its
 * checksum, carried, and parsed again. Everything that leaves is in the trace, and the helpers below read it.
 *
 * A test says what the applications do (sim_open, sim_write, ...), and then what is seen on the wire, in order:
 *     expect(s, A, "SYN", 100, 0, 0);
 * means: the next segment that leaves either side is this one. Time passes as far as that takes, and no further.
 * On a failure the whole trace is printed; with SIM_TRACE in the environment it is printed always.
 */
#ifndef VTCP_TESTS_SIM_H
#define VTCP_TESTS_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef SIM_ALONE /* without cmocka a failure aborts */
#include <cmocka.h>
#endif

#include "vtcp.h"

#define MS 1000u          /* microseconds in a millisecond */
#define SECOND 1000000u   /* microseconds in a second */
#define LATENCY (10 * MS) /* one way, unless set otherwise */

enum side { A = 0, B = 1 };

enum sim_role {
  SIM_VTCP = 0,   /* a connection under test */
  SIM_NOBODY = 1, /* a host without a connection: answers with vtcp_refuse */
  SIM_PUPPET = 2, /* the test plays this side with inject(); what arrives there is only traced */
  SIM_FOREIGN = 3 /* another TCP, behind struct sim_foreign */
};

/* Another TCP as a side. Segments have a checksum over themselves alone. */
struct sim_foreign {
  void *context;
  void (*arrive)(void *context, const uint8_t *octets, uint32_t len);
  uint64_t (*deadline)(void *context);
  void (*timeout)(void *context);
};

enum sim_fate { SIM_SENT = 0, SIM_LOST = 1, SIM_TWICE = 2, SIM_LATE = 3, SIM_CORRUPT = 4, SIM_BY_HAND = 5 };

/* One segment that left (or was injected), as the parser saw it. */
struct sim_record {
  uint64_t at;
  enum side from;
  enum sim_fate fate;
  enum vtcp_state state; /* of the sender, just after */
  uint32_t cwnd;
  uint32_t seq, ack, len;
  uint16_t flags, wnd, urg;
  bool has_mss, has_wscale;
  uint16_t mss, wscale;
};

struct sim_log {
  uint8_t *octets;
  size_t len, cap;
};

struct sim_end {
  enum sim_role role;
  struct vtcp c;
  struct vtcp_config cfg;
  uint32_t iss;
  bool hold;                /* the application is not fetching output: vtcp_output is not called */
  bool deaf;                /* nor calls vtcp_timeout */
  bool auto_read;           /* reads all it can, at once */
  struct sim_log sent, got; /* by the application, in this incarnation */
  bool end_seen;            /* vtcp_receive has reported the end of the stream */
  bool closed;              /* the application has called close */
  unsigned events[8];
  uint32_t emitted; /* segments so far */
  uint32_t high;    /* end of the text sent so far, as a place in the stream */
  bool edge_known;
  uint32_t edge;     /* the largest right edge it advertised, as a sequence number */
  bool offers_scale; /* its SYN had the option */
  uint16_t shift;
  enum vtcp_state state_before;
};

struct sim_packet {
  uint64_t at, order;
  enum side to;
  uint8_t *octets;
  uint32_t len;
};

struct sim_rule {
  enum side from;
  uint32_t number; /* of the segment, as counted by emitted */
  enum sim_fate fate;
  uint64_t delay;
};

/* Random faults, in thousandths. */
struct sim_faults {
  uint32_t loss, twice, late, corrupt;
  uint64_t late_by; /* up to this much */
};

struct sim {
  struct sim_end end[2];
  struct sim_foreign foreign;
  uint64_t now;
  uint64_t latency[2]; /* from A, from B */
  bool cut[2];         /* everything from that side is lost */
  struct sim_faults faults;
  uint64_t random; /* state of the generator */
  uint64_t order;
  struct sim_packet *packets;
  size_t packet_count, packet_cap;
  struct sim_rule rules[32];
  size_t rule_count;
  struct sim_record *trace;
  size_t trace_len, trace_cap;
  size_t cursor; /* what expect looks at next */
  bool paired;   /* both ends are under test and nothing forged is taken: the strong checks hold */
  uint32_t fate_count[6];
  uint64_t steps;
  jmp_buf *on_failure; /* where a failure goes, when it is not cmocka's */
  char failure[256];
};

/* What a test wants to be different; zero members have the value in brackets. */
struct sim_options {
  uint32_t iss;     /* [A 100, B 300] */
  uint32_t snd_cap; /* [65535] */
  uint32_t rcv_cap; /* [65535] */
  uint16_t mss;     /* [1000] */
  uint16_t window_shift;
  bool window_scale; /* [no option is sent] */
  bool nagle;        /* [Nagle's algorithm is off] */
  uint64_t msl;      /* [120 s] */
  uint64_t user_timeout;
  uint64_t keepalive; /* of silence, then three probes [off] */
  uint64_t rto_min;   /* [1 s] */
  bool ipv6;
};

/* A segment made by hand. */
struct sim_hand {
  const char *flags;
  uint32_t seq, ack, len;
  uint16_t wnd; /* [65535] */
  bool zero_window;
  uint16_t urg;
  bool has_mss, has_wscale;
  uint16_t mss, wscale;
  const char *text; /* [the octets that belong to these sequence numbers] */
};

/* cmocka fixtures: *state is a struct sim; both ends are initialised with all options at their defaults. */
int sim_setup(void **state);
int sim_teardown(void **state);
struct sim *sim_new(void);
void sim_free(struct sim *s);
/* Makes a new, CLOSED connection at a side; forgets what its application did before. */
void sim_end_init(struct sim *s, enum side e, struct sim_options o);
void sim_role(struct sim *s, enum side e, enum sim_role role);

/* The applications. */
enum vtcp_error sim_open(struct sim *s, enum side e);
enum vtcp_error sim_listen(struct sim *s, enum side e);
int64_t sim_send(struct sim *s, enum side e, const uint8_t *octets, uint32_t n, bool urgent);
int64_t sim_write(struct sim *s, enum side e, uint32_t n); /* n octets that belong to the sequence numbers */
int64_t sim_read(struct sim *s, enum side e, uint32_t n);
int64_t sim_consume(struct sim *s, enum side e, uint32_t n); /* the same through vtcp_peek and vtcp_consume */
enum vtcp_error sim_close(struct sim *s, enum side e);
enum vtcp_error sim_abort(struct sim *s, enum side e);
void sim_timeout(struct sim *s, enum side e);
/* Fetches what is to be sent and told, as an application does after any call. */
void sim_pump(struct sim *s, enum side e);
struct vtcp_status sim_status(const struct sim *s, enum side e);

void sim_log_add(struct sim_log *l, const uint8_t *octets, size_t n);

/* The wire: the n-th next segment from a side (1: the next). */
void sim_lose(struct sim *s, enum side from, uint32_t n);
void sim_twice(struct sim *s, enum side from, uint32_t n, uint64_t later);
void sim_late(struct sim *s, enum side from, uint32_t n, uint64_t later);
void sim_packet_add(struct sim *s, enum side to, uint64_t at, const uint8_t *octets,
                    uint32_t len);      /* one more packet */
void sim_drop(struct sim *s, size_t i); /* the i-th of s->packets; the last one takes its place */
void sim_inject(struct sim *s, enum side to, struct sim_hand h);
/* A segment that a foreign side sends: traced, through the faults, on its way. False: it does not parse. */
bool sim_carry(struct sim *s, enum side from, const uint8_t *octets, uint32_t len);
void sim_inject_octets(struct sim *s, enum side to, const uint8_t *octets, uint32_t len);
#define inject(s, to, fl, sq, ak, ln, ...)                                                                             \
  sim_inject(s, to, (struct sim_hand){.flags = (fl), .seq = (sq), .ack = (ak), .len = (ln), __VA_ARGS__})

/* Time. */
uint64_t sim_next(const struct sim *s);       /* when something happens next, or VTCP_NEVER */
bool sim_step(struct sim *s, uint64_t until); /* false: nothing happens up to then; now is unchanged */
void sim_run(struct sim *s, uint64_t duration);
void sim_deliver(struct sim *s); /* until nothing is on the wire */

/* A handshake from A to B, asserted, with the cursor after it. */
void sim_connect(struct sim *s);

/* A alone, against the test: brings A to a state without any data. A's ISN is 100, the peer's that of B, the window
   65535. SYN-RECEIVED is the passive one. The cursor is at the end of the trace. */
void sim_reach(struct sim *s, struct sim_options o, enum vtcp_state state);

/* Assertions. */
uint16_t sim_flags(const char *names);
uint8_t sim_octet(enum side from, uint32_t seq);
const char *sim_state_name(enum vtcp_state state);
void sim_print(const struct sim *s);
void sim_fail(struct sim *s, const char *file, int line, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
const struct sim_record *sim_expect(struct sim *s, const char *file, int line, bool skip, enum side from,
                                    const char *flags, uint32_t seq, uint32_t ack, uint32_t len);
void sim_expect_state(struct sim *s, const char *file, int line, enum side e, enum vtcp_state state);
void sim_expect_event(struct sim *s, const char *file, int line, enum side e, enum vtcp_event event, bool due);
void sim_expect_ended(struct sim *s, const char *file, int line, enum side e, enum vtcp_outcome outcome);
void sim_expect_silence(struct sim *s, const char *file, int line, uint64_t duration);
void sim_expect_got(struct sim *s, const char *file, int line, enum side e, size_t n);
/* The next segment to leave; PSH is not looked at unless named. */
#define expect(s, from, flags, seq, ack, len) sim_expect(s, __FILE__, __LINE__, false, from, flags, seq, ack, len)
/* The same, after any number of others. */
#define await(s, from, flags, seq, ack, len) sim_expect(s, __FILE__, __LINE__, true, from, flags, seq, ack, len)
#define expect_state(s, e, state) sim_expect_state(s, __FILE__, __LINE__, e, state)
/* The application has been told (once more than it was asked for here). */
#define expect_event(s, e, event) sim_expect_event(s, __FILE__, __LINE__, e, event, true)
#define expect_no_event(s, e, event) sim_expect_event(s, __FILE__, __LINE__, e, event, false)
#define expect_ended(s, e, outcome) sim_expect_ended(s, __FILE__, __LINE__, e, outcome)
/* Nothing more than was expected has left, nor does within the duration. */
#define expect_silence(s, duration) sim_expect_silence(s, __FILE__, __LINE__, duration)
/* The application has read n octets in all; they are the first n that the other side wrote. */
#define expect_got(s, e, n) sim_expect_got(s, __FILE__, __LINE__, e, n)

/* What must hold after every step; called by sim_pump. */
void sim_check(struct sim *s, enum side e);

uint64_t sim_random(struct sim *s);
uint64_t sim_below(struct sim *s, uint64_t n); /* 0 to n - 1 */

#endif
