/* The stack under test: sockets, their descriptors, virtual time, and the packets that have left. */
#ifndef HARNESS_PACKETDRILL_STACK_H
#define HARNESS_PACKETDRILL_STACK_H

#include <stddef.h>

#include "descriptor.h"
#include "isn.h"
#include "packet.h"
#include "sock.h"
#include "sysctl.h"
#include "waiting.h"

#define STACK_START 1000000000000000u /* virtual time at the beginning, microseconds */
#define STACK_PACKETS_MAX 4096u       /* packets that wait to be taken; more are lost, as in a full device queue */
#define STACK_HALF_OPEN_MAX 128u

struct leaving {
  struct leaving *next;
  uint64_t time;
  uint32_t len;
  uint8_t octets[];
};

struct stack {
  struct waiting waiting;
  struct sysctl sysctl;
  struct isn isn;
  uint64_t now; /* microseconds */
  struct sock *socks;
  struct descriptors descriptors;
  struct leaving *first, *last;
  uint32_t packets;
  uint8_t scratch[PACKET_MAX];     /* one packet, while it is made */
  uint16_t next_port;              /* where the search for a free port goes on */
  struct udp_address seen4, seen6; /* the local addresses that packets came for last */
};

struct stack *stack_new(const char *flags);
void stack_free(struct stack *s);

/* Every call from outside is between these two. changing: what it does may be what a waiting call waits for. */
void stack_enter(struct stack *s);
void stack_leave(struct stack *s, bool changing);

/* ---- netdev.c: packets ---- */
int stack_packet_in(struct stack *s, const void *octets, size_t len);
/* The next packet that leaves, at its time; an empty one when none ever will. */
void stack_packet_out(struct stack *s, void *octets, size_t *len, long long *time);
/* Queues a segment. */
void stack_put(struct stack *s, const struct udp_address *local, const struct udp_address *peer,
               const struct vtcp_segment *segment);
/* The ISN of a connection that begins now: random, or what sysctl says. */
uint32_t stack_isn(const struct stack *s, const struct sock *k);
/* Fetches what a connection wants to send and tell, and acts on it. */
void stack_serve(struct stack *s, struct sock *k);

/* ---- timers.c: virtual time ---- */
/* Time passes; what is due on the way is done. */
void stack_advance(struct stack *s, uint64_t to);
/* To the next timer; false: none runs. */
bool stack_next_timer(struct stack *s);
/* A call has nothing to do until something happens. False: no more waiting, because time has come to until, or
   because the owner of the clock would wait for ever. */
bool stack_wait(struct stack *s, uint64_t until);
/* The time that is us from now; us UINT64_MAX: never. */
uint64_t stack_after(const struct stack *s, uint64_t us);

#endif
