/* Octets between a connection and file descriptors. Nothing is lost: what cannot be written stays in the connection. */
#ifndef HARNESS_STREAM_H
#define HARNESS_STREAM_H

#include <poll.h>

#include "vtcp.h"

#define STREAM_NONE (-1)

struct stream {
  int in, out;     /* descriptors or STREAM_NONE; out == STREAM_NONE: what is received is dropped */
  bool echo;       /* what is received is sent */
  bool in_ended;   /* nothing more to send */
  bool peer_ended; /* the peer's FIN has come */
  bool closed;     /* CLOSE was called */
  const char *in_name, *out_name;
  uint64_t sent, received; /* octets handed to and taken from the connection */
  const char *trouble;     /* what failed here, and errno then */
  int error;
};

/* A file for what is received is closed after the last octet. Without in and echo the stream ends when the peer's does. */
void stream_init(struct stream *s, int in, int out, bool echo);

/* What to poll for; returns how many entries of p were set (at most two). */
int stream_poll(const struct stream *s, const struct vtcp *tcb, struct pollfd p[2]);

/* Moves octets as far as these descriptors are ready. Afterwards the connection may have segments to send. */
void stream_move(struct stream *s, struct vtcp *tcb, const struct pollfd *p, int n);

/* Moves what needs no descriptor: echo, dropping, the end of the stream. */
void stream_settle(struct stream *s, struct vtcp *tcb);

/* Whether everything received has been written. */
bool stream_drained(const struct stream *s, const struct vtcp *tcb);

/* Closes the files; what then fails is in trouble. */
void stream_close(struct stream *s);

#endif
