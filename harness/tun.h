/* TUN devices (Linux): a link on which the host's own TCP is the peer. */
#ifndef HARNESS_TUN_H
#define HARNESS_TUN_H

#include "link.h"

/*
 * A device of this name, created unless it exists. addresses: one IPv4 or IPv6 address or one of each, with a comma,
 * each with the length of its prefix: the host gets the first other address of that network, and the device is brought
 * up. Addresses without a length: the device is used as it is. port: 0 for any. False: reported.
 */
bool tun_open(struct link *l, const char *name, const char *addresses, uint32_t mtu, uint16_t port);

#endif
