/* Packet captures: IP packets; a segment in UDP as the packet it would be without UDP, checksums right. */
#ifndef HARNESS_CAPTURE_H
#define HARNESS_CAPTURE_H

#include "udp.h"
#include "vtcp.h"

struct capture; /* NULL everywhere: no capture is wanted */

/* NULL: it cannot be written; reported. */
struct capture *capture_open(const char *path);

/* The ports are those of the segment, the addresses those of the datagram. */
void capture_segment(struct capture *c, const struct udp_address *src, const struct udp_address *dst,
                     const struct vtcp_segment *s);

void capture_packet(struct capture *c, const uint8_t *octets, uint32_t len);

/* False: not everything could be written; reported. */
bool capture_close(struct capture *c);

#endif
