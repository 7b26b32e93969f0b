/*
 * Numbers as they stand on the wire: big-endian, at any address.
 */
#ifndef WIRE_H
#define WIRE_H

#include <stdint.h>

static inline void
wire_put_u16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void
wire_put_u32(uint8_t *at, uint32_t v)
{
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

static inline void
wire_put_u64(uint8_t *at, uint64_t v)
{
	wire_put_u32(at, (uint32_t)(v >> 32));
	wire_put_u32(at + 4, (uint32_t)v);
}

static inline uint16_t
wire_get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
wire_get_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
	    (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t
wire_get_u64(const uint8_t *at)
{
	return (uint64_t)wire_get_u32(at) << 32 | wire_get_u32(at + 4);
}

#endif
