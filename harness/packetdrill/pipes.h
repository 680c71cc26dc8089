/* Descriptors that are the kernel's, and splice. */
#ifndef HARNESS_PACKETDRILL_PIPES_H
#define HARNESS_PACKETDRILL_PIPES_H

#include "stack.h"

/* They never block. */
ssize_t pipes_read(int fd, const struct iovec *parts, int count);
ssize_t pipes_write(int fd, const struct iovec *parts, int count);
ssize_t pipes_splice(struct stack *s, int in, loff_t *in_at, int out, loff_t *out_at, size_t len, unsigned flags);

#endif
